"""A box with right angles."""

from __future__ import annotations

from typing import Final

import numpy as np

from annotations.geometry.kind import Area, Fault, Floats
from annotations.geometry.measures import Measures, Scale


class Rectangle(Area):
    """Points: its four corners in order; two opposite ones are completed."""

    name = "rectangle"
    word = "Rectangle"
    fewest = most = 4

    def completed(self, points: Floats) -> Floats:
        """Return four corners of an upright box of which two opposite corners were given."""
        if len(points) != 2:
            return points
        (x0, y0), (x1, y1) = points
        return np.array([[x0, y0], [x1, y0], [x1, y1], [x0, y1]], np.float64)

    def fault(self, points: Floats, scale: Scale, shape: tuple[int, int]) -> Fault | None:
        """See ``Area.fault``; corners in order, with right angles."""
        found = super().fault(points, scale, shape)
        if found is not None:
            return found
        a, b, c, d = scale.scaled(points)
        size = float(np.linalg.norm(c - a) + np.linalg.norm(d - b))
        if np.linalg.norm(a - b + c - d) > 1e-2 * size or abs(float((b - a) @ (d - a))) > 1e-2 * size**2:
            return Fault("rectangle_skewed", "The corners are not those of a rectangle in order. Draw it again.")
        return None

    def measures(self, points: Floats, scale: Scale) -> Measures:
        """Return width (the side that runs more along the image's rows), height and area."""
        a, b, c, _ = scale.scaled(points)
        first, second = b - a, c - b
        if abs(first[0]) * np.linalg.norm(second) < abs(second[0]) * np.linalg.norm(first):
            first, second = second, first
        width, height = float(np.linalg.norm(first)), float(np.linalg.norm(second))
        return (
            scale.measure("width", width) | scale.measure("height", height) | scale.measure("area", width * height, 2)
        )


KIND: Final = Rectangle()
