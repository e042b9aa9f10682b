"""What the story left undone is found and done, chapter by chapter; what cannot go on holds nothing up and is not tried
for ever."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING
from unittest.mock import patch

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from annotations.models import Finding, Workitem
from annotations.services.workitems import workitem_open
from core import jobs
from core.models import Job
from imaging.models import Instance, ProjectStudy, Series, Study, Upload
from inference.models import ModelVersion, Prediction
from inference.services.catching_up import questions_missing
from tests.factories.world import make_study
from tests.inference.planted_archive import install, make_family, open_workitem, plant
from webapp import story

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from core.models import Project, User

pytestmark = pytest.mark.django_db


def _long_ago() -> None:
    """Everything happened five minutes ago; nobody is just at work."""
    past = timezone.now() - timedelta(minutes=5)
    for rows in (Series, ProjectStudy, Instance, ModelVersion, Job):
        rows.objects.update(created_at=past)  # type: ignore[attr-defined]
    Job.objects.filter(finished_at__isnull=False).update(finished_at=past)
    Series.objects.filter(indexed_at__isnull=False).update(indexed_at=past)


@pytest.fixture
def live(project: Project, admin: User, square_model: Path) -> ModelVersion:
    return install(make_family(project, admin), square_model)


def test_a_series_that_nobody_indexed_is_indexed(project: Project, run_jobs: Callable[[], int]) -> None:
    planted = plant(project, 2, bright=True)
    Series.objects.update(number_of_series_related_instances=0)
    _long_ago()
    story.recover()
    run_jobs()
    series = Series.objects.get(pk=planted.series.pk)
    assert (series.number_of_series_related_instances, series.indexed_at is not None) == (1, True)


def test_a_series_that_cannot_be_indexed_is_one_failed_job_until_another_image_arrives(
    project: Project, run_jobs: Callable[[], int]
) -> None:
    planted = plant(project, 2, bright=True)
    header = planted.instance.header_digest
    Instance.objects.update(header_digest="0" * 64)
    for _ in range(4):
        _long_ago()
        story.recover()
        run_jobs()
    assert Job.objects.filter(kind="series_index").count() == 1
    healthy = plant(project, 3, bright=False)
    _long_ago()
    story.recover()
    run_jobs()
    assert Series.objects.get(pk=healthy.series.pk).indexed_at, "the sick one holds nobody up"
    Instance.objects.update(header_digest=header)
    Instance.objects.filter(pk=planted.instance.pk).update(created_at=timezone.now())
    story.recover()
    run_jobs()
    assert Series.objects.get(pk=planted.series.pk).indexed_at, "its input has changed, so it is tried again"


def test_a_study_that_was_never_put_on_the_worklist_is_put_there(project: Project) -> None:
    study = make_study(project)
    _long_ago()
    story.recover()
    assert Workitem.objects.get().study == study


def test_half_a_chapter_is_found_where_the_models_were_never_asked(
    project: Project, live: ModelVersion, run_jobs: Callable[[], int]
) -> None:
    planted = plant(project, 2, bright=True)
    Series.objects.update(indexed_at=timezone.now())
    workitem = workitem_open(project=project, study=planted.study)
    _long_ago()
    assert not Prediction.objects.exists()
    story.recover()
    run_jobs()
    prediction = Prediction.objects.get()
    assert (prediction.workitem, prediction.version, prediction.state) == (workitem, live, "finished")
    assert Finding.objects.filter(workitem=workitem).exists()
    before = Job.objects.count()
    story.recover()
    assert Job.objects.count() == before, "what was asked is not asked again"


def test_a_chapter_that_failed_once_is_run_again(
    project: Project, live: ModelVersion, run_jobs: Callable[[], int]
) -> None:
    planted = plant(project, 2, bright=True)
    jobs.job_request(kind="series_index", arguments={"series_id": str(planted.series.pk)})
    with patch.object(story, "on_the_worklist", side_effect=RuntimeError("the database is away")):
        run_jobs()
    index = Job.objects.get(kind="series_index")
    assert (index.state, index.followed_at, index.follow_tries) == ("succeeded", None, 1)
    _long_ago()
    story.recover()
    run_jobs()
    index.refresh_from_db()
    assert index.followed_at is not None
    assert Prediction.objects.get().state == "finished"


def test_a_prediction_whose_job_was_given_up_says_so_though_nobody_was_there_to_hear(
    project: Project, live: ModelVersion
) -> None:
    planted = plant(project, 2, bright=True)
    Series.objects.update(indexed_at=timezone.now())
    for workitem in story.on_the_worklist(Study.objects.get(pk=planted.study.pk)):
        story.predictions_on_arrival(workitem=workitem)
    past = timezone.now() - timedelta(minutes=5)
    Job.objects.filter(kind="predict").update(state="failed", error_code="job_lost", finished_at=past)
    _long_ago()
    story.recover()
    prediction = Prediction.objects.get()
    assert (prediction.state, prediction.error_code) == ("failed", "job_lost")


def test_a_question_that_cannot_be_asked_holds_up_no_other(
    project: Project, live: ModelVersion, run_jobs: Callable[[], int]
) -> None:
    sick, healthy = (open_workitem(project, plant(project, number, bright=True)) for number in (2, 3))
    Workitem.objects.filter(pk=sick.pk).update(priority=9)
    Series.objects.update(indexed_at=timezone.now())
    _long_ago()
    real = story.predictions_catch_up.__globals__["prediction_ask"]

    def ask(*, workitem: Workitem, series: Series, version: ModelVersion) -> Prediction:
        if workitem.pk == sick.pk:
            raise RuntimeError("it cannot be asked")
        asked: Prediction = real(workitem=workitem, series=series, version=version)
        return asked

    with (
        patch("inference.services.catching_up.prediction_ask", ask),
        patch("inference.services.catching_up.WAITING_MOST", 1),
    ):
        story.recover()
        story.recover()
    run_jobs()
    assert Prediction.objects.get(workitem=healthy).state == "finished"
    assert Prediction.objects.get(workitem=sick).error_code == "could_not_be_asked"


def test_an_upload_of_which_nobody_heard_is_indexed_and_read(
    project: Project, live: ModelVersion, run_jobs: Callable[[], int]
) -> None:
    """The worker dies between the last file and the end of the upload: the series is found by itself."""
    planted = plant(project, 2, bright=True)
    upload = Upload.objects.create(project=project, door=Upload.Door.STOW)
    upload.verdicts.create(file_name="one", byte_size=1, outcome="stored", instance=planted.instance)
    _long_ago()
    story.recover()
    run_jobs()
    assert Prediction.objects.get().state == "finished"


def test_a_sweep_of_ten_thousand_settled_studies_asks_few_questions(project: Project, live: ModelVersion) -> None:
    """The number of queries does not grow with the archive (the seconds are measured in docs/operations.md)."""

    def sweep_queries() -> int:
        with CaptureQueriesContext(connection) as asked:
            story.recover()
        return len(asked)

    few = sweep_queries()
    past = timezone.now() - timedelta(hours=1)
    for number in range(30):
        study = make_study(project, number + 1)
        Series.objects.filter(study=study).update(indexed_at=past)
        workitem = workitem_open(project=project, study=study)
        Prediction.objects.create(
            workitem=workitem, series=study.series.get(), version=live, state="finished", input_digest=str(number),
            index_seen_at=past,
        )  # fmt: skip
    _long_ago()
    Series.objects.update(indexed_at=past)
    assert questions_missing(limit=10) == []
    assert sweep_queries() <= few + 1


@pytest.mark.parametrize(("kind", "outcome"), [pair for pair in story.FOLLOWS if pair[0] in jobs._kinds])
def test_a_job_that_names_nothing_is_followed_by_nothing_and_breaks_nothing(
    kind: str, outcome: str, project: Project
) -> None:
    job = Job.objects.create(
        kind=kind, digest="0" * 64, state=outcome, project=project, finished_at=timezone.now() - timedelta(minutes=5)
    )
    story.recover()
    job.refresh_from_db()
    assert (job.followed_at is not None, job.follow_tries) == (True, 0)
    assert Job.objects.count() == 1
