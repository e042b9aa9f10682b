"""Who is who: studies with one Patient ID whose patient modules contradict each other are never merged silently."""

from __future__ import annotations

from itertools import combinations
from typing import TYPE_CHECKING, Any

from django.db import transaction

from core import audit, events
from core.audit_kinds import AuditKind
from core.digest import sha256_hex
from core.errors import Invalid, PreconditionFailed
from core.event_kinds import EventKind
from imaging.dicom.identity import Statement
from imaging.dicom.refusals import refusal
from imaging.models import IdentityDecision, Patient, PatientStatement, Study

if TYPE_CHECKING:
    from core.models import User

#: The columns of a patient's identity (the last one where there is no Patient ID), and those of a statement.
_ISSUED = ("patient_id", "issuer_of_patient_id", "issuer_qualifiers")
KEY = (*_ISSUED, "unidentified")
STATED = ("patient_name", "patient_birth_date", "patient_sex")
_UNKNOWN_PATIENT = "none-"


def identity_key(values: dict[str, Any], study_instance_uid: str) -> dict[str, str]:
    """Return under which identity an instance files its study.

    Without a Patient ID, whatever the issuer, each study is a patient of its own: nobody is merged by accident.

    Args:
        values: from ``imaging.dicom.index_values.patient_values``.
        study_instance_uid: whose study.

    Raises:
        Refused: identity_too_long: it could not be told from another that begins alike.
    """
    if not values["patient_id"]:
        own = _UNKNOWN_PATIENT + sha256_hex(study_instance_uid.encode())[:16]
        return dict.fromkeys(_ISSUED, "") | {"unidentified": own}
    key = {name: str(values[name]) for name in _ISSUED}
    for name, text in key.items():
        field: Any = Patient._meta.get_field(name)
        if len(text) > field.max_length:
            raise refusal("identity_too_long")
    return key | {"unidentified": ""}


def same_key(row: Patient | IdentityDecision) -> dict[str, str]:
    """Return the condition for every row under the same Patient ID and issuer."""
    return {name: getattr(row, name) for name in KEY}


def statement_of(row: Study | PatientStatement) -> Statement:
    """Return what a study (or an instance that contradicts its study) states."""
    return Statement(row.patient_name, row.patient_birth_date, row.patient_sex)


def statements_of(patient: Patient) -> set[Statement]:
    """Return all different statements about a patient."""
    own = patient.studies.values_list(*STATED)
    others = PatientStatement.objects.filter(study__patient=patient).values_list(*STATED)
    return {Statement(*stated) for stated in (*own, *others)}


def standing_decision(patient: Patient) -> list[set[Statement]]:
    """Return who is one person by the latest decision under this Patient ID; empty where there is none."""
    decision = IdentityDecision.objects.filter(**same_key(patient)).order_by("-created_at").first()
    return [{Statement.from_json(one) for one in person} for person in decision.persons] if decision else []


def patient_for(key: dict[str, str], stated: Statement) -> Patient:
    """Return the patient whom a new study is of, locked, made where the Patient ID is new.

    Where an admin told several persons of one ID apart, it is the one whose statements agree; where none or several
    do, the first: ``identity_refresh`` then finds that somebody must decide.
    """
    rows = list(Patient.objects.select_for_update(no_key=True).filter(**key).order_by("person_number"))
    if not rows:
        return Patient.objects.create(**key)
    if len(rows) == 1:
        return rows[0]
    known = {row.pk: statements_of(row) for row in rows}
    exact = [row for row in rows if stated in known[row.pk]]
    fitting = [row for row in rows if not any(one.differences(stated) for one in known[row.pk])]
    return (exact or fitting or rows)[0]


def identity_refresh(patient: Patient) -> bool:
    """Say, and note on the patients under this ID, whether their studies name different persons undecidedly.

    Called inside a transaction that holds the patient's lock.
    """
    rows = list(Patient.objects.filter(**same_key(patient)))
    decided = standing_decision(patient)
    known = {row.pk: statements_of(row) for row in rows}
    for row in rows:
        others = [known[other.pk] for other in rows if other.pk != row.pk]
        clash = _contradicted(known[row.pk], decided) or any(
            _ambiguous(stated, others, decided) for stated in known[row.pk]
        )
        if clash != row.identity_clash:
            Patient.objects.filter(pk=row.pk).update(identity_clash=clash)
        if row.pk == patient.pk:
            patient.identity_clash = clash
    return patient.identity_clash


def _contradicted(stated: set[Statement], decided: list[set[Statement]]) -> bool:
    return any(
        one.differences(other) and not any({one, other} <= person for person in decided)
        for one, other in combinations(stated, 2)
    )


def _ambiguous(stated: Statement, others: list[set[Statement]], decided: list[set[Statement]]) -> bool:
    """Say whether an undecided statement could as well be of another person with the same Patient ID."""
    if any(stated in person for person in decided):
        return False
    return any(known and not any(one.differences(stated) for one in known) for known in others)


def patient_lock(study: Study) -> None:
    """Lock the row of a study's patient, who may be another one by now, and read again what the study states."""
    locked = None
    while locked is None or locked.pk != study.patient_id:
        locked = Patient.objects.select_for_update(no_key=True).filter(pk=study.patient_id).first()
        study.refresh_from_db(fields=["patient", *STATED])


def identity_claim(study: Study, key: dict[str, str]) -> list[str]:
    """Hold the Patient ID and issuer that an instance states against its study's; what was missing is filled in.

    So the order in which the instances of a study arrive says nothing.

    Args:
        study: known, with its patient; changed in place where something was filled in.
        key: of the instance (``identity_key``).

    Returns:
        The keywords in which the study contradicts others under the ID that was filled in.

    Raises:
        Refused: patient_mismatch: the study is known as another patient's.
    """
    said = {name: key[name] for name in _ISSUED if key[name]}
    if all(getattr(study.patient, name) == text for name, text in said.items()):
        return []
    patient_lock(study)
    own = {name: getattr(study.patient, name) for name in _ISSUED}
    if any(own[name] not in ("", text) for name, text in said.items()):
        raise refusal("patient_mismatch")
    study_refile(study, own | said | {"unidentified": ""})
    return clash_differences(study) if study.patient.identity_clash else []


def study_refile(study: Study, key: dict[str, str]) -> None:
    """File a study under another identity, and ask on both sides who is who. Its patient's row is locked."""
    before = study.patient
    if same_key(before) == key:
        return
    study.patient = patient_for(key, statement_of(study))
    study.save(update_fields=["patient"])
    if before.studies.exists():
        identity_refresh(before)
    else:
        before.delete()
    identity_refresh(study.patient)


def statement_note(study: Study, stated: Statement) -> list[str]:
    """Note what an instance of a known study states: what was missing is filled in, a contradiction is kept beside.

    Args:
        study: with its patient; changed in place where something was filled in.
        stated: by the instance.

    Returns:
        The keywords in which it contradicts its study.
    """
    own = statement_of(study)
    differing = own.differences(stated)
    missing = [name for name in STATED if not getattr(own, name) and getattr(stated, name)]
    if not differing and not missing:
        return []
    patient_lock(study)
    if differing:
        stating = {name: getattr(stated, name) for name in STATED}
        if not PatientStatement.objects.filter(study=study, **stating).exists():
            PatientStatement.objects.create(study=study, **stating)
    else:
        for name in missing:
            setattr(study, name, getattr(stated, name))
        study.save(update_fields=missing)
    identity_refresh(study.patient)
    return differing


def decisions_under(patient: Patient) -> int:
    """Return how many decisions there are under the Patient ID of a row; only grows."""
    return IdentityDecision.objects.filter(**same_key(patient)).count()


def identity_decide(
    *, patient: Patient, persons: list[list[Statement]], reason: str, by: User, seen: int | None = None
) -> IdentityDecision:
    """Decide which statements under a Patient ID are of one person, and part the studies accordingly.

    Every study keeps what was sent in it; the decision is appended, never changed; deciding again is allowed.

    Args:
        patient: any of the rows under the Patient ID.
        persons: every statement under the ID, once, by person.
        reason: why, for the audit trail.
        seen: how many decisions under the ID (``decisions_under``) the person knew of; None: all.

    Raises:
        Invalid: reason_missing; persons_wrong: a statement is missing, unknown or named twice.
        PreconditionFailed: decision_moved: somebody decided meanwhile.
    """
    if not reason.strip():
        raise Invalid("reason_missing", "Say why you decide so.")
    with transaction.atomic():
        rows = list(
            Patient.objects.select_for_update(no_key=True).filter(**same_key(patient)).order_by("person_number")
        )
        if seen not in (None, decisions_under(patient)):
            raise PreconditionFailed(
                "decision_moved", "Somebody decided about this Patient ID meanwhile. Load the page again."
            )
        known = set().union(*(statements_of(row) for row in rows))
        named = [stated for person in persons for stated in person]
        if len(named) != len(set(named)) or set(named) != known or not all(persons):
            raise Invalid("persons_wrong", "Name every statement once. New ones may have come: load the page again.")
        decision = IdentityDecision.objects.create(
            **same_key(patient),
            persons=[[stated.as_json() for stated in person] for person in persons],
            reason=reason.strip(),
            decided_by=by,
        )
        moved = _parted(rows, persons)
        for row in Patient.objects.filter(**same_key(patient)):
            identity_refresh(row)
        audit.record(
            AuditKind.IDENTITY_DECIDED, actor=by, object_kind="patient", object_id=rows[0].pk,
            outcome="same" if len(persons) == 1 else "different",
            detail={"decision": str(decision.pk), "persons": len(persons), "studies_moved": moved},
        )  # fmt: skip
        for study in Study.objects.filter(patient__in=Patient.objects.filter(**same_key(patient))):
            for project in study.projects.all():
                events.publish(EventKind.STUDY_CHANGED, study.pk, project=project)
    return decision


def _parted(rows: list[Patient], persons: list[list[Statement]]) -> list[str]:
    """Give each person with a study a row, and each study to its person's; returns the ids of those that changed hands.

    A row without a study would take in whoever comes next: it is deleted.
    """
    key, moved = same_key(rows[0]), list[str]()
    by_number = {row.person_number: row for row in rows}
    studies = list(Study.objects.select_related("patient").filter(patient__in=rows))
    for number, person in enumerate(persons, start=1):
        for study in studies:
            if statement_of(study) not in person or study.patient.person_number == number:
                continue
            if number not in by_number:
                by_number[number] = Patient.objects.create(**key, person_number=number)
            study.patient = by_number[number]
            study.save(update_fields=["patient"])
            moved.append(str(study.pk))
    Patient.objects.filter(**key, studies=None).delete()
    return moved


def clash_message(study: Study, differing: list[str]) -> str:
    """Return the sentence for a sender or reader; ``differing`` are DICOM keywords."""
    words = {"PatientName": "name", "PatientBirthDate": "birth date", "PatientSex": "sex"}
    what = ", ".join(words[keyword] for keyword in differing) or "name, birth date or sex"
    if study.patient.unidentified:
        return (
            f"Another image of this study has another {what}. The study shows one of them; "
            "an admin decides whether they are of one person."
        )
    return (
        f"Another study or image under this Patient ID has another {what}. Each study shows what was sent in it; "
        "an admin decides whether they are one person."
    )


def clash_differences(study: Study) -> list[str]:
    """Return the keywords in which statements under the study's patient contradict the study's own."""
    own, found = statement_of(study), set[str]()
    for stated in statements_of(study.patient):
        found |= set(own.differences(stated))
    return sorted(found)
