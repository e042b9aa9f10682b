"""Contours to masks and back; masks to runs and back.

A pixel belongs to a shape when its centre lies inside it (non-zero winding, see ``annotations.geometry.winding``);
the centre of the top-left pixel is (0, 0), points are (column, row). Masks are ``mask_ji``: boolean, rows first. Runs
are ``[start, length, start, length, …]`` over the row-major pixels of one frame, sorted, not overlapping.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

Mask = NDArray[np.bool_]
ELLIPSE_SIDES: Final = 128


def polygon_mask(points: Any, shape: tuple[int, int], offset: tuple[int, int] = (0, 0)) -> Mask:
    """Return the pixels whose centres a closed polygon goes round, however often it crosses itself.

    Args:
        points: (n, 2) of (column, row), n >= 3, the last joined to the first.
        shape: (rows, columns) of the mask.
        offset: (column, row) of the mask's top-left pixel in the image.

    Returns:
        mask_ji. A centre exactly on an edge counts for the edge's left or top side only, so that neighbours that
        share an edge share no pixel.
    """
    rows, columns = shape
    corners = np.asarray(points, np.float64).reshape(-1, 2) - np.asarray(offset, np.float64)
    mask = np.zeros(shape, np.bool_)
    if len(corners) < 3 or rows == 0 or columns == 0:
        return mask
    x0, y0 = corners[:, 0], corners[:, 1]
    x1, y1 = np.roll(x0, -1), np.roll(y0, -1)
    first = max(0, int(np.ceil(max(y0.min(), -1.0))))
    last = min(rows - 1, int(np.floor(min(y0.max(), float(rows)))))
    for j in range(first, last + 1):
        crossing = (y0 <= j) != (y1 <= j)
        if not crossing.any():
            continue
        ax, ay, bx, by = x0[crossing], y0[crossing], x1[crossing], y1[crossing]
        at = ax + (j - ay) * (bx - ax) / (by - ay)
        steps = np.zeros(columns + 1, np.int64)
        np.add.at(steps, np.clip(np.ceil(at), 0, columns).astype(np.int64), np.where(by > ay, 1, -1))
        mask[j] = np.cumsum(steps[:-1]) != 0
    return mask


def ellipse_outline(points: Any, sides: int = ELLIPSE_SIDES) -> NDArray[np.float64]:
    """Return an ellipse as a polygon, shape (sides, d).

    Args:
        points: (4, d) ends of its two axes: top, bottom, left, right; pixels or mm.
    """
    top, bottom, left, right = np.asarray(points, np.float64)
    centre = (top + bottom + left + right) / 4
    angles = np.linspace(0, 2 * np.pi, sides, endpoint=False)[:, None]
    return np.asarray(centre + np.cos(angles) * (right - left) / 2 + np.sin(angles) * (bottom - top) / 2, np.float64)


def ellipse_mask(points: Any, shape: tuple[int, int], offset: tuple[int, int] = (0, 0)) -> Mask:
    """Return the pixels whose centres lie inside an ellipse; ``points`` as in ``ellipse_outline``, in pixels."""
    top, bottom, left, right = np.asarray(points, np.float64) - np.asarray(offset, np.float64)
    centre, half_x, half_y = (top + bottom + left + right) / 4, (right - left) / 2, (bottom - top) / 2
    axes = np.stack([half_x, half_y], axis=1)
    if abs(float(np.linalg.det(axes))) < 1e-12:
        return np.zeros(shape, np.bool_)
    j, i = np.mgrid[: shape[0], : shape[1]]
    local = np.linalg.solve(axes, np.stack([i.ravel() - centre[0], j.ravel() - centre[1]]))
    return np.asarray((local**2).sum(axis=0).reshape(shape) <= 1.0)


def mask_to_runs(mask_ji: Any) -> list[int]:
    """Return the runs of a mask."""
    flat = np.asarray(mask_ji, np.bool_).ravel()
    edges = np.flatnonzero(np.diff(np.concatenate([[False], flat, [False]]).astype(np.int8)))
    starts, ends = edges[0::2], edges[1::2]
    return [int(value) for value in np.stack([starts, ends - starts], axis=1).ravel()]


def runs_to_mask(runs: Any, shape: tuple[int, int]) -> Mask:
    """Return mask_ji of runs; raises ValueError when they do not fit ``shape`` (rows, columns)."""
    pairs = np.asarray(runs, np.int64).reshape(-1, 2)
    size = shape[0] * shape[1]
    if len(pairs) and (pairs.min() < 0 or int(pairs.sum(axis=1).max()) > size):
        raise ValueError("runs outside the image")
    steps = np.zeros(size + 1, np.int64)
    np.add.at(steps, pairs[:, 0], 1)
    np.add.at(steps, pairs.sum(axis=1), -1)
    return np.asarray((np.cumsum(steps[:-1]) > 0).reshape(shape))


def runs_fault(runs: list[int], size: int) -> str | None:
    """Say what is wrong with runs over ``size`` pixels, or None: whole pairs, sorted, not overlapping, inside."""
    if len(runs) % 2:
        return "not_in_pairs"
    pairs = np.asarray(runs, np.int64).reshape(-1, 2)
    if not len(pairs):
        return None
    if (pairs[:, 1] < 1).any() or (pairs[:, 0] < 0).any() or int(pairs.sum(axis=1).max()) > size:
        return "out_of_range"
    if (pairs[1:, 0] < pairs[:-1].sum(axis=1)).any():
        return "not_sorted_or_overlapping"
    return None


def mask_contours(mask_ji: Any) -> list[NDArray[np.float64]]:
    """Return the outlines of a mask's parts and holes as polygons (n, 2) of (column, row), halfway between pixels.

    Rasterising an outline of a part without holes gives the part back.
    """
    from skimage.measure import find_contours

    padded = np.pad(np.asarray(mask_ji, np.float64), 1)
    outlines = find_contours(padded, 0.5)  # type: ignore[no-untyped-call]
    return [np.asarray(found[:-1, ::-1] - 1, np.float64) for found in outlines]


def runs_corners(runs: Sequence[int], columns: int) -> list[tuple[int, int]]:
    """Return two opposite corners, (column, row), of the box that holds all pixels of non-empty runs.

    Args:
        runs: start, length, start, length … over the row-major pixels of an image of ``columns`` columns.
    """
    starts = np.asarray(runs[0::2])
    ends = starts + np.asarray(runs[1::2]) - 1
    rows = starts // columns, ends // columns
    # A run that goes on in the next row touches both edges.
    wraps = rows[0] != rows[1]
    left = 0 if wraps.any() else int((starts % columns).min())
    right = columns - 1 if wraps.any() else int((ends % columns).max())
    return [(left, int(rows[0].min())), (right, int(rows[1].max()))]
