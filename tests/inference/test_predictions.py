"""Predictions arrive once, as proposals with calibrated probability; maps lie in the image's own grid."""

from __future__ import annotations

import zlib
from typing import TYPE_CHECKING

import numpy as np
import pytest

from annotations.models import Finding
from core import blobs
from core.errors import Conflict, Invalid
from core.jobs import run_job
from core.models import AuditEvent, Event, Job
from inference.models import ModelVersion, Prediction, ProposedFinding, SaliencyMap
from inference.services.predictions import prediction_request, predictions_on_arrival, predictions_on_demand
from inference.services.saliency import saliency_request
from tests.inference.planted_archive import (
    COLUMNS,
    ROWS,
    SQUARE,
    install,
    make_family,
    open_workitem,
    plant,
    plant_beside,
)

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from core.models import Project, User

pytestmark = pytest.mark.django_db


@pytest.fixture
def live(project: Project, admin: User, square_model: Path) -> ModelVersion:
    return install(make_family(project, admin), square_model)


def test_a_prediction_becomes_proposals_once_though_its_job_runs_twice(
    project: Project, live: ModelVersion, run_jobs: Callable[[], int]
) -> None:
    planted = plant(project, 2, bright=True)
    workitem = open_workitem(project, planted)
    (prediction,) = predictions_on_arrival(workitem=workitem)
    assert predictions_on_arrival(workitem=workitem) == [prediction]
    assert run_jobs() == 1
    Job.objects.update(state="queued")
    assert run_job(str(Job.objects.get(kind="predict").pk))
    prediction.refresh_from_db()
    workitem.refresh_from_db()
    assert prediction.state == "finished"
    findings = Finding.objects.filter(workitem=workitem)
    said = findings.get(kind="image_label")
    assert (said.algorithm_type, said.algorithm_name) == ("AUTOMATIC", "Squares")
    assert said.algorithm_version.startswith("v1 (")
    assert ProposedFinding.objects.get(finding=said).prediction == prediction
    label = prediction.output["labels"]["square"]
    assert said.probability == pytest.approx(label["probability"], abs=1e-5)
    assert said.threshold == pytest.approx(label["threshold"], abs=1e-5)
    assert workitem.ai_score == pytest.approx(label["probability"], abs=1e-5)
    assert Event.objects.filter(kind="prediction.changed").count() == 2


def test_an_image_without_a_finding_keeps_its_probability_but_proposes_nothing(
    project: Project, live: ModelVersion, run_jobs: Callable[[], int]
) -> None:
    workitem = open_workitem(project, plant(project, 3, bright=False))
    (prediction,) = predictions_on_arrival(workitem=workitem)
    run_jobs()
    prediction.refresh_from_db()
    label = prediction.output["labels"]["square"]
    assert label["probability"] < label["threshold"]
    assert not Finding.objects.filter(workitem=workitem).exists()


def test_a_proposed_outline_lies_on_the_planted_square_in_patient_space(
    project: Project, live: ModelVersion, run_jobs: Callable[[], int]
) -> None:
    planted = plant(project, 4, bright=True, patient_space=True)
    assert planted.square is not None
    workitem = open_workitem(project, planted)
    predictions_on_arrival(workitem=workitem)
    run_jobs()
    outline = Finding.objects.filter(workitem=workitem, kind="polygon").order_by("-probability").first()
    assert outline is not None
    assert outline.head is not None
    place = outline.head.content["geometry"]
    assert (place["space"], place["sop_instance_uid"]) == ("patient", planted.instance.sop_instance_uid)
    points = np.asarray(place["points"])
    columns, rows = (points[:, 0] - 5) / 0.7, (points[:, 1] - 10) / 0.8
    row, column = planted.square
    assert columns.mean() == pytest.approx(column + SQUARE / 2, abs=6)
    assert rows.mean() == pytest.approx(row + SQUARE / 2, abs=6)


def test_of_two_images_the_one_with_the_finding_is_named_and_explained(
    project: Project, live: ModelVersion, run_jobs: Callable[[], int], admin: User
) -> None:
    planted = plant(project, 3, bright=False)
    bright = plant_beside(planted, 10, bright=True)
    workitem = open_workitem(project, planted)
    (prediction,) = predictions_on_arrival(workitem=workitem)
    run_jobs()
    prediction.refresh_from_db()
    assert len(prediction.output["images"]) == 2
    assert prediction.output["labels"]["square"]["sop_instance_uid"] == bright.sop_instance_uid
    said = Finding.objects.get(workitem=workitem, kind="image_label")
    assert said.head is not None
    assert said.head.content["geometry"]["sop_instance_uid"] == bright.sop_instance_uid
    saliency = saliency_request(prediction=prediction, label_key="square", method="gradcam", requested_by=admin)
    run_jobs()
    saliency.refresh_from_db()
    assert saliency.sop_instance_uids == [[bright.sop_instance_uid, 1]]


def test_a_prediction_of_a_series_that_has_grown_meanwhile_asks_to_be_made_anew(
    project: Project, live: ModelVersion, run_jobs: Callable[[], int]
) -> None:
    planted = plant(project, 3, bright=False)
    workitem = open_workitem(project, planted)
    (prediction,) = predictions_on_arrival(workitem=workitem)
    plant_beside(planted, 10, bright=True)
    run_jobs()
    prediction.refresh_from_db()
    assert (prediction.state, prediction.error_code) == ("failed", "series_changed")
    (again,) = predictions_on_arrival(workitem=workitem)
    run_jobs()
    again.refresh_from_db()
    assert again.state == "finished"


def test_a_series_of_another_modality_is_not_read(project: Project, live: ModelVersion, radiologist: User) -> None:
    planted = plant(project, 5, bright=True)
    planted.series.modality = "MR"
    planted.series.save()
    workitem = open_workitem(project, planted)
    assert predictions_on_arrival(workitem=workitem) == []
    with pytest.raises(Conflict, match="No series"):
        predictions_on_demand(workitem=workitem, requested_by=radiologist)


def test_a_localizer_is_not_read_and_the_answer_says_why(project: Project, live: ModelVersion) -> None:
    planted = plant(project, 6, bright=True)
    planted.series.geometry = {"kind": "single", "localizers": [planted.instance.sop_instance_uid]}
    planted.series.save()
    workitem = open_workitem(project, planted)
    assert predictions_on_arrival(workitem=workitem) == []
    noted = Prediction.objects.get(workitem=workitem)
    assert (noted.state, noted.error_code) == ("outside", "outside_localizer")


def test_a_prediction_whose_image_cannot_be_read_fails_with_a_code_and_can_be_asked_for_again(
    project: Project, live: ModelVersion, run_jobs: Callable[[], int]
) -> None:
    planted = plant(project, 6, bright=True)
    workitem = open_workitem(project, planted)
    kept = planted.instance.blob_digest
    planted.instance.blob_digest = blobs.put(b"this is no DICOM file")
    planted.instance.save()
    (prediction,) = predictions_on_arrival(workitem=workitem)
    run_jobs()
    prediction.refresh_from_db()
    assert prediction.state == "failed"
    assert prediction.error_code not in ("", "job_crashed")
    planted.instance.blob_digest = kept
    planted.instance.save()
    prediction_request(workitem=workitem, series=planted.series, version=live, requested_by=None)
    run_jobs()
    prediction.refresh_from_db()
    assert (prediction.state, prediction.error_code) == ("finished", "")


def test_a_saliency_map_covers_the_image_pixel_by_pixel_and_peaks_on_the_square(
    project: Project, live: ModelVersion, run_jobs: Callable[[], int], admin: User
) -> None:
    planted = plant(project, 8, bright=True)
    assert planted.square is not None
    (prediction,) = predictions_on_arrival(workitem=open_workitem(project, planted))
    with pytest.raises(Conflict, match="not finished"):
        saliency_request(prediction=prediction, label_key="square", method="hirescam", requested_by=admin)
    run_jobs()
    prediction.refresh_from_db()
    for method in ("hirescam", "occlusion", "location"):
        saliency = saliency_request(prediction=prediction, label_key="square", method=method, requested_by=admin)
        again = saliency_request(prediction=prediction, label_key="square", method=method, requested_by=admin)
        assert again == saliency
        run_jobs()
        saliency.refresh_from_db()
        assert (saliency.state, saliency.shape_kji) == ("finished", [1, ROWS, COLUMNS]), method
        assert saliency.sop_instance_uids == [[planted.instance.sop_instance_uid, 1]]
        assert saliency.layer
        content = zlib.decompress(blobs.get(saliency.map_digest))
        map_ji = np.frombuffer(content, np.uint8).reshape(ROWS, COLUMNS)
        row, column = np.unravel_index(int(map_ji.argmax()), map_ji.shape)
        top, left = planted.square
        assert top - 5 <= row <= top + SQUARE + 4, method
        assert left - 5 <= column <= left + SQUARE + 4, method
    assert SaliencyMap.objects.count() == 3
    assert AuditEvent.objects.filter(event_type="saliency.requested").count() == 3


def test_an_explanation_that_is_not_offered_is_refused(project: Project, live: ModelVersion) -> None:
    planted = plant(project, 9, bright=True)
    workitem = open_workitem(project, planted)
    prediction = prediction_request(workitem=workitem, series=planted.series, version=live, requested_by=None)
    Prediction.objects.update(state="finished")
    prediction.refresh_from_db()
    with pytest.raises(Invalid, match="offered"):
        saliency_request(prediction=prediction, label_key="square", method="guided_backprop", requested_by=None)
    with pytest.raises(Invalid, match="does not predict"):
        saliency_request(prediction=prediction, label_key="heart", method="hirescam", requested_by=None)
