"""Reads for those who decide: Patient IDs that name several persons, and versions of one instance."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from uuid import UUID

from django.db.models import Prefetch, QuerySet

from core.errors import NotFound
from imaging.dicom.identity import Statement
from imaging.dicom.versions import Difference, header_differences
from imaging.models import ConflictDecision, IdentityDecision, InstanceConflict, Patient, PatientStatement, Study
from imaging.selectors import header_of_digest
from imaging.services.identity import KEY, same_key, statement_of

if TYPE_CHECKING:
    from collections.abc import Iterable


@dataclass(frozen=True, slots=True)
class Stated:
    """One statement under a Patient ID, whose it is held to be, and the studies in which it was sent."""

    statement: Statement
    person: int
    studies: list[Study]


@dataclass(frozen=True, slots=True)
class IdentityGroup:
    """All that was sent under one Patient ID and issuer."""

    patient: Patient
    is_open: bool
    statements: list[Stated]
    decisions: list[IdentityDecision]


def identity_groups(*, decided: bool) -> list[IdentityGroup]:
    """Return the Patient IDs that wait for a decision, or those that have one and wait for none; newest first."""
    clashing = Patient.objects.filter(identity_clash=True).order_by("-created_at")
    waiting = {tuple(getattr(row, name) for name in KEY): row for row in clashing}
    if not decided:
        return [identity_group(row) for row in waiting.values()]
    found: dict[tuple[Any, ...], Patient] = {}
    for decision in IdentityDecision.objects.order_by("-created_at"):
        key = tuple(getattr(decision, name) for name in KEY)
        if key not in waiting and key not in found:
            row = Patient.objects.filter(**same_key(decision)).order_by("person_number").first()
            if row is not None:
                found[key] = row
    return [identity_group(row) for row in found.values()]


def identity_group(patient: Patient) -> IdentityGroup:
    """Return all that was sent under the Patient ID of this row."""
    rows = list(Patient.objects.filter(**same_key(patient)).order_by("person_number"))
    by_statement: dict[Statement, Stated] = {}
    for row in rows:
        studies = row.studies.prefetch_related(
            Prefetch("other_statements", PatientStatement.objects.order_by("created_at")), "projects"
        )
        for study in studies.order_by("study_date", "created_at"):
            for stated in _stated_in(study):
                known = by_statement.setdefault(stated, Stated(stated, row.person_number, []))
                known.studies.append(study)
    decisions = IdentityDecision.objects.filter(**same_key(patient)).select_related("decided_by")
    return IdentityGroup(
        patient=rows[0],
        is_open=any(row.identity_clash for row in rows),
        statements=list(by_statement.values()),
        decisions=list(decisions.order_by("-created_at")),
    )


def _stated_in(study: Study) -> Iterable[Statement]:
    yield statement_of(study)
    for row in study.other_statements.all():
        yield statement_of(row)


def conflict_rows(*, decided: bool) -> QuerySet[InstanceConflict]:
    """Return the conflicts that wait for a decision, or those that have one; newest first."""
    rows = InstanceConflict.objects.select_related("instance__series__study__patient", "received_by")
    decisions = ConflictDecision.objects.select_related("decided_by").order_by("-created_at")
    rows = rows.prefetch_related(Prefetch("decisions", decisions), "instance__series__study__projects")
    return rows.filter(decisions__isnull=not decided).distinct().order_by("-created_at")


def conflict_differences(conflict: InstanceConflict) -> list[Difference]:
    """Return in which attributes the version of first arrival and the other one differ; empty where one is lost."""
    if not conflict.header_digest:
        return []
    try:
        return header_differences(
            header_of_digest(conflict.first_header_digest), header_of_digest(conflict.header_digest)
        )
    except NotFound:
        return []


def access_conflict(id: UUID | str) -> InstanceConflict:
    """Return one conflict, for somebody who may decide; raises NotFound."""
    rows = InstanceConflict.objects.select_related("instance__series__study__patient", "received_by")
    found = rows.filter(pk=id).first()
    if found is None:
        raise NotFound("conflict_not_found", "There is no such conflict.")
    return found


def access_patient(id: UUID | str) -> Patient:
    """Return one patient row, for somebody who may decide; raises NotFound."""
    found = Patient.objects.filter(pk=id).first()
    if found is None:
        raise NotFound("patient_not_found", "There is no such patient.")
    return found
