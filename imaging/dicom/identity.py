"""What a data set states of its patient, and whether two statements may be of one person (PS3.3 C.7.1.1)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from imaging.dicom.names import may_be_one_name, name_form

_SEXES: Final = {"MALE": "M", "FEMALE": "F", "OTHER": "O", "W": "F", "U": "", "UNKNOWN": "", "N": ""}
#: Names that stand for none.
_NO_NAMES: Final = frozenset({"", "=anonymous=", "=anonymized=", "=anonymised=", "=unknown=", "=none=", "=n/a="})


@dataclass(frozen=True, slots=True)
class Statement:
    """Name, birth date and sex as sent; each may be missing."""

    patient_name: str = ""
    patient_birth_date: date | None = None
    patient_sex: str = ""

    def differences(self, other: Statement) -> list[str]:
        """Return which attributes contradict each other, as DICOM keywords; a missing value contradicts nothing."""
        found = []
        names = (self.patient_name, other.patient_name)
        if not any(name_form(name) in _NO_NAMES for name in names) and not may_be_one_name(*names):
            found.append("PatientName")
        births = (self.patient_birth_date, other.patient_birth_date)
        if None not in births and births[0] != births[1]:
            found.append("PatientBirthDate")
        sexes = (sex_of(self.patient_sex), sex_of(other.patient_sex))
        if all(sexes) and sexes[0] != sexes[1]:
            found.append("PatientSex")
        return found

    def as_json(self) -> dict[str, Any]:
        """Return plain JSON."""
        birth = self.patient_birth_date
        return {
            "patient_name": self.patient_name,
            "patient_birth_date": birth.isoformat() if birth else None,
            "patient_sex": self.patient_sex,
        }

    @classmethod
    def from_json(cls, stated: dict[str, Any]) -> Statement:
        """Return what ``as_json`` wrote."""
        birth = stated["patient_birth_date"]
        return cls(stated["patient_name"], date.fromisoformat(birth) if birth else None, stated["patient_sex"])


def has_name(name: str) -> bool:
    """Say whether a person name names somebody: not empty, and none of the words that stand for no name."""
    return name_form(name) not in _NO_NAMES


def statement_in(values: dict[str, Any]) -> Statement:
    """Return what an instance states of its patient, in the length of the index's columns.

    Args:
        values: from ``imaging.dicom.index_values.patient_values``.
    """
    birth = values["patient_birth_date"]
    born = date.fromisoformat(birth) if birth else None
    return Statement(values["patient_name"][:324], born, values["patient_sex"][:16])


def sex_of(text: str) -> str:
    """Return M, F or O, or nothing where it is missing or unknown."""
    word = text.strip().upper()
    return _SEXES.get(word, word)
