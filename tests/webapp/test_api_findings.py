"""Saving findings and remarks through the front door, as the reading page does."""

from __future__ import annotations

from uuid import uuid4

import pytest

from annotations.models import Workitem
from core.models import Project, User
from tests.factories.api import Api
from tests.factories.reading import box, image_label, image_of, make_label, make_workitem, painted, submit

pytestmark = pytest.mark.django_db


@pytest.fixture
def workitem(project: Project, radiologist: User) -> Workitem:
    make_label(project)
    return make_workitem(project, radiologist)


def test_autosave_from_two_tabs_loses_nothing(workitem: Workitem, radiologist: User) -> None:
    one, other = Api(radiologist), Api(radiologist)
    status, made = one("POST", f"workitems/{workitem.pk}/findings", {"content": box(workitem), "client_key": "k"})
    assert (status, one.etag, made["kind"], made["reviews"]) == (201, made["head"]["digest"], "rectangle", [])
    assert made["head"]["content"]["measures"]["area_px2"]["value"] == 100
    address, start = f"findings/{made['id']}/revisions", made["head"]["digest"]
    assert other("POST", address, {"content": box(workitem)})[1]["code"] == "if_match_missing"
    status, theirs = other("POST", address, {"content": box(workitem, name="Apex")}, match=start)
    assert (status, theirs["number"], other.etag) == (201, 2, theirs["digest"])
    status, refused = one("POST", address, {"content": box(workitem, x1=30)}, match=start)
    assert (status, refused["code"]) == (412, "revision_outdated")
    assert refused["detail"]["head"] == theirs
    merged = box(workitem, x1=30, name=refused["detail"]["head"]["content"]["name"])
    body = {"content": merged, "cause": "merge", "client_key": "m"}
    status, saved = one("POST", address, body, match=theirs["digest"])
    assert (status, saved["cause"], saved["parent"]) == (201, "merge", theirs["id"])
    _, history = one("GET", address)
    assert [(row["number"], row["cause"]) for row in history] == [(1, "edit"), (2, "edit"), (3, "merge")]
    assert history[2] == saved


def test_delete_and_restore_through_the_history(workitem: Workitem, radiologist: User) -> None:
    api = Api(radiologist)
    _, made = api("POST", f"workitems/{workitem.pk}/findings", {"content": painted(workitem, [0, 7])})
    status, gone = api("DELETE", f"findings/{made['id']}", match=made["head"]["digest"])
    assert (status, gone["cause"]) == (200, "delete")
    assert api("GET", f"workitems/{workitem.pk}/findings")[1][0]["deleted"]
    body = {"revision_id": made["head"]["id"]}
    status, back = api("POST", f"findings/{made['id']}/restore", body, match=gone["digest"])
    assert (status, back["content"]["mask"]["frames"][0]["runs"]) == (201, [0, 7])
    assert api("POST", f"findings/{made['id']}/restore", {"revision_id": str(uuid4())}, match=back["digest"])[0] == 404
    _, found = api("GET", f"findings/{made['id']}")
    assert (found["deleted"], found["head"]) == (False, back)


def test_a_broken_content_is_refused_with_its_code_and_saves_nothing(workitem: Workitem, radiologist: User) -> None:
    api = Api(radiologist)
    status, body = api("POST", f"workitems/{workitem.pk}/findings", {"content": box(workitem, key="ghost")})
    assert (status, body["code"], set(body)) == (422, "label_unknown", {"code", "message", "detail", "request_id"})
    assert api("POST", f"workitems/{workitem.pk}/findings", {"content": None})[0] == 422
    assert not workitem.findings.exists()


def test_others_can_read_what_was_handed_in_but_not_write_and_strangers_know_nothing(
    workitem: Workitem, radiologist: User, reviewer: User, stranger: User
) -> None:
    _, made = Api(radiologist)("POST", f"workitems/{workitem.pk}/findings", {"content": image_label()})
    assert Api(reviewer)("GET", f"workitems/{workitem.pk}/findings")[1] == [], "open work is its reader's own"
    status, body = Api(reviewer)("POST", f"workitems/{workitem.pk}/findings", {"content": image_label()})
    assert (status, body["code"]) == (403, "not_your_workitem")
    assert Api(reviewer)("GET", f"findings/{made['id']}")[0] == 404
    submit(workitem, radiologist)
    assert Api(reviewer)("GET", f"workitems/{workitem.pk}/findings")[1][0]["id"] == made["id"]
    for method, address in (
        ("GET", f"workitems/{workitem.pk}/findings"),
        ("POST", f"workitems/{workitem.pk}/findings"),
        ("GET", f"findings/{made['id']}/revisions"),
        ("POST", f"findings/{made['id']}/revisions"),
        ("DELETE", f"findings/{made['id']}"),
        ("POST", f"findings/{made['id']}/restore"),
        ("POST", f"findings/{made['id']}/reviews"),
        ("GET", f"workitems/{workitem.pk}/comments"),
    ):
        assert Api(stranger)(method, address, {} if method == "POST" else None, match="x")[0] == 404, address


def test_a_remark_is_pinned_to_a_place_in_an_image_of_the_study(
    workitem: Workitem, radiologist: User, reviewer: User, project: Project
) -> None:
    address = f"workitems/{workitem.pk}/comments"
    pin = {"sop_instance_uid": image_of(workitem).sop_instance_uid, "frame_number": 1, "point": [3.5, 7.25]}
    _, finding = Api(radiologist)("POST", f"workitems/{workitem.pk}/findings", {"content": box(workitem)})
    submit(workitem, radiologist)
    body = {"text": "what is this?", "pin": pin, "finding_id": finding["id"]}
    status, made = Api(reviewer)("POST", address, body)
    assert (status, made["pin"], made["finding_id"]) == (201, pin, finding["id"])
    assert Api(radiologist)("GET", address)[1] == [made]
    for wrong in ({**pin, "point": [3, 4000]}, {**pin, "sop_instance_uid": "1.2.3"}, {**pin, "frame_number": 9}):
        assert Api(reviewer)("POST", address, {"text": "x", "pin": wrong})[1]["code"] == "pin_wrong"
    elsewhere = make_workitem(project, radiologist)
    status, _ = Api(reviewer)("POST", f"workitems/{elsewhere.pk}/comments", {"text": "x", "finding_id": finding["id"]})
    assert status == 404
    assert Api(reviewer)("POST", address, {"text": "  "})[0] == 422
