"""Boxes in an image's own pixels: how they overlap, and which stay where several mark one thing. Knows no scipy.

A box is six numbers (k0, j0, i0, k1, j1, i1), the edges of what it encloses: the voxel (0, 0, 0) reaches from -0.5 to
0.5 on each axis, so a box round it alone is (-0.5, -0.5, -0.5, 0.5, 0.5, 0.5). Boxes of one slice are one slice deep.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

Box = tuple[float, float, float, float, float, float]
Boxes = NDArray[np.float64]
"""[N, 6]."""

NO_BOXES: Final[Boxes] = np.zeros((0, 6))


def as_boxes(boxes: Sequence[Box]) -> Boxes:
    """Return boxes as an array [N, 6], also where there is none."""
    return np.asarray(boxes, dtype=np.float64).reshape(-1, 6)


def as_tuples(boxes: Boxes) -> tuple[Box, ...]:
    """Return boxes as they are kept: rounded to a thousandth of a pixel."""
    return tuple((one[0], one[1], one[2], one[3], one[4], one[5]) for one in np.round(boxes, 3).tolist())


def overlaps(one: Boxes, other: Boxes) -> NDArray[np.float64]:
    """Return the intersection over union of each pair, [N, M]."""
    low = np.maximum(one[:, None, :3], other[None, :, :3])
    high = np.minimum(one[:, None, 3:], other[None, :, 3:])
    shared = np.clip(high - low, 0.0, None).prod(axis=2)
    union = _volumes(one)[:, None] + _volumes(other)[None, :] - shared
    return np.asarray(np.where(union > 0, shared / np.maximum(union, 1e-12), 0.0))


def centred_in(one: Boxes, other: Boxes) -> NDArray[np.bool_]:
    """Return whether the centre of each of ``one`` lies in each of ``other``, [N, M]; on the edge is inside."""
    centre = ((one[:, :3] + one[:, 3:]) / 2)[:, None]
    return np.asarray(((centre >= other[None, :, :3]) & (centre <= other[None, :, 3:])).all(axis=2))


def kept_apart(boxes: Boxes, scores: NDArray[np.float64], most: float) -> NDArray[np.int64]:
    """Return which boxes stay, the best first: none that overlaps a better one by more than ``most`` (greedy NMS).

    A box whose centre lies in a better one, and the other way round, marks the same thing too.
    """
    order = np.argsort(-scores, kind="stable")
    stay: list[int] = []
    for place in order:
        one, better = boxes[place : place + 1], boxes[stay]
        same = centred_in(one, better)[0] & centred_in(better, one)[:, 0]
        if not (same | (overlaps(one, better)[0] > most)).any():
            stay.append(int(place))
    return np.array(stay, dtype=np.int64)


def _volumes(boxes: Boxes) -> NDArray[np.float64]:
    return np.asarray(np.clip(boxes[:, 3:] - boxes[:, :3], 0.0, None).prod(axis=1))
