"""Outlines beside a count of pixels: what is inside the line is what was painted, not half a pixel more or less."""

import numpy as np
import pytest
from scipy import ndimage

from annotations.geometry.rasters import polygon_mask
from inference.engine.outlines import pixel_outlines, signed_area
from inference.engine.regions import MOST_POINTS, regions_of_map, regions_of_mask

LOTS = np.random.default_rng(4)


def drawn(seed, shape=(30, 36)):
    noise = ndimage.gaussian_filter(np.random.default_rng(seed).random(shape), 2.5, mode="nearest")
    return (noise - noise.min()) / (noise.max() - noise.min())


@pytest.mark.parametrize("seed", range(60))
def test_the_areas_of_all_lines_are_the_number_of_pixels(seed):
    lots = np.random.default_rng(seed)
    mask = lots.random(lots.integers(1, 14, 2)) > lots.random()
    loops = pixel_outlines(mask)
    assert sum(map(signed_area, loops)) == mask.sum()
    # Each part has one outer line, each hole one of the other way.
    parts, holes = ndimage.label(mask)[1], ndimage.label(~np.pad(mask, 1), np.ones((3, 3)))[1] - 1
    assert (sum(signed_area(one) > 0 for one in loops), sum(signed_area(one) < 0 for one in loops)) == (parts, holes)
    again = np.zeros(mask.shape, int)
    for loop in loops:
        again += np.sign(signed_area(loop)).astype(int) * polygon_mask(loop, mask.shape)
    assert np.array_equal(again > 0, mask)


def test_a_part_that_fills_its_box_is_outlined_at_the_edges_of_its_pixels():
    mask = np.zeros((1, 24, 30), bool)
    mask[0, 5:15, 8:18] = True
    (region,) = regions_of_mask(mask, mask.astype(np.float32), label="a")
    assert region.box == (7.5, 4.5, 17.5, 14.5)
    assert sorted(region.polygon) == [(7.5, 4.5), (7.5, 14.5), (17.5, 4.5), (17.5, 14.5)]
    whole = np.ones((1, 24, 30), bool)
    (region,) = regions_of_mask(whole, whole.astype(np.float32), label="a")
    assert region.box == (-0.5, -0.5, 29.5, 23.5)
    assert abs(signed_area(list(region.polygon))) == whole.sum()


def test_a_map_over_the_whole_image_ends_at_the_border_of_its_pixels():
    for values in (np.ones((40, 44), np.float32), (0.6 + 0.4 * drawn(1, (40, 44))).astype(np.float32)):
        (region,) = regions_of_map(values, label="a", frame=0, level=0.5, probability=0.9)
        assert region.box == pytest.approx((-0.5, -0.5, 43.5, 39.5))
        assert polygon_mask(region.polygon, values.shape).all()
        assert abs(signed_area(list(region.polygon))) == pytest.approx(values.size, rel=0.001)


@pytest.mark.parametrize("seed", range(12))
def test_the_outline_of_a_mask_holds_its_pixels_and_no_others(seed):
    part, _ = ndimage.label(ndimage.binary_fill_holes(drawn(seed) > 0.6))
    for number in range(1, part.max() + 1):
        own = part == number
        if own.sum() < 4:
            continue
        (region,) = regions_of_mask(own[None], own[None].astype(np.float32), label="a")
        assert len(region.polygon) <= MOST_POINTS
        assert abs(signed_area(list(region.polygon))) == own.sum() == region.area_pixels
        assert np.array_equal(polygon_mask(region.polygon, own.shape), own)


@pytest.mark.parametrize("seed", range(12))
def test_the_outline_of_a_map_holds_the_pixels_at_or_above_its_level(seed):
    values = drawn(seed).astype(np.float32)
    for region in regions_of_map(values, label="a", frame=0, level=0.6, probability=0.9):
        inside = polygon_mask(region.polygon, values.shape)
        parts, _ = ndimage.label(values >= 0.6)
        numbers = np.unique(parts[inside & (parts > 0)])
        (own,) = (n for n in numbers if (parts == n).sum() == region.area_pixels)
        wrong = (ndimage.binary_fill_holes(parts == own) != inside).sum()
        assert wrong <= 0.05 * region.area_pixels + 1, "thinned out by at most a quarter of a pixel"


def test_a_ragged_mask_is_outlined_by_few_points_and_stays_close():
    ragged = drawn(3, (200, 200)) + 0.15 * LOTS.random((200, 200)) > 0.55
    (largest, *_) = regions_of_mask(ragged[None], ragged[None].astype(np.float32), label="a")
    assert len(largest.polygon) <= MOST_POINTS
