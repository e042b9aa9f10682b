"""A length that a person knows makes millimetres: stored, audited, withdrawn, and never in a signed-off case."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import pytest
from django.db import DatabaseError, transaction

from annotations.models import Calibration, Finding, Step, Workitem
from annotations.services.sign_off import workitem_decide
from annotations.services.workitems import workitem_submit
from core.errors import PreconditionFailed
from core.models import AuditEvent, Project, User
from tests.factories.api import Api
from tests.factories.reading import box, drawn, image_of, make_label, make_workitem, painted

if TYPE_CHECKING:
    from collections.abc import Callable

pytestmark = pytest.mark.django_db


@pytest.fixture
def workitem(project: Project, radiologist: User) -> Workitem:
    make_label(project)
    return make_workitem(project, radiologist, images=2)


def _line(workitem: Workitem, length_mm: float = 50.0, **more: Any) -> dict[str, Any]:
    uid = image_of(workitem).sop_instance_uid
    return {"sop_instance_uid": uid, "points": [[10, 10], [40, 10]], "length_mm": length_mm, **more}


def _measures(finding_id: str) -> dict[str, Any]:
    head = Finding.objects.get(pk=finding_id).head
    assert head is not None
    return dict(head.content["measures"])


def test_a_known_length_measures_the_image_and_what_was_measured_before(workitem: Workitem, radiologist: User) -> None:
    api, address = Api(radiologist), f"workitems/{workitem.pk}"
    _, before = api("POST", f"{address}/findings", {"content": drawn(workitem, "length", [[0, 0], [6, 8]])})
    assert _measures(before["id"]) == {
        "length_px": {"value": 10.0, "unit": "px", "source": "none", "words": "no calibration"}
    }
    status, made = api("POST", f"{address}/calibrations", _line(workitem, 45.0))
    # 30 pixels are 45 mm: a pixel is 1.5 mm.
    assert (status, made["spacing"]["mm"]) == (201, pytest.approx([1.5, 1.5]))
    said = {"unit": "mm", "source": "manual_calibration", "words": f"calibrated by {radiologist}"}
    assert _measures(before["id"]) == {"length_mm": {"value": 15.0, **said}}
    _, history = api("GET", f"findings/{before['id']}/revisions")
    assert [row["cause"] for row in history] == ["edit", "calibration"]
    _, mask = api("POST", f"{address}/findings", {"content": painted(workitem, [0, 4])})
    assert _measures(mask["id"])["area_mm2"]["value"] == pytest.approx(4 * 1.5**2)
    audited = AuditEvent.objects.get(event_type="calibration.added")
    assert (audited.actor_id, audited.detail["length_mm"]) == (str(radiologist.pk), 45.0)
    # Another image of the series knows nothing of it.
    other = workitem.study.series.get().instances.order_by("instance_number")[1]
    content = drawn(workitem, "length", [[0, 0], [6, 8]])
    content["geometry"]["sop_instance_uid"] = other.sop_instance_uid
    _, elsewhere = api("POST", f"{address}/findings", {"content": content})
    assert "length_px" in _measures(elsewhere["id"])


def test_a_calibration_of_the_series_holds_for_its_images_and_one_of_an_image_before_it(
    workitem: Workitem, radiologist: User
) -> None:
    api, address = Api(radiologist), f"workitems/{workitem.pk}"
    api("POST", f"{address}/calibrations", _line(workitem, 30.0, whole_series=True))
    other = workitem.study.series.get().instances.order_by("instance_number")[1]
    api("POST", f"{address}/calibrations", _line(workitem, 60.0) | {"sop_instance_uid": other.sop_instance_uid})
    found = {}
    for image in workitem.study.series.get().instances.order_by("instance_number"):
        content = drawn(workitem, "length", [[0, 0], [10, 0]])
        content["geometry"]["sop_instance_uid"] = image.sop_instance_uid
        _, made = api("POST", f"{address}/findings", {"content": content})
        found[image.pk] = _measures(made["id"])["length_mm"]["value"]
    assert list(found.values()) == [10.0, 20.0]
    _, listed = api("GET", f"{address}/calibrations")
    first = image_of(workitem).sop_instance_uid
    assert [row["sop_instance_uids"] for row in listed] == [[first], [other.sop_instance_uid]]


def test_a_withdrawn_calibration_leaves_what_the_image_says(workitem: Workitem, radiologist: User) -> None:
    api, address = Api(radiologist), f"workitems/{workitem.pk}"
    _, made = api("POST", f"{address}/calibrations", _line(workitem))
    _, finding = api("POST", f"{address}/findings", {"content": drawn(workitem, "length", [[0, 0], [6, 8]])})
    assert "length_mm" in _measures(finding["id"])
    assert api("DELETE", f"{address}/calibrations/{made['id']}")[0] == 204
    assert api("GET", f"{address}/calibrations")[1] == []
    assert _measures(finding["id"])["length_px"]["value"] == 10
    assert Calibration.objects.filter(workitem=workitem).count() == 2
    assert AuditEvent.objects.filter(event_type="calibration.withdrawn").count() == 1
    assert api("DELETE", f"{address}/calibrations/{made['id']}")[1]["code"] == "calibration_not_found"


def test_calibrations_are_written_once(workitem: Workitem, radiologist: User) -> None:
    Api(radiologist)("POST", f"workitems/{workitem.pk}/calibrations", _line(workitem))
    with pytest.raises(DatabaseError), transaction.atomic():
        Calibration.objects.update(length_mm=1)


def test_a_signed_off_case_is_not_calibrated_and_nobody_changes_another_ones_measures(
    workitem: Workitem, radiologist: User, reviewer: User
) -> None:
    reader, second = Api(radiologist), Api(reviewer)
    address = f"workitems/{workitem.pk}"
    _, finding = reader("POST", f"{address}/findings", {"content": box(workitem)})
    assert second("POST", f"{address}/calibrations", _line(workitem))[0] in (403, 409)
    version = Workitem.objects.get(pk=workitem.pk).version
    workitem_submit(workitem=workitem, by=radiologist, version=version, reading_seconds=5)
    # In review the reviewer may; the reader's figures stay the reader's.
    assert second("POST", f"{address}/calibrations", _line(workitem))[0] == 201
    assert "area_px2" in _measures(finding["id"])
    version = Workitem.objects.get(pk=workitem.pk).version
    workitem_decide(workitem=workitem, by=reviewer, version=version, event="accept", remark="")
    for person in (reader, second):
        status, body = person("POST", f"{address}/calibrations", _line(workitem))
        assert (status, body["code"]) == (409, "workitem_signed_off")


def test_a_signature_does_not_cover_a_calibration_that_the_signer_has_not_seen(
    workitem: Workitem, radiologist: User, reviewer: User, make_user: Callable[..., User]
) -> None:
    address = f"workitems/{workitem.pk}"
    Api(radiologist)("POST", f"{address}/findings", {"content": box(workitem)})
    version = Workitem.objects.get(pk=workitem.pk).version
    seen = workitem_submit(workitem=workitem, by=radiologist, version=version).version
    other = make_user("other", "reviewer", workitem.project)
    status, made = Api(other)("POST", f"{address}/calibrations", _line(workitem))
    assert status == 201
    with pytest.raises(PreconditionFailed, match="Other calibrated an image") as refused:
        workitem_decide(workitem=workitem, by=reviewer, version=seen, event="accept")
    assert [step["kind"] for step in refused.value.detail["steps"]] == ["calibrated"]
    # One's own calibration is known to oneself; taking it back is a step of its own.
    assert Api(other)("DELETE", f"{address}/calibrations/{made['id']}")[0] in (200, 204)
    assert Step.objects.filter(workitem=workitem, kind="calibrated").count() == 2
    assert workitem_decide(workitem=workitem, by=other, version=seen, event="accept").state == "accepted"


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"length_mm": 0}, "calibration_length_wrong"),
        ({"length_mm": -5}, "calibration_length_wrong"),
        ({"length_mm": 1e9}, "calibration_length_wrong"),
        ({"points": [[10, 10], [12, 10]]}, "calibration_line_short"),
        ({"points": [[10, 10], [400, 10]]}, "calibration_line_wrong"),
        ({"sop_instance_uid": "1.2.3"}, "image_unknown"),
        ({"frame_number": 2}, "image_unknown"),
    ],
)
def test_what_is_no_measure_is_refused(
    workitem: Workitem, radiologist: User, change: dict[str, Any], code: str
) -> None:
    status, body = Api(radiologist)("POST", f"workitems/{workitem.pk}/calibrations", _line(workitem) | change)
    assert (status, body["code"]) == (422, code)
    assert not Calibration.objects.exists()


def test_an_image_with_its_place_in_the_patient_needs_none(project: Project, radiologist: User) -> None:
    make_label(project)
    placed = make_workitem(project, radiologist, spacing_mm=(0.5, 0.5), patient_space=True)
    status, body = Api(radiologist)("POST", f"workitems/{placed.pk}/calibrations", _line(placed))
    assert (status, body["code"]) == (422, "calibration_not_needed")


def test_a_slanting_line_on_high_pixels_is_as_long_as_it_looks(project: Project, radiologist: User) -> None:
    make_label(project)
    high = make_workitem(project, radiologist, spacing_mm=(0.4, 0.2))
    line = _line(high, 100.0) | {"points": [[10, 10], [40, 30]]}
    _, made = Api(radiologist)("POST", f"workitems/{high.pk}/calibrations", line)
    row, column = made["spacing"]["mm"]
    assert row / column == pytest.approx(2.0)
    assert math.hypot(30 * column, 20 * row) == pytest.approx(100.0)
