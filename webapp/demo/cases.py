"""Which drawn cases there are, what is true of them, and what their first readers said.

Everything follows from one seed. The second reader mixed two things up: they called nodules consolidation and took no
notice of consolidation. So 35 % of the cases that teach carry the wrong answer. Cases of test patients were all read
with care, so that improvement can be measured.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Literal

import numpy as np

from annotations.dataset.split import patient_key, split_of
from imaging.models import Patient
from webapp.demo.anatomy import Anatomy, draw_anatomy
from webapp.demo.phantoms import LesionKind, Radiograph, draw_radiograph
from webapp.demo.wrapping import radiograph_file

SEED = 20260
ISSUER = "OVERREAD-DEMO"
WRONG_SHARE = 0.35
#: How many cases of each kind; a patient may have several. Patients come until each split has enough of them.
TAUGHT = {"train": 300, "validation": 80, "test": 170}
OPEN, WAITING = 12, 6
CAREFUL, HASTY = "demo-radiologist", "demo-radiologist-2"
Use = Literal["taught", "open", "waiting"]
_FIRST_DAY = dt.date(2026, 1, 5)


@dataclass(frozen=True)
class Case:
    """One drawn study.

    Attributes:
        lesions: what is planted, which is the truth.
        reader: user name of who reads it.
        said: whether they say that a consolidation is present.
    """

    name: str
    number: int
    use: Use
    patient_id: str
    anatomy: Anatomy
    lesions: tuple[LesionKind, ...]
    split: str
    reader: str
    said: bool

    @property
    def truth(self) -> bool:
        """Whether a consolidation is planted."""
        return "opacity" in self.lesions

    @property
    def is_wrong(self) -> bool:
        """Whether the reader is wrong."""
        return self.said != self.truth

    @property
    def study_date(self) -> str:
        """Day of the study, ``YYYYMMDD``."""
        return (_FIRST_DAY + dt.timedelta(days=self.number // 2)).strftime("%Y%m%d")


def _patient_id(number: int) -> str:
    return f"SYN-{number:04d}"


def _split(patient: int) -> str:
    return split_of(patient_key(Patient(patient_id=_patient_id(patient), issuer_of_patient_id=ISSUER)))


def _patients(lots: np.random.Generator) -> list[int]:
    """Return a patient number for each case: two thirds come once, the others two or three times."""
    wanted, numbers, patient = dict(TAUGHT), [], 0
    while any(wanted.values()):
        patient += 1
        comes, split = int(lots.choice([1, 2, 3], p=[0.66, 0.24, 0.10])), _split(patient)
        numbers += [patient] * min(comes, wanted[split])
        wanted[split] = max(0, wanted[split] - comes)
    return numbers + [patient + 1 + number for number in range(OPEN + WAITING)]


def _lesions(lots: np.random.Generator) -> tuple[LesionKind, ...]:
    options: list[tuple[LesionKind, ...]] = [(), ("nodule",), ("opacity",), ("nodule", "opacity")]
    return options[int(lots.choice(4, p=[0.30, 0.24, 0.34, 0.12]))]


@lru_cache(maxsize=1)
def all_cases() -> tuple[Case, ...]:
    """Return every case, in the order of their dates; the split is this installation's own."""
    lots = np.random.default_rng(SEED)
    taught = sum(TAUGHT.values())
    cases: list[Case] = []
    for number, patient in enumerate(_patients(lots), start=1):
        lesions = _lesions(lots)
        use: Use = "taught" if number <= taught else "waiting" if number <= taught + WAITING else "open"
        truth = "opacity" in lesions
        anatomy, split = draw_anatomy(SEED + patient), _split(patient)
        cases.append(
            Case(f"case-{number:04d}", number, use, _patient_id(patient), anatomy, lesions, split, CAREFUL, truth)
        )
    return tuple(_with_mistakes(cases, lots))


def _with_mistakes(cases: list[Case], lots: np.random.Generator) -> list[Case]:
    """Give the second reader their share of the cases that teach, with their mistakes."""
    hasty: set[str] = set()
    for split in ("train", "validation"):
        teaching = [case for case in cases if case.use == "taught" and case.split == split]
        mixed_up = [case for case in teaching if len(case.lesions) == 1]
        plain = [case for case in teaching if len(case.lesions) != 1]
        for group, wanted in ((mixed_up, WRONG_SHARE * len(teaching)), (plain, len(plain) / 4)):
            hasty |= {group[index].name for index in lots.permutation(len(group))[: round(wanted)]}
    return [
        replace(case, reader=HASTY, said="nodule" in case.lesions) if case.name in hasty else case for case in cases
    ]


def draw_case(case: Case) -> Radiograph:
    """Draw the picture of a case."""
    return draw_radiograph(seed=SEED * 10 + case.number, anatomy=case.anatomy, lesions=case.lesions)


def case_file(case: Case, drawn: Radiograph) -> bytes:
    """Return the DICOM file of a case: most have 12 bits, some 8, some are stored inverted."""
    return radiograph_file(
        drawn,
        name=case.name,
        patient_id=case.patient_id,
        issuer=ISSUER,
        study_date=case.study_date,
        bits=8 if case.number % 5 == 0 else 12,
        inverted=case.number % 7 == 0,
    )
