"""Eight images sent one by one are eight answers to decide about, and one question to the model."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from django.db.models import F
from django.test import Client

from annotations.models import Finding, Label, Workitem
from core.jobs import jobs_sweep, run_waiting_jobs
from core.models import Job
from imaging.models import Instance, Series
from inference.models import ModelVersion, Prediction
from inference.services.predictions import prediction_finish, predictions_on_demand
from tests.factories.dicom_files import dx_image, file_bytes, number_instance, set_pixels
from tests.imaging.test_stow import body_of
from tests.inference.planted_archive import install, make_family, planted_pixels
from webapp.story import recover

if TYPE_CHECKING:
    from pathlib import Path

    from core.models import Project, User

pytestmark = pytest.mark.django_db(transaction=True)
IMAGES = 8


@pytest.fixture
def live(project: Project, admin: User, square_model: Path) -> ModelVersion:
    version = install(make_family(project, admin), square_model)
    Label.objects.update(uses=["image"])
    return version


class Sender:
    """Sends images of one series, each in a request of its own, as a scanner does."""

    def __init__(self, project: Project, user: User) -> None:
        self.project, self.client = project, Client()
        self.client.force_login(user)

    def send(self, number: int) -> None:
        dataset = dx_image("growing")
        number_instance(dataset, number, "growing")
        set_pixels(dataset, planted_pixels(number, bright=True)[0])
        dataset.BitsStored, dataset.HighBit = 12, 11
        answer: Any = self.client.generic(
            "POST",
            f"/dicomweb/projects/{self.project.slug}/studies",
            body_of(file_bytes(dataset)),
            content_type='multipart/related; type="application/dicom"; boundary=here',
            headers={"Accept": "application/dicom+json"},
        )
        assert answer.status_code == 200, answer.content


@pytest.fixture
def sender(project: Project, radiologist: User) -> Sender:
    return Sender(project, radiologist)


def _to_decide() -> int:
    return Finding.objects.filter(superseded_at__isnull=True).count()


def _time_passes(seconds: float) -> None:
    """Let everything have happened so much earlier."""
    gone = timedelta(seconds=seconds)
    Job.objects.update(not_before=F("not_before") - gone)
    Instance.objects.update(created_at=F("created_at") - gone)
    Prediction.objects.update(created_at=F("created_at") - gone)


def test_a_worker_that_answers_after_each_image_leaves_one_finding_an_image(live: ModelVersion, sender: Sender) -> None:
    for number in range(1, IMAGES + 1):
        sender.send(number)
        run_waiting_jobs()
    assert Prediction.objects.filter(state="finished").count() == IMAGES
    assert Finding.objects.count() <= IMAGES
    assert _to_decide() == Finding.objects.count()
    places = Finding.objects.values_list("head__content__geometry__sop_instance_uid", flat=True)
    assert len(set(places)) == len(places), "each of another image, and none of the whole study"
    assert None not in places


def test_what_the_version_says_no_more_of_the_grown_series_needs_no_decision(
    live: ModelVersion, sender: Sender
) -> None:
    for number in (1, 2):
        sender.send(number)
        run_waiting_jobs()
    assert _to_decide() > 0
    newest = Prediction.objects.get(superseded_at__isnull=True)
    Prediction.objects.filter(pk=newest.pk).update(state="requested")
    prediction_finish(prediction=newest, output={"labels": {}}, proposals=[], case_score=0.0)
    assert _to_decide() == 0


def test_a_model_is_asked_once_the_series_is_quiet(live: ModelVersion, sender: Sender, settings: Any) -> None:
    settings.OVERREAD_ARRIVAL_QUIET_SECONDS = 5
    for number in range(1, IMAGES + 1):
        sender.send(number)
        run_waiting_jobs()
        _time_passes(2)
    assert not Prediction.objects.filter(state="finished").exists(), "images are still coming"
    assert recover() == 0, "it is asked, and waits: nothing was left undone"
    _time_passes(4)
    assert Job.objects.filter(kind="predict", state="queued").count() == 1
    run_waiting_jobs()
    (prediction,) = Prediction.objects.filter(state="finished")
    assert len(prediction.output["images"]) == IMAGES
    assert 0 < Finding.objects.count() <= IMAGES
    assert Prediction.objects.exclude(pk=prediction.pk).filter(superseded_at__isnull=True).count() == 0
    assert not Job.objects.filter(state="failed").exists()


def test_no_series_waits_for_ever(live: ModelVersion, sender: Sender, settings: Any) -> None:
    settings.OVERREAD_ARRIVAL_QUIET_SECONDS = 5
    for number in range(1, 24):
        sender.send(number)
        run_waiting_jobs()
        _time_passes(3)
    answered = Prediction.objects.filter(state="finished").count()
    assert answered == 1, "one after a minute, and the next a minute later"


def test_a_person_who_asks_does_not_wait(live: ModelVersion, sender: Sender, settings: Any, radiologist: User) -> None:
    settings.OVERREAD_ARRIVAL_QUIET_SECONDS = 60
    sender.send(1)
    run_waiting_jobs()
    assert Prediction.objects.get().state == "requested"
    predictions_on_demand(workitem=Workitem.objects.get(), requested_by=radiologist)
    run_waiting_jobs()
    assert Prediction.objects.get().state == "finished"


def test_a_question_that_waits_is_woken_by_the_sweep_when_its_time_has_come(
    live: ModelVersion, sender: Sender, settings: Any
) -> None:
    settings.OVERREAD_ARRIVAL_QUIET_SECONDS = 5
    sender.send(1)
    run_waiting_jobs()
    assert jobs_sweep() == 0
    _time_passes(6)
    assert jobs_sweep() == 1
    assert Series.objects.get().indexed_at is not None
