"""Maps from stored values to quantities with a coded unit (PS3.3 C.7.6.16.2.11)."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

from imaging.dicom.header_values import FrameHeader, number, word
from imaging.dicom.json_model import Json, items

_CODED: Final[dict[str, str]] = {
    "[hnsf'U]": "HU",
    "1": "",
    "{counts}": "counts",
    "{SUVbw}g/ml": "SUVbw",
    "{SUVlbm}g/ml": "SUVlbm",
    "{SUVlbm(James128)}g/ml": "SUVlbm",
    "{SUVlbm(Janma)}g/ml": "SUVlbm",
    "{SUVbsa}cm2/ml": "SUVbsa",
    "{SUVibw}g/ml": "SUVibw",
    "mm2/s": "mm²/s",
    "um2/s": "µm²/s",
    "10*-6.mm2/s": "10⁻⁶ mm²/s",
    "10*-3.mm2/s": "10⁻³ mm²/s",
    "Bq/ml": "Bq/ml",
    "ms": "ms",
    "s": "s",
}


Line = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Quantity:
    """What modality values also are (PS3.3 C.7.6.16.2.11): quantity = slope x modality value + intercept.

    Attributes:
        unit: as it is written beside a value.
        label: the map's own name.
        low, high: the modality values it holds for; None where it has no end.
    """

    unit: str
    label: str
    slope: float
    intercept: float
    low: float | None
    high: float | None


@dataclass(frozen=True, slots=True)
class RealWorldMap:
    """A linear map from stored values to a quantity (PS3.3 C.7.6.16.2.11).

    Attributes:
        unit: as it is written; ``code`` in UCUM.
        label: the map's own name.
        slope, intercept: quantity = slope x stored value + intercept.
        first, last: the stored values it holds for.
    """

    unit: str
    code: str
    label: str
    slope: float
    intercept: float
    first: float
    last: float


def real_world_maps(header: FrameHeader) -> list[RealWorldMap]:
    """Return a frame's linear real-world value maps; maps by table or without a unit are left out."""
    found = []
    homes: list[Json] = []
    for group in (*header.groups, header.instance):
        homes = list(items(group, "00409096"))
        if homes:
            break
    for item in homes:
        slope, intercept = number(item, "00409225"), number(item, "00409224")
        unit: Json = next(items(item, "004008EA"), {})
        code = word(unit, "00080100")
        if slope is None or intercept is None or not code or slope == 0:
            continue
        first, last = number(item, "00409216"), number(item, "00409211")
        found.append(
            RealWorldMap(
                _CODED.get(code, code),
                code,
                word(item, "00409210"),
                slope,
                intercept,
                -math.inf if first is None else first,
                math.inf if last is None else last,
            )
        )
    return found


def quantities_of(header: FrameHeader, line: Line) -> tuple[Quantity, ...]:
    """Return what a frame's modality values also are, where they are not that already.

    Args:
        header: of the frame.
        line: (slope, intercept) from stored to modality values.
    """
    slope, intercept = line
    found = []
    for one in real_world_maps(header):
        steep, start = one.slope / slope, one.intercept - intercept * one.slope / slope
        if math.isclose(steep, 1.0, rel_tol=1e-6) and abs(start) < 1e-9:
            continue
        ends = sorted(value * slope + intercept for value in (one.first, one.last))
        low, high = (None if math.isinf(end) else end for end in ends)
        found.append(Quantity(one.unit, one.label, steep, start, low, high))
    return tuple(found)
