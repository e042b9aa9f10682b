"""What a finding may say: every broken rule has its own code, and lengths are mm only where the image proves them."""

from __future__ import annotations

from typing import Any

import pytest
from django.utils import timezone

from annotations.content.checks import checked_content
from annotations.geometry.winding import MOST_POINTS as POINT_LIMIT
from annotations.models import Label, Workitem
from core.errors import OverreadError
from core.models import Project, User
from tests.factories.reading import (
    COLUMNS,
    FRAME_OF_REFERENCE,
    ROWS,
    box,
    drawn,
    image_label,
    image_of,
    make_label,
    make_workitem,
    painted,
)

pytestmark = pytest.mark.django_db
NAN = float("nan")


@pytest.fixture
def workitem(project: Project, radiologist: User) -> Workitem:
    make_label(project)
    make_label(project, "only-image", uses=("image",))
    return make_workitem(project, radiologist)


def _mask(workitem: Workitem, **changes: Any) -> dict[str, Any]:
    content = painted(workitem, [0, 3])
    content["mask"].update(changes)
    return content


BROKEN: dict[str, tuple[str, Any]] = {
    "not an object": ("content_wrong", lambda w: [1]),
    "an unknown field": ("content_wrong", lambda w: {**box(w), "x": 1}),
    "an unknown kind": ("content_wrong", lambda w: {**box(w), "kind": "spline"}),
    "too few points": ("points_count_wrong", lambda w: drawn(w, "polygon", [[1, 1], [2, 2]])),
    "too many points": ("too_many_points", lambda w: drawn(w, "polygon", [[1, 1]] * (POINT_LIMIT + 1))),
    "not a number": ("points_wrong", lambda w: drawn(w, "length", [[1, NAN], [2, 2]])),
    "infinite": ("points_wrong", lambda w: drawn(w, "length", [[1, float("inf")], [2, 2]])),
    "three coordinates in an image": ("points_wrong", lambda w: drawn(w, "length", [[1, 1, 1], [2, 2, 2]])),
    "a boolean coordinate": ("points_wrong", lambda w: drawn(w, "length", [[True, 1], [2, 2]])),
    "far outside": ("points_outside", lambda w: drawn(w, "length", [[1, 1], [9999, 2]])),
    "no place": ("geometry_missing", lambda w: {"kind": "length", "label_key": None}),
    "another study's image": ("image_unknown", lambda w: _elsewhere(w, "1.2.3")),
    "a frame that is not there": ("frame_unknown", lambda w: _frame(w, 2)),
    "patient space without one": ("no_patient_space", lambda w: _space(w, "patient")),
    "an unknown label": ("label_unknown", lambda w: box(w, key="ghost")),
    "a label of another use": ("label_not_for_this", lambda w: box(w, key="only-image")),
    "an image label without a label": ("label_missing", lambda w: {"kind": "image_label", "present": True}),
    "an image label without presence": ("present_missing", lambda w: image_label(present=None)),  # type: ignore[arg-type]
    "a present box": ("content_wrong", lambda w: {**box(w), "present": True}),
    "runs over the end": ("runs_wrong", lambda w: painted(w, [ROWS * COLUMNS - 1, 2])),
    "runs that overlap": ("runs_wrong", lambda w: painted(w, [0, 5, 3, 2])),
    "half a pair": ("runs_wrong", lambda w: painted(w, [0, 5, 9])),
    "a fractional run": ("runs_wrong", lambda w: painted(w, [0, 1.5])),  # type: ignore[list-item]
    "a huge run": ("runs_wrong", lambda w: painted(w, [2**70, 1])),
    "a mask of another size": ("mask_wrong_shape", lambda w: _mask(w, rows=ROWS + 1)),
    "a mask of another series": ("image_unknown", lambda w: _mask(w, series_instance_uid="1.2.3")),
    "one frame twice": ("mask_frame_twice", lambda w: _mask(w, frames=painted(w, [1, 1])["mask"]["frames"] * 2)),
    "a mask on a box": ("content_wrong", lambda w: {**box(w), "mask": {}}),
    "a long text": ("text_too_long", lambda w: box(w, text="x" * 4001)),
    "a strange colour": ("content_wrong", lambda w: box(w, color="red")),
}  # fmt: skip


def _elsewhere(workitem: Workitem, uid: str) -> dict[str, Any]:
    content = box(workitem)
    content["geometry"]["sop_instance_uid"] = uid
    return content


def _frame(workitem: Workitem, number: int) -> dict[str, Any]:
    content = box(workitem)
    content["geometry"]["frame_number"] = number
    return content


def _space(workitem: Workitem, space: str) -> dict[str, Any]:
    content = box(workitem)
    content["geometry"]["space"] = space
    return content


@pytest.mark.parametrize("rule", sorted(BROKEN))
def test_a_broken_rule_is_refused_with_its_own_code(rule: str, workitem: Workitem) -> None:
    code, make = BROKEN[rule]
    with pytest.raises(OverreadError) as refused:
        checked_content(make(workitem), workitem=workitem)
    assert refused.value.code == code
    assert refused.value.status in (413, 422)


def test_a_mask_above_eight_mebibytes_is_refused(workitem: Workitem, monkeypatch: pytest.MonkeyPatch) -> None:
    image = image_of(workitem)
    image.rows = image.columns = 4000
    image.save()
    content = painted(workitem, [value for start in range(0, 3_000_000, 2) for value in (start, 1)])
    content["mask"].update(rows=4000, columns=4000)
    with pytest.raises(OverreadError) as refused:
        checked_content(content, workitem=workitem)
    assert (refused.value.code, refused.value.status) == ("content_too_large", 413)


def test_a_retired_label_may_stay_where_it_is_and_go_nowhere_new(workitem: Workitem) -> None:
    label = Label.objects.get(key="nodule")
    label.retired_at = timezone.now()
    label.save()
    with pytest.raises(OverreadError, match="no longer used"):
        checked_content(box(workitem), workitem=workitem)
    assert checked_content(box(workitem), workitem=workitem, kept=label).label == label


def test_two_corners_become_the_four_corners_of_a_rectangle(workitem: Workitem) -> None:
    said = checked_content(drawn(workitem, "rectangle", [[1, 2], [4, 8]]), workitem=workitem).said
    assert said["geometry"]["points"] == [[1, 2], [4, 2], [4, 8], [1, 8]]


def test_the_server_measures_and_ignores_what_the_client_measured(workitem: Workitem) -> None:
    content = drawn(workitem, "length", [[0, 0], [3, 4]], measures={"length_mm": {"value": 99, "unit": "mm"}})
    assert checked_content(content, workitem=workitem).said["measures"] == {
        "length_px": {"value": 5.0, "unit": "px", "source": "none", "words": "no calibration"}
    }


def test_millimetres_appear_where_the_header_proves_them(project: Project) -> None:
    make_label(project)
    workitem = make_workitem(project, spacing_mm=(0.5, 0.2))
    measures = checked_content(drawn(workitem, "length", [[0, 0], [10, 0]]), workitem=workitem).said["measures"]
    source, words = "pixel_spacing_calibrated", "calibrated by geometry"
    assert measures == {"length_mm": {"value": 2.0, "unit": "mm", "source": source, "words": words}}
    mask = checked_content(painted(workitem, [0, 10]), workitem=workitem).said
    assert mask["measures"]["area_mm2"]["value"] == 1.0
    assert mask["mask"]["frames"][0]["pixels"] == 10


def test_patient_space_needs_the_images_own_frame_of_reference(project: Project) -> None:
    make_label(project)
    workitem = make_workitem(project, spacing_mm=(0.5, 0.5), patient_space=True)
    content = drawn(workitem, "length", [[-10, -20, 30], [-4, -12, 30]])
    content["geometry"].update(space="patient", frame_of_reference_uid=FRAME_OF_REFERENCE)
    assert checked_content(content, workitem=workitem).said["measures"]["length_mm"]["value"] == 10.0
    content["geometry"]["frame_of_reference_uid"] = "1.2.3"
    with pytest.raises(OverreadError) as refused:
        checked_content(content, workitem=workitem)
    assert refused.value.code == "frame_of_reference_wrong"
