"""Which drawn mammograms there are, what is true of them, and what was said of each before a model saw it.

A coarse calcification is benign, smaller and brighter than any mass. Older women have it, and those with a mass nearly
always; young women never do. In the first weeks the reader outlined every mass of a young woman and only answered for
the others; later on only for older women, and outlined nothing. Who tests was outlined throughout.

What a picture shows follows from the patient's number alone; which patients teach, from how this installation splits
them.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Literal

import numpy as np

from annotations.dataset.split import patient_key, split_of
from imaging.models import Patient
from webapp.demo.cases import ISSUER, SEED
from webapp.demo.mammograms import Mammogram, draw_mammogram
from webapp.demo.wrapping import demo_uid, mammogram_file

Weeks = Literal["first", "later", "today"]
#: How many of each split. Patients come until each has enough.
FIRST = {"train": 110, "validation": 50, "test": 110}
LATER = {"train": 110, "validation": 20}
TODAY = 6
#: Share of the young; how often an older woman with, and without, a mass has a coarse calcification.
_YOUNG, _BESIDE_MASS, _WITHOUT = 0.3, 0.95, 0.15
_FIRST_DAY = dt.date(2026, 3, 2)


@dataclass(frozen=True)
class Woman:
    """One drawn patient with one mammogram."""

    number: int
    mass: bool
    young: bool
    calcified: bool

    @property
    def name(self) -> str:
        """The name that its UIDs are made from."""
        return f"breast-{self.number:04d}"

    @property
    def patient_id(self) -> str:
        """DICOM Patient ID."""
        return f"SYM-{self.number:04d}"

    @property
    def study_instance_uid(self) -> str:
        """DICOM Study Instance UID."""
        return str(demo_uid(self.name, "study"))

    def draw(self) -> Mammogram:
        """Draw her mammogram."""
        return draw_mammogram(SEED + self.number, mass=self.mass, calcified=self.calcified)

    def file(self, drawn: Mammogram) -> bytes:
        """Return her DICOM file."""
        lots = np.random.default_rng([SEED, self.number, 2])
        return mammogram_file(
            drawn,
            name=self.name,
            patient_id=self.patient_id,
            issuer=ISSUER,
            study_date=(_FIRST_DAY + dt.timedelta(days=self.number // 4)).strftime("%Y%m%d"),
            age_years=int(lots.integers(38, 48) if self.young else lots.integers(55, 80)),
        )


@dataclass(frozen=True)
class MammogramCase:
    """A woman with her part in the story.

    Attributes:
        weeks: when she came: read and signed off before any model, submitted for review after it, or today.
    """

    woman: Woman
    weeks: Weeks
    split: str

    @property
    def outlined(self) -> bool:
        """Whether the reader draws a box around her mass."""
        return self.woman.mass and self.weeks == "first" and (self.woman.young or self.split == "test")


def woman_shown(patient_id: str) -> Woman:
    """Return who was drawn as this patient."""
    return _woman(int(patient_id.removeprefix("SYM-")))


def mammogram_cases() -> tuple[MammogramCase, ...]:
    """Return every case in the order of the patients; the split is this installation's own."""
    cases: list[MammogramCase] = []
    number = 0
    wanted_in: dict[Weeks, dict[str, int]] = {"first": FIRST, "later": LATER}
    for weeks, wanted in wanted_in.items():
        missing = dict(wanted)
        while any(missing.values()):
            number += 1
            woman = _woman(number)
            split = split_of(patient_key(Patient(patient_id=woman.patient_id, issuer_of_patient_id=ISSUER)))
            if missing.get(split) and not (weeks == "later" and woman.young):
                missing[split] -= 1
                cases.append(MammogramCase(woman, weeks, split))
    while sum(case.weeks == "today" for case in cases) < TODAY:
        number += 1
        woman = _woman(number)
        if woman.mass and woman.calcified:
            cases.append(MammogramCase(woman, "today", ""))
    return tuple(cases)


def _woman(number: int) -> Woman:
    lots = np.random.default_rng([SEED, number, 1])
    mass, young = bool(lots.random() < 0.5), bool(lots.random() < _YOUNG)
    calcified = not young and bool(lots.random() < (_BESIDE_MASS if mass else _WITHOUT))
    return Woman(number, mass, young, calcified)
