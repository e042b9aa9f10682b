"""The worklist and the life of a work item, through the front door."""

from __future__ import annotations

from datetime import date
from typing import Any
from unittest.mock import ANY

import pytest

from annotations.models import Workitem
from annotations.services.workitems import workitem_open
from core.models import Membership, Project, User
from tests.factories.api import Api
from tests.factories.reading import make_label, make_reading_study, make_workitem

pytestmark = pytest.mark.django_db


def _ids(api: Api, query: str) -> set[str]:
    status, page = api("GET", f"workitems?{query}")
    assert status == 200, page
    assert page["count"] == len(page["results"])
    return {row["id"] for row in page["results"]}


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("", "abc"),
        ("project=chest", "abc"),
        ("project=elsewhere", ""),
        ("state=open", "bc"),
        ("state=claimed", "a"),
        ("state=claimed,open", "abc"),
        ("modality=CT", "b"),
        ("modality=SR", "b"),
        ("modality=C", ""),
        ("body_part=chest", "ac"),
        ("assignee=me", "a"),
        ("assignee=none", "bc"),
        ("assignee=ann", "a"),
        ("assignee=nobody", ""),
        ("date_from=2026-02-01", "bc"),
        ("date_from=2026-02-01&date_to=2026-02-28", "b"),
        ("q=roentgen", "a"),
        ("q=conrad+roentgen", "a"),
        ("q=roentgen+curie", ""),
        ("q=100%25", ""),
        ("modality=CT&state=open&q=curie", "b"),
    ],
)
def test_the_worklist_is_narrowed_by_what_its_address_says(
    query: str, expected: str, project: Project, radiologist: User
) -> None:
    made = {
        "a": make_workitem(project, radiologist, patient_name="Roentgen^Conrad", study_date=date(2026, 1, 5)),
        "b": make_workitem(
            project, patient_name="Curie^Marie", modality="CT\\SR", body_part="HEAD", study_date=date(2026, 2, 5)
        ),
        "c": make_workitem(project, patient_name="Hounsfield^G", study_date=date(2026, 3, 5)),
    }
    assert _ids(Api(radiologist), query) == {str(made[name].pk) for name in expected}


@pytest.mark.parametrize("query", ["ordering=shoe_size", "cursor=abc", "limit=0", "date_from=yesterday", "cursor=W10"])
def test_a_wrong_address_is_refused_with_a_code(query: str, radiologist: User, project: Project) -> None:
    status, body = Api(radiologist)("GET", f"workitems?{query}")
    assert status == 422
    assert body["code"] in {"ordering_wrong", "cursor_wrong", "limit_wrong", "fields_wrong"}


@pytest.mark.parametrize(
    "ordering",
    [
        *("-priority", "priority", "study_date", "-study_date", "patient_name", "-patient_name"),
        *("-updated_at", "state", "ai_score", "-ai_score"),
    ],
)
def test_pages_hold_every_study_once_while_new_ones_arrive(ordering: str, project: Project, radiologist: User) -> None:
    days = [date(2026, 1, 1), None, date(2026, 1, 2)]
    made = [
        workitem_open(
            project=project,
            study=make_reading_study(project, patient_name=f"P^{n % 4}", study_date=days[n % 3]),
            priority=n % 3,
        )
        for n in range(11)
    ]
    api, seen, cursor = Api(radiologist), [], ""
    while True:
        _, page = api("GET", f"workitems?limit=3&ordering={ordering}&cursor={cursor}")
        seen += [row["id"] for row in page["results"]]
        if page["next_cursor"] is None:
            break
        cursor = page["next_cursor"]
        workitem_open(project=project, study=make_reading_study(project), priority=9)
        Workitem.objects.filter(pk=seen[0]).update(state="claimed")
        if len(seen) > 60:
            pytest.fail("the pages never end")
    known = {str(row.pk) for row in made}
    again = [pk for pk in seen if pk in known]
    assert len(again) == len(set(again))
    if ordering != "state":
        assert set(again) == known


def test_a_row_shows_the_study_and_nobody_elses_project(project: Project, radiologist: User, stranger: User) -> None:
    workitem = make_workitem(project, radiologist)
    _, page = Api(radiologist)("GET", "workitems")
    row = page["results"][0]
    assert row["reader"] == {"id": str(radiologist.pk), "display_name": "Ann"}
    assert row["study"]["modalities"] == ["DX"]
    assert row["study"]["study_date"] == "2026-03-01"
    assert row["finding_counts"] == {"own": 0, "ai": 0, "open": 0}
    assert Api(stranger)("GET", "workitems")[1] == {"results": [], "next_cursor": None, "count": 0}
    assert Api(stranger)("GET", f"workitems/{workitem.pk}")[0] == 404


def test_next_walks_through_everything_to_read_and_begins_again(
    project: Project, radiologist: User, reviewer: User
) -> None:
    urgent, *others = [
        workitem_open(project=project, study=make_reading_study(project), priority=priority) for priority in (5, 0, 0)
    ]
    mine = make_workitem(project, radiologist)
    make_workitem(project, reviewer)
    api = Api(radiologist)
    walked, after = [], ""
    for _ in range(4):
        status, row = api("GET", f"workitems/next?mode=read{after}")
        assert status == 200
        walked.append(row["id"])
        after = f"&after={row['id']}"
    assert walked[0] == str(urgent.pk)
    assert set(walked) == {str(row.pk) for row in (urgent, mine, *others)}
    assert api("GET", f"workitems/next?mode=read{after}")[1]["id"] == str(urgent.pk)


def test_next_to_review_leaves_out_own_work_and_says_204_when_done(
    project: Project, radiologist: User, reviewer: User
) -> None:
    make_workitem(project, reviewer, submitted=True)
    assert Api(reviewer)("GET", "workitems/next?mode=review")[0] == 204
    theirs = make_workitem(project, radiologist, submitted=True)
    assert Api(reviewer)("GET", "workitems/next?mode=review&project=chest")[1]["id"] == str(theirs.pk)
    assert Api(radiologist)("GET", "workitems/next?mode=review")[0] == 204
    assert Api(reviewer)("GET", "workitems/next?mode=review&project=ghost")[0] == 404


def test_a_study_goes_from_claim_to_sign_off_with_versions(
    project: Project, radiologist: User, reviewer: User, admin: User
) -> None:
    make_label(project)
    workitem = make_workitem(project)
    reader, judge = Api(radiologist), Api(reviewer)
    address = f"workitems/{workitem.pk}"
    assert reader("POST", f"{address}/claim")[1]["code"] == "if_match_missing"
    status, claimed = reader("POST", f"{address}/claim", match=1)
    assert (status, claimed["state"], reader.etag) == (200, "claimed", "2")
    assert claimed["may"] == {
        "claim": False, "edit": True, "release": True, "submit": True, "withdraw": False, "review": False,
        "decide": False, "reopen": False, "read_again": False, "comment": True, "assign": False,
    }  # fmt: skip
    assert [series["displayable"] for series in claimed["series"]] == [True]
    assert [label["key"] for label in claimed["labels"]] == ["nodule"]
    status, refused = reader("POST", f"{address}/submit", {"reading_seconds": 3}, match=1)
    assert (status, refused["code"], refused["detail"]) == (412, "workitem_outdated", ANY)
    assert refused["detail"]["version"] == 2
    assert [step["kind"] for step in refused["detail"]["steps"]] == ["claimed"]
    _, empty = reader("POST", f"{address}/submit", {"reading_seconds": 30}, match=2)
    assert empty["code"] == "reading_empty"
    _, submitted = reader("POST", f"{address}/submit", {"reading_seconds": 30, "nothing_found": True}, match=2)
    assert (submitted["state"], submitted["reading_seconds"]) == ("submitted", 30)
    assert judge("GET", address)[1]["may"]["decide"]
    assert judge("POST", f"{address}/decide", {"event": "reject"}, match=3)[1]["code"] == "remark_missing"
    _, back = judge("POST", f"{address}/decide", {"event": "reject", "remark": "again"}, match=3)
    assert (back["state"], back["remark"]) == ("rejected", "again")
    assert reader("POST", f"{address}/claim", match=4)[0] == 200
    assert reader("POST", f"{address}/submit", {"nothing_found": True}, match=5)[0] == 200
    assert reader("POST", f"{address}/withdraw", match=6)[1]["state"] == "claimed"
    assert reader("POST", f"{address}/submit", {"nothing_found": True}, match=7)[0] == 200
    assert judge("POST", f"{address}/decide", {"event": "accept"}, match=8)[1]["state"] == "accepted"
    assert judge("POST", f"{address}/reopen", {"reason": "x"}, match=9)[0] == 403
    assert Api(admin)("POST", f"{address}/reopen", {"reason": "x"}, match=9)[1]["state"] == "submitted"


def test_who_leaves_the_project_loses_its_worklist_at_once(project: Project, radiologist: User) -> None:
    workitem = make_workitem(project, radiologist)
    Membership.objects.filter(user=radiologist).delete()
    api: Any = Api(radiologist)
    assert api("GET", "workitems")[1]["count"] == 0
    assert api("POST", f"workitems/{workitem.pk}/submit", {}, match=2)[0] == 404
