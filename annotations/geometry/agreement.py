"""How far two statements agree: overlap, distance, kappa."""

from __future__ import annotations

import math
from collections.abc import Hashable, Sequence
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from annotations.geometry.measures import Scale
from annotations.geometry.rasters import polygon_mask

_MAX_CROP: Final = 2048
_OUTLINE_STEPS: Final = 400


def iou(one: Any, other: Any) -> float:
    """Return intersection over union of two masks of one shape; 1 when both are empty."""
    a, b = np.asarray(one, np.bool_), np.asarray(other, np.bool_)
    union = int((a | b).sum())
    return float((a & b).sum()) / union if union else 1.0


def dice(one: Any, other: Any) -> float:
    """Return the Dice coefficient of two masks of one shape; 1 when both are empty (Dice 1945)."""
    a, b = np.asarray(one, np.bool_), np.asarray(other, np.bool_)
    total = int(a.sum()) + int(b.sum())
    return 2 * float((a & b).sum()) / total if total else 1.0


def outline_overlap(one: Any, other: Any) -> dict[str, float]:
    """Return iou and dice of what two closed outlines enclose, both in pixels (n, 2), rasterised at pixel centres.

    Areas that span fewer than 64 pixels are drawn on a finer grid, so that small boxes do not jump.
    """
    a, b = np.asarray(one, np.float64), np.asarray(other, np.float64)
    edges = np.concatenate([a, b])
    low = np.floor(edges.min(axis=0)) - 1
    extent = np.ceil(edges.max(axis=0)) + 2 - low
    longest = float(extent.max())
    factor = 8.0 if longest < 64 else min(1.0, _MAX_CROP / longest)
    columns, rows = (max(1, math.ceil(side * factor)) for side in extent)
    first, second = (polygon_mask((points - low) * factor, (rows, columns)) for points in (a, b))
    return {"iou": round(iou(first, second), 4), "dice": round(dice(first, second), 4)}


def resampled(points: Any, steps: int = _OUTLINE_STEPS, *, closed: bool = True) -> NDArray[np.float64]:
    """Return ``steps`` points at equal distances along a line through points (n, d)."""
    line = np.asarray(points, np.float64)
    if closed:
        line = np.concatenate([line, line[:1]])
    along = np.concatenate([[0.0], np.cumsum(np.linalg.norm(np.diff(line, axis=0), axis=1))])
    if along[-1] == 0:
        return np.repeat(line[:1], steps, axis=0)
    at = np.linspace(0, along[-1], steps, endpoint=not closed)
    return np.stack([np.interp(at, along, line[:, axis]) for axis in range(line.shape[1])], axis=1)


def _nearest(one: NDArray[np.float64], other: NDArray[np.float64]) -> NDArray[np.float64]:
    from scipy.spatial import cKDTree

    return np.asarray(cKDTree(other).query(one)[0], np.float64)


def surface_distances(one: Any, other: Any) -> dict[str, float]:
    """Return the Hausdorff and the mean surface distance of two point sets (n, d), in the points' unit."""
    a, b = np.asarray(one, np.float64), np.asarray(other, np.float64)
    there, back = _nearest(a, b), _nearest(b, a)
    return {
        "hausdorff": float(max(there.max(), back.max())),
        "mean": float((there.mean() + back.mean()) / 2),
    }


def outline_distances(one: Any, other: Any) -> dict[str, float]:
    """Return the Hausdorff and mean distance of two closed outlines, in the points' unit."""
    return surface_distances(resampled(one), resampled(other))


def area_difference(one: Any, other: Any, scale: Scale) -> dict[str, float]:
    """Return overlap of what two closed outlines (pixels) enclose, and their distances in the scale's unit."""
    found = outline_distances(scale.scaled(one), scale.scaled(other))
    return outline_overlap(one, other) | {
        f"hausdorff_{scale.unit}": round(found["hausdorff"], 3),
        f"mean_distance_{scale.unit}": round(found["mean"], 3),
    }


def edge_points(mask_ji: Any) -> NDArray[np.float64]:
    """Return (column, row) of the pixels of a mask that touch the outside, shape (n, 2)."""
    mask = np.pad(np.asarray(mask_ji, np.bool_), 1)
    inside = mask[:-2, 1:-1] & mask[2:, 1:-1] & mask[1:-1, :-2] & mask[1:-1, 2:]
    return np.argwhere(mask[1:-1, 1:-1] & ~inside)[:, ::-1].astype(np.float64)


def end_distance(one: Any, other: Any) -> float:
    """Return the mean distance of the ends of two lines (or of two points), whichever way round they were drawn."""
    a, b = np.asarray(one, np.float64), np.asarray(other, np.float64)
    ways = [b] if len(b) < 2 else [b, b[::-1]]
    return min(float(np.linalg.norm(a - way, axis=1).mean()) for way in ways)


def cohen_kappa(one: Sequence[Hashable], other: Sequence[Hashable]) -> float:
    """Return Cohen's kappa of two readers' categories, case by case (Cohen 1960).

    Returns:
        1 for full agreement; NaN where there are no cases, or both said one and the same thing of every case.
    """
    if len(one) != len(other):
        raise ValueError("both readers must have read the same cases")
    if not one:
        return math.nan
    categories = sorted(set(one) | set(other), key=repr)
    index = {category: number for number, category in enumerate(categories)}
    table = np.zeros((len(categories), len(categories)))
    for a, b in zip(one, other, strict=True):
        table[index[a], index[b]] += 1
    table /= table.sum()
    expected = float((table.sum(axis=0) * table.sum(axis=1)).sum())
    return math.nan if expected >= 1 else (float(np.trace(table)) - expected) / (1 - expected)
