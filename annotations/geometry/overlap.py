"""How much two drawings share, from their runs: no mask is laid out for it.

Runs are ``[start, length, start, length, …]`` over the row-major pixels of one frame (see
``annotations.geometry.rasters``), sorted and not overlapping.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np

_Frame = TypeVar("_Frame", bound=Hashable)


@dataclass(frozen=True, slots=True)
class Overlap:
    """Pixels of one drawing, of another, and of both at once."""

    one: int
    other: int
    both: int

    @property
    def dice(self) -> float | None:
        """Twice the shared pixels over all of them, 0..1 (Dice 1945); None where neither holds a pixel."""
        total = self.one + self.other
        return 2 * self.both / total if total else None


def _pixels(runs: Sequence[int]) -> int:
    return int(sum(runs[1::2]))


def runs_shared(one: Sequence[int], other: Sequence[int]) -> int:
    """Return how many pixels two lists of runs share."""
    if not one or not other:
        return 0
    a, b = (np.asarray(runs, np.int64).reshape(-1, 2) for runs in (one, other))
    edges = np.unique(np.concatenate([a[:, 0], a.sum(axis=1), b[:, 0], b.sum(axis=1)]))
    starts, lengths = edges[:-1], np.diff(edges)
    inside = np.ones(len(starts), np.bool_)
    for pairs in (a, b):
        at = np.searchsorted(pairs[:, 0], starts, side="right") - 1
        inside &= (at >= 0) & (starts < pairs[at].sum(axis=1))
    return int(lengths[inside].sum())


def overlap(one: Mapping[_Frame, Sequence[int]], other: Mapping[_Frame, Sequence[int]]) -> Overlap:
    """Return what two drawings share over all frames; both map a frame to its runs."""
    shared = sum(runs_shared(runs, other[frame]) for frame, runs in one.items() if frame in other)
    return Overlap(sum(map(_pixels, one.values())), sum(map(_pixels, other.values())), shared)


def runs_joined(lists: Sequence[Sequence[int]]) -> list[int]:
    """Return the runs of everything that at least one of the lists holds."""
    pairs = sorted((runs[at], runs[at] + runs[at + 1]) for runs in lists for at in range(0, len(runs) - 1, 2))
    joined: list[int] = []
    end = -1
    for start, stop in pairs:
        if start > end:
            joined += [start, stop - start]
            end = stop
        elif stop > end:
            joined[-1] += stop - end
            end = stop
    return joined
