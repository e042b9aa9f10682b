"""Laying a layer over one picture: on the picture's own pixels, whatever grid the layer was made on.

Where both lie in one patient space, their planes decide and nothing else: each pixel's centre is looked up in the
layer, segments to the nearest pixel of the nearest frame, values between pixels and frames (trilinear). Where there is
no common space, a layer lies pixel on pixel if it names the picture and has its size.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import numpy as np
from numpy.typing import NDArray

from imaging.dicom.layers.layer import ROUNDING, Contour, Layer, LayerFrame, LayerKind, Source, Stack
from imaging.dicom.plane import Plane

Floats = NDArray[np.float64]
Read = Callable[[int], NDArray[Any]]


@dataclass(frozen=True, slots=True)
class Target:
    """A picture that layers are laid over.

    Attributes:
        slab_mm: how thick its slice is.
        series: SOP Instance UIDs of the pictures of its series.
    """

    sop_instance_uid: str
    frame_number: int
    rows: int
    columns: int
    plane: Plane | None
    frame_of_reference_uid: str
    slab_mm: float
    series: frozenset[str] = frozenset()

    def is_named(self, sources: frozenset[Source]) -> bool:
        """Say whether these references name the picture."""
        return not sources.isdisjoint({(self.sop_instance_uid, 0), (self.sop_instance_uid, self.frame_number)})


class Placing(StrEnum):
    """How a layer comes to lie on a picture."""

    SAME_GRID = "same_grid"
    RESAMPLED = "resampled"
    NAMED = "named"
    OTHER_SPACE = "other_space"
    NO_SPACE = "no_space"
    BESIDE = "beside"
    EMPTY = "empty"


def placing(layer: Layer, target: Target) -> Placing:
    """Say how a layer lies on a picture, or why it does not."""
    if not layer.frames and not layer.contours:
        return Placing.EMPTY
    planes = [frame.plane for frame in layer.frames if frame.plane is not None]
    if target.plane is not None and (planes or layer.contours) and _one_space(layer, target):
        if layer.kind is LayerKind.OUTLINES:
            return Placing.SAME_GRID if laid_contours(layer, target) else Placing.BESIDE
        if next(_near(layer, target), None) is None:
            return Placing.BESIDE
        return Placing.RESAMPLED if _same_grid_frame(layer, target) is None else Placing.SAME_GRID
    if _named_frames(layer, target) or laid_contours(layer, target):
        return Placing.NAMED
    if target.plane is None or not (planes or layer.contours):
        return Placing.NO_SPACE
    return Placing.OTHER_SPACE


def _one_space(layer: Layer, target: Target) -> bool:
    return bool(layer.frame_of_reference_uid) and layer.frame_of_reference_uid == target.frame_of_reference_uid


def _named_frames(layer: Layer, target: Target) -> list[LayerFrame]:
    if (layer.rows, layer.columns) != (target.rows, target.columns):
        return []
    return [frame for frame in layer.frames if target.is_named(frame.sources)]


def _near(layer: Layer, target: Target) -> Iterator[LayerFrame]:
    """Yield the frames of a layer whose slab meets the picture's rectangle."""
    assert target.plane is not None
    right, bottom = target.columns - 1, target.rows - 1
    corners = target.plane.to_patient([(0, 0), (right, 0), (0, bottom), (right, bottom)])
    for stack in layer.stacks:
        along = corners @ stack.normal
        half = layer.slab_mm / 2 + ROUNDING
        low, high = along.min() - half, along.max() + half
        for index in np.flatnonzero((stack.heights >= low) & (stack.heights <= high)):
            frame = stack.frames[int(index)]
            assert frame.plane is not None
            columns, rows = frame.plane.to_pixels(corners).T
            misses = columns.max() < 0 or rows.max() < 0 or columns.min() >= layer.columns or rows.min() >= layer.rows
            if not misses:
                yield frame


def _same_grid_frame(layer: Layer, target: Target) -> LayerFrame | None:
    """Return the frame of a layer whose pixels are the picture's."""
    if target.plane is None or (layer.rows, layer.columns) != (target.rows, target.columns):
        return None
    corners = [(0, 0), (target.columns - 1, 0), (0, target.rows - 1)]
    here = target.plane.to_patient(corners)
    for frame in _near(layer, target):
        if frame.plane is not None and np.abs(frame.plane.to_patient(corners) - here).max() < 10 * ROUNDING:
            return frame
    return None


def laid_segment(layer: Layer, target: Target, read: Read) -> NDArray[np.uint8]:
    """Return a segment on the picture's pixels, ``[J, I]``, 0 to 255.

    Args:
        read: gives the shares of a frame of the layer by its number.
    """
    out = np.zeros(target.rows * target.columns, np.uint8)
    if (whole := _pixel_on_pixel(layer, target, read, out)) is not None:
        return whole
    for stack in layer.stacks:
        along = _heights(stack, target)
        nearest = _nearest(stack.heights, along)
        inside = np.abs(along - stack.heights[nearest]) <= layer.slab_mm / 2 + ROUNDING
        for index in np.unique(nearest[inside]):
            frame, here = stack.frames[int(index)], np.flatnonzero(inside & (nearest == index))
            columns, rows = (np.floor(one + 0.5 + 1e-9).astype(np.int64) for one in _places(frame, target, here))
            hit = (columns >= 0) & (rows >= 0) & (columns < layer.columns) & (rows < layer.rows)
            if hit.any():
                shares = read(frame.number)[rows[hit], columns[hit]]
                out[here[hit]] = np.maximum(out[here[hit]], shares)
    return out.reshape(target.rows, target.columns)


def laid_values(layer: Layer, target: Target, read: Read) -> NDArray[np.float32]:
    """Return a map's or a dose's values on the picture's pixels, ``[J, I]``; NaN outside of it.

    Args:
        read: gives the values of a frame of the layer by its number.
    """
    out = np.full(target.rows * target.columns, np.nan, np.float32)
    if (whole := _pixel_on_pixel(layer, target, read, out)) is not None:
        return whole
    for stack in layer.stacks:
        along = _heights(stack, target)
        below, above, weight = _between(stack.heights, along, layer.slab_mm)
        values = np.zeros(len(along))
        for index in np.unique(np.concatenate([below[below >= 0], above[below >= 0]])):
            frame = stack.frames[int(index)]
            share = np.where(below == index, 1 - weight, 0) + np.where((above == index) & (above != below), weight, 0)
            here = np.flatnonzero((below >= 0) & (share > 0))
            if len(here):
                values[here] += share[here] * _bilinear(read(frame.number), *_places(frame, target, here))
        known = below >= 0
        out[known] = values[known]
    return out.reshape(target.rows, target.columns)


def laid_contours(layer: Layer, target: Target) -> list[tuple[bool, Floats]]:
    """Return the lines of a region that lie on the picture: closed or not, and (column, row), shape (n, 2).

    A line lies on the picture that it names, also where the region names another frame of reference, if its points are
    there; one that names none of this series, on those within half a slice of it.
    """
    if target.plane is None:
        return []
    return [
        (contour.closed, target.plane.to_pixels(contour.points))
        for contour in layer.contours
        if _is_on(contour, target, target.plane, one_space=_one_space(layer, target))
    ]


def _is_on(contour: Contour, target: Target, plane: Plane, *, one_space: bool) -> bool:
    heights = np.abs(plane.heights(contour.points))
    if not target.series.isdisjoint(uid for uid, _ in contour.sources):
        return target.is_named(contour.sources) and float(heights.max()) <= target.slab_mm + ROUNDING
    return one_space and float(heights.max()) <= target.slab_mm / 2 + ROUNDING


def _pixel_on_pixel(layer: Layer, target: Target, read: Read, out: NDArray[Any]) -> NDArray[Any] | None:
    """Return the layer where its pixels are the picture's, ``out`` where it does not lie here; None: look it up."""
    if target.plane is not None and _one_space(layer, target):
        same = _same_grid_frame(layer, target)
        return read(same.number) if same else None
    named = _named_frames(layer, target)
    return read(named[0].number) if named else out.reshape(target.rows, target.columns)


def _ramp(target: Target, of: Callable[[Floats], Floats], here: NDArray[np.int64] | None = None) -> Floats:
    """Return a quantity that rises evenly over the picture, for its pixels row by row (or those of ``here``).

    Args:
        of: gives it for patient points, shape (n, 3).
    """
    assert target.plane is not None
    start, right, down = of(target.plane.to_patient([(0, 0), (1, 0), (0, 1)]))
    if here is None:
        here = np.arange(target.rows * target.columns)
    rows, columns = np.divmod(here, target.columns)
    return np.asarray(start + columns * (right - start) + rows * (down - start), np.float64)


def _heights(stack: Stack, target: Target) -> Floats:
    """Return how far along the stack's normal each of the picture's pixels lies, mm."""
    return _ramp(target, lambda points: points @ stack.normal)


def _places(frame: LayerFrame, target: Target, here: NDArray[np.int64]) -> tuple[Floats, Floats]:
    """Return column and row in a layer's frame of the picture's pixels ``here``."""
    plane = frame.plane
    assert plane is not None
    columns = _ramp(target, lambda points: plane.to_pixels(points)[:, 0], here)
    return columns, _ramp(target, lambda points: plane.to_pixels(points)[:, 1], here)


def _nearest(heights: Floats, along: Floats) -> NDArray[np.int64]:
    above = np.clip(np.searchsorted(heights, along), 0, len(heights) - 1)
    below = np.maximum(above - 1, 0)
    return np.where(np.abs(along - heights[below]) <= np.abs(heights[above] - along) + 1e-9, below, above)


def _between(heights: Floats, along: Floats, slab_mm: float) -> tuple[NDArray[np.int64], NDArray[np.int64], Floats]:
    """Return per point the frame below, the frame above and the weight of the latter; -1 where none holds."""
    below = np.clip(np.searchsorted(heights, along, side="right") - 1, 0, max(0, len(heights) - 2))
    above = np.minimum(below + 1, len(heights) - 1)
    step = np.where(above > below, heights[above] - heights[below], 1.0)
    weight = np.where(above > below, (along - heights[below]) / step, 0.0)
    weight = np.where(np.abs(weight - np.rint(weight)) < 1e-4, np.rint(weight), weight)
    inside = (above > below) & (weight >= 0) & (weight <= 1) & (step <= 1.5 * max(slab_mm, ROUNDING))
    nearest = _nearest(heights, along)
    holds = np.abs(along - heights[nearest]) <= slab_mm / 2 + ROUNDING
    below = np.where(inside, below, np.where(holds, nearest, -1))
    above = np.where(inside, above, below)
    return below, above, np.where(inside, weight, 0.0)


def _bilinear(values: NDArray[Any], columns: Floats, rows: Floats) -> Floats:
    """Return values between pixels; half a pixel outside the border's value holds, beyond it is NaN."""
    height, width = values.shape
    outside = (columns < -0.5 - 1e-6) | (rows < -0.5 - 1e-6) | (columns > width - 0.5) | (rows > height - 0.5)
    found = np.zeros(len(columns))
    (left, right, x), (top, bottom, y) = _neighbours(columns, width), _neighbours(rows, height)
    for row, upright in ((top, 1 - y), (bottom, y)):
        for column, level in ((left, 1 - x), (right, x)):
            # What has no weight says nothing, also where it is no number.
            found += np.where(upright * level > 0, upright * level * values[row, column], 0)
    return np.where(outside, np.nan, found)


def _neighbours(at: Floats, count: int) -> tuple[NDArray[np.int64], NDArray[np.int64], Floats]:
    snapped = np.where(np.abs(at - np.rint(at)) < 1e-4, np.rint(at), at)
    clipped = np.clip(snapped, 0, count - 1)
    low = np.minimum(np.floor(clipped).astype(np.int64), count - 1)
    return low, np.minimum(low + 1, count - 1), clipped - low
