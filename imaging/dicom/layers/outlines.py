"""The regions of a radiotherapy structure set, as lines in patient space (PS3.3 C.8.8.5, C.8.8.6)."""

from __future__ import annotations

import numpy as np

from imaging.dicom.header_values import numbers, whole, word
from imaging.dicom.json_model import Json, items
from imaging.dicom.layers.layer import COLORS, Contour, Layer, LayerKind, referenced


def regions_of(header: Json) -> list[Layer]:
    """Return the regions of a structure set, in the order it names them, those without lines too.

    Args:
        header: DICOM JSON model of the instance.
    """
    drawn = {whole(item, "30060084"): item for item in items(header, "30060039")}
    found: list[Layer] = []
    for item in items(header, "30060020"):
        region = whole(item, "30060022")
        if region is None:
            continue
        lines = drawn.get(region, {})
        rgb = numbers(lines.get("3006002A", {}).get("Value") or [])
        known = len(rgb) == 3 and all(0 <= one <= 255 for one in rgb)
        color = "#" + "".join(f"{round(one):02x}" for one in rgb) if known else COLORS[len(found) % len(COLORS)]
        found.append(
            Layer(
                number=region,
                kind=LayerKind.OUTLINES,
                label=word(item, "30060026") or f"Region {region}",
                color=color,
                unit="",
                algorithm_type=word(item, "30060036").upper(),
                maker="",
                frame_of_reference_uid=word(item, "30060024") or word(header, "00200052"),
                contours=tuple(one for one in map(_contour, items(lines, "30060040")) if one is not None),
            )
        )
    return found


def _contour(item: Json) -> Contour | None:
    values = numbers(item.get("30060050", {}).get("Value") or [])
    if not values or len(values) % 3:
        return None
    closed = word(item, "30060042").upper().startswith("CLOSED")
    points = np.array(values, np.float64).reshape(-1, 3)
    return Contour(points, closed, frozenset(referenced(item, "30060016")))
