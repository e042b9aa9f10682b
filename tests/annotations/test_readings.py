"""A reading that was given up is nobody's answer: not shown to the next reader, not signed off, not taught."""

from __future__ import annotations

from typing import Any

import pytest

from annotations.dataset.rows import snapshot_rows
from annotations.models import Finding, Reading, ReadingProtocol, Step, Workitem
from annotations.selectors import findings_json
from annotations.services.revisions import Proposal, finding_create, proposals_record, revision_append
from annotations.services.sign_off import workitem_decide
from annotations.services.workitems import (
    workitem_assign,
    workitem_claim,
    workitem_open,
    workitem_release,
    workitem_submit,
)
from core.errors import Conflict, OverreadError, PreconditionFailed
from core.models import Membership, Project, User
from tests.factories.api import Api
from tests.factories.reading import box, image_label, make_instance, make_label, make_workitem, submit
from webapp.people import member_end, member_set, person_change

pytestmark = pytest.mark.django_db


@pytest.fixture
def second(make_user: Any, project: Project) -> User:
    return make_user("ravi", "radiologist", project)


@pytest.fixture
def workitem(project: Project, radiologist: User) -> Workitem:
    """A case in which ann has said that there is a nodule, and has boxed it; not submitted."""
    make_label(project)
    workitem = make_workitem(project, radiologist)
    finding_create(workitem=workitem, author=radiologist, content=image_label())
    finding_create(workitem=workitem, author=radiologist, content=box(workitem))
    return workitem


def _now(workitem: Workitem) -> Workitem:
    return Workitem.objects.get(pk=workitem.pk)


def _code(act: Any) -> str:
    with pytest.raises(OverreadError) as refused:
        act()
    return refused.value.code


def _ways(workitem: Workitem, ann: User, second: User, admin: User, project: Project) -> dict[str, Any]:
    version = workitem.version
    return {
        "released": lambda: workitem_release(workitem=workitem, by=ann, version=version),
        "released by the admin": lambda: workitem_release(workitem=workitem, by=admin, version=version),
        "reassigned": lambda: workitem_assign(workitem=workitem, reader=second, by=admin, version=version),
        "switched off": lambda: person_change(person=ann, by=admin, is_active=False),
        "another role": lambda: member_set(project=project, person=ann, by=admin, role="reviewer"),
        "taken out": lambda: member_end(project=project, person=ann, by=admin),
    }


WAYS = ["released", "released by the admin", "reassigned", "switched off", "another role", "taken out"]


@pytest.mark.parametrize("way", WAYS)
def test_what_was_not_handed_in_becomes_nobodys_answer(
    way: str, workitem: Workitem, radiologist: User, second: User, reviewer: User, admin: User, project: Project
) -> None:
    _ways(workitem, radiologist, second, admin, project)[way]()
    first = Reading.objects.get(workitem=workitem, reader=radiologist)
    assert (first.state, first.findings.count()) == ("abandoned", 2)
    if way != "reassigned":
        assert _now(workitem).state == "open"
        workitem_claim(workitem=_now(workitem), by=second, version=_now(workitem).version)
    assert _now(workitem).reader == second
    assert findings_json(second, _now(workitem), {}) == []
    said = finding_create(workitem=_now(workitem), author=second, content=image_label(present=False))
    submit(workitem, second)
    assert [row["id"] for row in findings_json(reviewer, _now(workitem), {})] == [said.pk]
    signed = _now(workitem)
    workitem_decide(workitem=signed, by=reviewer, version=signed.version, event="accept")
    assert not any(finding.reviews.exists() for finding in first.findings.all())
    (row,) = snapshot_rows(project=project, question="classification", label_keys=["nodule"]).rows
    assert (row["labels"], row["provenance"], row["regions"]) == ({"nodule": 0}, "blind_read", [])
    assert Finding.objects.filter(reading=first).count() == 2, "it stays in the history"
    assert Finding.objects.get(pk=said.pk).reading.reader == second


def test_setting_the_same_role_again_takes_nothing_away(
    workitem: Workitem, radiologist: User, admin: User, project: Project
) -> None:
    assert member_set(project=project, person=radiologist, by=admin, role="radiologist") == []
    assert person_change(person=radiologist, by=admin, display_name="Anna")[1] == []
    assert _now(workitem).state == "claimed"


def test_switching_an_account_off_names_the_cases_and_keeps_what_was_handed_in(
    workitem: Workitem, radiologist: User, reviewer: User, admin: User, project: Project
) -> None:
    handed_in = submit(make_workitem(project, radiologist), radiologist)
    returned = submit(make_workitem(project, radiologist), radiologist)
    workitem_decide(workitem=returned, by=reviewer, version=returned.version, event="reject", remark="look again")
    api = Api(admin)
    status, named = api("GET", f"users/{radiologist.pk}/cases")
    assert status == 200
    assert {row["id"] for row in named} == {str(workitem.pk), str(returned.pk)}
    status, changed = api("PATCH", f"users/{radiologist.pk}", {"is_active": False})
    assert status == 200
    assert set(changed["freed"]) == {str(workitem.pk), str(returned.pk)}
    assert {_now(one).state for one in (workitem, returned)} == {"open"}
    assert _now(handed_in).state == "submitted"
    signed = _now(handed_in)
    assert workitem_decide(workitem=signed, by=reviewer, version=signed.version, event="accept").state == "accepted"


def test_a_case_sent_back_to_somebody_who_left_is_open_again(
    workitem: Workitem, radiologist: User, reviewer: User
) -> None:
    submitted = submit(workitem, radiologist)
    Membership.objects.filter(user=radiologist).delete()
    back = workitem_decide(workitem=submitted, by=reviewer, version=submitted.version, event="reject", remark="no")
    assert (back.state, back.reader) == ("open", None)


def test_an_admin_frees_a_rejected_case(workitem: Workitem, radiologist: User, reviewer: User, admin: User) -> None:
    submitted = submit(workitem, radiologist)
    workitem_decide(workitem=submitted, by=reviewer, version=submitted.version, event="reject", remark="look again")
    assert Api(radiologist)("GET", f"workitems/{workitem.pk}")[1]["may"]["release"] is False
    assert Api(admin)("GET", f"workitems/{workitem.pk}")[1]["may"]["release"] is True
    status, freed = Api(admin)("POST", f"workitems/{workitem.pk}/release", match=_now(workitem).version)
    assert (status, freed["state"], freed["reader"]) == (200, "open", None)


def test_the_next_reader_sees_the_abandoned_reading_only_where_the_protocol_allows_it(
    workitem: Workitem, radiologist: User, second: User, project: Project
) -> None:
    workitem_release(workitem=workitem, by=radiologist, version=workitem.version)
    workitem_claim(workitem=_now(workitem), by=second, version=_now(workitem).version)
    assert findings_json(second, _now(workitem), {}) == []
    ReadingProtocol.objects.filter(project=project).update(show_abandoned=True)
    shown = findings_json(second, _now(workitem), {})
    assert [row["abandoned"] for row in shown] == [True, True]
    assert {act for row in shown for act, allowed in row["may"].items() if allowed} == set()
    old = Finding.objects.filter(reading__reader=radiologist).first()
    assert _code(lambda: revision_append(finding=old, author=second, content=image_label(), if_match="x")) == (
        "reading_abandoned"
    )


def test_who_takes_a_case_again_begins_anew_and_is_blind_only_if_they_were(
    workitem: Workitem, radiologist: User, admin: User
) -> None:
    workitem_release(workitem=workitem, by=radiologist, version=workitem.version)
    again = workitem_claim(workitem=_now(workitem), by=radiologist, version=_now(workitem).version)
    assert again.reading.blind
    assert findings_json(radiologist, again, {}) == []
    said = finding_create(workitem=again, author=radiologist, content=image_label(present=False))
    assert said.reading == again.reading
    answered = submit(again, radiologist)
    held = Api(radiologist)("POST", f"workitems/{workitem.pk}/withdraw", match=answered.version)[1]
    workitem_release(workitem=_now(workitem), by=admin, version=held["version"])
    third = workitem_claim(workitem=_now(workitem), by=radiologist, version=_now(workitem).version)
    assert not third.reading.blind, "after an own answer the model's findings were on the screen"
    assert finding_create(workitem=third, author=radiologist, content=image_label()).head.ai_visible


def test_open_work_is_its_readers_alone(workitem: Workitem, radiologist: User, second: User, reviewer: User) -> None:
    for person, seen in ((radiologist, 2), (second, 0), (reviewer, 0)):
        api = Api(person)
        assert len(api("GET", f"workitems/{workitem.pk}/findings")[1]) == seen
        assert api("GET", "workitems")[1]["results"][0]["finding_counts"]["own"] == seen
    submit(workitem, radiologist)
    assert len(Api(second)("GET", f"workitems/{workitem.pk}/findings")[1]) == 0
    assert len(Api(reviewer)("GET", f"workitems/{workitem.pk}/findings")[1]) == 2


def test_the_reveal_rule_of_a_reading_is_that_of_its_day(
    project: Project, radiologist: User, reviewer: User, settings: Any
) -> None:
    settings.OVERREAD_SPLIT_KEY = "x"
    make_label(project)
    ReadingProtocol.objects.create(project=project, reveal="always", required_labels=[])
    workitem = make_workitem(project, radiologist)
    ReadingProtocol.objects.filter(project=project).update(reveal="after_own_answer")
    proposal = Proposal("image_label", "nodule", {}, 0.9, "net", "1", "p")
    assert workitem.reading.reveal == "always"
    (finding,) = proposals_record(workitem=workitem, proposals=[proposal])
    _, shown = Api(radiologist)("GET", f"workitems/{workitem.pk}/findings")
    assert [row["id"] for row in shown] == [str(finding.pk)], "as it was promised"
    submit(workitem, radiologist)
    status, _ = Api(reviewer)(
        "POST", f"findings/{finding.pk}/reviews", {"decision": "accepted"}, match=finding.head.digest
    )
    assert status == 201
    submitted = _now(workitem)
    workitem_decide(workitem=submitted, by=reviewer, version=submitted.version, event="accept")
    for split in ("train", "test"):
        built = snapshot_rows(project=project, question="classification", label_keys=["nodule"])
        if built.rows and built.rows[0]["split"] == split:
            assert split == "train", "what was read with the model's help tests no model"
    assert not Reading.objects.get(workitem=workitem).blind


def test_images_that_come_while_a_case_is_read_are_looked_at_before_it_is_handed_in(
    project: Project, radiologist: User, reviewer: User
) -> None:
    make_label(project)
    workitem = make_workitem(project, radiologist)
    finding_create(workitem=workitem, author=radiologist, content=image_label(present=False))
    late = make_instance(workitem.study.series.get())
    with pytest.raises(PreconditionFailed) as refused:
        workitem_submit(workitem=workitem, by=radiologist, version=workitem.version)
    assert refused.value.code == "images_arrived"
    workitem_open(project=project, study=workitem.study)
    assert Step.objects.filter(workitem=workitem, kind="images_arrived").count() == 1
    with pytest.raises(PreconditionFailed, match="more images arrived"):
        workitem_submit(workitem=workitem, by=radiologist, version=workitem.version)
    with pytest.raises(PreconditionFailed) as refused:
        submit(workitem, radiologist)  # the version alone shows nobody an image
    assert refused.value.code == "images_arrived"
    seen = Api(radiologist)("GET", f"workitems/{workitem.pk}")[1]["images_digest"]
    submitted = submit(workitem, radiologist, images=seen)
    make_instance(late.series)
    status, shown = Api(reviewer)("GET", f"workitems/{workitem.pk}")
    assert (status, shown["images_since_read"]) == (200, 1)
    assert _code(
        lambda: workitem_decide(workitem=submitted, by=reviewer, version=submitted.version, event="accept")
    ) == ("images_arrived")


def test_two_people_may_hold_readings_of_one_case_but_each_only_one(workitem: Workitem, second: User) -> None:
    """Nothing in the tables stands in the way of reading a case twice; one person reads it once at a time."""
    from django.db import IntegrityError, transaction

    Reading.objects.create(workitem=workitem, reader=second, reveal="never")
    with pytest.raises(IntegrityError), transaction.atomic():
        Reading.objects.create(workitem=workitem, reader=second, reveal="never")


def test_an_empty_read_is_not_handed_in_by_accident(project: Project, radiologist: User) -> None:
    make_label(project)
    make_label(project, "mass")
    ReadingProtocol.objects.create(project=project)
    workitem = make_workitem(project, radiologist)
    api, address = Api(radiologist), f"workitems/{workitem.pk}"
    assert api("GET", address)[1]["answers"] == {
        "required": ["mass", "nodule"],
        "answered": [],
        "missing": ["mass", "nodule"],
    }
    status, refused = api("POST", f"{address}/submit", {"nothing_found": True}, match=workitem.version)
    assert (status, refused["code"]) == (409, "answers_missing")
    assert refused["message"].startswith("0 of 2 answered")
    assert refused["detail"]["missing"] == ["mass", "nodule"]
    finding_create(workitem=workitem, author=radiologist, content=image_label("mass"))
    assert api("POST", f"{address}/all-negative")[1]["answers"]["missing"] == []
    said = {row.head.content["label_key"]: row.head.content["present"] for row in workitem.findings.all()}
    assert said == {"mass": True, "nodule": False}, "what was answered stays"
    assert api("POST", f"{address}/submit", {}, match=workitem.version)[0] == 200
    ReadingProtocol.objects.update(required_labels=[])
    free = make_workitem(project, radiologist)
    with pytest.raises(Conflict) as empty:
        workitem_submit(workitem=free, by=radiologist, version=free.version)
    assert empty.value.code == "reading_empty"
    assert workitem_submit(workitem=free, by=radiologist, version=free.version, nothing_found=True).state == "submitted"


def test_an_answer_can_be_taken_back(project: Project, radiologist: User) -> None:
    make_label(project)
    workitem = make_workitem(project, radiologist)
    api = Api(radiologist)
    _, made = api("POST", f"workitems/{workitem.pk}/findings", {"content": image_label()})
    content = {**made["head"]["content"], "present": None}
    status, gone = api("POST", f"findings/{made['id']}/revisions", {"content": content}, match=made["head"]["digest"])
    assert (status, gone["cause"]) == (201, "delete")
    assert Finding.objects.get(pk=made["id"]).deleted
    assert api("GET", f"workitems/{workitem.pk}")[1]["answers"]["answered"] == []
