"""Rigid and affine alignment with SimpleITK: several starts, mutual information, from coarse to fine."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import SimpleITK as sitk  # noqa: N813
from numpy.typing import NDArray

from inference.engine.errors import ImageError
from inference.engine.registration.placed import PlacedVolume, apply, coarser, finest_spacing, foreground

#: Both volumes, coarse then finer.
Pyramid = tuple[tuple[PlacedVolume, PlacedVolume], ...]
#: Turns that are tried besides none, degrees about each axis of the patient, both ways.
_TURNS: Final = (25.0,)
_SEED: Final = 20
_BINS: Final = 32
_COARSE_VOXELS: Final = 60_000
_FINE_VOXELS: Final = 600_000
#: Less of the body than this in the other volume cannot be aligned.
_LEAST_COVERED: Final = 0.05


@dataclass(frozen=True)
class Linear:
    """What the search found.

    Attributes:
        affine: ``[4, 4]``, from the fixed patient space to the moving one, LPS mm.
        value: of the metric, lower is better; comparable within one call only.
    """

    affine: NDArray[np.float64]
    value: float


def itk_image(volume: PlacedVolume) -> sitk.Image:
    """Return the volume as SimpleITK takes it; both count in LPS mm, its axes run i, j, k."""
    image = sitk.GetImageFromArray(volume.pixels_kji)
    steps = volume.affine_lps[:3, [2, 1, 0]]
    lengths = np.linalg.norm(steps, axis=0)
    image.SetSpacing([float(one) for one in lengths])
    image.SetDirection([float(one) for one in (steps / lengths).ravel()])
    image.SetOrigin([float(one) for one in volume.affine_lps[:3, 3]])
    return image


def pyramid(fixed: PlacedVolume, moving: PlacedVolume) -> Pyramid:
    """Return both volumes coarse, then finer."""
    return tuple(
        (coarser(fixed, finest_spacing(fixed, voxels)), coarser(moving, finest_spacing(moving, voxels)))
        for voxels in (_COARSE_VOXELS, _FINE_VOXELS)
    )


def align_rigid(levels: Pyramid, *, threads: int, check: Callable[[], None]) -> Linear:
    """Return the best rigid alignment over several starts.

    Starts: as the volumes lie, middles on one another, bodies on one another, and the latter turned about each axis.

    Args:
        threads: of the computation; with the same number the result is the same.
        check: called between steps; raises to stop.

    Raises:
        ImageError: the volumes cannot be laid over one another at all.
    """
    fixed, moving = levels[0]
    tried: list[tuple[Linear, float]] = []
    for start in _starts(fixed, moving):
        check()
        found = _search(fixed, moving, start, threads=threads, check=check, iterations=40, share=0.2)
        if found is not None:
            tried.append((found, covered(fixed, moving, found.affine)))
    most = max((share for _, share in tried), default=0.0)
    if most < _LEAST_COVERED:
        raise ImageError("no_overlap", "The two series could not be laid over one another. Choose another pair.")
    # Mutual information of a sliver is high by chance.
    best = min((found for found, share in tried if share >= most / 2), key=lambda one: one.value)
    return _refined(levels, _as_rigid(best.affine, fixed), threads=threads, check=check) or best


def covered(fixed: PlacedVolume, moving: PlacedVolume, affine: NDArray[np.float64]) -> float:
    """Return the share of the fixed body that lies within the moving volume, 0..1."""
    body = apply(fixed.affine_lps, np.argwhere(foreground(fixed)))
    index = apply(np.linalg.inv(moving.affine_lps), apply(affine, body))
    return float(((index >= 0) & (index <= np.array(moving.shape_kji) - 1)).all(axis=1).mean())


def align_affine(
    levels: Pyramid, start: NDArray[np.float64], *, threads: int, check: Callable[[], None]
) -> Linear | None:
    """Return the affine alignment found from a rigid one, ``[4, 4]``; None where it came to nothing."""
    transform = sitk.AffineTransform(3)
    centre = _middle_of_body(levels[0][0])
    transform.SetCenter([float(one) for one in centre])
    transform.SetMatrix([float(one) for one in start[:3, :3].ravel()])
    transform.SetTranslation([float(one) for one in start[:3, :3] @ centre + start[:3, 3] - centre])
    return _refined(levels, transform, threads=threads, check=check)


def _refined(levels: Pyramid, start: sitk.Transform, *, threads: int, check: Callable[[], None]) -> Linear | None:
    """Move ``start`` itself to the optimum, coarse then finer; None where nothing of the volumes overlaps."""
    found = None
    for (fixed, moving), share in zip(levels, (0.3, 0.1), strict=True):
        check()
        found = _search(fixed, moving, start, threads=threads, check=check, iterations=100, share=share)
        if found is None:
            return None
    return found


def matrix_of(transform: sitk.Transform) -> NDArray[np.float64]:
    """Return what an affine ITK transform does, ``[4, 4]``."""
    affine = np.eye(4)
    affine[:3, 3] = transform.TransformPoint((0.0, 0.0, 0.0))
    for axis in range(3):
        place = [0.0, 0.0, 0.0]
        place[axis] = 1.0
        affine[:3, axis] = np.array(transform.TransformPoint(place)) - affine[:3, 3]
    return affine


def _search(
    fixed: PlacedVolume,
    moving: PlacedVolume,
    start: sitk.Transform,
    *,
    threads: int,
    check: Callable[[], None],
    iterations: int,
    share: float,
) -> Linear | None:
    """Move ``start`` itself to the nearest optimum; None where nothing of the volumes overlaps there."""
    method = sitk.ImageRegistrationMethod()
    method.SetMetricAsMattesMutualInformation(_BINS)
    method.SetMetricSamplingStrategy(method.RANDOM)
    method.SetMetricSamplingPercentage(share, _SEED)
    method.SetInterpolator(sitk.sitkLinear)
    method.SetNumberOfThreads(threads)
    method.SetOptimizerAsRegularStepGradientDescent(
        learningRate=2.0,
        minStep=0.002,
        numberOfIterations=iterations,
        relaxationFactor=0.6,
        gradientMagnitudeTolerance=1e-7,
    )
    method.SetOptimizerScalesFromPhysicalShift()
    method.SetInitialTransform(start, inPlace=True)
    stopped: list[BaseException] = []

    def asked() -> None:
        try:
            check()
        except BaseException as error:
            stopped.append(error)
            method.StopRegistration()

    method.AddCommand(sitk.sitkIterationEvent, asked)
    try:
        method.Execute(itk_image(fixed), itk_image(moving))
    except RuntimeError:  # ITK: all samples lie outside the moving image
        return None
    if stopped:
        raise stopped[0]
    return Linear(matrix_of(start), float(method.GetMetricValue()))


def _starts(fixed: PlacedVolume, moving: PlacedVolume) -> Sequence[sitk.Transform]:
    body_fixed, body_moving = _middle_of_body(fixed), _middle_of_body(moving)
    straight = [np.zeros(3), moving.centre_lps - fixed.centre_lps, body_moving - body_fixed]
    starts = [_euler(body_fixed, np.zeros(3), shift) for shift in straight]
    for axis in range(3):
        for degrees in (sign * turn for turn in _TURNS for sign in (1, -1)):
            angles = np.zeros(3)
            angles[axis] = np.radians(degrees)
            starts.append(_euler(body_fixed, angles, straight[2]))
    return starts


def _middle_of_body(volume: PlacedVolume) -> NDArray[np.float64]:
    inside = np.argwhere(foreground(volume)).mean(axis=0)
    return np.asarray(volume.affine_lps[:3, :3] @ inside + volume.affine_lps[:3, 3])


def _euler(
    centre: NDArray[np.float64], angles: NDArray[np.float64], shift: NDArray[np.float64]
) -> sitk.Euler3DTransform:
    transform = sitk.Euler3DTransform()
    transform.SetCenter([float(one) for one in centre])
    transform.SetRotation(*(float(one) for one in angles))
    transform.SetTranslation([float(one) for one in shift])
    return transform


def _as_rigid(affine: NDArray[np.float64], fixed: PlacedVolume) -> sitk.Euler3DTransform:
    centre = _middle_of_body(fixed)
    transform = _euler(centre, np.zeros(3), affine[:3, :3] @ centre + affine[:3, 3] - centre)
    transform.SetMatrix([float(one) for one in affine[:3, :3].ravel()], 1e-6)
    return transform
