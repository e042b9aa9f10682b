"""Reads of alignments, in the API's shapes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from annotations.content.revision_json import person_json
from inference import errors
from inference.alignable import is_outdated, series_json
from inference.float_stacks import stack_deflated
from inference.models import Registration

if TYPE_CHECKING:
    from inference.models import RegistrationDecision

Json = dict[str, Any]


def registration_json(registration: Registration) -> Json:
    """Return an alignment in the API's shape; ``word`` is the latest of the people who decided about it."""
    decisions = list(registration.decisions.all())
    job = registration.job if registration.state == Registration.State.REQUESTED else None
    return {
        "id": registration.pk,
        "workitem_id": registration.workitem_id,
        "fixed": series_json(registration.fixed),
        "moving": series_json(registration.moving),
        "method": registration.method,
        "state": registration.state,
        "said_to_be_one_person": registration.said_to_be_one_person,
        "phase": job.progress.get("phase", "waiting") if job else "",
        "share": job.progress.get("share") if job else None,
        "settings": registration.settings,
        "numbers": registration.numbers or None,
        "verdict": registration.verdict or None,
        "moved_range": {name: registration.moved[name] for name in ("low", "high")} if registration.moved else None,
        "word": decisions[-1].word if decisions else None,
        "decisions": [_decision_json(one) for one in decisions],
        "outdated": registration.state == Registration.State.FINISHED and is_outdated(registration),
        "error_code": registration.error_code,
        "requested_by": person_json(registration.requested_by),
        "created_at": registration.created_at,
        "finished_at": registration.finished_at,
    }


def _decision_json(decision: RegistrationDecision) -> Json:
    return {
        "number": decision.number,
        "word": decision.word,
        "reason": decision.reason,
        "decided_by": person_json(decision.decided_by),
        "created_at": decision.created_at,
    }


def frame_deflated(registration: Registration, what: str, sop_instance_uid: str, frame_number: int) -> bytes:
    """Return values on one frame of the fixed series: little endian floats of 32 bits, deflated (zlib), row by row.

    Args:
        what: ``moved`` or ``inconsistency``.

    Raises:
        NotFound: not a frame of the fixed series. Conflict: not finished.
    """
    if registration.state != Registration.State.FINISHED:
        raise errors.registration_not_finished()
    found = stack_deflated(getattr(registration, what), sop_instance_uid, frame_number)
    if found is None:
        raise errors.registration_frame_not_found()
    return found
