"""An ellipse."""

from __future__ import annotations

from typing import Final

import numpy as np

from annotations.geometry.kind import Area, Fault, Floats
from annotations.geometry.measures import Measures, Scale
from annotations.geometry.rasters import Mask, ellipse_mask, ellipse_outline


class Ellipse(Area):
    """Points: the ends of its two axes: top, bottom, left, right."""

    name = "ellipse"
    word = "Ellipse"
    fewest = most = 4

    def fault(self, points: Floats, scale: Scale, shape: tuple[int, int]) -> Fault | None:
        """See ``Area.fault``; the axes halve one another at a right angle."""
        found = super().fault(points, scale, shape)
        if found is not None:
            return found
        top, bottom, left, right = scale.scaled(points)
        one, other = bottom - top, right - left
        size = float(np.linalg.norm(one) + np.linalg.norm(other))
        apart = float(np.linalg.norm(top + bottom - left - right))
        if apart > 1e-2 * size or abs(float(one @ other)) > 1e-2 * size**2:
            return Fault("ellipse_skewed", "The points are not the ends of an ellipse's two axes. Draw it again.")
        return None

    def outline(self, points: Floats) -> Floats:
        """See ``Shape.outline``."""
        return ellipse_outline(points)

    def mask(self, points: Floats, shape: tuple[int, int], offset: tuple[int, int] = (0, 0)) -> Mask:
        """See ``Shape.mask``; exact, not by its outline."""
        return ellipse_mask(points, shape, offset)

    def measures(self, points: Floats, scale: Scale) -> Measures:
        """Return both axes and the area."""
        top, bottom, left, right = scale.scaled(points)
        short, long = sorted([float(np.linalg.norm(bottom - top)), float(np.linalg.norm(right - left))])
        return (
            scale.measure("long_axis", long)
            | scale.measure("short_axis", short)
            | scale.measure("area", np.pi / 4 * short * long, 2)
        )


KIND: Final = Ellipse()
