"""The review half of a case's life: signed off, sent back, reopened."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.db import transaction
from django.utils import timezone

from annotations import errors
from annotations.access import locked_workitem
from annotations.models import Comment, Finding, Reading, Review, Step, Workitem
from annotations.rules.agreement import must_be_decided
from annotations.rules.lifecycle import WORKITEM
from annotations.rules.may import Act, require_act
from annotations.rules.standing import Decided, Standing, standing_of
from annotations.services.readings import reading_move, workitem_free
from annotations.services.steps import state_move, version_check
from annotations.services.workitems import images_check
from core import audit, bell, events
from core.access import may
from core.audit_kinds import AuditKind
from core.digest import digest_of
from core.errors import Conflict, Invalid
from core.event_kinds import EventKind, OfWorkitem
from core.models import User

_WORDS = {"accept": Step.Kind.ACCEPTED, "correct": Step.Kind.CORRECTED, "reject": Step.Kind.REJECTED}


def workitem_decide(
    *,
    workitem: Workitem,
    by: User,
    version: int,
    event: str,
    remark: str = "",
    images: str | None = None,
    model_says: Mapping[str, bool] | None = None,
) -> Workitem:
    """Sign a submitted reading off (``accept``, ``correct``), or send it back to its reader (``reject``).

    Signing off needs a decision about every finding that ``annotations.rules.agreement`` names; other human findings
    that were not judged one by one are accepted with it. The remark of a rejection is also left as a comment.

    Args:
        version: the signer's; what somebody else has said or decided since then refuses the signature.
        images: ``images_digest`` of the work item as the signer's page shows it.
        model_says: what live models answered about the case by label key, also where they propose nothing.

    Raises:
        Forbidden: own work. Conflict: wrong state, undecided or corrected findings. Invalid: a rejection without
        a remark. PreconditionFailed: outdated version, or unseen images.
    """
    if event not in _WORDS:
        raise Invalid("event_wrong", "A reading is accepted, corrected or rejected.", event=event)
    with transaction.atomic():
        locked = locked_workitem(workitem.pk)
        version_check(locked, version, by)
        require_act(Act.DECIDE, by, locked)
        reading = locked.reading
        digest = ""
        if event == "reject":
            _send_back(locked, reading, by, remark)
        else:
            locked.images_digest = images_check(locked, images, known=reading.images_digest if reading else "")
            digest = _sign_off(locked, by, event, model_says or {})
        locked.reviewer, locked.decided_at, locked.remark = by, timezone.now(), remark
        state, kind = WORKITEM.next(locked.state, event), _WORDS[event]
        detail = {"remark": bool(remark), "content": digest, "round": locked.round}
        state_move(locked, state, kind, by, detail=detail, reading=reading, remark=remark, content_digest=digest)
        if event == "reject" and reading and not may(reading.reader, "workitem.claim", locked.project):
            return workitem_free(workitem=locked, ending=Reading.Ending.READER_LEFT, by=by)
        return locked


def _send_back(workitem: Workitem, reading: Reading | None, by: User, remark: str) -> None:
    if not remark.strip():
        raise Invalid("remark_missing", "Tell the reader what is wrong before you send the study back.")
    if reading is not None:
        reading_move(reading, "return")
    said = Comment.objects.create(workitem=workitem, author=by, text=remark)
    told = OfWorkitem(workitem_id=workitem.pk)
    events.publish(EventKind.COMMENT_ADDED, said.pk, project=workitem.project, detail=told)


def _sign_off(workitem: Workitem, by: User, event: str, model_says: Mapping[str, bool]) -> str:
    """Check that the case can be signed off so, accept the rest with it, and return the digest of what is signed."""
    standings = standing_of([workitem])
    if waiting := must_be_decided(standings.values(), model_says):
        raise _undecided([standings[pk] for pk in standings if pk in waiting])
    live = [one for one in standings.values() if not one.finding.deleted]
    changed = [one for one in live if one.changes_the_reading]
    if event == "accept" and changed:
        raise errors.reading_was_corrected(len(changed), _changers(changed))
    if event == "correct" and not changed:
        raise errors.reading_was_not_corrected()
    for one in live:
        if one.decided is Decided.NO and not one.is_ai and one.finding.author_id != by.pk:
            _accepted_with_all(one.finding, by)
    return content_digest(workitem, standing_of([workitem]))


def _undecided(waiting: list[Standing]) -> Conflict:
    people = [one for one in waiting if not one.is_ai]
    labels = sorted({str(one.finding.head.content["label_key"]) for one in people if one.finding.head})
    models = [str(one.finding.pk) for one in waiting if one.is_ai]
    return errors.findings_undecided(models, [str(one.finding.pk) for one in people], labels)


def _changers(changed: list[Standing]) -> list[str]:
    """Return who corrected, rejected or added these, by name."""
    names = []
    for one in changed:
        head = one.finding.head
        who = one.review.reviewer if one.review else (head.author if head else one.finding.author)
        names.append(str(who) if who else "somebody")
    return sorted(set(names))


def content_digest(workitem: Workitem, standings: Mapping[Any, Standing]) -> str:
    """Return the digest of what a case says now: each head, the decision that stands, and the images."""
    said = [
        {
            "finding": str(one.finding.pk),
            "head": one.finding.head.digest if one.finding.head else None,
            "deleted": one.finding.deleted,
            "review": str(one.review.pk) if one.review else None,
        }
        for one in standings.values()
    ]
    said.sort(key=lambda row: str(row["finding"]))
    return digest_of({"findings": said, "images": workitem.images_digest})


def _accepted_with_all(finding: Finding, by: User) -> None:
    if finding.head is None:
        return
    review = Review.objects.create(
        finding=finding,
        revision=finding.head,
        reviewer=by,
        decision=Review.Decision.ACCEPTED,
        at_sign_off=True,
        round=finding.workitem.round,
    )
    audit.record(
        AuditKind.REVIEW_RECORDED,
        actor=by,
        object_kind="finding",
        object_id=finding.pk,
        project=finding.workitem.project,
        detail={"review": review.pk, "decision": "accepted", "at_sign_off": True, "revision": review.revision_id},
    )


def workitem_reopen(*, workitem: Workitem, by: User, version: int, reason: str) -> Workitem:
    """Take a sign-off back, with a reason; an admin of the project.

    A new round of review begins: every decision of the rounds before stays in the history and counts no more.

    Raises:
        Invalid: no reason. Forbidden: not an admin. Conflict, PreconditionFailed.
    """
    if not reason.strip():
        raise Invalid("reason_missing", "Say why the study is reopened.")
    with transaction.atomic():
        locked = locked_workitem(workitem.pk)
        version_check(locked, version, by)
        require_act(Act.REOPEN, by, locked)
        locked.reviewer = locked.decided_at = None
        locked.remark, locked.round = reason, locked.round + 1
        detail = {"reason": reason[:500], "round": locked.round}
        state = WORKITEM.next(locked.state, "reopen")
        kind = Step.Kind.REOPENED
        reopened = state_move(locked, state, kind, by, detail=detail, reading=locked.reading, remark=reason)
    bell.ring("workitem", "reopened", reopened)
    reopened.refresh_from_db()  # what models said meanwhile has come with it, and counts as a change
    return reopened
