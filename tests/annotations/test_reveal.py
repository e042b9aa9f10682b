"""What a model said stays unknown until the reader's own answer: no finding, no number, no order, no event."""

from __future__ import annotations

from itertools import product
from typing import Any

import pytest
from django.test import Client

from annotations.access import access_finding
from annotations.models import Finding, ReadingProtocol, Workitem
from annotations.rules.reveal import ai_hidden_from
from annotations.selectors import WorklistFilter, findings_json, worklist_page
from annotations.services.comments import comment_add
from annotations.services.revisions import Proposal, finding_create, proposals_record
from annotations.services.workitems import workitem_submit
from core.errors import NotFound
from core.models import Project, User
from tests.factories.reading import image_label, make_label, make_workitem

pytestmark = pytest.mark.django_db


@pytest.fixture
def workitem(project: Project, radiologist: User) -> Workitem:
    make_label(project)
    return make_workitem(project, radiologist)


def _propose(workitem: Workitem, score: float = 0.987) -> Finding:
    proposal = Proposal("image_label", "nodule", {}, score, "secretnet", "7", f"p{workitem.pk.hex[:20]}")
    return proposals_record(workitem=workitem, proposals=[proposal], ai_score=score)[0]


def _client(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


ADDRESSES = ("workitems", "workitems/{id}", "workitems/{id}/findings", "workitems/{id}/comments", "workitems/next")


def test_before_the_own_answer_no_address_tells_whether_the_model_found_something(
    workitem: Workitem, radiologist: User, project: Project, reviewer: User
) -> None:
    silent = make_workitem(project, radiologist)
    finding = _propose(workitem)
    comment_add(workitem=workitem, author=reviewer, text="odd", finding=finding)
    for address in ADDRESSES:
        answer = _client(radiologist).get(f"/api/v1/{address.format(id=workitem.pk)}")
        text = answer.content.decode()
        assert answer.status_code == 200
        for trace in ("secretnet", "0.987", "AUTOMATIC", str(finding.pk)):
            assert trace not in text, f"{trace} at {address}"
    rows = {row["id"]: row for row in worklist_page(radiologist, WorklistFilter()).rows}
    assert rows[workitem.pk]["finding_counts"] == rows[silent.pk]["finding_counts"] == {"own": 0, "ai": 0, "open": 0}
    assert rows[workitem.pk]["ai_score"] is None
    for method, address in (("get", "revisions"), ("post", "revisions"), ("get", ""), ("post", "restore")):
        path = f"/api/v1/findings/{finding.pk}/{address}".rstrip("/")
        answer = getattr(_client(radiologist), method)(path, content_type="application/json")
        assert (answer.status_code, answer.json()["code"]) == (404, "finding_not_found")


def test_ordering_by_the_models_score_does_not_tell_the_score(project: Project, radiologist: User) -> None:
    make_label(project)
    items = [make_workitem(project) for _ in range(6)]
    for place, item in enumerate(items):
        _propose(item, 0.1 + 0.15 * ((place * 5) % 6))
    told = [row["id"] for row in worklist_page(radiologist, WorklistFilter(ordering="-ai_score")).rows]
    assert told == sorted((item.pk for item in items), key=lambda pk: pk.hex, reverse=True)


def test_after_the_own_answer_everything_is_shown(workitem: Workitem, radiologist: User) -> None:
    finding = _propose(workitem)
    workitem_submit(workitem=workitem, by=radiologist, version=workitem.version, nothing_found=True)
    assert [row["id"] for row in findings_json(radiologist, workitem, {})] == [finding.pk]
    assert access_finding(radiologist, "workitem.read", id=finding.pk) == finding
    row = worklist_page(radiologist, WorklistFilter()).rows[0]
    assert (row["ai_score"], row["finding_counts"]) == (0.987, {"own": 0, "ai": 1, "open": 1})


_HIDDEN: dict[tuple[str, str, str], bool] = {
    **{("after_own_answer", who, "claimed"): True for who in ("reader", "colleague", "reviewer", "admin")},
    ("after_own_answer", "reader", "submitted"): False,
    ("after_own_answer", "colleague", "submitted"): True,
    ("after_own_answer", "colleague", "accepted"): False,
    ("after_own_answer", "reviewer", "submitted"): False,
    ("after_own_answer", "admin", "rejected"): False,
    **{("always", who, state): False for who, state in product(("reader", "colleague"), ("open", "claimed"))},
    **{("never", who, state): True for who, state in product(("reader", "colleague"), ("submitted", "accepted"))},
    ("never", "reviewer", "submitted"): False,
    ("never", "reviewer", "claimed"): True,
}


@pytest.mark.parametrize(("reveal", "who", "state"), sorted(_HIDDEN))
def test_each_kind_of_person_sees_model_findings_when_the_protocol_says(
    reveal: str, who: str, state: str, radiologist: User, reviewer: User, admin: User, project: Project, make_user: Any
) -> None:  # fmt: skip
    ReadingProtocol.objects.create(project=project, reveal=reveal, required_labels=[])
    make_label(project)
    workitem = make_workitem(project, None if state == "open" else radiologist)
    finding = _propose(workitem)
    people = {"reader": radiologist, "reviewer": reviewer, "admin": admin}
    person = people.get(who) or make_user("colleague", "radiologist", project)
    if state not in ("open", "claimed"):
        workitem_submit(workitem=workitem, by=radiologist, version=workitem.version, nothing_found=True)
        Workitem.objects.filter(pk=workitem.pk).update(state=state)
    workitem.refresh_from_db()
    hidden = _HIDDEN[(reveal, who, state)]
    assert ai_hidden_from(person, workitem) is hidden
    shown = worklist_page(person, WorklistFilter()).rows[0]
    # What somebody else read and signed a list does not tell before it is opened.
    in_list = hidden or (who, state) == ("colleague", "accepted")
    assert (shown["ai_score"] is None, shown["finding_counts"]["ai"] == 0) == (in_list, in_list)
    assert (findings_json(person, workitem, {}) == []) is hidden
    if hidden:
        with pytest.raises(NotFound):
            access_finding(person, "workitem.read", id=finding.pk)


def test_each_revision_remembers_whether_its_author_could_see_the_model(
    workitem: Workitem, radiologist: User, reviewer: User
) -> None:
    blind = finding_create(workitem=workitem, author=radiologist, content=image_label())
    assert not blind.head.ai_visible
    workitem_submit(workitem=workitem, by=radiologist, version=workitem.version, nothing_found=True)
    assert finding_create(workitem=workitem, author=reviewer, content=image_label()).head.ai_visible
