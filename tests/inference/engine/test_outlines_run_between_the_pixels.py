"""An outline of a map or a mask runs halfway between inside and outside, at the border of the image too."""

from __future__ import annotations

import numpy as np
import pytest

from annotations.geometry.rasters import polygon_mask
from inference.engine.regions import regions_of_map, regions_of_mask


def _area(points: tuple[tuple[float, float], ...]) -> float:
    x, y = np.array(points).T
    return abs(float(x @ np.roll(y, -1) - y @ np.roll(x, -1))) / 2


def test_a_square_that_fills_its_box_has_its_own_area() -> None:
    mask = np.zeros((1, 40, 40), bool)
    mask[0, 5:15, 7:17] = True
    (region,) = regions_of_mask(mask, np.ones(mask.shape, np.float32), label="a")
    assert region.box == pytest.approx((6.5, 4.5, 16.5, 14.5), abs=1e-3)
    assert _area(region.polygon) == pytest.approx(100, abs=1)
    assert (polygon_mask(region.polygon, (40, 40)) == mask[0]).all()


@pytest.mark.parametrize("value", [0.51, 0.6, 1.0])
def test_a_map_over_the_whole_image_is_outlined_along_the_border_of_its_pixels(value: float) -> None:
    (region,) = regions_of_map(np.full((30, 40), value, np.float32), label="a", frame=0, level=0.5, probability=0.9)
    assert region.box == pytest.approx((-0.5, -0.5, 39.5, 29.5), abs=1e-3)
    assert polygon_mask(region.polygon, (30, 40)).all()


def test_a_part_at_the_border_reaches_to_it_and_no_farther() -> None:
    field = np.zeros((30, 40), np.float32)
    field[0:6, 0:8] = 0.9
    (region,) = regions_of_map(field, label="a", frame=0, level=0.5, probability=0.9)
    assert region.box[:2] == pytest.approx((-0.5, -0.5), abs=1e-3)
    assert (polygon_mask(region.polygon, field.shape) == (field > 0.5)).all()
