"""Which drawn cases there are, what is true of them, and what their first readers said.

Everything follows from one seed. The second reader mixed two things up: they called nodules consolidation and took no
notice of consolidation. So 30 % of the cases that teach carry the wrong answer. Cases of test patients were all
read with care, so that improvement can be measured.

What a visit's picture shows follows from its patient and visit alone; which patients teach, and who reads them, from
how this installation splits them.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import asdict, dataclass
from functools import lru_cache
from typing import Literal

import numpy as np

from annotations.dataset.split import patient_key, split_of
from imaging.models import Patient
from webapp.demo.anatomy import draw_anatomy
from webapp.demo.phantoms import LesionKind, Radiograph, draw_radiograph
from webapp.demo.wrapping import demo_uid, radiograph_file

SEED = 20260
ISSUER = "OVERREAD-DEMO"
WRONG_SHARE = 0.30
#: How many cases of each kind; a patient may have several. Patients come until each split has enough of them.
TAUGHT = {"train": 300, "validation": 80, "test": 170}
OPEN, WAITING = 12, 6
CAREFUL, HASTY = "demo-radiologist", "demo-radiologist-2"
Use = Literal["taught", "open", "waiting"]
_FIRST_DAY = dt.date(2026, 1, 5)
#: What may be planted, and how often.
_PLANTED: tuple[tuple[tuple[LesionKind, ...], float], ...] = (
    ((), 0.30),
    (("nodule",), 0.24),
    (("opacity",), 0.34),
    (("nodule", "opacity"), 0.12),
)
#: How often a patient comes once, twice, three times.
_COMES = (0.66, 0.24, 0.10)


@dataclass(frozen=True)
class Visit:
    """One drawn study: what its picture shows.

    Attributes:
        lesions: what is planted, which is the truth.
    """

    patient: int
    visit: int
    lesions: tuple[LesionKind, ...]

    @property
    def name(self) -> str:
        """The name that its UIDs are made from."""
        return f"visit-{self.patient:04d}-{self.visit}"

    @property
    def patient_id(self) -> str:
        """DICOM Patient ID."""
        return f"SYN-{self.patient:04d}"

    @property
    def study_instance_uid(self) -> str:
        """DICOM Study Instance UID."""
        return str(demo_uid(self.name, "study"))

    @property
    def truth(self) -> bool:
        """Whether a consolidation is planted."""
        return "opacity" in self.lesions

    @property
    def study_date(self) -> str:
        """Day of the study, ``YYYYMMDD``: three new patients a day, who come again after a month."""
        return (_FIRST_DAY + dt.timedelta(days=self.patient // 3 + 30 * (self.visit - 1))).strftime("%Y%m%d")


@dataclass(frozen=True)
class Case(Visit):
    """A visit with its part in the story.

    Attributes:
        reader: user name of who reads it.
        said: whether they say that a consolidation is present.
    """

    use: Use
    split: str
    reader: str
    said: bool

    @property
    def is_wrong(self) -> bool:
        """Whether the reader is wrong."""
        return self.said != self.truth


def visits_of(patient: int) -> tuple[Visit, ...]:
    """Return a patient's visits."""
    lots = np.random.default_rng([SEED, patient])
    comes = 1 + int(lots.choice(len(_COMES), p=_COMES))
    planted = [_PLANTED[int(lots.choice(len(_PLANTED), p=[share for _, share in _PLANTED]))][0] for _ in range(comes)]
    return tuple(Visit(patient, number, lesions) for number, lesions in enumerate(planted, start=1))


def visit_shown(*, patient_id: str, study_instance_uid: str) -> Visit:
    """Return what was drawn as this study."""
    visits = visits_of(int(patient_id.removeprefix("SYN-")))
    return next(visit for visit in visits if visit.study_instance_uid == study_instance_uid)


@lru_cache(maxsize=1)
def all_cases() -> tuple[Case, ...]:
    """Return every case; the split is this installation's own."""
    taught: dict[str, list[Visit]] = {split: [] for split in TAUGHT}
    patient = 0
    while any(len(taught[split]) < wanted for split, wanted in TAUGHT.items()):
        patient += 1
        split = _split(patient)
        taught[split] += visits_of(patient)[: TAUGHT[split] - len(taught[split])]
    cases = [case for split in TAUGHT for case in _taught(taught[split], split)]
    cases.sort(key=lambda case: (case.patient, case.visit))
    for number in range(WAITING + OPEN):
        patient += 1
        visit = visits_of(patient)[0]
        use: Use = "waiting" if number < WAITING else "open"
        cases.append(_case(visit, use, _split(patient)))
    return tuple(cases)


def _split(patient: int) -> str:
    return split_of(patient_key(Patient(patient_id=Visit(patient, 1, ()).patient_id, issuer_of_patient_id=ISSUER)))


def _case(visit: Visit, use: Use, split: str, *, hasty: bool = False) -> Case:
    said = "nodule" in visit.lesions if hasty else visit.truth
    return Case(**asdict(visit), use=use, split=split, reader=HASTY if hasty else CAREFUL, said=said)


def _taught(visits: list[Visit], split: str) -> list[Case]:
    """Give the second reader their share of the cases that teach, with their mistakes; who tests is read with care."""
    hasty: set[str] = set()
    if split != "test":
        lots = np.random.default_rng([SEED, len(split)])
        mixed_up = [visit for visit in visits if len(visit.lesions) == 1]
        plain = [visit for visit in visits if len(visit.lesions) != 1]
        for group, wanted in ((mixed_up, WRONG_SHARE * len(visits)), (plain, len(plain) / 4)):
            hasty |= {group[index].name for index in lots.permutation(len(group))[: round(wanted)]}
    return [_case(visit, "taught", split, hasty=visit.name in hasty) for visit in visits]


def draw_visit(visit: Visit) -> Radiograph:
    """Draw the picture of a visit."""
    anatomy = draw_anatomy(SEED + visit.patient)
    return draw_radiograph(
        seed=SEED * 10_000 + visit.patient * 10 + visit.visit, anatomy=anatomy, lesions=visit.lesions
    )


def visit_file(visit: Visit, drawn: Radiograph) -> bytes:
    """Return the DICOM file of a visit: most have 12 bits, some 8, some are stored inverted."""
    return radiograph_file(
        drawn,
        name=visit.name,
        patient_id=visit.patient_id,
        issuer=ISSUER,
        study_date=visit.study_date,
        bits=8 if visit.patient % 5 == 0 else 12,
        inverted=visit.patient % 7 == 0,
    )
