"""Two images of a body that is a formula: what moved it is known, so how much of it an alignment leaves is computed."""

from __future__ import annotations

import numpy as np
import pytest

from inference.engine.errors import CheckpointError, ImageError, RegistrationStopped
from inference.engine.registration.align import moved_slices, register
from inference.engine.registration.measures import determinant
from inference.engine.registration.placed import PlacedVolume, apply, grid_points
from inference.engine.registration.transform import ControlGrid, Transform
from tests.inference.engine.soft_bodies import body, grid, seen, turned

SHAPE = (30, 38, 32)
FIXED = grid((5.0, 5.0, 5.0), SHAPE)
TURN, SHIFT = turned((4.0, -5.0, 7.0)), np.array([9.0, -6.0, 5.0])


def rigid_back(places):
    """From a place of the moving image to one of the body."""
    return (places - SHIFT) @ TURN


def bent_back(places):
    """The same with waves of 4 mm."""
    straight = rigid_back(places)
    x, y, z = np.moveaxis(straight, -1, 0)
    waves = np.stack([np.sin(y / 22), np.sin(z / 24 + 1), np.sin(x / 26 + 2)], axis=-1)
    return straight + 4.0 * waves


def inside() -> np.ndarray:
    places = grid_points(SHAPE, FIXED)
    return places[np.linalg.norm(places / (60, 74, 56), axis=-1) < 1]


def left_mm(transform, back) -> np.ndarray:
    """How far from the truth each place of the body lands, measured in the fixed space."""
    return np.linalg.norm(back(transform(inside())) - inside(), axis=1)


@pytest.fixture(scope="module")
def bent():
    fixed = seen(body(1), FIXED, SHAPE, seed=1)
    moving = seen(body(1), FIXED, SHAPE, back=bent_back, seed=2)
    return fixed, moving, register(fixed, moving, method="deformable")


@pytest.mark.acceptance(
    "Registration: a drawn body", bar="error cut by ≥ 75 % of what the rigid step leaves; folded < 0.1 %"
)
def test_three_quarters_of_a_planted_deformation_are_removed_and_nothing_folds(bent, measured) -> None:
    _, _, found = bent
    before, after = left_mm(lambda places: places, bent_back), left_mm(found.forward, bent_back)
    rigid = left_mm(Transform(rigid_affine()), bent_back)
    measured(
        f"{before.mean():.2f} mm before, {rigid.mean():.2f} after the rigid step, {after.mean():.2f} in the end; "
        f"folded {found.numbers.folded_share:.2%}"
    )
    assert before.mean() > 10
    assert after.mean() < 0.25 * rigid.mean()
    assert after.mean() < 0.1 * before.mean()
    assert found.numbers.folded_share < 0.001
    assert found.verdict.standing == "aligned", found.verdict


def rigid_affine() -> np.ndarray:
    """The rigid part of the truth, fixed to moving."""
    affine = np.eye(4)
    affine[:3, :3], affine[:3, 3] = TURN, SHIFT
    return affine


def test_the_numbers_are_those_of_the_transform(bent) -> None:
    _, _, found = bent
    maps, numbers = found.maps, found.numbers
    places = grid_points(maps.body_kji.shape, maps.affine_lps)
    moved = np.linalg.norm(found.forward(places) - places, axis=-1)
    assert numbers.moved_mm_mean == pytest.approx(moved[maps.body_kji].mean(), rel=1e-4)
    there_and_back = np.linalg.norm(found.backward(found.forward(places)) - places, axis=-1)
    assert np.abs(there_and_back - maps.inconsistency_mm_kji).max() < 1e-3
    # A small cube by its corners: how much larger it is where it lands.
    middle = places[tuple(n // 2 for n in maps.body_kji.shape)]
    corners = found.forward(middle + np.vstack([np.zeros(3), 0.5 * np.eye(3)]))
    change = np.linalg.det((corners[1:] - corners[0]).T / 0.5)
    at = tuple(n // 2 for n in maps.body_kji.shape)
    assert maps.jacobian_kji[at] == pytest.approx(change, abs=0.05)


def test_the_moved_image_is_the_moving_one_at_the_places_of_the_transform(bent) -> None:
    fixed, moving, found = bent
    slices = list(moved_slices(fixed.shape_kji, fixed.affine_lps, moving, found.forward))
    k, j, i = 16, 20, 14
    place = found.forward(apply(fixed.affine_lps, np.array([k, j, i], float)))
    index = np.linalg.solve(moving.affine_lps[:3, :3], place - moving.affine_lps[:3, 3])
    low = np.floor(index).astype(int)
    share = index - low
    expected = sum(
        np.prod([share[n] if up else 1 - share[n] for n, up in enumerate(corner)])
        * moving.pixels_kji[tuple(low + corner)]
        for corner in np.ndindex(2, 2, 2)
    )
    assert slices[k][j, i] == pytest.approx(expected, rel=1e-4)


def test_what_lies_on_itself_stays(bent) -> None:
    fixed, _, _ = bent
    again = seen(body(1), FIXED, SHAPE, seed=3)
    found = register(fixed, again, method="rigid")
    assert left_mm(found.forward, lambda places: places).max() < 0.5
    assert found.verdict.standing == "aligned", found.verdict


def test_oblique_slices_of_another_spacing_are_found_where_they_lie(bent) -> None:
    fixed, _, _ = bent
    axes = turned((20.0, 8.0, -12.0)) @ np.eye(3)[:, [1, 0, 2]]
    shape = (50, 32, 40)
    moving = seen(body(1), grid((3.0, 5.5, 4.2), shape, axes), shape, back=rigid_back, seed=4)
    found = register(fixed, moving, method="rigid")
    assert left_mm(found.forward, rigid_back).mean() < 0.7
    assert found.forward.affine[:3, :3] == pytest.approx(TURN, abs=0.02)


@pytest.mark.acceptance("Registration: another person's drawn body", bar="flagged")
def test_another_person_is_flagged(bent) -> None:
    fixed, _, _ = bent
    found = register(fixed, seen(body(2), FIXED, SHAPE, back=rigid_back, seed=5), method="rigid")
    assert found.verdict.standing == "wrong_patient", found.numbers


def test_an_alignment_stops_when_it_is_asked_to(bent) -> None:
    fixed, moving, _ = bent
    with pytest.raises(RegistrationStopped):
        register(fixed, moving, method="rigid", should_stop=lambda: True)


def test_a_transform_is_stored_as_numbers_and_goes_there_and_back() -> None:
    values = np.random.default_rng(0).normal(0, 1.5, (3, 7, 8, 6)).astype(np.float32)
    whole = Transform(rigid_affine(), ControlGrid(values, grid((25.0, 25.0, 25.0), (7, 8, 6))))
    again = Transform.from_bytes(whole.to_bytes())
    places = np.random.default_rng(1).uniform(-60, 60, (200, 3))
    assert np.array_equal(again(places), whole(places))
    assert np.abs(again.inverse(again(places)) - places).max() < 1e-3
    fine = grid((11.0, 9.0, 10.0), (9, 10, 11))
    assert again.grid is not None
    assert np.abs(again.grid.over((9, 10, 11), fine) - again.grid.at(grid_points((9, 10, 11), fine))).max() < 1e-4
    with pytest.raises(CheckpointError):
        Transform.from_bytes(b"something else")


def test_a_jacobian_says_how_much_larger_things_become_and_where_space_is_turned_round() -> None:
    places = grid_points((8, 9, 10), grid((2.0, 3.0, 1.5), (8, 9, 10), turned((30.0, 0.0, 10.0))))
    affine = grid((2.0, 3.0, 1.5), (8, 9, 10), turned((30.0, 0.0, 10.0)))
    assert determinant(1.1 * places, affine) == pytest.approx(1.1**3)
    assert (determinant(places * (-1, 1, 1), affine) < 0).all()


def test_what_is_no_volume_is_refused() -> None:
    with pytest.raises(ImageError):
        PlacedVolume(np.zeros((3, 64, 64), np.float32), np.eye(4))
    with pytest.raises(ImageError):
        PlacedVolume(np.zeros((20, 20, 20), np.float32), np.zeros((4, 4)))
