"""Which version is live: a pointer that a person moves, forward through the gate or back in one step.

Whoever holds the family's row lock may move it; the database allows one live version a family in any case.
"""

from __future__ import annotations

from django.db import transaction

from core import audit, bell, events
from core.audit_kinds import AuditKind
from core.event_kinds import EventKind, OfPromotion
from core.models import User
from inference import errors
from inference.access import locked_family, locked_version
from inference.family_facts import previously_live
from inference.lifecycle import MODEL_VERSION, PROMOTABLE
from inference.models import EvaluationReport, ModelFamily, ModelVersion, Promotion
from inference.services.proposals import pointer_moved, workitems_locked


def pointer_move(
    family: ModelFamily,
    version: ModelVersion,
    *,
    event: str,
    direction: str,
    reason: str,
    by: User | None,
    report: EvaluationReport | None = None,
    answered_for: str = "",
) -> Promotion:
    """Make ``version`` live and retire the live one. The caller holds both row locks and a transaction."""
    workitems_locked(family)
    before = family.live
    state = MODEL_VERSION.next(version.state, event)
    if before is not None:
        before = locked_version(before.pk)
        before.state = MODEL_VERSION.next(before.state, "replace")
        before.save(update_fields=["state"])
    version.state = state
    version.save(update_fields=["state"])
    family.live = version
    family.save(update_fields=["live"])
    pointer_moved(family)
    promotion = Promotion.objects.create(
        family=family,
        direction=direction,
        from_version=before,
        to_version=version,
        report=report,
        decided_by=by,
        reason=reason,
        answered_for=answered_for,
    )
    audit.record(
        AuditKind.MODEL_PROMOTED if direction == Promotion.Direction.PROMOTE else AuditKind.MODEL_ROLLED_BACK, actor=by,
        object_kind="model", object_id=family.pk, project=family.project,
        detail={
            "promotion": promotion.pk, "from": before.pk if before else None, "to": version.pk,
            "weights": version.weights_digest, "report": report.digest if report else None, "reason": reason[:500],
            **({"answered_for": answered_for[:500]} if answered_for else {}),
        },
    )  # fmt: skip
    detail = OfPromotion(direction=direction, version_id=version.pk)
    events.publish(EventKind.MODEL_PROMOTED, family.pk, project=family.project, version=version.number, detail=detail)
    return promotion


def _checked_reason(reason: str) -> str:
    if not reason.strip():
        raise errors.reason_missing()
    return reason.strip()[:2000]


def version_promote(
    *, version: ModelVersion, report: EvaluationReport, reason: str, by: User, answered_for: str = ""
) -> Promotion:
    """Make an evaluated version live because its report passed the gate.

    There is one way around the gate, and it stays on the version for ever: somebody answers by name for a first model
    that does not pass only for where it looks. A retired version may come back as any other, by a fresh report against
    the version that is live now.

    Args:
        version: to make live.
        report: that says so.
        reason: why now.
        by: who decides.
        answered_for: why a first model goes live although it does not pass for where it looks; empty otherwise.

    Raises:
        Invalid: no reason, another version's report, or ``nothing_to_answer_for``.
        Conflict: ``gate_not_passed``; ``report_of_older_dataset`` when it did not pass on a later one;
            ``report_outdated`` when the live version is not the one the report compares
            with (somebody was quicker); ``wrong_state``.
    """
    reason = _checked_reason(reason)
    with transaction.atomic():
        family = locked_family(version.family_id)
        locked = locked_version(version.pk)
        if report.version_id != locked.pk:
            raise errors.report_of_other_version()
        MODEL_VERSION.next(locked.state, PROMOTABLE.get(locked.state, "promote"))
        passed = report.gate.get("passed") is True
        if passed and answered_for.strip():
            raise errors.nothing_to_answer_for()
        if not passed and not (report.gate.get("excusable") is True and answered_for.strip()):
            raise errors.gate_not_passed(report.gate)
        if report.compared_with_id != family.live_id:
            raise errors.report_outdated()
        if _refuted(report):
            raise errors.report_of_older_dataset()
        promotion = pointer_move(
            family,
            locked,
            event=PROMOTABLE[locked.state],
            direction=Promotion.Direction.PROMOTE,
            reason=reason,
            by=by,
            report=report,
            answered_for=answered_for.strip()[:2000],
        )
    bell.ring("model", "promoted", promotion)
    return promotion


def _refuted(report: EvaluationReport) -> bool:
    """Beside the same live version, on a dataset that was frozen later, the version did not pass."""
    beside = EvaluationReport.objects.filter(version=report.version_id, compared_with=report.compared_with_id)
    later = beside.filter(snapshot__created_at__gt=report.snapshot.created_at).values_list("gate", flat=True)
    return any(gate.get("passed") is not True for gate in later)


def roll_back(*, family: ModelFamily, reason: str, by: User) -> Promotion:
    """Make the version live again that was live before the present one. Findings keep the version that made them.

    Raises:
        Invalid: no reason. Conflict: there is nothing to go back to.
    """
    reason = _checked_reason(reason)
    with transaction.atomic():
        locked = locked_family(family.pk)
        before = previously_live(locked)
        if before is None:
            raise errors.nothing_to_go_back_to()
        promotion = pointer_move(
            locked,
            locked_version(before.pk),
            event="restore",
            direction=Promotion.Direction.ROLL_BACK,
            reason=reason,
            by=by,
        )
    bell.ring("model", "rolled_back", promotion)
    return promotion


def version_refuse(*, version: ModelVersion, reason: str, by: User) -> ModelVersion:
    """Put a candidate or evaluated version aside for good, with a reason; raises Invalid, Conflict."""
    reason = _checked_reason(reason)
    with transaction.atomic():
        locked = locked_version(version.pk)
        locked.state = MODEL_VERSION.next(locked.state, "refuse")
        locked.save(update_fields=["state"])
        project = locked.family.project
        audit.record(
            AuditKind.VERSION_REFUSED, actor=by, object_kind="version", object_id=locked.pk, project=project,
            detail={"reason": reason[:500]},
        )  # fmt: skip
        events.publish(EventKind.MODEL_CHANGED, locked.family_id, project=project)
    return locked
