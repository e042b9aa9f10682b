"""Laying one series onto another: asked for by a person, computed once, and used only after a person accepted it."""

from __future__ import annotations

from typing import Any

from django.db import transaction
from django.utils import timezone

from annotations.models import Workitem
from core import audit, blobs, events
from core.audit_kinds import AuditKind
from core.event_kinds import EventKind, OfWorkitem
from core.jobs import job_cancel, job_request
from core.models import Job, User
from imaging.models import Series
from inference import errors
from inference.access import locked_registration
from inference.alignable import is_outdated, one_patient, pair_digest, why_not_alignable
from inference.models import Registration, RegistrationDecision

Json = dict[str, Any]
_State = Registration.State
_Word = RegistrationDecision.Word


def _tell(registration: Registration) -> None:
    workitem = registration.workitem
    detail = OfWorkitem(workitem_id=workitem.pk)
    events.publish(EventKind.REGISTRATION_CHANGED, registration.pk, project=workitem.project, detail=detail)


def registration_request(
    *,
    workitem: Workitem,
    fixed: Series,
    moving: Series,
    method: str,
    said_to_be_one_person: bool,
    requested_by: User,
) -> Registration:
    """Ask for a series to be laid onto one of the case; the same question about the same images is one alignment.

    Args:
        method: rigid, affine or deformable.
        said_to_be_one_person: whoever asks says so where the patient numbers differ.

    Raises:
        Invalid: one series twice, a foreign fixed series, or no volumes. Conflict: not known to be one person.
    """
    if fixed.pk == moving.pk:
        raise errors.one_series_twice()
    if fixed.study_id != workitem.study_id:
        raise errors.series_of_other_study()
    for which, series in (("fixed", fixed), ("moving", moving)):
        if why := why_not_alignable(series):
            raise errors.not_alignable(which, why)
    same = one_patient(fixed.study, moving.study)
    if same and fixed.study.patient.identity_clash and fixed.study_id != moving.study_id:
        raise errors.identity_in_doubt()
    if not same and not said_to_be_one_person:
        raise errors.not_one_patient()
    with transaction.atomic():
        found, made = Registration.objects.get_or_create(
            workitem=workitem,
            fixed=fixed,
            moving=moving,
            method=method,
            input_digest=pair_digest(fixed, moving, method),
            defaults={"requested_by": requested_by, "said_to_be_one_person": not same},
        )
        registration = locked_registration(found.pk)
        if registration.state == _State.FINISHED:
            return registration
        again = registration.state == _State.FAILED
        registration.state, registration.error_code = _State.REQUESTED, ""
        registration.job = job_request(
            kind="register",
            arguments={"registration_id": str(registration.pk)},
            requested_by=requested_by,
            project=workitem.project,
        )
        registration.save(update_fields=["state", "error_code", "job"])
        if made or again:
            audit.record(
                AuditKind.REGISTRATION_REQUESTED, actor=requested_by, object_kind="registration",
                object_id=registration.pk, project=workitem.project,
                detail={"fixed": fixed.pk, "moving": moving.pk, "method": method, "one_patient_number": same},
            )  # fmt: skip
            _tell(registration)
    return registration


def registration_finish(
    *,
    registration: Registration,
    settings: Json,
    numbers: Json,
    verdict: Json,
    transform: bytes,
    moved: Json,
    inconsistency: Json,
) -> Registration:
    """Keep what was found; a second run changes nothing.

    Args:
        transform: as ``Transform.to_bytes``.
        moved, inconsistency: as of ``inference.float_stacks``, on the slices of the fixed series.
    """
    digest = blobs.put(transform)
    with transaction.atomic():
        locked = locked_registration(registration.pk)
        if locked.state == _State.FINISHED:
            return locked
        locked.state, locked.error_code, locked.finished_at = _State.FINISHED, "", timezone.now()
        locked.settings, locked.numbers, locked.verdict = settings, numbers, verdict
        locked.transform_digest, locked.moved, locked.inconsistency = digest, moved, inconsistency
        locked.save()
        audit.record(
            AuditKind.REGISTRATION_FINISHED, actor=None, object_kind="registration", object_id=locked.pk,
            project=locked.workitem.project, detail={"transform": digest, "standing": verdict["standing"]},
        )  # fmt: skip
        _tell(locked)
    return locked


def registration_failed(job: Job) -> None:
    """Write on the alignment why its job came to nothing (the roof calls this after a failed or cancelled job)."""
    with transaction.atomic():
        found = Registration.objects.filter(pk=job.names("registration_id")).first()
        if found is None:
            return
        locked = locked_registration(found.pk)
        if locked.state != _State.REQUESTED or locked.job_id != job.pk:
            return
        locked.state, locked.error_code = _State.FAILED, job.error_code or "job_cancelled"
        locked.save(update_fields=["state", "error_code"])
        _tell(locked)


def registration_cancel(*, registration: Registration, by: User) -> Registration:
    """Stop an alignment that waits or runs; raises Conflict where it is over."""
    if registration.state != _State.REQUESTED or registration.job is None:
        raise errors.registration_is_over()
    job_cancel(job=registration.job, by=by)
    registration.refresh_from_db()
    return registration


def registration_decide(
    *, registration: Registration, by: User, word: str, reason: str, seen: int
) -> RegistrationDecision:
    """Accept or reject an alignment; the latest word counts.

    Args:
        reason: needed to reject, to accept what did not convince the computation, and to change an earlier word.
        seen: how many decisions about it ``by`` has seen.

    Raises:
        Conflict: not finished, or a series has changed. PreconditionFailed: decided meanwhile. Invalid: no reason.
    """
    with transaction.atomic():
        locked = locked_registration(registration.pk)
        if locked.state != _State.FINISHED:
            raise errors.registration_not_finished()
        before = locked.decisions.count()
        if before != seen:
            raise errors.registration_decided_meanwhile()
        if word == _Word.ACCEPTED and is_outdated(locked):
            raise errors.registration_outdated()
        convinced = locked.verdict.get("standing") == "aligned"
        if not reason.strip() and (word == _Word.REJECTED or not convinced or before):
            raise errors.reason_missing()
        decision = RegistrationDecision.objects.create(
            registration=locked, number=before + 1, word=word, reason=reason.strip(), decided_by=by
        )
        audit.record(
            AuditKind.REGISTRATION_DECIDED, actor=by, object_kind="registration", object_id=locked.pk,
            project=locked.workitem.project, detail={"word": word, "number": decision.number},
        )  # fmt: skip
        _tell(locked)
    return decision
