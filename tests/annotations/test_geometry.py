"""The pure geometry: shapes, masks, runs, planes, measures and agreement."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from annotations.geometry.agreement import cohen_kappa, dice, end_distance, iou, outline_distances, outline_overlap
from annotations.geometry.kinds import SHAPES
from annotations.geometry.measures import Intensities, Scale, mask_measures
from annotations.geometry.rasters import (
    ellipse_mask,
    mask_contours,
    mask_to_runs,
    polygon_mask,
    runs_corners,
    runs_fault,
    runs_to_mask,
)
from imaging.dicom.plane import Plane

SQUARE = [[2.0, 3.0], [6.0, 3.0], [6.0, 8.0], [2.0, 8.0]]


@given(st.lists(st.booleans(), min_size=1, max_size=120))
def test_a_mask_comes_back_from_its_runs(pixels: list[bool]) -> None:
    mask = np.array(pixels)[None, :]
    runs = mask_to_runs(mask)
    assert runs_fault(runs, mask.size) is None
    assert (runs_to_mask(runs, (1, mask.size)) == mask).all()


@given(st.integers(0, 2**32 - 1))
@settings(max_examples=30, deadline=None)
def test_a_solid_part_comes_back_from_its_outline(seed: int) -> None:
    random = np.random.default_rng(seed)
    angles = np.sort(random.uniform(0, 2 * np.pi, 12))
    radius = random.uniform(5, 14, 12)
    mask = polygon_mask(np.stack([20 + radius * np.cos(angles), 20 + radius * np.sin(angles)], axis=1), (40, 40))
    outlines = mask_contours(mask)
    again = np.zeros_like(mask)
    for outline in outlines:
        again ^= polygon_mask(outline, mask.shape)
    assert (again == mask).all()


def test_a_polygon_holds_the_pixels_whose_centres_it_holds() -> None:
    mask = polygon_mask([[1.5, 1.5], [4.5, 1.5], [4.5, 3.5], [1.5, 3.5]], (6, 7))
    assert [tuple(at) for at in np.argwhere(mask)] == [(j, i) for j in (2, 3) for i in (2, 3, 4)]


def test_neighbours_that_share_an_edge_share_no_pixel() -> None:
    left = polygon_mask([[1, 1], [4, 1], [4, 5], [1, 5]], (8, 8))
    right = polygon_mask([[4, 1], [7, 1], [7, 5], [4, 5]], (8, 8))
    assert not (left & right).any()
    assert left.sum() == right.sum() == 12


def test_a_shape_outside_the_image_paints_nothing_and_one_across_the_edge_only_what_is_inside() -> None:
    assert not polygon_mask([[-9, -9], [-2, -9], [-2, -2]], (5, 5)).any()
    assert polygon_mask([[-5, -5], [20, -5], [20, 20], [-5, 20]], (5, 6)).all()


def test_a_turned_ellipse_has_the_area_of_its_axes() -> None:
    a, b, turn = 30.0, 12.0, 0.7
    centre, u, v = (
        np.array([50, 50]),
        np.array([math.cos(turn), math.sin(turn)]),
        np.array([-math.sin(turn), math.cos(turn)]),
    )
    points = [centre - b * v, centre + b * v, centre - a * u, centre + a * u]
    assert ellipse_mask(points, (100, 100)).sum() == pytest.approx(math.pi * a * b, rel=0.01)
    found = SHAPES["ellipse"].measures(np.asarray(points), Scale((1, 1), "pixel_spacing"))
    assert found["area_mm2"]["value"] == pytest.approx(math.pi * a * b, rel=1e-4)
    assert (found["long_axis_mm"]["value"], found["short_axis_mm"]["value"]) == (60, 24)


@pytest.mark.parametrize(
    ("runs", "fault"),
    [
        ([1], "not_in_pairs"),
        ([0, 0], "out_of_range"),
        ([8, 3], "out_of_range"),
        ([-1, 2], "out_of_range"),
        ([4, 2, 1, 1], "not_sorted_or_overlapping"),
        ([1, 3, 3, 2], "not_sorted_or_overlapping"),
        ([0, 2, 2, 1], None),
        ([], None),
    ],
)
def test_runs_are_whole_pairs_sorted_and_inside(runs: list[int], fault: str | None) -> None:
    assert runs_fault(runs, 10) == fault


@given(
    st.tuples(*[st.floats(-200, 200)] * 3),
    st.floats(0, 2 * math.pi),
    st.floats(0.1, 5),
    st.floats(0.1, 5),
    st.lists(st.tuples(st.floats(-50, 600), st.floats(-50, 600)), min_size=1, max_size=8),
)
@settings(deadline=None)
def test_pixels_come_back_from_the_patient(position, angle, rows, columns, points) -> None:
    orientation = (math.cos(angle), math.sin(angle), 0, 0, 0, -1)
    plane = Plane(position, orientation, (rows, columns))
    there = plane.to_patient(points)
    assert np.allclose(plane.to_pixels(there), points, atol=1e-6)
    assert np.allclose(plane.heights(there), 0, atol=1e-6)


def test_the_first_pixel_is_at_image_position_and_columns_run_along_the_row_direction() -> None:
    plane = Plane((-10, -20, 30), (1, 0, 0, 0, 1, 0), (0.5, 0.25))
    assert plane.to_patient([[0, 0], [4, 0], [0, 4]]).tolist() == [[-10, -20, 30], [-9, -20, 30], [-10, -18, 30]]


def test_millimetres_follow_both_spacings_and_pixels_stay_pixels() -> None:
    scale = Scale((0.5, 0.25), "pixel_spacing")
    assert SHAPES["length"].measures(np.array([[0, 0], [12, 8]]), scale) == {
        "length_mm": {"value": 5.0, "unit": "mm", "source": "pixel_spacing"}
    }
    assert SHAPES["length"].measures(np.array([[0, 0], [3, 4]]), Scale())["length_px"]["value"] == 5
    square = SHAPES["rectangle"].measures(np.array(SQUARE), scale)
    assert (square["width_mm"]["value"], square["height_mm"]["value"], square["area_mm2"]["value"]) == (1.0, 2.5, 2.5)
    polygon = SHAPES["polygon"].measures(np.array(SQUARE), Scale())
    assert (polygon["area_px2"]["value"], polygon["perimeter_px"]["value"]) == (20, 18)


def test_a_mask_measures_area_and_in_a_regular_volume_volume() -> None:
    scale = Scale((0.5, 2), "pixel_spacing")
    assert mask_measures([(10, scale)], None)["area_mm2"]["value"] == 10
    assert mask_measures([(4, scale), (3, scale), (3, scale)], 4)["volume_mm3"]["value"] == 40
    assert mask_measures([(10, Scale())], None)["area_px2"] == {"value": 10, "unit": "px2", "source": "none"}


def test_a_mask_over_several_moments_has_its_largest_area_and_no_volume() -> None:
    scale = Scale((0.5, 0.5), "pixel_spacing")
    found = mask_measures([(100, scale), (120, scale), (80, scale)], None)
    assert {name: one["value"] for name, one in found.items()} == {"largest_area_mm2": 30.0}
    bare = mask_measures([(100, Scale()), (120, Scale())], 5.0)
    assert {name: one["value"] for name, one in bare.items()} == {"largest_area_px2": 120.0}
    mixed = mask_measures([(100, scale), (120, Scale())], None)
    assert mixed["largest_area_px2"]["value"] == 120


def test_without_millimetres_a_square_on_the_screen_has_four_sides_of_one_length() -> None:
    high = Scale(aspect=(2.0, 1.0))
    square = SHAPES["rectangle"].measures(np.array([[0, 0], [20, 0], [20, 10], [0, 10]]), high)
    assert (square["width_px"]["value"], square["height_px"]["value"], square["area_px2"]["value"]) == (20, 20, 400)


def test_the_box_of_runs_holds_them_all() -> None:
    assert runs_corners([12, 2, 23, 1], 10) == [(2, 1), (3, 2)]
    assert runs_corners([18, 5], 10) == [(0, 1), (9, 2)]


def test_values_under_a_mask_leave_out_what_has_no_value() -> None:
    values = np.array([[1, 2], [np.nan, 100]])
    inside = Intensities.under(values, [[1, 1], [1, 0]])
    assert inside is not None
    found = inside.measures("HU")
    assert (found["mean"]["value"], found["minimum"]["value"], found["maximum"]["unit"]) == (1.5, 1, "HU")
    assert (found["sd"]["value"], found["pixels"]["value"]) == (0.5, 2)


@pytest.mark.parametrize("value", [2.921273, 0.1, 1e-7, 4095.3])
def test_equal_values_have_that_mean_and_no_spread(value: float) -> None:
    inside = Intensities.under(np.full((12, 11), value), np.ones((12, 11), bool))
    assert inside is not None
    assert (inside.mean, inside.squares, inside.minimum) == (value, 0.0, value)


@given(st.lists(st.floats(-1e4, 1e4), min_size=2, max_size=40), st.integers(1, 39))
def test_values_of_two_images_together_are_those_of_all_their_pixels(values: list[float], cut: int) -> None:
    cut = min(cut, len(values) - 1)
    one, other = (
        Intensities.under(np.array([part]), np.ones((1, len(part)), bool)) for part in (values[:cut], values[cut:])
    )
    assert one is not None
    assert other is not None
    both = one.joined(other)
    assert (both.count, both.minimum, both.maximum) == (len(values), min(values), max(values))
    assert both.mean == pytest.approx(np.mean(values), abs=1e-6)
    assert (both.squares / both.count) ** 0.5 == pytest.approx(np.std(values), abs=1e-4)


def test_agreement_of_known_masks_is_what_it_must_be() -> None:
    one, other = np.zeros((4, 4), bool), np.zeros((4, 4), bool)
    one[:2], other[1:3] = True, True
    assert iou(one, other) == pytest.approx(1 / 3)
    assert dice(one, other) == 0.5
    assert iou(one & False, one & False) == 1


def test_a_box_moved_by_half_its_width_overlaps_by_a_third() -> None:
    moved = [[x + 2, y] for x, y in SQUARE]
    assert outline_overlap(SQUARE, moved)["iou"] == pytest.approx(1 / 3, abs=0.02)
    assert outline_distances(SQUARE, moved)["hausdorff"] == pytest.approx(2, abs=0.1)
    assert outline_overlap(SQUARE, SQUARE) == {"iou": 1.0, "dice": 1.0}


def test_a_line_drawn_from_the_other_end_is_the_same_line() -> None:
    assert end_distance([[0, 0], [10, 0]], [[10, 1], [0, 1]]) == 1


def test_kappa_counts_only_agreement_beyond_chance() -> None:
    # Twenty of fifty: the textbook table of Cohen 1960 (both yes 20, yes-no 5, no-yes 10, both no 15).
    one = ["y"] * 25 + ["n"] * 25
    other = ["y"] * 20 + ["n"] * 5 + ["y"] * 10 + ["n"] * 15
    assert cohen_kappa(one, other) == pytest.approx(0.4)
    assert cohen_kappa(one, one) == 1
    assert math.isnan(cohen_kappa(["y"], ["y"]))
