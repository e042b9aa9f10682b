"""A distance between two points."""

from __future__ import annotations

from typing import Final

import numpy as np

from annotations.geometry.kind import Fault, Floats, Shape
from annotations.geometry.measures import Measures, Scale


class Length(Shape):
    """Points: its two ends."""

    name = "length"
    word = "Length"
    fewest = most = 2

    def fault(self, points: Floats, scale: Scale, shape: tuple[int, int]) -> Fault | None:
        """See ``Shape.fault``; the ends are two places."""
        found = super().fault(points, scale, shape)
        if found is None and float(np.linalg.norm(points[1] - points[0])) < 1e-3:
            return Fault("length_zero", "Both ends of the length are in one place. Draw it again.")
        return found

    def measures(self, points: Floats, scale: Scale) -> Measures:
        """Return the distance."""
        start, end = scale.scaled(points)
        return scale.measure("length", float(np.linalg.norm(end - start)))


KIND: Final = Length()
