"""What a shape measures: value, unit and where the unit comes from. Millimetres only where the image proves them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from annotations.geometry.rasters import outline

Measures = dict[str, dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Scale:
    """How pixels become lengths.

    Attributes:
        spacing_mm: (between rows, between columns), or None where the image proves no lengths.
        source: what proves it, such as ``pixel_spacing``; ``none`` for pixels.
        slice_spacing_mm: distance of neighbouring slices of a regular volume, for volumes of masks.
    """

    spacing_mm: tuple[float, float] | None = None
    source: str = "none"
    slice_spacing_mm: float | None = None

    @property
    def unit(self) -> str:
        """``mm`` or ``px``."""
        return "px" if self.spacing_mm is None else "mm"

    def scaled(self, pixels: Any) -> np.ndarray[Any, np.dtype[np.float64]]:
        """Return points (column, row), shape (n, 2), in this scale's unit."""
        rows, columns = self.spacing_mm or (1.0, 1.0)
        return np.asarray(np.asarray(pixels, np.float64).reshape(-1, 2) * np.asarray([columns, rows]), np.float64)


def _entry(name: str, value: float, unit: str, source: str) -> Measures:
    return {f"{name}_{unit}": {"value": round(float(value), 4), "unit": unit, "source": source}}


def path_length(points: Any, *, closed: bool = False) -> float:
    """Return the length of a line through points (n, d), in the points' unit."""
    line = np.asarray(points, np.float64)
    if closed:
        line = np.concatenate([line, line[:1]])
    return float(np.linalg.norm(np.diff(line, axis=0), axis=1).sum())


def polygon_area(points: Any) -> float:
    """Return the area of a closed planar polygon (n, 2) or (n, 3), in the points' unit squared."""
    corners = np.asarray(points, np.float64)
    spatial = np.pad(corners, ((0, 0), (0, 3 - corners.shape[1])))
    spatial = spatial - spatial[0]
    return float(np.linalg.norm(np.cross(spatial, np.roll(spatial, -1, axis=0)).sum(axis=0)) / 2)


def shape_measures(kind: str, points: Any, unit: str, source: str) -> Measures:
    """Return the measures of a drawn shape.

    Args:
        kind: length, rectangle, ellipse, polygon or freehand; anything else measures nothing.
        points: (n, 2) or (n, 3), in ``unit``; order as in the revision content.
        unit: mm or px.
        source: what proves the unit.
    """
    places = np.asarray(points, np.float64)
    if kind == "length":
        return _entry("length", path_length(places), unit, source)
    if kind == "rectangle":
        sides = np.linalg.norm(np.diff(places[:3], axis=0), axis=1)
        return (
            _entry("width", sides[0], unit, source)
            | _entry("height", sides[1], unit, source)
            | _entry("area", polygon_area(places), f"{unit}2", source)
        )
    if kind == "ellipse":
        axes = sorted([path_length(places[:2]), path_length(places[2:])], reverse=True)
        half = (places[1] - places[0]) / 2, (places[3] - places[2]) / 2
        area = np.pi * 2 * polygon_area(np.stack([np.zeros_like(half[0]), *half]))
        return (
            _entry("long_axis", axes[0], unit, source)
            | _entry("short_axis", axes[1], unit, source)
            | _entry("area", area, f"{unit}2", source)
        )
    if kind in ("polygon", "freehand"):
        return _entry("area", polygon_area(places), f"{unit}2", source) | _entry(
            "perimeter", path_length(outline(kind, places), closed=True), unit, source
        )
    return {}


def mask_measures(pixels: int, frames: int, scale: Scale) -> Measures:
    """Return area (one frame) or volume (several frames of a regular volume) of a mask of ``pixels`` pixels."""
    if scale.spacing_mm is None:
        return _entry("area", pixels, "px2", scale.source)
    area = pixels * scale.spacing_mm[0] * scale.spacing_mm[1]
    result = _entry("area", area, "mm2", scale.source) if frames == 1 else {}
    if scale.slice_spacing_mm:
        result |= _entry("volume", area * scale.slice_spacing_mm, "mm3", scale.source)
    return result or _entry("area", area, "mm2", scale.source)


def intensity_measures(values_ji: Any, mask_ji: Any, unit: str) -> Measures:
    """Return mean, standard deviation, minimum and maximum of an image's values under a mask.

    Args:
        values_ji: modality values, same shape as the mask; NaN where there is no value.
        mask_ji: boolean.
        unit: of the values, such as HU.
    """
    values = np.asarray(values_ji, np.float64)[np.asarray(mask_ji, np.bool_)]
    values = values[np.isfinite(values)]
    if not len(values):
        return {}
    found = {"mean": values.mean(), "sd": values.std(), "minimum": values.min(), "maximum": values.max()}
    return {name: {"value": round(float(value), 4), "unit": unit, "source": "pixels"} for name, value in found.items()}
