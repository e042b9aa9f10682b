"""The subgroups of a case that figures are told apart by: sex, age, view, scanner."""

from __future__ import annotations

from datetime import date
from typing import Any, Final

from core.numbers import whole
from imaging.dicom.identity import sex_of
from imaging.models import Series, Study

Json = dict[str, Any]
_BANDS: Final = ((18, "0-17"), (40, "18-39"), (60, "40-59"), (80, "60-79"), (200, "80+"))


def groups_of(study: Study, series: Series) -> Json:
    """Return the subgroups of a case: ``{sex, age_band, view, scanner}``; ``unknown`` where nothing is said."""
    scanner = " ".join(part for part in (series.manufacturer, series.manufacturer_model_name) if part)
    return {
        "sex": sex_of(study.patient_sex) or "unknown",
        "age_band": age_band(study.patient_age, study.patient_birth_date, study.study_date),
        "view": series.view_position or "unknown",
        "scanner": scanner or "unknown",
    }


def age_band(patient_age: str, birth_date: date | None, study_date: date | None) -> str:
    """Return the age band at the study, from Patient's Age (``063Y``, ``011M``, …) or the birth date."""
    years: float | None = None
    per_year = {"Y": 1.0, "M": 12.0, "W": 52.18, "D": 365.25}
    number = whole(patient_age[:-1])
    if number is not None and patient_age[-1] in per_year:
        years = number / per_year[patient_age[-1]]
    elif birth_date and study_date:
        years = (study_date - birth_date).days / 365.25
    if years is None or not 0 <= years < 200:
        return "unknown"
    return next(name for limit, name in _BANDS if years < limit)
