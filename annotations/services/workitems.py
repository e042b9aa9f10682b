"""The life of a work item: opened, claimed, submitted, decided, reopened."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.db import transaction
from django.utils import timezone

from annotations import errors
from annotations.access import locked_workitem
from annotations.models import Comment, Finding, Review, Workitem
from annotations.rules.lifecycle import WORKITEM
from annotations.rules.standing import Decided, standing_of
from core import audit, events
from core.access import may, require
from core.errors import Conflict, Invalid
from core.event_kinds import EventKind, OfWorkitem
from core.models import Project, User

if TYPE_CHECKING:
    from imaging.models import Study

_State = Workitem.State


def workitem_open(*, project: Project, study: Study, priority: int = 0) -> Workitem:
    """Put a study on the worklist of a project; opening twice is once."""
    with transaction.atomic():
        workitem, made = Workitem.objects.get_or_create(project=project, study=study, defaults={"priority": priority})
        if made:
            audit.record(
                "workitem.opened", "C", actor=None, object_kind="workitem", object_id=workitem.pk, project=project
            )
            events.publish(EventKind.WORKITEM_CHANGED, workitem.pk, project=project, version=workitem.version)
    return workitem


def _locked(workitem: Workitem, version: int, event: str) -> tuple[Workitem, str]:
    locked = locked_workitem(workitem.pk)
    if locked.version != version:
        raise errors.workitem_outdated(locked.version)
    return locked, WORKITEM.next(locked.state, event)


def _moved(workitem: Workitem, state: str, event: str, by: User, detail: dict[str, Any] | None = None) -> Workitem:
    before, workitem.state = workitem.state, state
    workitem.version += 1
    workitem.updated_at = timezone.now()
    workitem.save()
    audit.record(
        f"workitem.{event}",
        "U",
        actor=by,
        object_kind="workitem",
        object_id=workitem.pk,
        project=workitem.project,
        detail={"from": before, "to": state, "version": workitem.version, **(detail or {})},
    )
    events.publish(EventKind.WORKITEM_CHANGED, workitem.pk, project=workitem.project, version=workitem.version)
    return workitem


def _require_reader(workitem: Workitem, by: User) -> None:
    if workitem.reader_id != by.pk:
        raise errors.not_own()


def workitem_claim(*, workitem: Workitem, by: User, version: int) -> Workitem:
    """Take a study to read it; a rejected one goes back to its own reader only.

    Raises:
        Conflict: not open. Forbidden: rejected work of somebody else. PreconditionFailed: outdated version.
    """
    with transaction.atomic():
        locked, state = _locked(workitem, version, "claim")
        if locked.state == _State.REJECTED:
            _require_reader(locked, by)
        if locked.reviewer_id == by.pk:
            locked.reviewer = None
        locked.reader, locked.claimed_at = by, timezone.now()
        return _moved(locked, state, "claimed", by)


def workitem_release(*, workitem: Workitem, by: User, version: int) -> Workitem:
    """Give a claimed study back to the worklist; its reader, or an admin of the project.

    Raises:
        Conflict, Forbidden, PreconditionFailed.
    """
    with transaction.atomic():
        locked, state = _locked(workitem, version, "release")
        is_admin = may(by, "project.change", locked.project)
        if not is_admin:
            _require_reader(locked, by)
        if locked.submitted_at is not None and not is_admin:
            raise Conflict(
                "already_answered",
                "You have answered this study before, so it stays with you. Submit it, or ask an admin to release it.",
            )
        locked.reader = locked.claimed_at = locked.submitted_at = None
        return _moved(locked, state, "released", by)


def workitem_submit(*, workitem: Workitem, by: User, version: int, reading_seconds: int = 0) -> Workitem:
    """Hand in the reading; from here on its reader cannot edit it until it is withdrawn or rejected.

    Args:
        reading_seconds: active seconds of this reading, added to those of earlier ones.

    Raises:
        Conflict, Forbidden, PreconditionFailed.
    """
    with transaction.atomic():
        locked, state = _locked(workitem, version, "submit")
        _require_reader(locked, by)
        locked.submitted_at = timezone.now()
        locked.reading_seconds += max(0, reading_seconds)
        return _moved(locked, state, "submitted", by, {"reading_seconds": reading_seconds})


def workitem_withdraw(*, workitem: Workitem, by: User, version: int) -> Workitem:
    """Take a submitted reading back to go on with it; only before it was decided, only its reader.

    Raises:
        Conflict, Forbidden, PreconditionFailed.
    """
    with transaction.atomic():
        locked, state = _locked(workitem, version, "withdraw")
        _require_reader(locked, by)
        return _moved(locked, state, "withdrawn", by)


def workitem_decide(*, workitem: Workitem, by: User, version: int, event: str, remark: str = "") -> Workitem:
    """Sign a submitted reading off (``accept``, ``correct``), or send it back to its reader (``reject``).

    Signing off needs a decision about every model finding at or above its threshold; human findings that were not
    judged one by one are accepted with it. The remark of a rejection is also left as a comment.

    Raises:
        Forbidden: own work. Conflict: wrong state, undecided or corrected findings. Invalid: a rejection without
        a remark. PreconditionFailed: outdated version.
    """
    if event not in ("accept", "correct", "reject"):
        raise Invalid("event_wrong", "A reading is accepted, corrected or rejected.", event=event)
    with transaction.atomic():
        locked, state = _locked(workitem, version, event)
        require(by, "finding.review", locked.project)
        if locked.reader_id == by.pk:
            raise errors.own_work()
        if event == "reject":
            if not remark.strip():
                raise Invalid("remark_missing", "Tell the reader what is wrong before you send the study back.")
            said = Comment.objects.create(workitem=locked, author=by, text=remark)
            told = OfWorkitem(workitem_id=locked.pk)
            events.publish(EventKind.COMMENT_ADDED, said.pk, project=locked.project, detail=told)
        else:
            _sign_off(locked, by, event)
        locked.reviewer, locked.decided_at, locked.remark = by, timezone.now(), remark
        words = {"accept": "accepted", "correct": "corrected", "reject": "rejected"}
        return _moved(locked, state, words[event], by, {"remark": bool(remark)})


def _sign_off(workitem: Workitem, by: User, event: str) -> None:
    standing = standing_of([workitem])
    findings = [standing[finding.pk] for finding in workitem.findings.filter(deleted=False)]
    waiting = [one for one in findings if one.must_be_decided]
    if waiting:
        raise Conflict(
            "findings_undecided",
            f"{len(waiting)} model finding(s) wait for a decision. Accept, correct or reject each, then sign off.",
            count=len(waiting),
            findings=[str(one.finding.pk) for one in waiting],
        )
    changed = [one for one in findings if one.changes_the_reading(workitem.reader_id)]
    if event == "accept" and changed:
        raise Conflict(
            "reading_was_corrected",
            f"You corrected, rejected or added {len(changed)} finding(s) of this reading. Sign it off as corrected.",
            count=len(changed),
        )
    for one in findings:
        if one.decided is Decided.NO and not one.is_ai and one.finding.author_id != by.pk:
            _accepted_with_all(one.finding, by)


def _accepted_with_all(finding: Finding, by: User) -> None:
    if finding.head is None:
        return
    review = Review.objects.create(
        finding=finding,
        revision=finding.head,
        reviewer=by,
        decision=Review.Decision.ACCEPTED,
        at_sign_off=True,
    )
    audit.record(
        "review.recorded",
        "C",
        actor=by,
        object_kind="finding",
        object_id=finding.pk,
        project=finding.workitem.project,
        detail={"review": review.pk, "decision": "accepted", "at_sign_off": True, "revision": review.revision_id},
    )


def workitem_reopen(*, workitem: Workitem, by: User, version: int, reason: str) -> Workitem:
    """Take a sign-off back, with a reason; an admin of the project.

    Raises:
        Invalid: no reason. Forbidden: not an admin. Conflict, PreconditionFailed.
    """
    if not reason.strip():
        raise Invalid("reason_missing", "Say why the study is reopened.")
    with transaction.atomic():
        locked, state = _locked(workitem, version, "reopen")
        require(by, "project.change", locked.project)
        locked.reviewer = locked.decided_at = None
        return _moved(locked, state, "reopened", by, {"reason": reason[:500]})


def require_review(workitem: Workitem, by: User) -> None:
    """Raise unless ``by`` may judge findings of this work item now."""
    require(by, "finding.review", workitem.project)
    if workitem.reader_id == by.pk:
        raise errors.own_work()
    if workitem.state in (_State.ACCEPTED, _State.CORRECTED):
        raise errors.signed_off()
    if workitem.state != _State.SUBMITTED:
        raise Conflict(
            "workitem_not_submitted", "This study has not been submitted for review yet.", state=workitem.state
        )
