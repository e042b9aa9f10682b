"""How well two volumes lie on one another, and what the alignment does to space: numbers and maps."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, Final

import numpy as np
import torch
from numpy.typing import NDArray

from inference.engine.registration.deformable import local_correlation, mutual_information
from inference.engine.registration.placed import (
    PlacedVolume,
    apply,
    coarser,
    finest_spacing,
    foreground,
    grid_points,
    scaled,
    values_at,
)
from inference.engine.registration.transform import Transform

_MOST_VOXELS: Final = 400_000


@dataclass(frozen=True)
class Likeness:
    """How alike the fixed volume and the moving one are where both are, within the fixed body.

    Attributes:
        correlation: of their values, -1..1.
        local_correlation: mean square of the correlation in windows of seven voxels of the maps, 0..1.
        mutual_information: nats; 0 says that one tells nothing of the other.
        covered: share of the fixed body that lies within the moving volume, 0..1.
    """

    correlation: float
    local_correlation: float
    mutual_information: float
    covered: float


@dataclass(frozen=True)
class Numbers:
    """What is known of an alignment.

    Attributes:
        before, rigid, after: likeness as the volumes lie, after the rigid step, and at the end; ``before`` is None
            where they do not overlap as they lie.
        moved_mm_mean, moved_mm_p95: how far places of the body are from where they lay.
        bent_mm_mean, bent_mm_p95: how far they are from where the rigid step put them.
        volume_change: of the affine part: volume in the moving image of what has the volume 1 in the fixed one.
        jacobian_p5, jacobian_p95: the same of the whole, place by place.
        folded_share: of the body's places where space is turned inside out, 0..1.
        inconsistency_mm_mean, inconsistency_mm_p95: how far a place lands from itself when it goes there with this
            alignment and comes back with one that was found the other way round.
    """

    before: Likeness | None
    rigid: Likeness
    after: Likeness
    moved_mm_mean: float
    moved_mm_p95: float
    bent_mm_mean: float
    bent_mm_p95: float
    volume_change: float
    jacobian_p5: float
    jacobian_p95: float
    folded_share: float
    inconsistency_mm_mean: float
    inconsistency_mm_p95: float

    def to_json(self) -> dict[str, Any]:
        """Return it as JSON values."""
        return asdict(self)


@dataclass(frozen=True, eq=False)
class Maps:
    """What is known place by place, on a grid of at most 400,000 places in the fixed volume.

    Attributes:
        affine_lps: ``[4, 4]``, from ``(k, j, i, 1)`` to LPS mm.
        body_kji: bool, where the numbers are counted.
        displacement_kjic: float32 ``[K, J, I, 3]``, mm: where a place of the fixed space lies in the moving one, less
            the place itself.
        jacobian_kji: float32, determinant of the whole alignment; 0 or less: folded.
        inconsistency_mm_kji: float32.
    """

    affine_lps: NDArray[np.float64]
    body_kji: NDArray[np.bool_]
    displacement_kjic: NDArray[np.float32]
    jacobian_kji: NDArray[np.float32]
    inconsistency_mm_kji: NDArray[np.float32]


def measured(
    fixed: PlacedVolume, moving: PlacedVolume, rigid: NDArray[np.float64], forward: Transform, backward: Transform
) -> tuple[Numbers, Maps]:
    """Measure an alignment.

    Args:
        rigid: ``[4, 4]``, of its rigid step.
        forward: fixed to moving.
        backward: moving to fixed, found by itself.
    """
    spacing = finest_spacing(fixed, _MOST_VOXELS)
    grid, smooth = coarser(fixed, spacing), coarser(moving, spacing)
    body = foreground(grid)
    places = grid_points(grid.shape_kji, grid.affine_lps)
    landed = forward(places)
    jacobian = determinant(landed, grid.affine_lps)
    inconsistency = np.linalg.norm(backward(landed) - places, axis=-1)
    moved = np.linalg.norm(landed - places, axis=-1)[body]
    bent = np.linalg.norm(landed - apply(rigid, places), axis=-1)[body]
    after, at_rigid = likeness(grid, body, smooth, landed), likeness(grid, body, smooth, apply(rigid, places))
    numbers = Numbers(
        before=likeness(grid, body, smooth, places),
        rigid=at_rigid or _NOTHING,
        after=after or _NOTHING,
        moved_mm_mean=float(moved.mean()),
        moved_mm_p95=float(np.percentile(moved, 95)),
        bent_mm_mean=float(bent.mean()),
        bent_mm_p95=float(np.percentile(bent, 95)),
        volume_change=float(np.linalg.det(forward.affine[:3, :3])),
        jacobian_p5=float(np.percentile(jacobian[body], 5)),
        jacobian_p95=float(np.percentile(jacobian[body], 95)),
        folded_share=float((jacobian[body] <= 0).mean()),
        inconsistency_mm_mean=float(inconsistency[body].mean()),
        inconsistency_mm_p95=float(np.percentile(inconsistency[body], 95)),
    )
    maps = Maps(
        grid.affine_lps,
        body,
        (landed - places).astype(np.float32),
        jacobian.astype(np.float32),
        inconsistency.astype(np.float32),
    )
    return numbers, maps


_NOTHING: Final = Likeness(0.0, 0.0, 0.0, 0.0)


def likeness(
    grid: PlacedVolume, body: NDArray[np.bool_], moving: PlacedVolume, landed: NDArray[np.float64]
) -> Likeness | None:
    """Return how alike the volumes are when each place of ``grid`` lies at ``landed``; None where they never meet."""
    found = values_at(moving, landed)
    counted = body & np.isfinite(found)
    if counted.sum() < 100:
        return None
    found = np.where(np.isfinite(found), found, found[counted].min())
    a, b = torch.from_numpy(scaled(grid.pixels_kji)), torch.from_numpy(scaled(found))
    where = torch.from_numpy(counted)
    pair = np.stack([grid.pixels_kji[counted], found[counted]]).astype(np.float64)
    steady = pair.std(axis=1).min() < 1e-9
    return Likeness(
        correlation=0.0 if steady else float(np.asarray(np.corrcoef(pair))[0, 1]),
        local_correlation=float(local_correlation(a, b, where)),
        mutual_information=float(mutual_information(a[where], b[where])),
        covered=float(counted.sum() / body.sum()),
    )


def determinant(landed_kjic: NDArray[np.float64], affine_lps: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the Jacobian determinant, ``[K, J, I]``, of the map from each voxel's place to ``landed_kjic`` (mm)."""
    steps = np.stack([np.asarray(np.gradient(landed_kjic, axis=axis)) for axis in range(3)], axis=-1)
    return np.asarray(np.linalg.det(steps) / np.linalg.det(affine_lps[:3, :3]))
