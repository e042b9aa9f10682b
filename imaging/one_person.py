"""Patient numbers that may be one person's: by an admin's word, or because nothing shows that they are two."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from itertools import combinations
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

from django.db.models import Count

from core.digest import digest_of
from imaging.dicom.identity import Statement, has_name
from imaging.dicom.names import may_be_one_name, name_form
from imaging.models import (
    Instance,
    NearCopy,
    NearCopyDecision,
    Patient,
    PatientStatement,
    PictureHash,
    SamePersonDecision,
    Study,
)
from imaging.services.identity import KEY, STATED

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

Key = dict[str, str]
#: Why two numbers count as one person's, in the order in which it is told.
REASONS: Final = (
    "decided", "same_name_and_birth_date", "same_name_no_birth_date", "same_id_other_issuer", "same_picture",
    "confirmed_copy",
)  # fmt: skip
#: A name that more numbers bear is what a site calls everybody ("Research Subject"), and says nothing of a person.
MOST_OF_ONE_NAME: Final = 20


@dataclass(frozen=True, slots=True)
class Link:
    """Two rows of patients that count as one person, and why (``REASONS``)."""

    first: UUID
    second: UUID
    reason: str


def key_of(patient: Patient) -> Key:
    """Return the number of a patient: Patient ID with its issuer, or what stands for a missing one."""
    return {name: str(getattr(patient, name)) for name in KEY}


def pair_of(first: Key, second: Key) -> tuple[str, Key, Key]:
    """Return the digest by which decisions about two numbers meet, and both in their one order."""
    one, other = sorted((first, second), key=digest_of)
    return digest_of([one, other]), one, other


def person_links() -> list[Link]:
    """Return all pairs of patients of the archive that count as one person.

    An admin's latest word about a pair stands before everything that suggests or denies it; who are three by two
    words is left to those who ask (a union of all pairs).
    """
    keys = {row.pk: key_of(row) for row in Patient.objects.only(*KEY)}
    by_key = defaultdict(list)
    for pk, key in keys.items():
        by_key[digest_of(key)].append(pk)
    decided = _decided()
    found = [
        Link(first, second, "decided")
        for first_key, second_key, verdict in decided.values()
        if verdict == SamePersonDecision.Verdict.ONE_PERSON
        for first in by_key[digest_of(first_key)][:1]
        for second in by_key[digest_of(second_key)][:1]
    ]
    for link in _suggested():
        if keys[link.first] == keys[link.second]:
            continue  # told apart or not, what has one number is in one split
        if pair_of(keys[link.first], keys[link.second])[0] not in decided:
            found.append(link)
    return found


def _decided() -> dict[str, tuple[Key, Key, str]]:
    rows = SamePersonDecision.objects.order_by("created_at", "id")
    return {row.pair: (row.first, row.second, row.verdict) for row in rows}


def _suggested() -> Iterator[Link]:
    yield from _same_name_and_birth_date()
    yield from _same_name_no_birth_date()
    yield from _same_id_other_issuer()
    yield from _same_picture()
    yield from _confirmed_copies()


def statements_by_patient(patients: Iterable[UUID]) -> dict[UUID, set[Statement]]:
    """Return what was sent of each patient, in all their studies and in images that contradict them."""
    chosen, found = list(patients), defaultdict(set)
    for patient, *stated in Study.objects.filter(patient__in=chosen).values_list("patient_id", *STATED):
        found[patient].add(Statement(*stated))
    others = PatientStatement.objects.filter(study__patient__in=chosen)
    for patient, *stated in others.values_list("study__patient_id", *STATED):
        found[patient].add(Statement(*stated))
    return found


def _same_name_and_birth_date() -> Iterator[Link]:
    """Yield patients of one birth date whose names may be one."""
    shared = (
        Study.objects.exclude(patient_birth_date=None)
        .values("patient_birth_date")
        .annotate(persons=Count("patient_id", distinct=True))
        .filter(persons__gt=1)
    )
    born: dict[Any, dict[UUID, set[str]]] = defaultdict(lambda: defaultdict(set))
    days = list(shared.values_list("patient_birth_date", flat=True))
    rows = Study.objects.filter(patient_birth_date__in=days)
    said = [*rows.values_list("patient_birth_date", "patient_id", "patient_name")]
    beside = PatientStatement.objects.exclude(patient_birth_date=None)
    said += beside.values_list("patient_birth_date", "study__patient_id", "patient_name")
    for day, patient, name in said:
        if has_name(name):
            born[day][patient].add(name)
    for people in born.values():
        for (one, names), (other, others) in combinations(sorted(people.items()), 2):
            if any(may_be_one_name(name, called) for name in names for called in others):
                yield Link(one, other, "same_name_and_birth_date")


def _same_name_no_birth_date() -> Iterator[Link]:
    """Yield patients of one name one of them never sent with a birth date, where nothing shows that they are two."""
    rows = [*Study.objects.values_list("patient_id", "patient_name", "patient_birth_date")]
    rows += PatientStatement.objects.values_list("study__patient_id", "patient_name", "patient_birth_date")
    called: dict[str, set[UUID]] = defaultdict(set)
    born: set[UUID] = set()
    for patient, name, birth_date in rows:
        if has_name(name):
            called[name_form(name)].add(patient)
        if birth_date is not None:
            born.add(patient)
    groups = [sorted(group) for group in called.values() if 1 < len(group) <= MOST_OF_ONE_NAME and not group <= born]
    stated = statements_by_patient({patient for group in groups for patient in group})
    for group in groups:
        for one, other in combinations(group, 2):
            apart = all(first.differences(second) for first in stated[one] for second in stated[other])
            if not apart and not {one, other} <= born:
                yield Link(one, other, "same_name_no_birth_date")


def _same_id_other_issuer() -> Iterator[Link]:
    """Yield patients of one Patient ID and different issuers whom nothing that was sent shows to be two persons."""
    shared = Patient.objects.exclude(patient_id="").values("patient_id").annotate(rows=Count("id")).filter(rows__gt=1)
    alike = defaultdict(list)
    for row in Patient.objects.filter(patient_id__in=shared.values("patient_id")).order_by("id"):
        alike[row.patient_id].append(row.pk)
    stated = statements_by_patient(pk for group in alike.values() for pk in group)
    for group in alike.values():
        for one, other in combinations(group, 2):
            if any(not first.differences(second) for first in stated[one] for second in stated[other]):
                yield Link(one, other, "same_id_other_issuer")


def _same_picture() -> Iterator[Link]:
    """Yield patients who have one picture, sample by sample; a plain one, which anybody may have, says nothing."""
    plain = PictureHash.objects.filter(code="plain").values("instance")
    rows = Instance.objects.exclude(decoded_digest="").exclude(pk__in=plain)
    shared = (
        rows.values("decoded_digest").annotate(persons=Count("series__study__patient_id", distinct=True))
        .filter(persons__gt=1).values("decoded_digest")
    )  # fmt: skip
    having: dict[str, set[UUID]] = defaultdict(set)
    for digest, patient in rows.filter(decoded_digest__in=shared).values_list(
        "decoded_digest", "series__study__patient_id"
    ):
        having[digest].add(patient)
    for patients in having.values():
        first, *others = sorted(patients)
        yield from (Link(first, other, "same_picture") for other in others)


def _confirmed_copies() -> Iterator[Link]:
    for near in judged_near_copies():
        if near.verdict == NearCopyDecision.Verdict.ONE_PICTURE:
            yield Link(*near.patients, "confirmed_copy")


@dataclass(frozen=True, slots=True)
class JudgedNearCopy:
    """Two pictures that look alike: their SOP Instance UIDs, their patients, and the standing verdict ('' for none)."""

    images: tuple[str, str]
    patients: tuple[UUID, UUID]
    verdict: str


def judged_near_copies() -> list[JudgedNearCopy]:
    """Return all near copies of different patients with what stands about each.

    A word about a file that is not shown any more does not stand.
    """
    verdicts = {
        (row.near_copy_id, row.first_digest, row.second_digest): row.verdict
        for row in NearCopyDecision.objects.order_by("created_at", "id")
    }
    rows = NearCopy.objects.values_list(
        "id", "first__sop_instance_uid", "second__sop_instance_uid", "first__blob_digest", "second__blob_digest",
        "first__series__study__patient_id", "second__series__study__patient_id",
    )  # fmt: skip
    return [
        JudgedNearCopy((one, other), (patient, another), verdicts.get((pk, digest, digest_of_other), ""))
        for pk, one, other, digest, digest_of_other, patient, another in rows
        if patient != another
    ]


@dataclass(frozen=True, slots=True)
class PairOfNumbers:
    """Two patient numbers for somebody who decides: what was sent under each, why they count as one, what was said."""

    first: Patient
    second: Patient
    reasons: list[str]
    stated: dict[UUID, list[Statement]]
    studies: dict[UUID, int]
    decisions: list[SamePersonDecision]


def pairs_of_numbers(limit: int = 200) -> list[PairOfNumbers]:
    """Return pairs that something suggests and nobody decided about first, then those with a decision, newest first."""
    keys = {row.pk: key_of(row) for row in Patient.objects.only(*KEY)}
    said: dict[str, list[SamePersonDecision]] = defaultdict(list)
    for decision in SamePersonDecision.objects.select_related("decided_by").order_by("-created_at", "id"):
        said[decision.pair].append(decision)
    why: dict[str, set[str]] = defaultdict(set)
    rows: dict[str, tuple[UUID, UUID]] = {}
    for link in _suggested():
        if keys[link.first] != keys[link.second]:
            pair = pair_of(keys[link.first], keys[link.second])[0]
            why[pair].add(link.reason)
            rows.setdefault(pair, (link.first, link.second))
    by_key = {digest_of(key): pk for pk, key in reversed(keys.items())}
    for pair, decisions in said.items():
        ends = [by_key.get(digest_of(key)) for key in (decisions[0].first, decisions[0].second)]
        if ends[0] and ends[1]:
            rows.setdefault(pair, (ends[0], ends[1]))
    chosen = sorted(rows, key=lambda pair: (pair in said, pair))[:limit]
    patients = Patient.objects.annotate(held=Count("studies")).in_bulk({pk for pair in chosen for pk in rows[pair]})
    stated = statements_by_patient(patients)
    return [
        PairOfNumbers(
            patients[rows[pair][0]],
            patients[rows[pair][1]],
            [reason for reason in REASONS if reason in why[pair]],
            {pk: sorted(stated[pk], key=str) for pk in rows[pair]},
            {pk: int(getattr(patients[pk], "held", 0)) for pk in rows[pair]},
            said.get(pair, []),
        )
        for pair in chosen
    ]
