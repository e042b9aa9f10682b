"""Withdrawing a patient, or a reader's work, from teaching; and letting them teach again."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import transaction

from annotations.dataset.withheld import patient_subject, standing_withdrawals
from annotations.models import Withdrawal
from core import audit, events
from core.audit_kinds import AuditKind
from core.errors import Conflict, Invalid
from core.event_kinds import EventKind
from core.models import Project, User
from imaging.one_person import key_of

if TYPE_CHECKING:
    from imaging.models import Patient


def patient_withdraw(*, patient: Patient, withdrawn: bool, reason: str, by: User) -> Withdrawal:
    """Withdraw a patient from teaching, or let them teach again; what was frozen stays as it is.

    Everything under the patient's number, and under numbers that count as the same person's, is left out of the
    datasets that are frozen from now on.

    Raises:
        Invalid: reason_missing. Conflict: already_so.
    """
    studies = list(patient.studies.order_by("study_instance_uid").values_list("study_instance_uid", flat=True))
    before = None if withdrawn else _withdrawn_before(studies)
    row = Withdrawal(
        kind=Withdrawal.Kind.PATIENT,
        subject=before.subject if before else patient_subject(patient),
        patient_number=before.patient_number if before else key_of(patient),
        study_instance_uids=studies, withdrawn=withdrawn, reason=reason.strip()[:500], decided_by=by,
    )  # fmt: skip
    return _kept(row, str(patient.pk))


def _withdrawn_before(studies: list[str]) -> Withdrawal | None:
    """Return the standing withdrawal that named one of these studies, under whatever number they were filed then."""
    return next((row for row in standing_withdrawals() if set(row.study_instance_uids) & set(studies)), None)


def reader_withdraw(*, reader: User, withdrawn: bool, reason: str, by: User) -> Withdrawal:
    """Withdraw a reader's work from teaching, or let it teach again.

    Cases that they read, changed, judged or signed off are left out of the datasets that are frozen from now on.

    Raises:
        Invalid: reason_missing. Conflict: already_so.
    """
    row = Withdrawal(
        kind=Withdrawal.Kind.READER, subject=str(reader.pk), reader=reader, withdrawn=withdrawn,
        reason=reason.strip()[:500], decided_by=by,
    )  # fmt: skip
    return _kept(row, str(reader.pk))


def _kept(row: Withdrawal, object_id: str) -> Withdrawal:
    if not row.reason:
        raise Invalid("reason_missing", "Say why, in words that can be read in years.")
    with transaction.atomic():
        latest = Withdrawal.objects.filter(kind=row.kind, subject=row.subject).last()
        if (latest is not None and latest.withdrawn) == row.withdrawn:
            word = "withdrawn already" if row.withdrawn else "not withdrawn"
            raise Conflict("already_so", f"They are {word}. Load the page again.")
        row.save(force_insert=True)
        audit.record(
            AuditKind.TEACHING_WITHDRAWN, actor=row.decided_by, object_kind=row.kind, object_id=object_id,
            outcome="withdrawn" if row.withdrawn else "teaches_again", detail={"withdrawal": str(row.pk)},
        )  # fmt: skip
        for project in Project.objects.all():
            events.publish(EventKind.PROJECT_CHANGED, project.pk, project=project)
    return row
