"""What a correction, a sign-off and a reopening store, and what the dataset makes of it."""

from __future__ import annotations

from typing import Any

import pytest

from annotations.dataset.rows import snapshot_rows
from annotations.models import Finding, Step, Workitem
from annotations.services.projects import project_change
from annotations.services.reviews import review_record
from annotations.services.revisions import Proposal, finding_create, proposals_record
from annotations.services.sign_off import workitem_decide, workitem_reopen
from core.errors import Conflict, Invalid, PreconditionFailed
from core.models import AuditEvent, Project, User
from tests.factories.api import Api
from tests.factories.reading import box, image_label, make_label, make_workitem, painted, submit

pytestmark = pytest.mark.django_db


@pytest.fixture
def other_reviewer(make_user: Any, project: Project) -> User:
    return make_user("petra", "reviewer", project)


@pytest.fixture
def workitem(project: Project, radiologist: User) -> Workitem:
    """A submitted reading that says: no nodule."""
    make_label(project)
    make_label(project, "mass")
    workitem = make_workitem(project, radiologist)
    finding_create(workitem=workitem, author=radiologist, content=image_label(present=False))
    return submit(workitem, radiologist)


def _now(workitem: Workitem) -> Workitem:
    return Workitem.objects.get(pk=workitem.pk)


def _judge(finding: Finding, reviewer: User, decision: str, **more: Any) -> Any:
    finding = Finding.objects.select_related("head").get(pk=finding.pk)
    return review_record(finding=finding, reviewer=reviewer, decision=decision, if_match=finding.head.digest, **more)


def _sign(workitem: Workitem, by: User, event: str, **more: Any) -> Workitem:
    return workitem_decide(workitem=workitem, by=by, version=_now(workitem).version, event=event, **more)


def _propose(workitem: Workitem, content: dict[str, Any] | None = None) -> Finding:
    proposal = Proposal("image_label", "nodule", content or {}, 0.9, "net", "1", "p", 0.5)
    return proposals_record(workitem=workitem, proposals=[proposal])[0]


def _row(project: Project) -> dict[str, Any]:
    (row,) = snapshot_rows(project=project, question="classification", label_keys=["nodule"]).rows
    return row


@pytest.mark.parametrize("kind", ["image label", "box", "mask"])
def test_a_correction_that_changes_nothing_is_refused(
    kind: str, project: Project, radiologist: User, reviewer: User
) -> None:
    make_label(project)
    workitem = make_workitem(project, radiologist)
    content = {"image label": image_label(), "box": box(workitem), "mask": painted(workitem, [3, 9])}[kind]
    finding = finding_create(workitem=workitem, author=radiologist, content=content)
    submit(workitem, radiologist)
    body = {"decision": "corrected", "corrected_content": content}
    status, refused = Api(reviewer)("POST", f"findings/{finding.pk}/reviews", body, match=finding.head.digest)
    assert (status, refused["code"]) == (422, "correction_changes_nothing")
    assert (finding.reviews.count(), finding.revisions.count()) == (0, 1)
    with pytest.raises(Conflict) as unchanged:
        _sign(workitem, reviewer, "correct")
    assert unchanged.value.code == "reading_was_not_corrected"


def test_a_corrected_answer_is_stored_signed_and_taught(workitem: Workitem, project: Project, reviewer: User) -> None:
    finding = workitem.findings.get()
    api = Api(reviewer)
    body = {"decision": "corrected", "corrected_content": image_label(present=True)}
    status, review = api("POST", f"findings/{finding.pk}/reviews", body, match=finding.head.digest)
    assert (status, review["difference"]) == (201, {"present": {"from": False, "to": True}})
    status, signed = api("POST", f"workitems/{workitem.pk}/decide", {"event": "correct"}, match=workitem.version)
    assert (status, signed["state"]) == (200, "corrected"), "one's own decision does not outdate one's page"
    finding.refresh_from_db()
    assert (finding.head.content["present"], finding.head.author) == (True, reviewer)
    row = _row(project)
    assert (row["labels"], row["provenance"], row["weight"]) == ({"nodule": 1}, "adjudicated", 1.5)


def test_a_reopening_voids_every_decision_that_came_before(workitem: Workitem, reviewer: User, admin: User) -> None:
    answer, proposal = workitem.findings.get(), _propose(workitem)
    _judge(proposal, reviewer, "rejected", reason="not_present")
    signed = _sign(workitem, reviewer, "accept")
    assert answer.reviews.get().at_sign_off
    workitem_reopen(workitem=signed, by=admin, version=signed.version, reason="An audit found a mix-up.")
    api = Api(reviewer)
    _, shown = api("GET", f"workitems/{workitem.pk}")
    assert (shown["state"], shown["reopened"]["reason"]) == ("submitted", "An audit found a mix-up.")
    rows = {row["id"]: row for row in api("GET", f"workitems/{workitem.pk}/findings")[1]}
    assert [row["decision"] for row in rows.values()] == [None, None]
    assert rows[str(proposal.pk)]["must_be_decided"] is True
    assert len(rows[str(proposal.pk)]["reviews"]) == 1, "the old decision stays in the history"
    status, refused = api("POST", f"workitems/{workitem.pk}/decide", {"event": "accept"}, match=shown["version"])
    assert (status, refused["code"]) == (409, "findings_undecided")
    steps = api("GET", f"workitems/{workitem.pk}/history")[1]["steps"]
    assert [step["kind"] for step in steps] == ["claimed", "submitted", "proposed", "reviewed", "accepted", "reopened"]
    assert steps[-1]["remark"] == "An audit found a mix-up."


def test_a_disagreement_of_reader_and_model_needs_a_decision_of_its_own(
    project: Project, radiologist: User, reviewer: User
) -> None:
    make_label(project)
    workitem = make_workitem(project, radiologist)
    answer = finding_create(workitem=workitem, author=radiologist, content=image_label(present=True))
    submit(workitem, radiologist)
    with pytest.raises(Conflict, match="disagree on nodule") as refused:
        _sign(workitem, reviewer, "accept", model_says={"nodule": False})
    assert refused.value.detail["disagreements"] == [str(answer.pk)]
    _judge(answer, reviewer, "accepted")
    assert _sign(workitem, reviewer, "accept", model_says={"nodule": False}).state == "accepted"
    assert _row(project)["labels"] == {"nodule": 1}


def test_two_opposite_answers_are_never_signed_together(workitem: Workitem, project: Project, reviewer: User) -> None:
    answer, proposal = workitem.findings.get(), _propose(workitem)
    _judge(proposal, reviewer, "accepted")
    _judge(answer, reviewer, "accepted")
    with pytest.raises(Conflict, match="disagree on nodule"):
        _sign(workitem, reviewer, "accept")
    _judge(answer, reviewer, "corrected", corrected_content=image_label(present=True))
    _sign(workitem, reviewer, "correct")
    assert _row(project)["labels"] == {"nodule": 1}


def test_what_a_reviewer_adds_is_not_signed_beside_the_readers_denial(
    workitem: Workitem, project: Project, reviewer: User
) -> None:
    answer = workitem.findings.get()
    added = finding_create(workitem=workitem, author=reviewer, content=box(workitem))
    _judge(answer, reviewer, "accepted")
    with pytest.raises(Conflict, match="disagree on nodule") as refused:
        _sign(workitem, reviewer, "correct", model_says={"nodule": False})
    assert refused.value.detail["findings"] == [str(answer.pk)], "what the reviewer added is decided by being added"
    _judge(answer, reviewer, "corrected", corrected_content=image_label(present=True))
    assert _sign(workitem, reviewer, "correct", model_says={"nodule": False}).state == "corrected"
    assert (added.author, added.reading, _row(project)["labels"]) == (reviewer, None, {"nodule": 1})


def test_a_signature_stands_under_what_the_signer_saw(workitem: Workitem, reviewer: User, other_reviewer: User) -> None:
    proposal = _propose(workitem)
    api = Api(reviewer)
    version = api("GET", f"workitems/{workitem.pk}")[1]["version"]
    match = Finding.objects.get(pk=proposal.pk).head.digest
    assert api("POST", f"findings/{proposal.pk}/reviews", {"decision": "accepted"}, match=match)[0] == 201
    seen = proposal.reviews.get().pk
    _judge(proposal, other_reviewer, "rejected", reason="not_present", decision_seen=seen)
    status, refused = api("POST", f"workitems/{workitem.pk}/decide", {"event": "accept"}, match=version)
    assert (status, refused["code"]) == (412, "workitem_outdated")
    assert "Petra judged a finding" in refused["message"]
    assert [(step["by"]["display_name"], step["finding"]) for step in refused["detail"]["steps"]] == [
        ("Petra", str(proposal.pk))
    ]
    assert _now(workitem).state == "submitted"
    status, _ = api("POST", f"workitems/{workitem.pk}/decide", {"event": "accept"}, match=refused["detail"]["version"])
    assert status == 200
    assert Step.objects.get(workitem=workitem, kind="accepted").content_digest != ""


def test_what_another_reviewer_drew_is_not_laid_at_the_signers_door(
    workitem: Workitem, reviewer: User, other_reviewer: User
) -> None:
    version = _now(workitem).version
    finding_create(workitem=workitem, author=other_reviewer, content=box(workitem, label_key="mass"))
    with pytest.raises(PreconditionFailed, match="Petra drew or changed a finding"):
        workitem_decide(workitem=workitem, by=reviewer, version=version, event="accept")
    with pytest.raises(Conflict, match="added by Petra"):
        _sign(workitem, reviewer, "accept")


def test_a_decision_stands_under_what_its_reviewer_saw(
    workitem: Workitem, radiologist: User, reviewer: User, other_reviewer: User
) -> None:
    api, answer = Api(reviewer), workitem.findings.get()
    address, seen = f"findings/{answer.pk}/reviews", Finding.objects.get(pk=answer.pk).head.digest
    # The reader takes the case back, says the contrary, and hands it in again.
    mine = Api(radiologist)
    mine("POST", f"workitems/{workitem.pk}/withdraw", match=_now(workitem).version)
    assert mine("POST", f"findings/{answer.pk}/revisions", {"content": image_label()}, match=seen)[0] == 201
    submit(workitem, radiologist)
    status, refused = api("POST", address, {"decision": "accepted"}, match=seen)
    assert (status, refused["code"]) == (412, "revision_outdated")
    assert refused["detail"]["difference"] == {"present": {"from": False, "to": True}}
    assert refused["message"].startswith("Ann changed this finding since you loaded it (present: False → True).")
    head = refused["detail"]["head"]["digest"]
    # Another reviewer decides about what both see.
    theirs = _judge(answer, other_reviewer, "rejected", reason="not_present")
    status, refused = api("POST", address, {"decision": "accepted"}, match=head)
    assert (status, refused["code"]) == (412, "decision_outdated")
    assert (refused["detail"]["decision"]["id"], refused["detail"]["decision"]["reason"]) == (
        str(theirs.pk),
        "not_present",
    )
    assert refused["message"].startswith("Petra rejected this finding since you loaded it (not present).")
    assert answer.reviews.count() == 1
    # Named, it is superseded; one's own later decision needs no naming.
    named = {"decision": "accepted", "decision_seen": str(theirs.pk)}
    assert api("POST", address, named, match=head)[0] == 201
    again = {"decision": "rejected", "reason": "wrong_label"}
    assert api("POST", address, again, match=head)[0] == 201
    assert [one.decision for one in answer.reviews.order_by("created_at")] == ["rejected", "accepted", "rejected"]


def test_a_used_label_keeps_its_meaning(workitem: Workitem, admin: User, project: Project) -> None:
    api, address = Api(admin), f"projects/{project.slug}/labels/nodule"
    labels = {label["key"]: label for label in api("GET", f"projects/{project.slug}")[1]["labels"]}
    assert (labels["nodule"]["used"], labels["mass"]["used"]) == (True, False)
    for change in ({"code_value": "1"}, {"code_meaning": "Mass"}, {"uses": ["region"]}):
        status, refused = api("PATCH", address, change)
        assert (status, refused["code"]) == (409, "label_in_use"), change
    assert project.labels.get(key="nodule").code_meaning == "Nodule"
    assert api("PATCH", address, {"color": "#112233", "uses": ["image", "region", "segment"]})[0] == 200
    status, retired = api("PATCH", address, {"retired": True, "successor": "mass"})
    assert (status, retired["successor"], retired["retired_at"] is not None) == (200, "mass", True)
    assert api("PATCH", f"projects/{project.slug}/labels/mass", {"code_value": "4147007"})[0] == 200
    told = AuditEvent.objects.filter(event_type="label.changed").order_by("id").last()
    assert told.detail["changes"] == {"code_value": {"from": "mass", "to": "4147007"}}


def test_a_form_that_was_opened_before_a_change_overwrites_nothing(admin: User, project: Project) -> None:
    make_workitem(project)
    api, address = Api(admin), f"projects/{project.slug}"
    _, opened = api("GET", address)
    assert api("PATCH", address, {"reveal": "never"}, match=opened["version"])[1]["reveal"] == "never"
    stale = {"description": "about", "reveal": opened["reveal"]}
    status, refused = api("PATCH", address, stale, match=opened["version"])
    assert (status, refused["code"], refused["detail"]["current"]["reveal"]) == (412, "settings_outdated", "never")
    assert api("GET", address)[1]["reveal"] == "never"
    with pytest.raises(Invalid):
        project_change(project=project, by=admin, required_labels=["ghost"])
