"""A volume with its place in the patient, and the plain arithmetic of grids. No torch here."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from inference.engine.errors import ImageError

#: Along each axis at least so many voxels: fewer have no inside.
_FEWEST = 8


@dataclass(frozen=True, eq=False)
class PlacedVolume:
    """A grey volume in patient space.

    Args:
        pixels_kji: float32 ``[K, J, I]``, modality values.
        affine_lps: ``[4, 4]``, takes ``(k, j, i, 1)`` to ``(x, y, z, 1)`` in LPS mm. It may be oblique and sheared.
        modality: DICOM Modality, e.g. "CT".

    Raises:
        ImageError: no such array, fewer than 8 voxels along an axis, values that are not finite, or no volume spanned.
    """

    pixels_kji: NDArray[np.float32]
    affine_lps: NDArray[np.float64]
    modality: str = ""

    def __post_init__(self) -> None:
        if self.pixels_kji.ndim != 3 or min(self.pixels_kji.shape) < _FEWEST:
            raise ImageError("too_few_slices", f"Only grey volumes of {_FEWEST} slices or more can be aligned.")
        if not np.isfinite(self.pixels_kji).all():
            raise ImageError("image_values", "The image holds values that are not numbers.")
        if not np.isfinite(self.affine_lps).all() or abs(np.linalg.det(self.affine_lps[:3, :3])) < 1e-9:
            raise ImageError("no_patient_space", "The images do not say where in the patient they lie.")

    @property
    def shape_kji(self) -> tuple[int, int, int]:
        """Slices, rows and columns."""
        k, j, i = self.pixels_kji.shape
        return k, j, i

    @property
    def spacing_mm_kji(self) -> NDArray[np.float64]:
        """Length of a step along each axis, shape (3,), mm."""
        return np.asarray(np.linalg.norm(self.affine_lps[:3, :3], axis=0))

    @property
    def centre_lps(self) -> NDArray[np.float64]:
        """The middle of the volume, LPS mm."""
        return apply(self.affine_lps, (np.array(self.shape_kji) - 1) / 2)


def apply(affine: NDArray[Any], points: NDArray[Any]) -> NDArray[np.float64]:
    """Return points ``(..., 3)`` taken through an affine ``[4, 4]``."""
    return np.asarray(points @ affine[:3, :3].T + affine[:3, 3])


def grid_points(shape_kji: tuple[int, int, int], affine_lps: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the place of every voxel of a grid, ``[K, J, I, 3]``, LPS mm."""
    indices = np.moveaxis(np.indices(shape_kji, dtype=np.float64), 0, -1)
    return apply(affine_lps, indices)


def values_at(volume: PlacedVolume, points_lps: NDArray[np.float64]) -> NDArray[np.float32]:
    """Return the volume's values at places ``(..., 3)`` in LPS mm: trilinear, NaN outside its outermost centres."""
    indices = np.moveaxis(apply(np.linalg.inv(volume.affine_lps), points_lps), -1, 0)
    # A place on the outermost centre that rounding moved out by a billionth of a voxel is still on it.
    last = np.array(volume.shape_kji).reshape(3, *[1] * (indices.ndim - 1)) - 1
    near = np.clip(indices, 0, last)
    inside = (np.abs(near - indices) < 1e-6).all(axis=0)
    found = ndimage.map_coordinates(volume.pixels_kji, near, order=1, output=np.float32)
    return np.where(inside, found, np.float32(np.nan))


def coarser(volume: PlacedVolume, spacing_mm: float) -> PlacedVolume:
    """Return the volume on a grid of about this spacing, smoothed for it; an axis that is coarser already stays.

    The new grid lies inside the old one, with the same axes and the same middle.
    """
    old, shape = volume.spacing_mm_kji, np.array(volume.shape_kji)
    steps = np.maximum(1.0, spacing_mm / old)
    count = np.maximum(_FEWEST, np.floor((shape - 1) / steps).astype(int) + 1)
    steps = np.where(count > 1, np.minimum(steps, (shape - 1) / (count - 1)), 1.0)
    if (steps < 1.0 + 1e-9).all():
        return volume
    sigma = np.where(steps > 1.0, 0.5 * np.sqrt(steps**2 - 1), 0.0)
    smooth = ndimage.gaussian_filter(volume.pixels_kji, sigma, mode="nearest", truncate=3.0)
    affine = volume.affine_lps.copy()
    affine[:3, 3] = apply(volume.affine_lps, (shape - 1 - steps * (count - 1)) / 2)
    affine[:3, :3] = volume.affine_lps[:3, :3] * steps
    whole = PlacedVolume(np.ascontiguousarray(smooth), volume.affine_lps, volume.modality)
    k, j, i = (int(one) for one in count)
    values = values_at(whole, grid_points((k, j, i), affine))
    return PlacedVolume(values, affine, volume.modality)


def finest_spacing(volume: PlacedVolume, most_voxels: int) -> float:
    """Return the spacing, mm, of at most so many voxels; not below 1 mm or what its pixels hold."""
    extent = volume.spacing_mm_kji * np.array(volume.shape_kji)
    spacing = max(1.0, float(np.median(volume.spacing_mm_kji)))
    while np.prod(np.maximum(1, extent / np.maximum(spacing, volume.spacing_mm_kji))) > most_voxels:
        spacing *= 1.1
    return spacing


def foreground(volume: PlacedVolume) -> NDArray[np.bool_]:
    """Return where the body is, ``[K, J, I]``: above half the way from the darkest to Otsu's threshold, holes filled.

    Where that holds everything or next to nothing, everything counts.
    """
    smooth = ndimage.gaussian_filter(volume.pixels_kji, 1.0, mode="nearest")
    low = float(np.percentile(smooth, 1))
    threshold = low + 0.5 * (_otsu(smooth) - low)
    found = smooth > threshold
    # Each slice by itself: a body that is cut by the edge of the volume has no closed surface in space.
    filled = np.stack([ndimage.binary_fill_holes(one) for one in found])
    return filled if filled.mean() > 0.01 else np.ones(volume.shape_kji, np.bool_)


def _otsu(values: NDArray[np.float32]) -> float:
    low, high = (float(one) for one in np.percentile(values, [0.5, 99.5]))
    if not high > low:
        return low
    counts, edges = np.histogram(np.clip(values, low, high), bins=128)
    centres, total = (edges[:-1] + edges[1:]) / 2, counts.sum()
    below = np.cumsum(counts)
    sums = np.cumsum(counts * centres)
    with np.errstate(invalid="ignore", divide="ignore"):
        between = (sums[-1] * below / total - sums) ** 2 / (below * (total - below))
    return float(centres[int(np.nanargmax(between[:-1]))])


def scaled(pixels: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return values from 0 to 1 between the 0.5th and 99.5th percentile."""
    low, high = (float(one) for one in np.percentile(pixels, [0.5, 99.5]))
    width = high - low if high > low else 1.0
    return np.asarray(np.clip((pixels - low) / width, 0.0, 1.0), np.float32)
