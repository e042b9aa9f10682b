"""A polygon, corner by corner."""

from __future__ import annotations

from typing import Final

from annotations.geometry.kind import Contour


class Polygon(Contour):
    """Points: its corners, the last joined to the first."""

    name = "polygon"
    word = "Polygon"


KIND: Final = Polygon()
