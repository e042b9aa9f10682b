"""What is measured: value, unit and where the unit comes from. Millimetres only where the image proves them.

What each kind of drawing measures is in ``annotations.geometry.kinds``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

Measures = dict[str, dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Scale:
    """How pixels become lengths.

    Attributes:
        spacing_mm: (between rows, between columns), or None where the image proves no lengths.
        source: what proves it, such as ``pixel_spacing``; ``none`` for pixels.
        aspect: (height, width) of a pixel in any common unit. Where no lengths are proven, the unit ``px`` is the width
            of a pixel, so that what is square on the screen has four sides of one length.
        words: the source as a reader is told it.
    """

    spacing_mm: tuple[float, float] | None = None
    source: str = "none"
    aspect: tuple[float, float] = (1.0, 1.0)
    words: str = ""

    @property
    def unit(self) -> str:
        """``mm`` or ``px``."""
        return "px" if self.spacing_mm is None else "mm"

    @property
    def steps(self) -> tuple[float, float]:
        """Length of a step of one row, and of one column, in this scale's unit."""
        return self.spacing_mm or (self.aspect[0] / self.aspect[1], 1.0)

    def scaled(self, pixels: Any) -> np.ndarray[Any, np.dtype[np.float64]]:
        """Return points (column, row), shape (n, 2), in this scale's unit."""
        rows, columns = self.steps
        return np.asarray(np.asarray(pixels, np.float64).reshape(-1, 2) * np.asarray([columns, rows]), np.float64)

    def measure(self, name: str, value: float, power: int = 1) -> Measures:
        """Return one measure in this scale's unit (to the power 2 for an area), as it is stored."""
        unit = self.unit if power == 1 else f"{self.unit}{power}"
        said = {"value": round(float(value), 4), "unit": unit, "source": self.source}
        return {f"{name}_{unit}": said | ({"words": self.words} if self.words else {})}


def mask_measures(painted: Sequence[tuple[int, Scale]], slices_mm: float | None) -> Measures:
    """Return what a mask measures: the area of one frame; the volume of slices that fill space; else the largest area.

    The same place at several moments is no more tissue, and a clip or a stack of views is no volume: their areas are
    not added up.

    Args:
        painted: of each frame the number of pixels, and how pixels become lengths there.
        slices_mm: distance of the slices of a series that fills space evenly, or None.
    """
    unit = "mm" if all(scale.spacing_mm for _, scale in painted) else "px"
    scales = [scale if scale.unit == unit else replace(scale, spacing_mm=None, source="none") for _, scale in painted]
    areas = [count * scale.steps[0] * scale.steps[1] for (count, _), scale in zip(painted, scales, strict=True)]
    largest = max(range(len(areas)), key=areas.__getitem__)
    result = scales[0].measure("area", areas[0], 2) if len(areas) == 1 else {}
    if slices_mm and unit == "mm":
        result |= scales[0].measure("volume", sum(areas) * slices_mm, 3)
    return result or scales[largest].measure("largest_area", areas[largest], 2)


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
        low, high = float(values.min()), float(values.max())
        # Where all values are one, a sum that is divided again may miss it by a last digit, and spread would show.
        mean = low if low == high else float(values.mean())
        return cls(len(values), mean, float(((values - mean) ** 2).sum()), low, high)

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
