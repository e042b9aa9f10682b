"""A dataset can ask of whole series: each slice then has the answer of its series, and single pictures are left out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from annotations.dataset.rows import Rows, snapshot_rows
from annotations.services.workitems import workitem_claim
from imaging.models import Instance, Series
from inference.models import ModelFamily
from inference.series_choice import images_for, why_outside
from tests.factories.reading import box, image_label, make_instance, make_label, make_workitem
from tests.factories.scenes import Scene, patient_in

if TYPE_CHECKING:
    from core.models import Project, User

pytestmark = pytest.mark.django_db


def _built(project: Project) -> Rows:
    return snapshot_rows(project=project, question="series", label_keys=["nodule"])


def _slices(project: Project, reader: User, reviewer: User) -> tuple[Scene, list[Instance]]:
    """Begin a case whose series is a volume of three slices."""
    workitem = make_workitem(project, patient=patient_in("train"))
    series = Series.objects.get(study=workitem.study)
    make_instance(series)
    make_instance(series)
    Series.objects.filter(pk=series.pk).update(geometry={"kind": "volume"})
    claimed = workitem_claim(workitem=workitem, by=reader, version=workitem.version)
    return Scene(claimed, reader, reviewer), list(series.instances.order_by("sop_instance_uid"))


def _at(content: dict[str, Any], image: Instance) -> dict[str, Any]:
    return {**content, "geometry": {**content["geometry"], "sop_instance_uid": image.sop_instance_uid}}


def test_what_is_said_of_the_study_or_found_in_one_slice_is_the_answer_of_every_slice(
    project: Project, radiologist: User, reviewer: User
) -> None:
    make_label(project)
    states: dict[str, list[int | None]] = {}
    for name in ("said", "denied", "drawn", "slice denied"):
        scene, slices = _slices(project, radiologist, reviewer)
        if name in ("said", "denied"):
            scene.answers(present=name == "said")
        elif name == "drawn":
            scene.reads(_at(box(scene.workitem), slices[1]))
        else:
            of_image = {"space": "image", "frame_of_reference_uid": None, "frame_number": 1, "points": []}
            denied = {**image_label(present=False), "geometry": of_image | {"sop_instance_uid": ""}}
            scene.reads(_at(denied, slices[1]))
        scene.submits().signs()
        rows = [
            row for row in _built(project).rows if row["study_instance_uid"] == scene.workitem.study.study_instance_uid
        ]
        states[name] = [row["labels"]["nodule"] for row in rows]
        if name == "drawn":
            marked = {row["sop_instance_uid"] for row in rows if row["regions"]}
            assert marked == {slices[1].sop_instance_uid}, "its place stays on its slice"
    assert states == {"said": [1, 1, 1], "denied": [0, 0, 0], "drawn": [1, 1, 1], "slice denied": []}


def test_single_pictures_are_left_out_and_no_model_of_series_is_asked_about_them(
    project: Project, radiologist: User, reviewer: User
) -> None:
    make_label(project)
    single = Scene.begun(project, radiologist, reviewer)
    volume, slices = _slices(project, radiologist, reviewer)
    for scene in (single, volume):
        scene.answers(present=True)
        scene.submits().signs()
    built = _built(project)
    assert {row["sop_instance_uid"] for row in built.rows} == {one.sop_instance_uid for one in slices}
    assert built.left_out["single_pictures"] == 1
    family = ModelFamily.objects.create(project=project, slug="f", title="F", recipe="sequence")
    of_single, of_volume = (Series.objects.get(study=scene.workitem.study) for scene in (single, volume))
    assert images_for(family, of_single) == []
    assert why_outside(family, of_single) == "outside_single_pictures"
    assert {one.pk for one in images_for(family, of_volume)} == {one.pk for one in slices}
