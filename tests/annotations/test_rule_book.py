"""The rule book is the one truth: what the API says a person may do is what the services let them do, in every case."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import transaction

from annotations.errors import no_pictures
from annotations.models import Finding, Reading, Workitem
from annotations.rules.may import CASE, FINDING, Act, FindingAct
from annotations.selectors import findings_json, workitem_json, workitem_next
from annotations.services.comments import comment_add
from annotations.services.reviews import review_record
from annotations.services.revisions import finding_create, finding_delete, revision_append, revision_restore
from annotations.services.sign_off import workitem_decide, workitem_reopen
from annotations.services.workitems import (
    workitem_assign,
    workitem_claim,
    workitem_release,
    workitem_submit,
    workitem_withdraw,
)
from core.errors import OverreadError
from core.models import Project, User
from imaging.models import Instance
from tests.factories.reading import box, image_label, make_label, make_workitem, submit

pytestmark = pytest.mark.django_db

STATES = ("open", "claimed", "submitted", "rejected", "claimed again", "accepted", "corrected")
PEOPLE = ("reader", "reader who reviews", "colleague", "reviewer", "admin")


class Undo(Exception):
    """Rolls back what was tried."""


def _allowed(act: Any) -> str:
    """Try an act and take it back: "" where it was done, else the code of the refusal."""
    try:
        with transaction.atomic():
            act()
            raise Undo
    except Undo:
        return ""
    except OverreadError as refusal:
        return refusal.code


@pytest.fixture
def people(radiologist: User, reviewer: User, admin: User, project: Project, make_user: Any) -> dict[str, User]:
    return {
        "reader": radiologist,
        "reader who reviews": make_user("both", "reviewer", project),
        "colleague": make_user("bob", "radiologist", project),
        "reviewer": reviewer,
        "admin": admin,
    }


def _case(state: str, reader: User, judge: User, project: Project) -> Workitem:
    """Bring a case into a state through the services; its reader has said one answer and drawn one box."""
    workitem = make_workitem(project, None if state == "open" else reader)
    if state == "open":
        return workitem
    finding_create(workitem=workitem, author=reader, content=image_label())
    finding = finding_create(workitem=workitem, author=reader, content=box(workitem))
    if state == "claimed":
        return workitem
    workitem = submit(workitem, reader)
    if state == "corrected":
        content = box(workitem, x1=20)
        review_record(
            finding=finding, reviewer=judge, decision="corrected", corrected_content=content,
            if_match=finding.head.digest,
        )  # fmt: skip
    event = {"rejected": "reject", "claimed again": "reject", "accepted": "accept", "corrected": "correct"}.get(state)
    if event:
        workitem = workitem_decide(
            workitem=workitem, by=judge, version=Workitem.objects.get(pk=workitem.pk).version, event=event, remark="x"
        )
    if state == "claimed again":
        workitem = workitem_claim(workitem=workitem, by=reader, version=workitem.version)
    return workitem


def _acts(workitem: Workitem, by: User) -> dict[Act, Any]:
    version = workitem.version
    known = {"workitem": workitem, "by": by, "version": version}
    changed = workitem.findings.filter(revisions__cause="correction").exists()
    events = ("correct",) if changed else ("accept", "reject")
    finding = workitem.findings.filter(kind="image_label").select_related("head").first()
    return {
        Act.CLAIM: lambda: workitem_claim(**known),
        Act.RELEASE: lambda: workitem_release(**known),
        Act.ASSIGN: lambda: workitem_assign(**known, reader=by),
        Act.SUBMIT: lambda: workitem_submit(**known, nothing_found=True),
        Act.WITHDRAW: lambda: workitem_withdraw(**known),
        Act.EDIT: lambda: finding_create(workitem=workitem, author=by, content=box(workitem, x1=30)),
        Act.REVIEW: lambda: review_record(
            finding=finding, reviewer=by, decision="accepted", if_match=finding.head.digest
        ),
        Act.DECIDE: lambda: [workitem_decide(**known, event=event, remark="x") for event in events[:1]],
        Act.REOPEN: lambda: workitem_reopen(**known, reason="x"),
        Act.COMMENT: lambda: comment_add(workitem=workitem, author=by, text="x"),
    }


def _finding_acts(finding: Finding, by: User) -> dict[FindingAct, Any]:
    match = finding.head.digest
    again = {**finding.head.content, "measures": {}}
    return {
        FindingAct.EDIT: lambda: revision_append(
            finding=finding, author=by, content={**again, "text": "changed"}, if_match=match
        ),
        FindingAct.DELETE: lambda: finding_delete(finding=finding, author=by, if_match=match),
        FindingAct.RESTORE: lambda: revision_restore(
            finding=finding, author=by, revision=finding.revisions.first(), if_match=match
        ),
        FindingAct.REVIEW: lambda: review_record(finding=finding, reviewer=by, decision="accepted", if_match=match),
    }


def test_every_act_has_rules() -> None:
    assert set(CASE) == set(Act)
    assert set(FINDING) == set(FindingAct)


@pytest.mark.parametrize("state", STATES)
def test_what_the_api_says_is_what_the_services_do(state: str, people: dict[str, User], project: Project) -> None:
    make_label(project)
    wrong: list[str] = []
    for holder in ("reader", "reader who reviews"):
        workitem = Workitem.objects.get(pk=_case(state, people[holder], people["reviewer"], project).pk)
        findings = list(workitem.findings.select_related("head", "workitem"))
        for name in PEOPLE:
            who, shown = f"{name} of {holder}'s", workitem_json(people[name], workitem)
            for act, tried in _acts(workitem, people[name]).items():
                if act is Act.REVIEW and not findings:
                    continue
                refused = _allowed(tried)
                if shown["may"][act] is not (refused == "") or shown["why_not"].get(act, {}).get("code", "") != refused:
                    wrong.append(f"{who}: {act} {shown['may'][act]}, {shown['why_not'].get(act)} but {refused}")
            rows = {row["id"]: row["may"] for row in findings_json(people[name], workitem, {})}
            for finding in findings:
                for kind, tried in _finding_acts(finding, people[name]).items():
                    refused = _allowed(tried)
                    if rows.get(finding.pk, {}).get(kind, False) is not (refused == ""):
                        wrong.append(f"{who} {finding.kind}: {kind} but {refused or 'done'}")
    assert wrong == []


@pytest.mark.parametrize("state", STATES)
def test_a_state_always_has_an_exit_for_somebody(state: str, people: dict[str, User], project: Project) -> None:
    """Also when the reader is gone: the admin frees, assigns or reopens, or a reviewer decides."""
    make_label(project)
    workitem = _case(state, people["reader"], people["reviewer"], project)
    User.objects.filter(pk=people["reader"].pk).update(is_active=False)
    workitem = Workitem.objects.get(pk=workitem.pk)
    moves = {Act.CLAIM, Act.RELEASE, Act.ASSIGN, Act.DECIDE, Act.REOPEN}
    others = (people[name] for name in ("colleague", "reviewer", "admin"))
    assert any(workitem_json(person, workitem)["may"][act] for person in others for act in moves)


@pytest.mark.parametrize("state", STATES)
def test_the_reading_and_its_case_are_in_states_that_fit(state: str, people: dict[str, User], project: Project) -> None:
    make_label(project)
    workitem = Workitem.objects.get(pk=_case(state, people["reader"], people["reviewer"], project).pk)
    live = Reading.objects.filter(workitem=workitem).exclude(state="abandoned")
    expected = {
        "open": [], "claimed": ["claimed"], "submitted": ["submitted"], "rejected": ["returned"],
        "claimed again": ["claimed"], "accepted": ["submitted"], "corrected": ["submitted"],
    }  # fmt: skip
    assert [reading.state for reading in live] == expected[state]


def test_a_case_without_pictures_is_not_read_given_out_or_handed_in(people: dict[str, User], project: Project) -> None:
    make_label(project)
    free, held = (
        _case("open", people["reader"], people["reviewer"], project),
        _case("claimed", people["reader"], people["reviewer"], project),
    )
    assert workitem_next(people["colleague"])["id"] == free.pk
    Instance.objects.update(display=Instance.Display.NO_PIXELS)
    assert workitem_next(people["colleague"]) is None
    assert workitem_next(people["reader"]) is None
    refused = {"code": "no_pictures", "message": no_pictures().message}
    for workitem, name, act in (
        (free, "colleague", Act.CLAIM),
        (free, "admin", Act.ASSIGN),
        (held, "reader", Act.SUBMIT),
    ):
        shown = workitem_json(people[name], workitem)
        assert (shown["may"][act], shown["why_not"][act]) == (False, refused), act
        assert _allowed(_acts(workitem, people[name])[act]) == "no_pictures"
    assert Workitem.objects.get(pk=held.pk).state == "claimed"
    assert workitem_json(people["reader"], held)["may"][Act.RELEASE], "who holds it is not caught in it"
