"""What a model says of a case is told truly: whether it looked, which version said it, what a newer answer replaces."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from django.utils import timezone

from annotations.models import Finding, Workitem
from annotations.rules.agreement import must_be_decided
from annotations.rules.standing import standing_of
from annotations.services.sign_off import workitem_reopen
from core.jobs import job_request
from core.models import Job
from imaging.models import Series
from inference.answers import model_says
from inference.models import ModelVersion, Prediction, ProposedFinding
from inference.services.importing import model_import
from inference.services.predictions import predictions_on_arrival
from inference.services.promotion import pointer_move, roll_back
from tests.factories.api import Api
from tests.inference.planted_archive import install, make_family, open_workitem, plant, plant_beside
from webapp import story

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path
    from uuid import UUID

    from core.models import Project, User

pytestmark = pytest.mark.django_db


@pytest.fixture
def live(project: Project, admin: User, square_model: Path) -> ModelVersion:
    return install(make_family(project, admin), square_model)


def _ai(user: User, workitem: Workitem) -> dict[str, Any]:
    """Return what the API says, and check that the list says the same as the case."""
    case = Api(user)("GET", f"workitems/{workitem.pk}")[1]
    (row,) = (one for one in Api(user)("GET", "workitems")[1]["results"] if one["id"] == str(workitem.pk))
    assert row["ai"] == case["ai"]
    said: dict[str, Any] = case["ai"]
    return said


def _indexed(*series: Series) -> None:
    Series.objects.filter(pk__in=[one.pk for one in series]).update(indexed_at=timezone.now())


def _waiting(workitem: Workitem) -> set[UUID]:
    return must_be_decided(standing_of([workitem]).values(), {})


def _second_version(family_live: ModelVersion, folder: Path, admin: User) -> ModelVersion:
    """Add another version of the family, as a training would."""
    version = model_import(
        family=family_live.family, weights_path=folder / "weights.safetensors", card_path=folder / "card.json", by=admin
    )
    ModelVersion.objects.filter(pk=version.pk).update(state="evaluated")
    version.refresh_from_db()
    return version


def _promote(version: ModelVersion, admin: User) -> None:
    from django.db import transaction

    with transaction.atomic():
        family = version.family
        family.refresh_from_db()
        promotion = pointer_move(family, version, event="promote", direction="promote", reason="better", by=admin)
    story.follow("model", "promoted", promotion)


def test_found_nothing_is_said_only_where_a_model_looked(
    project: Project, radiologist: User, admin: User, square_model: Path, run_jobs: Callable[[], int]
) -> None:
    planted = plant(project, 3, bright=False)
    workitem = open_workitem(project, planted)
    _indexed(planted.series)
    assert _ai(radiologist, workitem)["state"] == "no_model"
    live = make_family(project, admin)
    installed = install(live, square_model)
    Prediction.objects.all().delete()
    Job.objects.all().delete()
    said = _ai(radiologist, workitem)
    assert (said["state"], said["sentence"]) == ("not_run", "Squares v1 has not been asked about this.")
    predictions_on_arrival(workitem=workitem)
    assert _ai(radiologist, workitem)["state"] == "waiting"
    Job.objects.filter(kind="predict").update(state="running")
    assert _ai(radiologist, workitem)["state"] == "running"
    Job.objects.filter(kind="predict").update(state="queued")
    run_jobs()
    said = _ai(radiologist, workitem)
    assert said["sentence"] == "Squares v1 looked and found nothing above its threshold."
    assert model_says(workitem) == {"square": False}
    _indexed(planted.series)
    assert _ai(radiologist, workitem)["state"] == "not_run", "of images that came since it has said nothing"
    assert model_says(workitem) == {}
    Prediction.objects.update(state="failed", error_code="job_crashed", index_seen_at=timezone.now())
    assert _ai(radiologist, workitem)["sentence"].startswith("Squares v1 could not look at this: it failed")
    Prediction.objects.all().delete()
    Series.objects.update(modality="MG")
    predictions_on_arrival(workitem=workitem)
    said = _ai(radiologist, workitem)
    assert said["sentence"] == "Squares v1 was not trained for this: it was trained on other modalities."
    assert installed.state == "live"


def test_what_was_found_is_counted_for_those_who_may_know_and_hidden_from_the_first_reader(
    project: Project, live: ModelVersion, radiologist: User, admin: User, run_jobs: Callable[[], int]
) -> None:
    planted = plant(project, 2, bright=True)
    workitem = open_workitem(project, planted, reveal="after_own_answer")
    _indexed(planted.series)
    predictions_on_arrival(workitem=workitem)
    run_jobs()
    said = _ai(radiologist, workitem)
    assert (said["state"], said["word"]) == ("hidden", "Hidden")
    project.reading_protocol.reveal = "always"  # type: ignore[attr-defined]
    project.reading_protocol.save()  # type: ignore[attr-defined]
    count = Finding.objects.filter(workitem=workitem).count()
    assert _ai(radiologist, workitem)["sentence"] == f"Squares v1 found {count} findings."
    rows = Api(radiologist)("GET", f"workitems/{workitem.pk}/findings")[1]
    assert [row["proposed_by"]["number"] for row in rows] == [1] * count
    assert {row["prediction_id"] for row in rows} == {str(Prediction.objects.get().pk)}


def test_a_series_that_grows_image_by_image_has_one_finding_an_image_not_one_for_each_time(
    project: Project, live: ModelVersion, run_jobs: Callable[[], int]
) -> None:
    planted = plant(project, 2, bright=True)
    workitem = open_workitem(project, planted)
    for number in (None, 12, 13, 14):
        if number is not None:
            plant_beside(planted, number, bright=True)
        job_request(kind="series_index", arguments={"series_id": str(planted.series.pk)})
        run_jobs()
    labels = Finding.objects.filter(workitem=workitem, kind="image_label", superseded_at__isnull=True)
    said = [row.head.content["geometry"] for row in labels.select_related("head") if row.head]
    images = sorted(place["sop_instance_uid"] for place in said)
    assert len(images) == len(set(images)) == 4, "each image once, and none for the whole study"
    current = Prediction.objects.filter(superseded_at__isnull=True)
    assert [row.state for row in current.filter(workitem=workitem)] == ["finished"]
    standing = Finding.objects.filter(workitem=workitem, superseded_at__isnull=True)
    assert _waiting(workitem) == set(standing.values_list("pk", flat=True))


def test_after_a_promotion_open_cases_get_the_new_version_and_the_retired_ones_need_no_decision(
    project: Project, live: ModelVersion, misled_model: Path, admin: User, run_jobs: Callable[[], int]
) -> None:
    planted, signed = plant(project, 2, bright=True), plant(project, 4, bright=True)
    workitem, closed = open_workitem(project, planted), open_workitem(project, signed)
    _indexed(planted.series, signed.series)
    for one in (workitem, closed):
        predictions_on_arrival(workitem=one)
    run_jobs()
    Workitem.objects.filter(pk=closed.pk).update(state="accepted")
    old = set(Finding.objects.filter(workitem=workitem).values_list("pk", flat=True))
    assert _waiting(workitem) == old
    _promote(_second_version(live, misled_model, admin), admin)
    asked = Prediction.objects.filter(version__number=2)
    assert [row.workitem for row in asked] == [workitem], "the open case is asked, the signed-off one is not"
    assert _waiting(workitem) == set(), "the retired version's wait for nobody any more"
    run_jobs()
    new = ProposedFinding.objects.filter(prediction__version__number=2)
    assert set(Finding.objects.filter(workitem=workitem, superseded_at__isnull=True).values_list("pk", flat=True)) == {
        link.finding_id for link in new
    }
    workitem.refresh_from_db()
    assert workitem.ai_score == pytest.approx(asked.get().case_score)
    roll_back(family=live.family, reason="worse", by=admin)
    standing = Finding.objects.filter(workitem=workitem, superseded_at__isnull=True)
    assert set(standing.values_list("pk", flat=True)) == old, "rolled back, the first version's stand again"
    workitem.refresh_from_db()
    assert workitem.ai_score == pytest.approx(Prediction.objects.get(workitem=workitem, version=live).case_score)


def test_the_score_of_a_case_is_the_highest_of_its_series_whoever_finishes_last(
    project: Project, live: ModelVersion, run_jobs: Callable[[], int]
) -> None:
    planted = plant(project, 2, bright=True)
    workitem = open_workitem(project, planted)
    other = plant(project, 3, bright=False)
    Series.objects.filter(pk=other.series.pk).update(study=planted.study, series_number=2)
    predictions_on_arrival(workitem=workitem)
    run_jobs()
    scores = [row.case_score or 0.0 for row in Prediction.objects.filter(workitem=workitem)]
    workitem.refresh_from_db()
    assert len(scores) == 2
    assert max(scores) - min(scores) > 0.2
    assert workitem.ai_score == max(scores)


def test_what_a_model_says_of_a_signed_off_case_comes_when_it_is_reopened(
    project: Project, live: ModelVersion, admin: User, run_jobs: Callable[[], int]
) -> None:
    planted = plant(project, 2, bright=True)
    workitem = open_workitem(project, planted)
    _indexed(planted.series)
    predictions_on_arrival(workitem=workitem)
    Workitem.objects.filter(pk=workitem.pk).update(state="accepted")
    run_jobs()
    prediction = Prediction.objects.get()
    assert prediction.state == "finished"
    assert not Finding.objects.filter(workitem=workitem).exists(), "nothing below a sign-off changes"
    workitem.refresh_from_db()
    answered = workitem_reopen(workitem=workitem, by=admin, version=workitem.version, reason="look again")
    said = Finding.objects.get(workitem=workitem, kind="image_label")
    assert said.probability == pytest.approx(prediction.output["labels"]["square"]["probability"], abs=1e-5)
    workitem.refresh_from_db()
    assert answered.version == workitem.version, "whoever reopened it can go on from the answer"
    assert workitem.ai_score == pytest.approx(prediction.case_score)
