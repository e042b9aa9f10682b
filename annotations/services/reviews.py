"""A reviewer's decision about one finding. A correction appends a revision and keeps what it changed."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.db import transaction

from annotations import errors
from annotations.content.checks import checked_content
from annotations.content.difference import content_difference
from annotations.content.revision_json import review_json, revision_json, whole_content
from annotations.models import Finding, Review, Revision, Step
from annotations.rules.may import FindingAct, require_finding_act
from annotations.rules.standing import standing_of
from annotations.services.revisions import locked_head, revision_written, says_the_same
from annotations.services.steps import step_take
from core import audit, events
from core.audit_kinds import AuditKind
from core.errors import Invalid, PreconditionFailed
from core.event_kinds import EventKind, OfWorkitem
from core.models import User

_Decision = Review.Decision


def _check_words(decision: str, reason: str, remark: str, corrected: Any) -> None:
    if decision not in _Decision.values:
        raise Invalid("decision_wrong", "A finding is accepted, corrected or rejected.", decision=decision)
    if reason and reason not in Review.Reason.values:
        raise Invalid("reason_unknown", "Choose one of the known reasons.", known=list(Review.Reason.values))
    if decision == _Decision.REJECTED and not reason:
        raise Invalid("reason_missing", "Choose why the finding is rejected.", known=list(Review.Reason.values))
    if reason == Review.Reason.OTHER and not remark.strip():
        raise Invalid("remark_missing", "Say in a few words what the other reason is.")
    if (decision == _Decision.CORRECTED) != (corrected is not None):
        raise Invalid("correction_missing", "A correction, and only a correction, comes with the corrected finding.")


def review_record(
    *,
    finding: Finding,
    reviewer: User,
    decision: str,
    reason: str = "",
    remark: str = "",
    corrected_content: Any | None = None,
    saliency_shown: bool = False,
    decision_seen: UUID | None = None,
    if_match: str | None,
) -> Review:
    """Record a decision about the finding's head. A later decision supersedes it; nothing is changed or removed.

    Args:
        reason: coded (``Review.Reason``); needed for a rejection.
        corrected_content: the whole corrected content; only with ``corrected``.
        saliency_shown: the reviewer had the model's saliency map on the screen.
        decision_seen: the decision that stood on the reviewer's page; None: none did. One's own needs no naming.
        if_match: digest of the revision that was judged.

    Raises:
        Forbidden: own work, or no reviewer. Conflict: not submitted, signed off, deleted, abandoned.
        Invalid: words or content; ``correction_changes_nothing``.
        PreconditionRequired.
        PreconditionFailed: the finding was changed (``detail.difference``), or another reviewer decided about it
        (``detail.decision``), since the reviewer looked at it.
    """
    _check_words(decision, reason, remark, corrected_content)
    with transaction.atomic():
        locked, head = locked_head(finding=finding, if_match=if_match, outdated=_judged_outdated)
        require_finding_act(FindingAct.REVIEW, reviewer, locked)
        _require_seen(locked, reviewer, decision_seen)
        corrected = None
        if corrected_content is not None:
            checked = checked_content(corrected_content, workitem=locked.workitem, kind=locked.kind, kept=head.label)
            if says_the_same(head, checked):
                raise errors.nothing_corrected()
            corrected = revision_written(
                finding=locked, author=reviewer, content=checked, cause="correction", ai_visible=True
            )
        review = Review.objects.create(
            finding=locked,
            revision=head,
            corrected_revision=corrected,
            reviewer=reviewer,
            decision=decision,
            reason=reason,
            remark=remark,
            saliency_shown=saliency_shown,
            difference=corrected.difference if corrected else {},
            round=locked.workitem.round,
        )
        step_take(locked.workitem, Step.Kind.REVIEWED, reviewer, finding=locked)
        _tell(review, locked, reviewer)
    return review


def _judged_outdated(finding: Finding, head: Revision, seen: str) -> PreconditionFailed:
    """Say what was changed between the revision that the reviewer saw and the head."""
    known = finding.revisions.filter(digest=seen).first()
    difference = content_difference(whole_content(known), whole_content(head), finding.workitem) if known else {}
    by = str(head.author) if head.author else "A model"
    return errors.judged_outdated(revision_json(head), finding.pk, by, difference)


def _require_seen(finding: Finding, reviewer: User, decision_seen: UUID | None) -> None:
    stands = standing_of([finding.workitem])[finding.pk].review
    if stands is not None and stands.reviewer_id != reviewer.pk and stands.pk != decision_seen:
        raise errors.decision_outdated(review_json(stands), str(stands.reviewer))


def _tell(review: Review, finding: Finding, reviewer: User) -> None:
    project = finding.workitem.project
    audit.record(
        AuditKind.REVIEW_RECORDED,
        actor=reviewer,
        object_kind="finding",
        object_id=finding.pk,
        project=project,
        detail={
            "review": review.pk,
            "decision": review.decision,
            "reason": review.reason,
            "revision": review.revision_id,
            "corrected_revision": review.corrected_revision_id,
            "saliency_shown": review.saliency_shown,
        },
    )
    if finding.algorithm_type == Finding.AlgorithmType.MANUAL:
        detail = OfWorkitem(workitem_id=finding.workitem_id)
        events.publish(EventKind.FINDING_CHANGED, finding.pk, project=project, version=review.pk, detail=detail)
