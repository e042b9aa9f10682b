"""Whom a dataset goes without: patients who were withdrawn from teaching, and readers whose work was."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from uuid import UUID

from annotations.dataset.split import keyed
from annotations.models import Withdrawal
from core.digest import digest_of
from imaging.models import Study
from imaging.one_person import key_of

if TYPE_CHECKING:
    from collections.abc import Iterable

    from annotations.dataset.sides import Sides
    from annotations.models import Workitem
    from annotations.rules.standing import Standing
    from imaging.models import Patient


@dataclass
class Withheld:
    """Who teaches nothing now: persons (by the pseudonym that stands for them) and readers."""

    persons: set[str] = field(default_factory=set)
    readers: set[UUID] = field(default_factory=set)

    def why(self, workitem: Workitem, people: set[UUID], sides: Sides) -> str:
        """Return the code under which a case is left out; empty where it may teach."""
        key = sides.keys[workitem.study.patient_id]
        if sides.person(key) in self.persons:
            return "patient_withdrawn"
        return "reader_withdrawn" if people & self.readers else ""


def patient_subject(patient: Patient) -> str:
    """Return by what withdrawals of one patient number meet."""
    return digest_of(key_of(patient))


def standing_withdrawals() -> list[Withdrawal]:
    """Return the latest word about everybody of whom it says that they teach no more, oldest first."""
    latest = {(row.kind, row.subject): row for row in Withdrawal.objects.select_related("reader", "decided_by")}
    return [row for row in latest.values() if row.withdrawn]


def withheld_now(sides: Sides) -> Withheld:
    """Return who teaches nothing now; a patient is withdrawn under all numbers that count as theirs."""
    found = Withheld()
    for row in standing_withdrawals():
        if row.reader_id:
            found.readers.add(row.reader_id)
        else:
            found.persons |= _persons(sides, row.study_instance_uids, row.patient_number or {})
    return found


def _persons(sides: Sides, uids: Iterable[str], number: dict[str, str]) -> set[str]:
    rows = Study.objects.filter(study_instance_uid__in=list(uids))
    named = Study.objects.filter(**{f"patient__{name}": text for name, text in number.items()})
    patients = {*rows.values_list("patient_id", flat=True), *named.values_list("patient_id", flat=True)}
    return {sides.person(sides.keys[patient]) for patient in patients}


def studies_withdrawn(row: Withdrawal, sides: Sides) -> set[str]:
    """Return all studies of a withdrawn patient, by UID, under every number that counts as theirs."""
    if row.reader_id:
        return set()
    persons = _persons(sides, row.study_instance_uids, row.patient_number or {})
    patients = [pk for pk, key in sides.keys.items() if sides.person(key) in persons]
    named = Study.objects.filter(patient__in=patients).values_list("study_instance_uid", flat=True)
    return {*row.study_instance_uids, *named}


def people_of(workitem: Workitem, standings: Iterable[Standing]) -> set[UUID]:
    """Return whose work a signed-off case is: who read it, changed it, judged it and signed it off."""
    found = {workitem.reviewer_id, *(reading.reader_id for reading in workitem.readings_that_count)}
    for one in standings:
        if not one.finding.deleted:
            head, review = one.finding.head, one.review
            found |= {head.author_id if head else None, review.reviewer_id if review else None}
    return {person for person in found if person is not None}


def person_pseudonym(person: UUID) -> str:
    """Return the pseudonym of a person who read: the same on this site for ever, useless without its key."""
    return keyed("reader", str(person)).hex()[:32]
