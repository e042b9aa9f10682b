"""How well one mask fits the truth: overlap, surface, lesions, and what is painted where there is nothing.

Definitions follow Metrics Reloaded (Maier-Hein 2024) and its code, surfaces and distances those of MONAI. What is
undefined where a mask is empty is said, never left out: see docs/decisions/0027-empty-masks-are-counted.md.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage
from scipy.spatial import cKDTree

from inference.engine.errors import DataError
from inference.engine.gate_plan import SURFACE_TOLERANCE
from inference.engine.grid import Grid

Mask = NDArray[np.bool_]
_VOXELS_A_POINT: Final = 12
_ROUNDING: Final = 1e-9


@dataclass(frozen=True)
class SegmentationScore:
    """How well one mask fits the truth.

    Args:
        dice: 0…1; 1 where neither has a voxel (nothing to find, and nothing painted), 0 where only one has any. None
            in results that were kept before empty cases were counted.
        volume_true: of the truth, in ``extent_unit``; 0 says that the truth has no mask.
        volume_predicted: of the prediction, in the same unit.
        hd95: the larger of the two directed 95th percentiles of the surface distances, in ``unit``; None where one of
            the two is empty.
        unit: of distances: "mm"; "px", widths of a pixel, or "voxel" where there are no millimetres.
        extent_unit: of volumes: "ml"; "mm²" for one slice, which has an area only; "px" or "voxel", counted.
        nsd: share of both surfaces that lies within ``tolerance`` of the other one; 1 where both are empty, 0 where
            only one is.
        tolerance: of ``nsd``, in ``unit``.
        diagonal: of the image in ``unit``: no distance is larger. It stands for ``hd95`` where a structure was missed.
        volume_image: of the whole image, in ``extent_unit``.
        lesions_true: connected parts of the truth (neighbours by a corner are connected).
        lesions_found: those of them of which at least one voxel was painted.
        lesions_false: connected parts of the prediction that touch no voxel of the truth.
    """

    dice: float | None
    volume_true: float
    volume_predicted: float
    hd95: float | None
    unit: str
    extent_unit: str = ""
    nsd: float | None = None
    tolerance: float | None = None
    diagonal: float | None = None
    volume_image: float | None = None
    lesions_true: int = 0
    lesions_found: int = 0
    lesions_false: int = 0

    @property
    def has_mask(self) -> bool:
        """Whether the truth has a voxel."""
        return self.volume_true > 0

    @property
    def painted(self) -> bool:
        """Whether the prediction has a voxel."""
        return self.volume_predicted > 0

    @property
    def missed(self) -> bool:
        """Whether the truth has a mask and no voxel of it was painted."""
        return self.has_mask and not self.dice

    @property
    def distance(self) -> float | None:
        """The 95th percentile, or the image's diagonal where nothing was painted; None for a truth without a mask."""
        if not self.has_mask:
            return None
        return self.diagonal if self.hd95 is None else self.hd95


def score_segmentation(
    predicted_kji: NDArray[np.generic], truth_kji: NDArray[np.generic], grid: Grid, tolerance: float = SURFACE_TOLERANCE
) -> SegmentationScore:
    """Compare a predicted mask with the true one.

    Args:
        predicted_kji: [K, J, I], not 0 is inside.
        truth_kji: the same shape.
        grid: how far the voxels are apart, and in which unit.
        tolerance: how far surfaces may lie apart and agree, in ``grid.unit``.

    Raises:
        DataError: the shapes differ.
    """
    if predicted_kji.shape != truth_kji.shape:
        raise DataError("mask_shape", "The predicted mask does not have the shape of the true one.")
    predicted, truth = predicted_kji.astype(bool), truth_kji.astype(bool)
    corners = [(step or 0.0) * (count - 1) for step, count in zip(grid.steps_kji, truth.shape, strict=True)]
    painted, there, shared = (int(np.count_nonzero(one)) for one in (predicted, truth, predicted & truth))
    whole, box = truth.size, _box(predicted | truth)
    predicted, truth = predicted[box], truth[box]
    hd95, nsd = _surfaces(predicted, truth, grid, tolerance)
    lesions = _lesions(predicted, truth)
    return SegmentationScore(
        dice=overlap(painted, there, shared),
        volume_true=there * grid.extent,
        volume_predicted=painted * grid.extent,
        hd95=hd95,
        unit=grid.unit,
        extent_unit=grid.extent_unit,
        nsd=nsd,
        tolerance=tolerance,
        diagonal=math.hypot(*corners),
        volume_image=whole * grid.extent,
        lesions_true=lesions[0],
        lesions_found=lesions[1],
        lesions_false=lesions[2],
    )


def overlap(painted: int, there: int, shared: int) -> float:
    """Return the Dice of two masks by their numbers of voxels; 1 where both are empty."""
    return 2 * shared / (painted + there) if painted + there else 1.0


def _box(mask: Mask) -> tuple[slice, ...]:
    """Return the smallest box that holds a mask: nothing outside it changes a surface, a distance or a part."""
    found = []
    for axis in range(mask.ndim):
        at = np.flatnonzero(mask.any(axis=tuple(other for other in range(mask.ndim) if other != axis)))
        found.append(slice(int(at[0]), int(at[-1]) + 1) if len(at) else slice(0, 0))
    return tuple(found)


def _surfaces(predicted: Mask, truth: Mask, grid: Grid, tolerance: float) -> tuple[float | None, float]:
    """Return the 95th percentile of the surface distances (None where a mask is empty), and the agreement."""
    some = predicted.any(), truth.any()
    if not all(some):
        return None, 0.0 if any(some) else 1.0
    flat = grid.steps_kji[0] is None
    steps = tuple(1.0 if step is None else step for step in grid.steps_kji)
    surfaces = _surface(predicted, flat), _surface(truth, flat)
    there, back = _way(surfaces[0], surfaces[1], steps), _way(surfaces[1], surfaces[0], steps)
    hd95 = max(float(np.percentile(there, 95)), float(np.percentile(back, 95)))
    agreed = int((there <= tolerance + _ROUNDING).sum()) + int((back <= tolerance + _ROUNDING).sum())
    return hd95, agreed / (len(there) + len(back))


def _surface(mask: Mask, flat: bool) -> Mask:
    """Return the voxels of a mask with a neighbour by a face outside it; the image's border is outside."""
    shape = ndimage.generate_binary_structure(2, 1)[None] if flat else ndimage.generate_binary_structure(3, 1)
    return np.asarray(mask & ~ndimage.binary_erosion(mask, shape))


def _way(one: Mask, other: Mask, steps: tuple[float, ...]) -> NDArray[np.float64]:
    """Return the distance of each surface voxel of ``one`` to the surface ``other``."""
    points, others = np.argwhere(one), np.argwhere(other)
    # Two smooth surfaces that lie about together are a small part of their box: a tree of their points is quicker than
    # a map of the whole box. Of points far away a tree has to look at nearly all.
    ends = (points.min(axis=0) - others.min(axis=0), points.max(axis=0) - others.max(axis=0))
    together = all(bool((np.abs(end) <= np.array(one.shape) / 4).all()) for end in ends)
    if together and (len(points) + len(others)) * _VOXELS_A_POINT <= one.size:
        return np.asarray(cKDTree(others * steps).query(points * steps)[0])
    return np.asarray(ndimage.distance_transform_edt(~other, sampling=steps)[one])


def _lesions(predicted: Mask, truth: Mask) -> tuple[int, int, int]:
    """Count the parts of the truth, those found, and the parts painted where there is none."""
    corners = np.ones((3, 3, 3), np.bool_)
    true_parts, there = ndimage.label(truth, corners)
    own_parts, painted = ndimage.label(predicted, corners)
    found = len(np.unique(true_parts[predicted & truth]))
    right = len(np.unique(own_parts[predicted & truth]))
    return there, found, painted - right


def counted(painted: int, there: int, shared: int, voxels: int, grid: Grid) -> SegmentationScore:
    """Return the score of an answer by its numbers of voxels alone: without surfaces and lesions.

    Args:
        painted: voxels of the answer.
        there: voxels of the truth.
        shared: voxels of both.
        voxels: of the image.
        grid: of the image.
    """
    return SegmentationScore(
        dice=overlap(painted, there, shared),
        volume_true=there * grid.extent,
        volume_predicted=painted * grid.extent,
        hd95=None,
        unit=grid.unit,
        extent_unit=grid.extent_unit,
        volume_image=voxels * grid.extent,
    )
