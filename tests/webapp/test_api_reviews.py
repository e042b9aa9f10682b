"""Reviewing through the front door: one key each to accept, correct and reject, then sign off."""

from __future__ import annotations

import pytest

from annotations.models import Review, Workitem
from annotations.rules.rejecting import rejections_offered
from annotations.services.revisions import Proposal, proposals_record
from core.models import Project, User
from tests.factories.api import Api
from tests.factories.reading import box, image_label, make_label, make_workitem

pytestmark = pytest.mark.django_db


@pytest.fixture
def workitem(project: Project, radiologist: User) -> Workitem:
    make_label(project)
    make_label(project, "mass")
    workitem = make_workitem(project, radiologist)
    Api(radiologist)("POST", f"workitems/{workitem.pk}/findings", {"content": box(workitem)})
    proposals_record(
        workitem=workitem,
        proposals=[
            Proposal("image_label", key, {}, 0.9, "chest", "3", f"nets {key}", threshold=0.5)
            for key in ("nodule", "mass")
        ],
    )
    Api(radiologist)("POST", f"workitems/{workitem.pk}/submit", {}, match=2)
    return workitem


def test_a_reviewer_decides_each_finding_and_signs_off(workitem: Workitem, reviewer: User, radiologist: User) -> None:
    api = Api(reviewer)
    _, findings = api("GET", f"workitems/{workitem.pk}/findings")
    human = next(row for row in findings if row["algorithm_type"] == "MANUAL")
    nodule, mass = (row for row in findings if row["algorithm_type"] == "AUTOMATIC")
    assert nodule["prediction_id"] is None, "no prediction of this house made it"
    assert (nodule["author"], nodule["algorithm_name"], nodule["algorithm_version"]) == (None, "chest", "3")
    status, refused = api("POST", f"workitems/{workitem.pk}/decide", {"event": "accept"}, match=3)
    assert (status, refused["code"], refused["detail"]["count"]) == (409, "findings_undecided", 2)

    def review(finding: dict, **body: object) -> tuple[int, dict]:
        return api("POST", f"findings/{finding['id']}/reviews", body, match=finding["head"]["digest"])

    assert review(nodule, decision="accepted", saliency_shown=True)[1]["saliency_shown"]
    assert review(mass, decision="rejected")[1]["code"] == "reason_missing"
    assert review(mass, decision="rejected", reason="not_present")[0] == 201
    status, corrected = review(human, decision="corrected", corrected_content=box(workitem, x0=10, x1=20))
    assert status == 201
    assert corrected["difference"]["iou"] == pytest.approx(1 / 3, abs=0.02)
    assert review(human, decision="accepted")[1]["code"] == "revision_outdated"
    _, told = api("GET", f"workitems/{workitem.pk}/findings")
    assert [row["id"] for row in told if row["changes_the_reading"]] == [human["id"]]
    assert api("POST", f"workitems/{workitem.pk}/decide", {"event": "accept"}, match=3)[1]["code"] == (
        "reading_was_corrected"
    )
    status, signed = api("POST", f"workitems/{workitem.pk}/decide", {"event": "correct", "remark": "moved"}, match=3)
    assert (status, signed["state"], signed["finding_counts"]) == (200, "corrected", {"own": 1, "ai": 2, "open": 0})
    assert signed["reviewer"]["id"] == str(reviewer.pk)
    _, seen = Api(radiologist)("GET", f"workitems/{workitem.pk}/findings")
    head = next(row for row in seen if row["id"] == human["id"])["head"]
    assert (head["cause"], head["author"]["id"]) == ("correction", str(reviewer.pk))
    body = {"content": box(workitem)}
    status, locked = Api(radiologist)("POST", f"findings/{human['id']}/revisions", body, match=head["digest"])
    assert (status, locked["code"]) == (409, "workitem_signed_off")


def test_what_a_reviewer_adds_waits_for_nobody_on_the_worklist(
    workitem: Workitem, reviewer: User, radiologist: User
) -> None:
    api = Api(reviewer)
    for row in api("GET", f"workitems/{workitem.pk}/findings")[1]:
        body = {"decision": "rejected", "reason": "not_present"}
        assert api("POST", f"findings/{row['id']}/reviews", body, match=row["head"]["digest"])[0] == 201
    assert api("POST", f"workitems/{workitem.pk}/findings", {"content": box(workitem)})[0] == 201
    _, added = api("GET", f"workitems/{workitem.pk}")
    assert added["finding_counts"] == {"own": 2, "ai": 2, "open": 0}
    _, signed = api("POST", f"workitems/{workitem.pk}/decide", {"event": "correct"}, match=added["version"])
    assert (signed["state"], signed["finding_counts"]["open"]) == ("corrected", 0)
    assert Api(radiologist)("GET", "workitems")[1]["results"][0]["finding_counts"]["open"] == 0


def test_a_radiologist_cannot_review_and_a_reader_not_their_own(
    workitem: Workitem, radiologist: User, reviewer: User, project: Project
) -> None:
    _, findings = Api(radiologist)("GET", f"workitems/{workitem.pk}/findings")
    body, match = {"decision": "accepted"}, findings[0]["head"]["digest"]
    assert Api(radiologist)("POST", f"findings/{findings[0]['id']}/reviews", body, match=match)[0] == 403
    own = make_workitem(project, reviewer)
    _, made = Api(reviewer)("POST", f"workitems/{own.pk}/findings", {"content": image_label()})
    Api(reviewer)("POST", f"workitems/{own.pk}/submit", {}, match=2)
    status, refused = Api(reviewer)("POST", f"findings/{made['id']}/reviews", body, match=made["head"]["digest"])
    assert (status, refused["code"]) == (403, "own_work")
    status, refused = Api(reviewer)("POST", f"workitems/{own.pk}/decide", {"event": "accept"}, match=3)
    assert (status, refused["code"]) == (403, "own_work")


def test_a_case_tells_every_reason_of_a_rejection_in_words_in_the_order_of_its_keys(
    project: Project, radiologist: User
) -> None:
    case = make_workitem(project, radiologist)
    _, shown = Api(radiologist)("GET", f"workitems/{case.pk}")
    assert shown["rejections"][0] == {"reason": "not_present", "words": "There is no such finding"}
    assert [one["reason"] for one in shown["rejections"]] == list(Review.Reason.values)


def test_reasons_about_a_place_are_offered_only_for_what_has_one() -> None:
    every = [str(reason) for reason in Review.Reason]
    assert rejections_offered("rectangle", by_model=True) == rejections_offered("mask", by_model=False) == every
    of_a_drawing = {"wrong_place", "wrong_extent"}
    by_model, by_person = (rejections_offered("image_label", by_model=by_model) for by_model in (True, False))
    assert set(every) - set(by_model) == of_a_drawing
    assert set(every) - set(by_person) == of_a_drawing | {"right_for_wrong_reason"}
