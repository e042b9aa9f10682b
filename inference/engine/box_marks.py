"""From what readers marked to boxes: of masks, of shapes on slices, of what several readers drew."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from inference.engine.boxes import NO_BOXES, Boxes, as_boxes, overlaps

#: From this overlap on, two marks of one slice are marks of one thing.
_SAME: Final = 0.5


def boxes_of_mask(mask_kji: NDArray[np.bool_]) -> Boxes:
    """Return the smallest box round each connected part of a mask (neighbours by a corner are connected)."""
    parts, _ = ndimage.label(mask_kji, np.ones((3, 3, 3)))
    found = [
        [*(one.start - 0.5 for one in where), *(one.stop - 0.5 for one in where)]
        for where in ndimage.find_objects(parts)
        if where is not None
    ]
    return as_boxes(found)  # type: ignore[arg-type]


def gathered(marks: Boxes) -> Boxes:
    """Return one box for each thing that was marked, from marks of single slices.

    Marks of one slice that overlap by half or more are of one thing, as two readers draw it: their mean is taken.
    Marks of neighbouring slices of which one has its centre in the other's are of one thing, which is as deep as they
    are together and as wide as the widest.

    Args:
        marks: [N, 6], each one slice deep.
    """
    slices: dict[int, list[Boxes]] = {}
    for k in np.unique(np.round(marks[:, 0] + 0.5)).astype(int):
        slices[int(k)] = [marks[group].mean(axis=0) for group in _alike(marks, np.round(marks[:, 0] + 0.5) == k)]
    things: list[Boxes] = []
    last: dict[int, int] = {}
    for k, flat in sorted(slices.items()):
        before, last = last, {}
        for one in flat:
            touching = [
                thing
                for thing, at in before.items()
                if at == k - 1 and _through(things[thing], one) and thing not in last
            ]
            if touching:
                thing = touching[0]
                old = things[thing]
                things[thing] = np.concatenate([np.minimum(old[:3], one[:3]), np.maximum(old[3:], one[3:])])
            else:
                thing = len(things)
                things.append(one)
            last[thing] = k
    return np.stack(things) if things else NO_BOXES


def as_deep_as_wide(boxes: Boxes, spacing_mm_kji: Sequence[float | None] | None, slices: int) -> Boxes:
    """Let boxes that are one slice deep reach as far through the slices as they are wide: what they mark is no disc.

    Args:
        boxes: [N, 6].
        spacing_mm_kji: of the image; without millimetres through the slices the boxes stay as they are.
        slices: how many the image has; no box reaches beyond them.
    """
    if spacing_mm_kji is None or spacing_mm_kji[0] is None or not len(boxes):
        return boxes
    between, rows, columns = (float(one or 0.0) for one in spacing_mm_kji)
    flat = boxes[:, 3] - boxes[:, 0] <= 1.0 + 1e-6
    wide = ((boxes[:, 4] - boxes[:, 1]) * rows + (boxes[:, 5] - boxes[:, 2]) * columns) / 2
    deep, middle = np.maximum(1.0, wide / between), (boxes[:, 0] + boxes[:, 3]) / 2
    deepened = boxes.copy()
    deepened[flat, 0] = np.maximum(-0.5, middle - deep / 2)[flat]
    deepened[flat, 3] = np.minimum(slices - 0.5, middle + deep / 2)[flat]
    return deepened


def _alike(marks: Boxes, here: NDArray[np.bool_]) -> list[list[int]]:
    """Return groups of the marks of one slice that are of one thing."""
    groups: list[list[int]] = []
    for place in np.flatnonzero(here):
        for group in groups:
            if overlaps(marks[group], marks[place : place + 1]).max() >= _SAME:
                group.append(int(place))
                break
        else:
            groups.append([int(place)])
    return groups


def _through(thing: Boxes, flat: Boxes) -> bool:
    """Say whether a mark goes on from a thing of the slice before."""

    def inside(one: Boxes, other: Boxes) -> bool:
        row, column = (one[1] + one[4]) / 2, (one[2] + one[5]) / 2
        return bool(other[1] <= row <= other[4] and other[2] <= column <= other[5])

    return inside(thing, flat) or inside(flat, thing)
