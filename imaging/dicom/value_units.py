"""In which unit the modality values of a frame are, and what proves it (PS3.3 C.11.1, C.8.2.1, C.7.6.16.2.11)."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Literal

from imaging.dicom.header_values import FrameHeader, frame_type, is_localizer, number, word
from imaging.dicom.json_model import items
from imaging.dicom.real_world import Line, real_world_maps
from imaging.dicom.suv import Suv, suv_of

UnitSource = Literal[
    "rescale_type", "modality_lut_type", "ct_image", "pet_units", "real_world_value_map", "dose_units", "none"
]

_HOUNSFIELD: Final = "HU"
_CT_CLASSES: Final = frozenset({"1.2.840.10008.5.1.4.1.1.2", "1.2.840.10008.5.1.4.1.1.2.2"})
#: Defined terms of Rescale Type and Modality LUT Type (PS3.3 C.11.1.1.2) as they are written beside a value.
_TYPES: Final[dict[str, str]] = {
    "HU": _HOUNSFIELD,
    "OD": "OD × 1000",
    "MGML": "mg/ml",
    "Z_EFF": "Z eff",
    "ED": "10²³ electrons/ml",
    "EDW": "% electron density of water",
    "HU_MOD": "HU (modified)",
    "PCT": "%",
}
#: Modalities whose values are X-ray attenuation, so that a Hounsfield unit can be meant.
_ATTENUATION: Final = frozenset({"CT", "PT", "XA", "OT", "RTIMAGE", "DX", "CR", "PX"})
#: Defined terms of Units (0054,1001), PS3.3 C.8.9.1.
_PET_UNITS: Final[dict[str, str]] = {
    "CNTS": "counts",
    "NONE": "",
    "CM2": "cm²",
    "CM2ML": "cm²/ml",
    "PCNT": "%",
    "CPS": "counts/s",
    "BQML": "Bq/ml",
    "MGMINML": "mg/min/ml",
    "UMOLMINML": "µmol/min/ml",
    "MLMING": "ml/min/g",
    "MLG": "ml/g",
    "1CM": "1/cm",
    "UMOLML": "µmol/ml",
    "PROPCNTS": "∝ counts",
    "PROPCPS": "∝ counts/s",
    "MLMINML": "ml/min/ml",
    "MLML": "ml/ml",
    "GML": "g/ml",
    "STDDEV": "standard deviations",
}


@dataclass(frozen=True, slots=True)
class ValueUnit:
    """The unit of a frame's modality values.

    Attributes:
        word: as it is written beside a value; empty where nothing proves one.
        source: what proves it.
        suv: for PET, what makes uptake of the values, or why nothing does.
    """

    word: str
    source: UnitSource = "none"
    suv: Suv | None = None

    @property
    def shown(self) -> tuple[str, float]:
        """(unit, factor) in which people are shown the values: uptake where it is known."""
        if self.suv is not None and self.suv.factor is not None:
            return self.suv.unit, self.suv.factor
        return self.word, 1.0


def value_unit(frame: FrameHeader, line: Line, first_acquired: datetime | None = None) -> ValueUnit:
    """Return the unit of a frame's modality values, with the way to uptake.

    Args:
        frame: the header as the frame sees it.
        line: (slope, intercept) from stored to modality values.
        first_acquired: when the first image of its series was acquired.
    """
    word_, source = unit_of(frame, line)
    return ValueUnit(word_, source, suv_of(frame, line, first=first_acquired))


def unit_of(frame: FrameHeader, line: Line) -> tuple[str, UnitSource]:
    """Return the unit of a frame's modality values and what proves it.

    Hounsfield units only where they are proven: by Rescale Type, by a coded unit, or in a CT image whose Image Type
    does not say derived or localizer and that has no Rescale Type (type 1C: absent means HU), nor several energies.

    Args:
        frame: the header as the frame sees it.
        line: (slope, intercept) from stored to modality values.
    """
    header = frame.instance
    modality = word(header, "00080060").upper()
    table = next(items(header, "00283000"), None)
    if table is not None:
        return _typed(word(table, "00283004"), modality, "modality_lut_type")
    if modality == "PT":
        units = word(header, "00541001").upper()
        if units:
            return _PET_UNITS.get(units, units), "pet_units" if units != "NONE" else "none"
    if modality == "RTDOSE":
        return ("Gy", "dose_units") if word(header, "30040002").upper() == "GY" else ("", "none")
    kind = word(frame.macro("00289145"), "00281054") or word(header, "00281054")
    if kind:
        found = _typed(kind, modality, "rescale_type")
        if found[0]:
            return found
    mapped = _by_real_world(frame, line)
    if mapped is not None:
        return mapped
    if not kind and _is_plain_ct(frame):
        return _HOUNSFIELD, "ct_image"
    return "", "none"


def _typed(kind: str, modality: str, source: UnitSource) -> tuple[str, UnitSource]:
    term = kind.strip().upper()
    unit = _TYPES.get(term, "")
    if not unit or (unit == _HOUNSFIELD and modality not in _ATTENUATION):
        return "", "none"
    return unit, source


def _is_plain_ct(frame: FrameHeader) -> bool:
    header = frame.instance
    kinds = dict(enumerate(frame_type(frame)))
    return (
        word(header, "00080016") in _CT_CLASSES
        and word(header, "00080060").upper() == "CT"
        and kinds.get(0, "ORIGINAL") == "ORIGINAL"
        and not is_localizer(frame)
        and word(header, "00189361").upper() != "YES"
        and number(frame.macro("00289145"), "00281052") is not None
    )


def _by_real_world(frame: FrameHeader, line: Line) -> tuple[str, UnitSource] | None:
    """Return the unit of a map that says the same as the rescale: then it is the unit of the modality values."""
    for found in real_world_maps(frame):
        same = math.isclose(found.slope, line[0], rel_tol=1e-6) and math.isclose(
            found.intercept, line[1], rel_tol=1e-6, abs_tol=1e-9
        )
        if same and not found.code.startswith("{SUV"):
            return found.unit, "real_world_value_map"
    return None
