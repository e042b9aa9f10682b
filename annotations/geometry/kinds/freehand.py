"""A contour drawn without lifting the hand."""

from __future__ import annotations

from typing import Final

from annotations.geometry.kind import Contour


class Freehand(Contour):
    """Points: along the line, the last joined to the first."""

    name = "freehand"
    word = "Freehand contour"


KIND: Final = Freehand()
