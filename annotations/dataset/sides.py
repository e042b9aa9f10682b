"""On which side of the split every patient stands: numbers that may be one person's stand on one side, the strictest.

Nobody can leak from training into the test by having two numbers, because numbers count as one person's wherever
nothing shows that they are two (``imaging.one_person``).
"""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from annotations.dataset.split import SPLITS, patient_key, split_of
from imaging.dicom.identity import has_name
from imaging.models import Patient
from imaging.one_person import person_links, statements_by_patient

if TYPE_CHECKING:
    from collections.abc import Iterable
    from uuid import UUID


class Union:
    """Sets of names that grow together: who is joined with whom, over any number of steps."""

    def __init__(self) -> None:
        self._above: dict[str, str] = {}
        self._heads: set[str] = set()

    def top(self, name: str) -> str:
        """Return the name that stands for all that are joined with this one."""
        path = []
        while name in self._above:
            path.append(name)
            name = self._above[name]
        for passed in path:
            self._above[passed] = name
        return name

    def join(self, one: str, other: str) -> None:
        """Join two names, and with them all that were joined with either; the smallest stands for all."""
        first, second = sorted((self.top(one), self.top(other)))
        if first != second:
            self._above[second] = first
            self._heads.add(first)

    def stands_for_others(self, name: str) -> bool:
        """Say whether others were joined with this name, which stands for them."""
        return name in self._heads


@dataclass
class Sides:
    """Where everybody stands.

    Attributes:
        keys: pseudonym by row of a patient.
        unidentified: pseudonyms of studies without a Patient ID.
        nobody: those of them of whom neither name nor birth date is known: they could be anybody.
        reasons: why numbers count as one person's, by the pseudonym that stands for them, with how many pairs.
    """

    keys: dict[UUID, str] = field(default_factory=dict)
    unidentified: set[str] = field(default_factory=set)
    nobody: set[str] = field(default_factory=set)
    undecided: set[str] = field(default_factory=set)
    reasons: dict[str, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))
    joined: Union = field(default_factory=Union)
    _split: dict[str, str] = field(default_factory=dict)
    members: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))

    def person(self, key: str) -> str:
        """Return the pseudonym that stands for a person, whichever of their numbers is asked about."""
        return self.joined.top(key)

    def split(self, key: str) -> str:
        """Return the split of a person: the strictest of their numbers' own."""
        return self._split.get(self.person(key)) or split_of(key)

    def settle(self) -> Sides:
        """Find each person's split once all numbers are joined."""
        for key in set(self.keys.values()):
            self.members[self.person(key)].add(key)
        for person, keys in self.members.items():
            self._split[person] = strictest(split_of(key) for key in keys)
        return self


def strictest(splits: Iterable[str]) -> str:
    """Return the strictest of some splits: test before validation before train."""
    return max(splits, key=SPLITS.index)


def sides_of_archive() -> Sides:
    """Return where every patient of the archive stands now; a project more or less moves nobody."""
    sides = Sides()
    for patient in Patient.objects.order_by("id").iterator(chunk_size=2000):
        key = sides.keys[patient.pk] = patient_key(patient)
        if patient.unidentified:
            sides.unidentified.add(key)
        if patient.identity_clash:
            sides.undecided.add(key)
    links = person_links()
    for link in links:
        sides.joined.join(sides.keys[link.first], sides.keys[link.second])
    for link in links:
        sides.reasons[sides.person(sides.keys[link.first])][link.reason] += 1
    sides.nobody = _nobody(sides)
    return sides.settle()


def _nobody(sides: Sides) -> set[str]:
    nameless = {pk: key for pk, key in sides.keys.items() if key in sides.unidentified}
    stated = statements_by_patient(nameless)
    return {
        key
        for pk, key in nameless.items()
        if not any(has_name(one.patient_name) and one.patient_birth_date for one in stated.get(pk, ()))
    }
