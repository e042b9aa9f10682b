"""What a closed line encloses, also where it crosses, touches or retraces itself: the non-zero winding rule.

A place is inside when the line goes round it, once or more often, either way. A figure of eight encloses both its
loops, a square traced twice encloses the square once, and a bridge drawn there and back encloses nothing. The rasters
(``annotations.geometry.rasters``) follow the same rule, so area and pixels cannot part.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

#: Points of one line.
MOST_POINTS: Final = 50_000
#: Pairs of edges, and edges in strips, that are looked at before a line is called tangled.
MOST_WORK: Final = 4_000_000
#: The line is looked at turned by one radian, so that no drawn edge lies along the strips.
_TURN: Final = np.array([[np.cos(1.0), -np.sin(1.0)], [np.sin(1.0), np.cos(1.0)]])

Floats = NDArray[np.float64]


class Tangled(ValueError):
    """The line crosses itself so often that nobody meant it."""


@dataclass(frozen=True, slots=True)
class Enclosed:
    """What a closed line encloses.

    Attributes:
        area: in the points' unit squared.
        perimeter: length of the border of the enclosed places, in the points' unit.
    """

    area: float
    perimeter: float


def enclosed(points: Any) -> Enclosed:
    """Return area and perimeter of what the closed line through ``points`` encloses.

    Args:
        points: (n, 2), the last joined to the first; any unit with equal axes.

    Raises:
        Tangled: too many edges lie over one another.
    """
    corners = np.asarray(points, np.float64).reshape(-1, 2)
    if len(corners) < 3:
        return Enclosed(0.0, 0.0)
    turned = (corners - corners.mean(axis=0)) @ _TURN
    start, end = turned, np.roll(turned, -1, axis=0)
    rising = end[:, 1] > start[:, 1]
    real = start[:, 1] != end[:, 1]
    low = np.where(rising[:, None], start, end)[real]
    high = np.where(rising[:, None], end, start)[real]
    sign = np.where(rising, 1, -1)[real]
    order = np.argsort(low[:, 1], kind="stable")
    low, high, sign = low[order], high[order], sign[order]
    levels = np.unique(np.concatenate([low[:, 1], high[:, 1], _crossings(low, high)]))
    return _summed(low, high, sign, levels)


def _expanded(first: NDArray[np.int64], last: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return (row, value) of all values first[row] <= value < last[row]."""
    counts = np.maximum(last - first, 0)
    total = int(counts.sum())
    if total > MOST_WORK:
        raise Tangled
    rows = np.repeat(np.arange(len(first)), counts)
    offsets = np.arange(total) - np.repeat(np.cumsum(counts) - counts, counts)
    return rows, np.repeat(first, counts) + offsets


def _crossings(low: Floats, high: Floats) -> Floats:
    """Return the heights at which two edges cross inside both; edges are sorted by their lower end."""
    after = np.searchsorted(low[:, 1], high[:, 1], side="left")
    one, other = _expanded(np.arange(1, len(low) + 1), after)
    left, right = np.minimum(low[:, 0], high[:, 0]), np.maximum(low[:, 0], high[:, 0])
    near = (left[one] <= right[other]) & (left[other] <= right[one])
    one, other = one[near], other[near]
    along, across = high[one] - low[one], high[other] - low[other]
    between = low[other] - low[one]
    turn = along[:, 0] * across[:, 1] - along[:, 1] * across[:, 0]
    with np.errstate(divide="ignore", invalid="ignore"):
        at = (between[:, 0] * across[:, 1] - between[:, 1] * across[:, 0]) / turn
        at_other = (between[:, 0] * along[:, 1] - between[:, 1] * along[:, 0]) / turn
        cross = (turn != 0) & (at > 0) & (at < 1) & (at_other > 0) & (at_other < 1)
    return np.asarray(low[one[cross], 1] + at[cross] * along[cross, 1], np.float64)


def _summed(low: Floats, high: Floats, sign: NDArray[np.int64], levels: Floats) -> Enclosed:
    """Cut the plane into strips in which no two edges cross, and add up what lies between edges in each."""
    first, last = np.searchsorted(levels, low[:, 1]), np.searchsorted(levels, high[:, 1])
    edge, strip = _expanded(first, last)
    tall = levels[strip + 1] - levels[strip]
    slope = (high[edge, 0] - low[edge, 0]) / (high[edge, 1] - low[edge, 1])
    middle = low[edge, 0] + (levels[strip] + tall / 2 - low[edge, 1]) * slope
    order = np.lexsort((middle, strip))
    strip, middle, tall, slope = strip[order], middle[order], tall[order], slope[order]
    if not len(strip):
        return Enclosed(0.0, 0.0)
    # A closed line goes up and down equally often in each strip: the sum is zero again at a strip's end.
    winding = np.cumsum(sign[edge][order])
    gaps = np.diff(middle, append=middle[-1])
    area = float((gaps * tall)[winding != 0].sum())
    # Edges on one another count as one: only what the whole bundle changes is a border.
    extent = float(np.abs(high).max() + np.abs(low).max())
    ends = np.append((strip[1:] != strip[:-1]) | (gaps[:-1] > 1e-9 * extent), True)
    outside_after = winding[ends] == 0
    outside_before = np.concatenate([[True], outside_after[:-1]])
    lengths = (tall * np.hypot(1.0, slope))[ends]
    return Enclosed(area, float(lengths[outside_after != outside_before].sum()))
