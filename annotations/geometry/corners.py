"""Corners of upright rectangles."""

from __future__ import annotations

from collections.abc import Sequence


def rectangle_corners(points: Sequence[Sequence[float]]) -> list[list[float]]:
    """Return the four corners in order of an upright rectangle from two opposite corners, in pixels."""
    (x0, y0), (x1, y1) = points
    return [[x0, y0], [x1, y0], [x1, y1], [x0, y1]]
