"""What is measured: value, unit and where the unit comes from. Millimetres only where the image proves them.

What each kind of drawing measures is in ``annotations.geometry.kinds``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

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

    def measure(self, name: str, value: float, power: int = 1) -> Measures:
        """Return one measure in this scale's unit (to the power 2 for an area), as it is stored."""
        return entry(name, value, self.unit if power == 1 else f"{self.unit}{power}", self.source)


def entry(name: str, value: float, unit: str, source: str) -> Measures:
    """Return one measure under its name and unit, as it is stored."""
    return {f"{name}_{unit}": {"value": round(float(value), 4), "unit": unit, "source": source}}


def mask_measures(pixels: int, frames: int, scale: Scale) -> Measures:
    """Return area (one frame) or volume (several frames of a regular volume) of a mask of ``pixels`` pixels."""
    if scale.spacing_mm is None:
        return entry("area", pixels, "px2", scale.source)
    area = pixels * scale.spacing_mm[0] * scale.spacing_mm[1]
    result = entry("area", area, "mm2", scale.source) if frames == 1 else {}
    if scale.slice_spacing_mm:
        result |= entry("volume", area * scale.slice_spacing_mm, "mm3", scale.source)
    return result or entry("area", area, "mm2", scale.source)


@dataclass(frozen=True, slots=True)
class Intensities:
    """What the values under a drawing are like.

    Attributes:
        count: pixels that have a value.
        mean: of them.
        squares: sum of their squared distances from the mean.
        minimum: of them.
        maximum: of them.
    """

    count: int
    mean: float
    squares: float
    minimum: float
    maximum: float

    @classmethod
    def under(cls, values_ji: Any, mask_ji: Any) -> Intensities | None:
        """Return those of an image under a mask; None where no pixel has a value.

        Args:
            values_ji: modality values; NaN where there is no value.
            mask_ji: boolean, same shape.
        """
        values = np.asarray(values_ji)[np.asarray(mask_ji, np.bool_)].astype(np.float64)
        values = values[np.isfinite(values)]
        if not len(values):
            return None
        mean = float(values.mean())
        return cls(len(values), mean, float(((values - mean) ** 2).sum()), float(values.min()), float(values.max()))

    def joined(self, other: Intensities) -> Intensities:
        """Return those of both places together (Chan, Golub and LeVeque 1983)."""
        count, step = self.count + other.count, other.mean - self.mean
        return Intensities(
            count,
            self.mean + step * other.count / count,
            self.squares + other.squares + step**2 * self.count * other.count / count,
            min(self.minimum, other.minimum),
            max(self.maximum, other.maximum),
        )

    def measures(self, unit: str) -> Measures:
        """Return mean, standard deviation (of the population), minimum, maximum and number of pixels, as stored.

        Args:
            unit: of the values, such as HU; empty where the image names none.
        """
        found = {
            "mean": self.mean,
            "sd": (self.squares / self.count) ** 0.5,
            "minimum": self.minimum,
            "maximum": self.maximum,
        }
        said = {
            name: {"value": float(f"{value:.7g}"), "unit": unit, "source": "pixels"} for name, value in found.items()
        }
        return said | {"pixels": {"value": self.count, "unit": "px", "source": "pixels"}}
