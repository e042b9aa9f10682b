"""Two volumes in; an alignment, its numbers, its maps and what it is worth out."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Final, Literal

import numpy as np
from numpy.typing import NDArray

from inference.engine.errors import RegistrationStopped
from inference.engine.registration.deformable import MOST_VOXELS, Similarity, align_deformable
from inference.engine.registration.linear import align_affine, align_rigid, pyramid
from inference.engine.registration.measures import Maps, Numbers, measured
from inference.engine.registration.placed import (
    PlacedVolume,
    apply,
    coarser,
    finest_spacing,
    grid_points,
    values_at,
)
from inference.engine.registration.transform import Transform
from inference.engine.registration.verdict import Verdict, verdict_of

Method = Literal["rigid", "affine", "deformable"]
METHODS: Final[tuple[Method, ...]] = ("rigid", "affine", "deformable")


@dataclass(frozen=True, eq=False)
class Registered:
    """What became of two volumes.

    Attributes:
        method, similarity: how it was found.
        forward: fixed to moving.
        backward: moving to fixed, found by itself: it only tells how far the two disagree.
    """

    method: Method
    similarity: Similarity
    forward: Transform
    backward: Transform
    numbers: Numbers
    maps: Maps
    verdict: Verdict

    def settings(self) -> dict[str, Any]:
        """Return how it was found, as JSON values."""
        return {"method": self.method, "similarity": self.similarity}


def register(
    fixed: PlacedVolume,
    moving: PlacedVolume,
    *,
    method: Method,
    threads: int = 1,
    device: str = "cpu",
    on_progress: Callable[[float], None] = lambda _share: None,
    should_stop: Callable[[], bool] = lambda: False,
) -> Registered:
    """Align ``moving`` to ``fixed``.

    Args:
        threads: of SimpleITK; with the same number the result is the same.
        device: of the deformable step.
        on_progress: hears the share that is done, 0..1.
        should_stop: asked at every step.

    Raises:
        ImageError: they cannot be laid over one another at all. RegistrationStopped: ``should_stop`` said so.
    """

    def check() -> None:
        if should_stop():
            raise RegistrationStopped

    one_kind = fixed.modality == moving.modality
    similarity: Similarity = "local_correlation" if one_kind else "mutual_information"

    # What is finer than this is not looked at.
    small_fixed, small_moving = (coarser(one, finest_spacing(one, MOST_VOXELS)) for one in (fixed, moving))

    def one_way(a: PlacedVolume, b: PlacedVolume, begun: float) -> tuple[NDArray[np.float64], Transform]:
        levels = pyramid(a, b)
        rigid = align_rigid(levels, threads=threads, check=check).affine
        on_progress(begun + 0.15)
        if method == "rigid":
            return rigid, Transform(rigid)
        found = align_affine(levels, rigid, threads=threads, check=check)
        affine = found.affine if found is not None else rigid
        on_progress(begun + 0.2)
        if method == "affine":
            return rigid, Transform(affine)
        whole = align_deformable(
            a,
            b,
            affine,
            similarity=similarity,
            device=device,
            told=lambda share: on_progress(begun + 0.2 + 0.27 * share),
            check=check,
        )
        return rigid, whole

    rigid, forward = one_way(small_fixed, small_moving, 0.0)
    _, backward = one_way(small_moving, small_fixed, 0.47)
    numbers, maps = measured(small_fixed, small_moving, rigid, forward, backward)
    check()
    on_progress(1.0)
    verdict = verdict_of(numbers, one_kind=one_kind)
    return Registered(method, similarity, forward, backward, numbers, maps, verdict)


def slice_affines(shape_kji: tuple[int, int, int], affine_lps: NDArray[np.float64]) -> Iterator[NDArray[np.float64]]:
    """Yield the affine of each slice of a grid as a grid of one slice."""
    for k in range(shape_kji[0]):
        affine = affine_lps.copy()
        affine[:3, 3] = affine_lps[:3, 3] + k * affine_lps[:3, 0]
        yield affine


def moved_slices(
    fixed_shape_kji: tuple[int, int, int], fixed_affine: NDArray[np.float64], moving: PlacedVolume, transform: Transform
) -> Iterator[NDArray[np.float32]]:
    """Yield the moving volume on each slice of the fixed grid: ``[J, I]`` modality values, NaN where it has none.

    Args:
        transform: found onto this very fixed volume.
    """
    _, rows, columns = fixed_shape_kji
    for affine in slice_affines(fixed_shape_kji, fixed_affine):
        places = grid_points((1, rows, columns), affine)
        if transform.grid is not None:
            places = places + transform.grid.over((1, rows, columns), affine)
        yield values_at(moving, apply(transform.affine, places))[0]
