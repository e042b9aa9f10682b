"""A real brain, bent in a known way and seen by another scanner; and two brains of different persons."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from inference.engine.registration.align import register
from inference.engine.registration.placed import PlacedVolume, apply, foreground, grid_points, values_at
from inference.engine.registration.transform import ControlGrid, Transform
from tests.inference.engine.real_brains import nifti
from tests.inference.engine.soft_bodies import turned

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def brain(real_images: Path) -> PlacedVolume:
    return nifti(real_images / "register" / "moving_t1_brain.nii.gz")


def planted(brain: PlacedVolume) -> Transform:
    """From a place of the second image to one of the brain: turned, shifted, and bent by up to some 8 mm."""
    lots = np.random.default_rng(7)
    extent = brain.spacing_mm_kji * np.array(brain.shape_kji)
    count = tuple(int(one) + 4 for one in np.ceil(extent / 40))
    affine = brain.affine_lps.copy()
    affine[:3, :3] *= 40 / brain.spacing_mm_kji
    affine[:3, 3] = apply(affine, np.array([-1.5, -1.5, -1.5])) - affine[:3, 3] + brain.affine_lps[:3, 3]
    waves = lots.normal(0, 5.0, (3, *count)).astype(np.float32)
    rigid = np.eye(4)
    rigid[:3, :3] = turned((5.0, -4.0, 8.0))
    rigid[:3, 3] = brain.centre_lps - rigid[:3, :3] @ brain.centre_lps + np.array([6.0, -9.0, 5.0])
    return Transform(rigid, ControlGrid(waves, affine))


@pytest.fixture(scope="module")
def again(brain: PlacedVolume) -> tuple[PlacedVolume, Transform]:
    """The same brain months later: bent, another contrast curve, uneven coil, noise, oblique thick slices."""
    back = planted(brain)
    axes = brain.affine_lps[:3, :3] / brain.spacing_mm_kji
    shape, affine = (110, 150, 140), np.eye(4)
    affine[:3, :3] = turned((12.0, 6.0, -8.0)) @ axes * (1.6, 1.3, 1.3)
    affine[:3, 3] = brain.centre_lps - affine[:3, :3] @ ((np.array(shape) - 1) / 2)
    places = grid_points(shape, affine)
    values = np.nan_to_num(values_at(brain, back(places)))
    top = np.percentile(values, 99.5)
    coil = 1 + 0.25 * np.sin((places[..., 0] - affine[0, 3]) / 70)
    seen = (np.clip(values / top, 0, 1) ** 0.8) * coil * 1000
    seen += np.random.default_rng(3).normal(0, 20, shape)
    return PlacedVolume(seen.astype(np.float32), affine, "MR"), back


@pytest.mark.acceptance(
    "Registration: a real brain",
    bar="error cut by ≥ 75 %, also of what the rigid step leaves; 95 % < 2 mm; folded < 0.1 %",
)
def test_three_quarters_of_what_was_planted_in_a_real_brain_are_removed(
    brain: PlacedVolume, again: tuple[PlacedVolume, Transform], measured: Callable[[str], None]
) -> None:
    moving, back = again
    found = register(brain, moving, method="deformable", threads=2)
    inside = grid_points(brain.shape_kji, brain.affine_lps)[foreground(brain)][::37]

    def left(transform: Transform) -> np.ndarray:
        return np.linalg.norm(back(transform(inside)) - inside, axis=1)

    before, after = left(Transform(np.eye(4))), left(found.forward)
    rigid_only = register(brain, moving, method="rigid", threads=2)
    bending = left(rigid_only.forward)
    measured(
        f"{before.mean():.2f} mm before, {bending.mean():.2f} after the rigid step, {after.mean():.2f} in the end "
        f"(95 %: {np.percentile(after, 95):.2f}); folded {found.numbers.folded_share:.2%}"
    )
    assert after.mean() < 0.25 * before.mean()
    assert after.mean() < 0.25 * bending.mean()
    assert np.percentile(after, 95) < 2.0
    assert found.numbers.folded_share < 0.001
    assert found.verdict.standing == "aligned"


@pytest.mark.acceptance("Registration: two persons' brains", bar="flagged by every method")
def test_two_persons_are_not_taken_for_one(
    brain: PlacedVolume, real_images: Path, measured: Callable[[str], None]
) -> None:
    other = nifti(real_images / "register" / "fixed_ch2bet.nii.gz")
    for method in ("rigid", "deformable"):
        found = register(other, brain, method=method, threads=2)
        measured(f"{method}: {found.verdict.standing}")
        assert found.verdict.standing == "wrong_patient"
