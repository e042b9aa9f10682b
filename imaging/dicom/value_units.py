"""What a modality value is a number of."""

from __future__ import annotations

import re
from dataclasses import dataclass

from imaging.dicom.header_values import FrameHeader, number
from imaging.dicom.json_model import Json, first_value, items


@dataclass(frozen=True, slots=True)
class ValueUnit:
    """The unit of a frame's modality values.

    Attributes:
        word: as a reader writes it (HU, BQML, …); empty where the image does not say.
        suv_factor: takes a modality value to SUV by body weight; None where that is not proven.
        suv_reason: code of why there is no SUV; empty where there is one, or where nobody expects one.
    """

    word: str
    suv_factor: float | None = None
    suv_reason: str = ""


def value_unit(header: FrameHeader) -> ValueUnit:
    """Return the unit of a frame's modality values."""
    instance = header.instance
    modality = str(first_value(instance, "00080060") or "")
    if modality == "PT":
        factor = _suv_factor(instance)
        return ValueUnit(str(first_value(instance, "00541001") or ""), factor, "" if factor else "suv_not_proven")
    if modality == "RTDOSE":
        return ValueUnit("Gy" if str(first_value(instance, "30040002") or "") == "GY" else "")
    named = str(first_value(header.macro("00289145"), "00281054") or "")
    if named and named != "US":
        return ValueUnit(named)
    return ValueUnit("HU" if modality == "CT" and not named else "")


def _seconds(time: object) -> float | None:
    found = re.match(r"(\d{2})(\d{2})?(\d{2}(?:\.\d+)?)?", str(time or ""))
    return int(found[1]) * 3600 + int(found[2] or 0) * 60 + float(found[3] or 0) if found else None


def _suv_factor(header: Json) -> float | None:
    if str(first_value(header, "00541001") or "") != "BQML":
        return None
    drug = next(items(header, "00540016"), {})
    weight, dose, half_life = number(header, "00101030"), number(drug, "00181074"), number(drug, "00181075")
    started = _seconds(first_value(header, "00080031"))
    injected = _seconds(first_value(drug, "00181072") or str(first_value(drug, "00181078") or "")[8:14])
    if not weight or not dose or not half_life or started is None or injected is None:
        return None
    decay = str(first_value(header, "00541102") or "")
    if decay == "ADMIN":
        return weight * 1000 / dose
    if decay != "START" or started < injected:
        return None
    return float(weight * 1000 / (dose * 2 ** (-(started - injected) / half_life)))
