"""An admin's word on whether two patient numbers are one person's."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import transaction

from core import audit
from core.audit_kinds import AuditKind
from core.errors import Invalid, PreconditionFailed
from imaging.models import SamePersonDecision
from imaging.one_person import key_of, pair_of

if TYPE_CHECKING:
    from core.models import User
    from imaging.models import Patient


def decisions_about(first: Patient, second: Patient) -> int:
    """Return how often somebody decided about two numbers; only grows."""
    return SamePersonDecision.objects.filter(pair=pair_of(key_of(first), key_of(second))[0]).count()


def same_person_decide(
    *, first: Patient, second: Patient, verdict: str, reason: str, by: User, seen: int | None = None
) -> SamePersonDecision:
    """Say that two patient numbers are one person's, or two persons'; the latest word stands, earlier ones are kept.

    Args:
        seen: how many decisions about the pair (``decisions_about``) the person knew of; None: all.

    Raises:
        Invalid: reason_missing, verdict_wrong, one_number. PreconditionFailed: decision_moved.
    """
    if not reason.strip():
        raise Invalid("reason_missing", "Say why you decide so.")
    if verdict not in SamePersonDecision.Verdict.values:
        raise Invalid("verdict_wrong", "Say one_person or different.")
    pair, one, other = pair_of(key_of(first), key_of(second))
    if one == other:
        raise Invalid("one_number", "Both have one Patient ID: decide about it under Archive, Patient IDs.")
    with transaction.atomic():
        list(type(first).objects.select_for_update(no_key=True).filter(pk__in=[first.pk, second.pk]).order_by("pk"))
        if seen not in (None, decisions_about(first, second)):
            raise PreconditionFailed("decision_moved", "Somebody decided about them meanwhile. Load the page again.")
        decision = SamePersonDecision.objects.create(
            first=one, second=other, pair=pair, verdict=verdict, reason=reason.strip()[:500], decided_by=by
        )
        audit.record(
            AuditKind.PERSON_DECIDED, actor=by, object_kind="patient", object_id=first.pk, outcome=verdict,
            detail={"decision": str(decision.pk), "other": str(second.pk)},
        )  # fmt: skip
    return decision
