"""Boxes drawn by readers, frozen, learned, judged, found in a new case and decided: through the API all the way."""

from __future__ import annotations

import json
import zlib
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from annotations.dataset.split import patient_key, split_of
from annotations.models import ReadingProtocol, Workitem
from annotations.services.workitems import workitem_open
from core import blobs
from imaging.models import Patient
from inference.engine.boxes import overlaps
from inference.models import EvaluationReport, ModelVersion, TrainingRun
from inference.services.predictions import predictions_on_arrival
from tests.factories.api import Api
from tests.factories.scenes import Scene, rows_of
from tests.inference.planted_archive import SQUARE, Planted, make_square_label, plant

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from core.models import Project, User

pytestmark = pytest.mark.django_db
WANTED = {"train": 16, "validation": 7, "test": 9}
CONFIG = {"image_shape": [48, 48], "epochs": 15, "batch_size": 4, "learning_rate": 0.004, "seed": 2}


def _split(number: int) -> str:
    return split_of(patient_key(Patient(patient_id=f"SQ{number}")))


def _numbers() -> Iterator[tuple[int, str]]:
    """Yield numbers of patients with the split that the site's key puts them into, as many of each as are wanted."""
    left, number = dict(WANTED), 0
    while any(left.values()):
        number += 1
        split = _split(number)
        if left[split]:
            left[split] -= 1
            yield number, split


def _drawn(planted: Planted) -> dict[str, Any]:
    """What a reader says: a box round the square, or that there is none."""
    if planted.square is None:
        return {"kind": "image_label", "label_key": "square", "present": False}
    (top, left), side = planted.square, SQUARE
    corners = [[left - 0.5, top - 0.5], [left + side - 0.5, top - 0.5],
               [left + side - 0.5, top + side - 0.5], [left - 0.5, top + side - 0.5]]  # fmt: skip
    place = {"space": "image", "sop_instance_uid": planted.instance.sop_instance_uid, "frame_number": 1}
    return {"kind": "rectangle", "label_key": "square", "geometry": {**place, "points": corners}}


def _read(project: Project, planted: Planted, reader: User, reviewer: User) -> None:
    workitem = workitem_open(project=project, study=planted.study)
    api, address = Api(reader), f"workitems/{workitem.pk}"
    assert api("POST", f"{address}/claim", match=1)[0] == 200
    assert api("POST", f"{address}/findings", {"content": _drawn(planted)})[0] == 201
    assert api("POST", f"{address}/submit", {}, match=2)[0] == 200
    assert Api(reviewer)("POST", f"{address}/decide", {"event": "accept"}, match=3)[0] == 200


def _truth(planted: Planted) -> list[float]:
    assert planted.square is not None
    top, left = planted.square
    return [-0.5, top - 0.5, left - 0.5, 0.5, top + SQUARE - 0.5, left + SQUARE - 0.5]


def test_boxes_are_drawn_frozen_learned_judged_found_and_decided(
    project: Project, radiologist: User, reviewer: User, admin: User, run_jobs: Callable[[], int]
) -> None:
    make_square_label(project)
    ReadingProtocol.objects.create(project=project, reveal="always", required_labels=[])
    planted = {}
    for place, (number, split) in enumerate(_numbers()):
        planted[number] = (plant(project, number, bright=place % 3 > 0), split)
        _read(project, planted[number][0], radiologist, reviewer)
    api = Api(admin)

    frozen = {"name": "boxes", "question": "places", "label_keys": ["square"]}
    assert api("POST", "projects/chest/snapshots", frozen)[0] == 202
    run_jobs()
    (snapshot,) = api("GET", "projects/chest/snapshots")[1]
    family = {
        "project": "chest", "slug": "finder", "title": "Finder", "recipe": "detection", "label_keys": ["square"],
        "modalities": ["DX"], "reason": "as usual", "operating_point": {"kind": "false_boxes", "value": 0.5},
    }  # fmt: skip
    refused = api("POST", "models", family | {"operating_point": {"kind": "specificity", "value": 0.9}})
    assert (refused[0], refused[1]["code"]) == (422, "operating_point_wrong")
    status, made = api("POST", "models", family)
    assert status == 201, made
    assert made["plan"]["operating_point"]["sentence"].startswith("At most 0.5 false boxes a case")
    wanted = {"snapshot_id": snapshot["id"], "config": CONFIG, "reason": "the first"}
    assert api("POST", f"models/{made['id']}/training", wanted)[0] in (201, 202)
    run_jobs()
    run = TrainingRun.objects.get()
    assert run.job is not None
    assert run.job.state == "succeeded", run.job.error
    version = ModelVersion.objects.get()

    # The test cases' boxes are those that were drawn, and every figure can be counted again from what is kept.
    report = EvaluationReport.objects.get()
    stored = json.loads(zlib.decompress(blobs.get(report.outputs_digest)))["version"]
    by_id = {f"{one.instance.sop_instance_uid}/1": one for one, split in planted.values() if split == "test"}
    assert {case["case_id"] for case in stored} == set(by_id)
    hits = marks = false = 0
    for case in stored:
        kept, there = case["boxes"]["square"], by_id[case["case_id"]].square is not None
        assert kept["truth"] == ([_truth(by_id[case["case_id"]])] if there else [])
        marks += there
        said = [
            box
            for box, p in zip(kept["said"], kept["scores"], strict=True)
            if p >= version.card["thresholds"]["square"]
        ]
        on = [_centred(box, kept["truth"]) for box in said]
        hits, false = hits + any(on), false + on.count(False)
    figures = api("GET", f"reports/{report.pk}")[1]["report"]["labels"]["square"]["boxes"]
    assert (figures["n"], figures["marked"]) == (len(by_id), marks)
    assert figures["sensitivity"]["value"] == pytest.approx(hits / marks)
    assert figures["beside"]["value"] == pytest.approx(false / len(by_id))
    assert figures["cpm"]["value"] >= 0.8, figures["cpm"]
    assert {one["name"] for one in figures["floor"]} == {"usual_places", "bright_blobs"}
    examples = api("GET", f"reports/{report.pk}/examples")[1]
    assert {one["shown_as"] for one in examples} >= {"worst", "best"}
    best = next(one for one in examples if one["shown_as"] == "best")
    assert (best["marked"], best["found"], len(best["truth"])) == (1, 1, 1)
    claims = api("GET", f"versions/{version.pk}/claims")[1]["labels"]["square"]
    assert sum(one["n"] for one in claims) == sum(one["n"] for one in figures["calibration"])
    assert all("box" in one["sentence"] for one in claims)

    # A new case: one rectangle where the square is, and none of the image beside it.
    ModelVersion.objects.filter(pk=version.pk).update(state="live")
    version.family.live = version
    version.family.save()
    number = next(n for n in range(max(planted) + 1, 10_000) if _split(n) == "train")
    new = plant(project, number, bright=True, patient_space=True)
    workitem = workitem_open(project=project, study=new.study)
    predictions_on_arrival(workitem=workitem)
    run_jobs()
    (found,) = Api(reviewer)("GET", f"workitems/{workitem.pk}/findings")[1]
    geometry = found["head"]["content"]["geometry"]
    assert (found["head"]["content"]["kind"], geometry["space"]) == ("rectangle", "patient")
    # Stored in the patient's millimetres: rows are 0.8 mm apart, columns 0.7 mm, the first pixel lies at (5, 10).
    columns, rows = (
        (np.array(geometry["points"])[:, axis] - start) / step for axis, start, step in ((0, 5, 0.7), (1, 10, 0.8))
    )
    box = [-0.5, rows.min(), columns.min(), 0.5, rows.max(), columns.max()]
    assert overlaps(np.array([box]), np.array([_truth(new)]))[0, 0] >= 0.5
    assert found["probability"] >= version.card["thresholds"]["square"]
    _rejected_teaches(project, workitem, found, radiologist, reviewer)


def _rejected_teaches(
    project: Project, workitem: Workitem, found: dict[str, Any], reader: User, reviewer: User
) -> None:
    """A rejected box is taught as a place where it is not, drawn twice as often, and says nothing of the rest."""
    scene = Scene(workitem, reader, reviewer)
    scene.claims_again()
    scene.submits()
    said, address = {"decision": "rejected", "reason": "wrong_place"}, f"findings/{found['id']}/reviews"
    status, answer = Api(reviewer)("POST", address, said, match=found["head"]["digest"])
    assert status in (200, 201), answer
    scene.signs()
    study = workitem.study.study_instance_uid
    (row,) = (one for one in rows_of(project, "places", ["square"]) if one["study_instance_uid"] == study)
    (rejected,) = row["rejected_regions"]
    assert (row["labels"], row["regions"], rejected["sampling"]) == ({"square": None}, [], 2)


def _centred(box: list[float], truths: list[list[float]]) -> bool:
    middle = [(box[axis] + box[axis + 3]) / 2 for axis in range(3)]
    return any(all(one[axis] <= middle[axis] <= one[axis + 3] for axis in range(3)) for one in truths)


def test_where_nobody_drew_a_box_the_training_is_refused_before_it_begins_and_says_what_to_do(
    project: Project, radiologist: User, reviewer: User, admin: User, run_jobs: Callable[[], int]
) -> None:
    make_square_label(project)
    ReadingProtocol.objects.create(project=project, reveal="always", required_labels=[])
    left = {"train": 3, "validation": 2, "test": 2}
    for number, split in _numbers():
        if left[split]:
            left[split] -= 1
            workitem = workitem_open(project=project, study=plant(project, number, bright=True).study)
            reading, address = Api(radiologist), f"workitems/{workitem.pk}"
            assert reading("POST", f"{address}/claim", match=1)[0] == 200
            said = {"kind": "image_label", "label_key": "square", "present": True}
            assert reading("POST", f"{address}/findings", {"content": said})[0] == 201
            assert reading("POST", f"{address}/submit", {}, match=2)[0] == 200
            assert Api(reviewer)("POST", f"{address}/decide", {"event": "accept"}, match=3)[0] == 200
    api = Api(admin)
    frozen = {"name": "answers only", "question": "places", "label_keys": ["square"]}
    assert api("POST", "projects/chest/snapshots", frozen)[0] == 202
    run_jobs()
    (snapshot,) = api("GET", "projects/chest/snapshots")[1]
    family = {
        "project": "chest", "slug": "finder", "title": "Finder", "recipe": "detection", "label_keys": ["square"],
        "modalities": ["DX"], "reason": "as usual",
    }  # fmt: skip
    made = api("POST", "models", family)[1]
    wanted = {"snapshot_id": snapshot["id"], "config": CONFIG, "reason": "the first"}
    status, refused = api("POST", f"models/{made['id']}/training", wanted)
    assert (status, refused["code"]) == (422, "places_not_marked")
    assert "Draw them" in refused["message"]
    assert not TrainingRun.objects.exists()
