"""A place, mostly with a text."""

from __future__ import annotations

from typing import Final

import numpy as np

from annotations.geometry.kind import Floats, Shape
from annotations.geometry.rasters import Mask

#: A point teaches a disc of this share of the image's shorter side.
_TAUGHT_SHARE: Final = 0.02


class Point(Shape):
    """Points: one."""

    name = "point"
    word = "Point"
    fewest = most = 1

    def taught(self, points: Floats, shape: tuple[int, int]) -> Mask:
        """See ``Shape.taught``."""
        (column, row), radius = points[0], max(1.5, _TAUGHT_SHARE * min(shape))
        j, i = np.ogrid[: shape[0], : shape[1]]
        return np.asarray((i - column) ** 2 + (j - row) ** 2 <= radius**2)


KIND: Final = Point()
