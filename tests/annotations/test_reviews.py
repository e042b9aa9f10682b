"""The life of a work item: who may take which step, what sign-off needs, and that it locks everything."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from annotations.models import Comment, Finding, Review, Workitem
from annotations.rules.lifecycle import WORKITEM
from annotations.services.reviews import review_record
from annotations.services.revisions import (
    Proposal,
    finding_create,
    finding_delete,
    proposals_record,
    revision_append,
)
from annotations.services.sign_off import workitem_decide, workitem_reopen
from annotations.services.workitems import (
    workitem_claim,
    workitem_open,
    workitem_release,
    workitem_submit,
    workitem_withdraw,
)
from core.errors import Conflict, Forbidden, Invalid, OverreadError, PreconditionFailed
from core.models import Event, Project, User
from tests.factories.reading import box, drawn, image_label, make_label, make_workitem, painted

if TYPE_CHECKING:
    from collections.abc import Callable

pytestmark = pytest.mark.django_db


@pytest.fixture
def workitem(project: Project, radiologist: User) -> Workitem:
    make_label(project)
    return make_workitem(project, radiologist, spacing_mm=(0.5, 0.5))


def _propose(workitem: Workitem, key: str = "p1", probability: float = 0.9, **more: Any) -> Finding:
    proposal = Proposal("rectangle", "nodule", box(workitem), probability, "chest", "1", key, threshold=0.5, **more)
    return proposals_record(workitem=workitem, proposals=[proposal])[0]


def _review(finding: Finding, reviewer: User, decision: str, **more: Any) -> Review:
    head = Finding.objects.get(pk=finding.pk).head
    return review_record(finding=finding, reviewer=reviewer, decision=decision, if_match=head.digest, **more)


def _decide(workitem: Workitem, by: User, event: str, remark: str = "") -> Workitem:
    version = Workitem.objects.get(pk=workitem.pk).version
    return workitem_decide(workitem=workitem, by=by, version=version, event=event, remark=remark)


def _submit(workitem: Workitem, by: User) -> Workitem:
    version = Workitem.objects.get(pk=workitem.pk).version
    return workitem_submit(workitem=workitem, by=by, version=version, nothing_found=True)


def _code(act: Callable[[], object]) -> str:
    with pytest.raises(OverreadError) as refused:
        act()
    return refused.value.code


def test_every_state_can_be_left_and_no_unknown_step_is_taken() -> None:
    assert {state for state, _ in WORKITEM.table} == set(Workitem.State.values)
    assert set(WORKITEM.table.values()) == set(Workitem.State.values)
    with pytest.raises(Conflict):
        WORKITEM.next("open", "accept")


def test_opening_twice_is_once(project: Project, workitem: Workitem) -> None:
    assert workitem_open(project=project, study=workitem.study) == workitem


def test_a_study_is_claimed_by_one_reader(workitem: Workitem, reviewer: User, radiologist: User) -> None:
    assert _code(lambda: workitem_claim(workitem=workitem, by=reviewer, version=workitem.version)) == "wrong_state"
    assert (
        _code(lambda: workitem_submit(workitem=workitem, by=reviewer, version=workitem.version, nothing_found=True))
        == "not_your_workitem"
    )
    free = workitem_release(workitem=workitem, by=radiologist, version=workitem.version)
    assert (free.state, free.reader) == ("open", None)
    assert workitem_claim(workitem=free, by=reviewer, version=free.version).reader == reviewer


def test_a_step_from_an_outdated_view_is_refused_with_the_present_version(
    workitem: Workitem, radiologist: User
) -> None:
    workitem_submit(workitem=workitem, by=radiologist, version=workitem.version, nothing_found=True)
    with pytest.raises(PreconditionFailed) as refused:
        workitem_withdraw(workitem=workitem, by=radiologist, version=workitem.version)
    assert refused.value.detail["version"] == workitem.version + 1


def test_nobody_reviews_their_own_work(workitem: Workitem, project: Project, admin: User) -> None:
    own = make_workitem(project, admin)
    finding = finding_create(workitem=own, author=admin, content=box(own))
    _submit(own, admin)
    assert _code(lambda: _review(finding, admin, "accepted")) == "own_work"
    for event in ("accept", "correct", "reject"):
        assert _code(lambda event=event: _decide(own, admin, event, "x")) == "own_work"


def test_a_radiologist_reviews_nothing(workitem: Workitem, project: Project, radiologist: User, make_user: Any) -> None:
    other = make_user("bob", "radiologist", project)
    finding = finding_create(workitem=workitem, author=radiologist, content=box(workitem))
    _submit(workitem, radiologist)
    with pytest.raises(Forbidden):
        _review(finding, other, "accepted")
    with pytest.raises(Forbidden):
        _decide(workitem, other, "accept")


def test_a_finding_is_reviewed_only_after_submission(workitem: Workitem, radiologist: User, reviewer: User) -> None:
    finding = finding_create(workitem=workitem, author=radiologist, content=box(workitem))
    assert _code(lambda: _review(finding, reviewer, "accepted")) == "workitem_not_submitted"


def test_a_rejection_needs_a_coded_reason_and_other_needs_words(
    workitem: Workitem, radiologist: User, reviewer: User
) -> None:
    finding = _propose(workitem)
    _submit(workitem, radiologist)
    assert _code(lambda: _review(finding, reviewer, "rejected")) == "reason_missing"
    assert _code(lambda: _review(finding, reviewer, "rejected", reason="boredom")) == "reason_unknown"
    assert _code(lambda: _review(finding, reviewer, "rejected", reason="other")) == "remark_missing"
    assert _code(lambda: _review(finding, reviewer, "corrected")) == "correction_missing"
    assert _review(finding, reviewer, "rejected", reason="not_present", saliency_shown=True).saliency_shown


def test_a_correction_keeps_what_it_changed(workitem: Workitem, radiologist: User, reviewer: User) -> None:
    ai = _propose(workitem)
    line = finding_create(workitem=workitem, author=radiologist, content=drawn(workitem, "length", [[0, 0], [10, 0]]))
    mask = finding_create(workitem=workitem, author=radiologist, content=painted(workitem, [0, 10]))
    label = finding_create(workitem=workitem, author=radiologist, content=image_label(present=True))
    _submit(workitem, radiologist)
    moved = _review(ai, reviewer, "corrected", corrected_content=box(workitem, x0=10, x1=20))
    assert moved.corrected_revision.parent == moved.revision
    assert moved.corrected_revision.cause == "correction"
    assert moved.difference == moved.corrected_revision.difference
    assert moved.difference["iou"] == pytest.approx(1 / 3, abs=0.02)
    assert moved.difference["hausdorff_mm"] == pytest.approx(2.5, abs=0.1)
    longer = _review(line, reviewer, "corrected", corrected_content=drawn(workitem, "length", [[0, 0], [20, 0]]))
    assert longer.difference == {"end_distance_mm": 2.5}
    repainted = _review(mask, reviewer, "corrected", corrected_content=painted(workitem, [5, 10]))
    assert (repainted.difference["iou"], repainted.difference["dice"]) == (pytest.approx(1 / 3, abs=1e-3), 0.5)
    assert repainted.difference["pixels_changed"] == 10
    absent = _review(label, reviewer, "corrected", corrected_content=image_label(present=False))
    assert absent.difference == {"present": {"from": True, "to": False}}
    assert _code(lambda: _review(ai, reviewer, "corrected", corrected_content=image_label())) == "kind_differs"


def test_a_later_decision_supersedes_and_the_earlier_one_stays(
    workitem: Workitem, radiologist: User, reviewer: User
) -> None:
    finding = _propose(workitem)
    _submit(workitem, radiologist)
    _review(finding, reviewer, "accepted")
    _review(finding, reviewer, "rejected", reason="not_present")
    assert [row.decision for row in finding.reviews.all()] == ["accepted", "rejected"]
    assert _decide(workitem, reviewer, "accept").state == "accepted"


def test_a_review_of_an_outdated_head_is_refused(workitem: Workitem, radiologist: User, reviewer: User) -> None:
    finding = finding_create(workitem=workitem, author=radiologist, content=box(workitem))
    old = finding.head.digest
    revision_append(finding=finding, author=radiologist, content=box(workitem, x1=20), if_match=old)
    _submit(workitem, radiologist)
    with pytest.raises(PreconditionFailed):
        review_record(finding=finding, reviewer=reviewer, decision="accepted", if_match=old)


def test_sign_off_waits_for_model_findings_above_their_threshold_only(
    workitem: Workitem, radiologist: User, reviewer: User
) -> None:
    sure, unsure = _propose(workitem, "sure", 0.9), _propose(workitem, "unsure", 0.2)
    _submit(workitem, radiologist)
    with pytest.raises(Conflict) as refused:
        _decide(workitem, reviewer, "accept")
    assert refused.value.detail == {"count": 1, "findings": [str(sure.pk)], "disagreements": []}
    _review(sure, reviewer, "accepted")
    assert _decide(workitem, reviewer, "accept").state == "accepted"
    assert not unsure.reviews.exists()


def test_sign_off_accepts_what_was_not_judged_one_by_one(workitem: Workitem, radiologist: User, reviewer: User) -> None:
    finding = finding_create(workitem=workitem, author=radiologist, content=box(workitem))
    _submit(workitem, radiologist)
    _decide(workitem, reviewer, "accept", "well read")
    review = finding.reviews.get()
    assert (review.decision, review.at_sign_off, review.reviewer) == ("accepted", True, reviewer)


def test_a_changed_reading_is_signed_off_as_corrected(workitem: Workitem, radiologist: User, reviewer: User) -> None:
    finding = finding_create(workitem=workitem, author=radiologist, content=box(workitem))
    _submit(workitem, radiologist)
    _review(finding, reviewer, "corrected", corrected_content=box(workitem, x1=20))
    assert _code(lambda: _decide(workitem, reviewer, "accept")) == "reading_was_corrected"
    assert _decide(workitem, reviewer, "correct").state == "corrected"


def test_a_reviewer_may_add_what_was_missed(workitem: Workitem, radiologist: User, reviewer: User) -> None:
    _submit(workitem, radiologist)
    added = finding_create(workitem=workitem, author=reviewer, content=box(workitem))
    assert added.head.ai_visible
    assert _code(lambda: _review(added, reviewer, "accepted")) == "own_work"
    assert _decide(workitem, reviewer, "correct").state == "corrected"
    assert not added.reviews.exists()


def test_sign_off_locks_everything_until_an_admin_reopens(
    workitem: Workitem, radiologist: User, reviewer: User, admin: User
) -> None:
    finding = finding_create(workitem=workitem, author=radiologist, content=box(workitem))
    head = finding.head.digest
    _submit(workitem, radiologist)
    signed = _decide(workitem, reviewer, "accept")
    acts: list[Callable[[], object]] = [
        lambda: revision_append(finding=finding, author=radiologist, content=box(workitem, x1=9), if_match=head),
        lambda: finding_create(workitem=workitem, author=radiologist, content=box(workitem)),
        lambda: finding_create(workitem=workitem, author=reviewer, content=box(workitem)),
        lambda: finding_delete(finding=finding, author=radiologist, if_match=head),
        lambda: _review(finding, reviewer, "rejected", reason="not_present"),
    ]
    assert {_code(act) for act in acts} == {"workitem_signed_off"}
    assert (
        proposals_record(
            workitem=workitem, proposals=[Proposal("image_label", "nodule", {}, 0.9, "chest", "2", "late")]
        )
        == []
    )
    assert Workitem.objects.get(pk=workitem.pk).ai_score is None
    with pytest.raises(Forbidden):
        workitem_reopen(workitem=signed, by=reviewer, version=signed.version, reason="wrong patient")
    with pytest.raises(Invalid):
        workitem_reopen(workitem=signed, by=admin, version=signed.version, reason=" ")
    assert workitem_reopen(workitem=signed, by=admin, version=signed.version, reason="mix-up").state == "submitted"


def test_a_rejected_reading_goes_back_to_its_reader_with_the_remark(
    workitem: Workitem, radiologist: User, reviewer: User, project: Project, make_user: Any
) -> None:
    _submit(workitem, radiologist)
    assert _code(lambda: _decide(workitem, reviewer, "reject")) == "remark_missing"
    back = _decide(workitem, reviewer, "reject", "look at the left apex")
    assert (back.state, back.remark, back.reader) == ("rejected", "look at the left apex", radiologist)
    assert Comment.objects.get(workitem=workitem).text == "look at the left apex"
    other = make_user("bob", "radiologist", project)
    assert _code(lambda: workitem_claim(workitem=back, by=other, version=back.version)) == "not_your_workitem"
    again = workitem_claim(workitem=back, by=radiologist, version=back.version)
    finding_create(workitem=again, author=radiologist, content=box(again))
    _submit(again, radiologist)
    assert _decide(again, reviewer, "accept").state == "accepted"


def test_who_has_answered_keeps_the_study_so_that_nobody_reads_it_half_blind(
    workitem: Workitem, radiologist: User, admin: User
) -> None:
    submitted = _submit(workitem, radiologist)
    claimed = workitem_withdraw(workitem=submitted, by=radiologist, version=submitted.version)
    assert _code(lambda: workitem_release(workitem=claimed, by=radiologist, version=claimed.version)) == (
        "already_answered"
    )
    assert workitem_release(workitem=claimed, by=admin, version=claimed.version).reader is None


def test_every_step_is_told_to_the_project(workitem: Workitem, radiologist: User, reviewer: User) -> None:
    _submit(workitem, radiologist)
    _decide(workitem, reviewer, "accept")
    told = Event.objects.filter(kind="workitem.changed", object_id=str(workitem.pk)).order_by("id")
    assert [event.version for event in told] == ["1", "2", "3", "4"]
    assert {event.project_id for event in told} == {workitem.project_id}
