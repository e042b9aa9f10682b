"""What a kind of drawing says of itself. The kinds stand in ``annotations.geometry.kinds``, one a file."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Final, Literal

import numpy as np
from numpy.typing import NDArray

from annotations.geometry.agreement import area_difference, end_distance
from annotations.geometry.measures import Measures, Scale
from annotations.geometry.rasters import Mask, polygon_mask
from annotations.geometry.winding import MOST_POINTS, Tangled, enclosed

Floats = NDArray[np.float64]
#: Points may lie on the border of the outermost pixels, and by rounding a little beyond it.
BORDER_SLACK_PX: Final = 0.05


@dataclass(frozen=True, slots=True)
class Fault:
    """Why points are no drawing of their kind: a stable code and a sentence that says what to do."""

    code: str
    message: str


class Kind:
    """A kind of finding.

    Attributes:
        name: as it is stored.
        word: as people say it.
        use: what a label must be meant for to be given to it.
        holds: ``points`` on an image, a ``mask`` over the images of a series, or ``nothing`` but the label.
    """

    name: ClassVar[str]
    word: ClassVar[str]
    use: ClassVar[Literal["image", "region", "segment"]]
    holds: ClassVar[Literal["nothing", "points", "mask"]]


class Shape(Kind):
    """A kind that is drawn with points on one image. All points are pixels (column, row), shape (n, 2).

    Attributes:
        fewest: points it has at least.
        most: points it has at most.
    """

    use = "region"
    holds = "points"
    fewest: ClassVar[int]
    most: ClassVar[int]

    def completed(self, points: Floats) -> Floats:
        """Return the points in the stored form."""
        return points

    def fault(self, points: Floats, scale: Scale, shape: tuple[int, int]) -> Fault | None:
        """Say why the points are no drawing of this kind on an image of ``shape`` (rows, columns), or None."""
        if not self.fewest <= len(points) <= self.most:
            return Fault("points_count_wrong", f"A {self.word.lower()} has another number of points. Draw it again.")
        limits = np.array([shape[1], shape[0]]) - 0.5 + BORDER_SLACK_PX
        if (points < -0.5 - BORDER_SLACK_PX).any() or (points > limits).any():
            return Fault("points_outside", "The drawing reaches over the edge of the image. Keep it inside.")
        return None

    def outline(self, points: Floats) -> Floats:
        """Return the line that is drawn, shape (n, 2); closed for an area."""
        return points

    def mask(self, points: Floats, shape: tuple[int, int], offset: tuple[int, int] = (0, 0)) -> Mask | None:
        """Return mask_ji of the pixels it takes, or None for a kind that takes none.

        Args:
            shape: (rows, columns) of the mask.
            offset: (column, row) of the mask's top-left pixel in the image.
        """
        return None

    def taught(self, points: Floats, shape: tuple[int, int]) -> Mask | None:
        """Return mask_ji of the pixels that it teaches a model, or None for a kind that teaches no place."""
        return self.mask(points, shape)

    def measures(self, points: Floats, scale: Scale) -> Measures:
        """Return what it measures on an image of this scale."""
        return {}

    def compared(self, before: Floats, after: Floats, scale: Scale) -> dict[str, float]:
        """Return how far a correction moved it."""
        return {f"end_distance_{scale.unit}": round(end_distance(scale.scaled(before), scale.scaled(after)), 3)}


class Area(Shape):
    """A shape that encloses pixels."""

    def fault(self, points: Floats, scale: Scale, shape: tuple[int, int]) -> Fault | None:
        """See ``Shape.fault``; an area encloses the centre of at least one pixel."""
        found = super().fault(points, scale, shape)
        if found is not None:
            return found
        # A small part of a large image is looked at alone.
        low = np.clip(np.floor(points.min(axis=0)), 0, None).astype(int)
        high = np.ceil(points.max(axis=0)).astype(int) + 1
        size = (max(1, min(shape[0], int(high[1])) - int(low[1])), max(1, min(shape[1], int(high[0])) - int(low[0])))
        mask = self.mask(points, size, (int(low[0]), int(low[1])))
        if not mask.any():
            return Fault("shape_without_pixel", f"This {self.word.lower()} holds no pixel. Draw it larger.")
        return None

    def mask(self, points: Floats, shape: tuple[int, int], offset: tuple[int, int] = (0, 0)) -> Mask:
        """See ``Shape.mask``."""
        return polygon_mask(self.outline(points), shape, offset)

    def compared(self, before: Floats, after: Floats, scale: Scale) -> dict[str, float]:
        """Return overlap in pixels and the distances of the outlines in the scale's unit."""
        return area_difference(self.outline(before), self.outline(after), scale)


class Contour(Area):
    """An area with a corner list: what it holds is what its line goes round, also where it crosses itself."""

    fewest = 3
    most = MOST_POINTS

    def fault(self, points: Floats, scale: Scale, shape: tuple[int, int]) -> Fault | None:
        """See ``Area.fault``; a contour has three different corners and is no tangle."""
        if len(points) <= self.most and len(np.unique(points, axis=0)) < self.fewest:
            return Fault("points_count_wrong", f"A {self.word.lower()} needs three different points. Draw it again.")
        found = super().fault(points, scale, shape)
        if found is not None:
            return found
        try:
            enclosed(points)
        except Tangled:
            return Fault("contour_tangled", "The line crosses itself too often to enclose something. Draw it again.")
        return None

    def measures(self, points: Floats, scale: Scale) -> Measures:
        """Return area and perimeter of the pixels' side of the line."""
        found = enclosed(scale.scaled(points))
        return scale.measure("area", found.area, 2) | scale.measure("perimeter", found.perimeter)
