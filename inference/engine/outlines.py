"""Exact outlines of masks: along the edges of their pixels. Knows no torch, so that any process may draw them."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

import numpy as np
from numpy.typing import NDArray

Point = tuple[int, int]
Loop = list[tuple[float, float]]


def pixel_outlines(mask_ji: NDArray[Any]) -> list[Loop]:
    """Return the closed lines round the pixels of a mask: parts clockwise on the screen, their holes the other way.

    Args:
        mask_ji: [J, I], not 0 is inside. Pixels that touch by a corner only get lines of their own.

    Returns:
        Corners as (column, row), where (0, 0) is the centre of the top left pixel, which covers -0.5…0.5. The signed
        areas of all lines add up to the number of pixels.
    """
    ways = _edges(np.asarray(mask_ji) != 0)
    loops = []
    while ways:
        start = next(iter(ways))
        loops.append(_loop(ways, start))
    return loops


def signed_area(loop: Loop) -> float:
    """Return the area inside a line, positive where it goes round clockwise on the screen."""
    points = np.array(loop)
    x, y = points[:, 0], points[:, 1]
    return float((x * np.roll(y, -1) - np.roll(x, -1) * y).sum() / 2)


def _edges(mask: NDArray[np.bool_]) -> dict[Point, list[Point]]:
    """Return the edges between inside and outside, from corner to corner, with the inside on the right hand."""
    padded = np.pad(mask, 1)
    inside, ways = padded[1:-1, 1:-1], defaultdict(list)
    sides = (
        (padded[:-2, 1:-1], (0, 0), (1, 0)),  # outside is above: along the upper edge to the right
        (padded[1:-1, 2:], (1, 0), (1, 1)),
        (padded[2:, 1:-1], (1, 1), (0, 1)),
        (padded[1:-1, :-2], (0, 1), (0, 0)),
    )
    for beside, (x0, y0), (x1, y1) in sides:
        for j, i in np.argwhere(inside & ~beside).tolist():
            ways[i + x0, j + y0].append((i + x1, j + y1))
    return ways


def _loop(ways: dict[Point, list[Point]], start: Point) -> Loop:
    """Take one closed line out of the edges; at a corner that two pixels share it stays with its own."""
    first = ways[start][0]
    at, heading, corners = first, (first[0] - start[0], first[1] - start[1]), []
    begun = heading
    while True:
        right = (at[0] - heading[1], at[1] + heading[0])
        following = ways[at]
        after = right if right in following else following[0]
        turned = (after[0] - at[0], after[1] - at[1])
        if turned != heading:
            corners.append((at[0] - 0.5, at[1] - 0.5))
        following.remove(after)
        if not following:
            del ways[at]
        if (at, turned) == (start, begun):
            return corners
        at, heading = after, turned
