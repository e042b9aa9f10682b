"""The version's report says which of its maps may be shown; every door that offers or serves a map keeps to it."""

from __future__ import annotations

import json
import zlib
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from core import blobs
from core.errors import Conflict
from inference.engine.checkpoint import load_model
from inference.engine.saliency import explain
from inference.engine.sample import Image
from inference.models import EvaluationReport, ModelVersion
from inference.selectors import prediction_json, report_json, saliency_bytes, saliency_json
from inference.services.evaluation import evaluation_request
from inference.services.predictions import predictions_on_arrival
from inference.services.saliency import saliency_request
from tests.inference.planted_archive import (
    SQUARE,
    freeze,
    install,
    make_family,
    open_workitem,
    plant,
    plant_many,
    planted_pixels,
)

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from core.models import Project, User

pytestmark = pytest.mark.django_db
LABEL = "square"
#: The rectangle goes from the centre of the first pixel to that of the last, which is no longer inside.
SIDE = SQUARE - 1


@pytest.fixture
def version(project: Project, admin: User, square_model: Path) -> ModelVersion:
    return install(make_family(project, admin), square_model)


def middle_of(places: list[list[int]]) -> list[int]:
    """Return the place that is nearest to the mean of all."""
    rows, columns = (sum(axis) / len(places) for axis in zip(*places, strict=True))
    return min(places, key=lambda one: (one[0] - rows) ** 2 + (one[1] - columns) ** 2)


def relicensed(report: EvaluationReport, **changes: Any) -> EvaluationReport:
    """Keep another report of the version, newer, with other grades of HiResCAM."""
    figures = json.loads(json.dumps(report.report))
    maps = figures["labels"][LABEL]["maps"]
    for grade in maps["grades"]:
        if grade["method"] == "hirescam":
            grade.update(changes)
    return EvaluationReport.objects.create(
        version=report.version, snapshot=report.snapshot, report=figures, gate=report.gate,
        outputs_digest=report.outputs_digest, digest="n" * 64,
    )  # fmt: skip


def test_the_report_grades_maps_as_they_are_counted_by_hand_and_every_door_keeps_to_it(
    project: Project, admin: User, version: ModelVersion, square_model: Path, run_jobs: Callable[[], int]
) -> None:
    planted = plant_many(project, train=8, validation=2, test=20)
    (prediction,) = predictions_on_arrival(workitem=open_workitem(project, plant(project, 8, bright=True)))
    run_jobs()
    prediction.refresh_from_db()
    early = saliency_request(prediction=prediction, label_key=LABEL, method="hirescam", requested_by=admin)
    assert saliency_json(early)["grade"] == "No grade.", "nothing is evaluated yet"
    evaluation_request(version=version, snapshot=freeze(project, planted), requested_by=admin)
    run_jobs()
    report = EvaluationReport.objects.get(version=version)
    maps = report_json(report)["report"]["labels"][LABEL]["maps"]
    assert (maps["stands"], maps["marked"]) == ("graded", 10)

    model, hits = load_model(square_model), dict.fromkeys(("hirescam", "location", "occlusion"), 0)
    centre = 0
    for one in planted["test"]:
        if one.square is None:
            continue
        (top, left), (pixels, _) = one.square, planted_pixels(one.number, bright=True)
        for method in hits:
            found = explain(model, Image(pixels.astype(np.float32)[None], None, "DX"), LABEL, method).map_kji[0]
            row, column = middle_of(np.argwhere(found == found.max()).tolist())
            hits[method] += top <= row < top + SIDE and left <= column < left + SIDE
        centre += top <= 20 < top + SIDE and left <= 24 < left + SIDE
    grades = {one["method"]: one for one in maps["grades"]}
    assert {method: grades[method]["hits"] for method in hits} == hits
    assert {one["name"]: one["hits"] for one in maps["fixed"]}["centre"] == centre
    kept = json.loads(zlib.decompress(blobs.get(report.outputs_digest)))["maps"][LABEL]
    assert sum(case["hits"]["location"] for case in kept) == hits["location"]
    assert len(grades) == 17, "every kind of map, on every layer"
    winner = maps["winner"]
    assert winner is not None, [one["why"] for one in maps["grades"]]

    shown = prediction_json(prediction)
    (of_label,) = shown["label_maps"]
    assert of_label["offered"][0]["method"] == winner
    best = grades[winner]
    words = f"In the reader's mark in {best['hits']} of {best['cases']} test cases; a fixed place:"
    assert of_label["offered"][0]["grade"].startswith(words)
    passed = {name for name, one in grades.items() if one["passed"]}
    assert {one["method"] for one in of_label["offered"]} == passed
    assert {one["method"] for one in shown["explanations_withheld"]} == set(grades) - passed

    evaluation_request(version=version, snapshot=report.snapshot, requested_by=admin)
    run_jobs()
    assert EvaluationReport.objects.get(version=version) == report, "the same cases give the same grades"

    relicensed(report, passed=True, why="")
    offered = saliency_request(prediction=prediction, label_key=LABEL, method="hirescam", requested_by=admin)
    assert saliency_json(offered)["grade"].startswith("In the reader's mark in")
    assert len(saliency_bytes(offered)) > 0
    relicensed(report, passed=False, why="Two runs give different maps.")
    with pytest.raises(Conflict, match="Two runs") as refused:
        saliency_request(prediction=prediction, label_key=LABEL, method="hirescam", requested_by=admin)
    assert refused.value.detail["reason"] == "map_failed"
    with pytest.raises(Conflict, match="Two runs"):
        saliency_bytes(offered)


def test_a_report_from_before_maps_were_graded_is_read_and_its_version_keeps_its_maps_without_a_grade(
    project: Project, version: ModelVersion, square_model: Path, run_jobs: Callable[[], int], admin: User
) -> None:
    planted = plant_many(project, train=2, validation=2, test=18)
    evaluation_request(version=version, snapshot=freeze(project, planted), requested_by=admin)
    run_jobs()
    report = EvaluationReport.objects.get(version=version)
    maps = report.report["labels"][LABEL]["maps"]
    assert (maps["stands"], maps["marked"], maps["grades"]) == ("cannot_tell", 9, [])
    del report.report["labels"][LABEL]["maps"]
    EvaluationReport.objects.filter(pk=report.pk).update(report=report.report)
    report.refresh_from_db()
    assert report_json(report)["report"]["labels"][LABEL]["maps"] is None
    (prediction,) = predictions_on_arrival(workitem=open_workitem(project, plant(project, 2, bright=True)))
    run_jobs()
    prediction.refresh_from_db()
    (of_label,) = prediction_json(prediction)["label_maps"]
    assert [one["method"] for one in of_label["offered"]][:2] == ["hirescam", "gradcam"]
