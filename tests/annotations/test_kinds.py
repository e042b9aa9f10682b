"""What each kind of drawing measures and which pixels it takes, as the front end's tests read it too."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from annotations.geometry.kinds import AREAS, KINDS, SHAPES
from annotations.geometry.measures import Intensities, Scale
from annotations.geometry.rasters import mask_to_runs

CASES = json.loads((Path(__file__).parent.parent / "fixtures" / "kinds.json").read_text())
SIZE = (40, 50)


@pytest.mark.parametrize("case", CASES, ids=[case["name"] for case in CASES])
def test_a_drawing_measures_what_its_pixels_say(case: dict[str, Any]) -> None:
    kind, points = SHAPES[case["kind"]], np.array(case["points"], np.float64)
    spacing = tuple(case["spacing_mm"]) if case["spacing_mm"] else None
    scale = Scale(spacing, "pixel_spacing" if spacing else "none")
    assert kind.fault(points, scale, SIZE) is None
    found = {name: measure["value"] for name, measure in kind.measures(points, scale).items()}
    assert found == pytest.approx(case["measures"], abs=2e-4)
    mask = kind.mask(points, SIZE)
    if case["kind"] not in AREAS:
        assert mask is None
        return
    assert mask_to_runs(mask) == case["runs"]
    j, i = np.mgrid[: SIZE[0], : SIZE[1]]
    inside = Intensities.under(3.0 * j - 2.0 * i + 7, mask)
    assert inside is not None
    stored = {name: measure["value"] for name, measure in inside.measures("HU").items()}
    expected = dict(case["values"])
    assert stored.pop("pixels") == expected.pop("count")
    assert stored == pytest.approx(expected, rel=1e-6)


def test_every_kind_has_an_example() -> None:
    drawn = {case["kind"] for case in CASES}
    assert drawn == set(SHAPES)
    assert set(KINDS) - set(SHAPES) == {"image_label", "mask"}


#: Kind, points, and the code they are refused with on an image of 40 rows and 50 columns.
REFUSED: list[tuple[str, str, list[list[float]], str]] = [
    ("both ends in one place", "length", [[5, 5], [5, 5]], "length_zero"),
    ("an end beyond the edge", "length", [[5, 5], [50, 5]], "points_outside"),
    ("a box beside the image", "rectangle", [[-26, 3], [-13, 3], [-13, 9], [-26, 9]], "points_outside"),
    ("a box over the edge", "rectangle", [[-3, 3], [7, 3], [7, 9], [-3, 9]], "points_outside"),
    ("a box between centres", "rectangle", [[5.2, 5.2], [5.8, 5.2], [5.8, 5.8], [5.2, 5.8]], "shape_without_pixel"),
    ("a box without height", "rectangle", [[5, 5], [9, 5], [9, 5], [5, 5]], "shape_without_pixel"),
    ("corners crosswise", "rectangle", [[5, 5], [15, 15], [15, 5], [5, 15]], "rectangle_skewed"),
    ("a leaning box", "rectangle", [[5, 5], [15, 5], [20, 15], [10, 15]], "rectangle_skewed"),
    ("an ellipse without width", "ellipse", [[5, 5], [5, 15], [5, 10], [5, 10]], "shape_without_pixel"),
    ("axes that lean", "ellipse", [[8, 5], [12, 15], [5, 10], [15, 10]], "ellipse_skewed"),
    ("axes that miss one another", "ellipse", [[10, 5], [10, 15], [15, 10], [25, 10]], "ellipse_skewed"),
    ("two corners", "polygon", [[5, 5], [9, 9]], "points_count_wrong"),
    ("two corners said thrice", "polygon", [[5, 5], [9, 9], [5, 5], [9, 9]], "points_count_wrong"),
    ("corners in one line", "polygon", [[5.3, 5], [9.3, 5], [15.3, 5]], "shape_without_pixel"),
    ("a line there and back", "freehand", [[5.3, 5.2], [9.3, 9.2], [15.3, 9.2], [9.3, 9.2]], "shape_without_pixel"),
    ("no point", "point", [], "points_count_wrong"),
    ("a point outside", "point", [[5, 40]], "points_outside"),
]


@pytest.mark.parametrize(("name", "kind", "points", "code"), REFUSED, ids=[one[0] for one in REFUSED])
def test_what_cannot_be_such_a_drawing_is_refused(name: str, kind: str, points: list[list[float]], code: str) -> None:
    fault = SHAPES[kind].fault(np.array(points, np.float64).reshape(-1, 2), Scale(), SIZE)
    assert fault is not None, name
    assert fault.code == code


def test_a_tangle_is_refused_before_it_costs_anything() -> None:
    random = np.random.default_rng(1)
    fault = SHAPES["freehand"].fault(random.uniform(0, 39, (20_000, 2)), Scale(), SIZE)
    assert fault is not None
    assert fault.code == "contour_tangled"


def test_a_right_angle_is_one_in_millimetres() -> None:
    turned = np.array([[10, 10], [22, 16], [19, 22], [7, 16]], np.float64)
    scale = Scale((1.0, 0.5), "pixel_spacing")
    assert SHAPES["rectangle"].fault(turned, scale, SIZE) is not None
    a, b = np.array([12 * 0.5, 6.0]), np.array([-6.0, 12 * 0.5])
    corners = np.array([[20, 10], [32, 16], [32 + b[0] / 0.5, 16 + b[1]], [20 + b[0] / 0.5, 10 + b[1]]])
    assert SHAPES["rectangle"].fault(corners, scale, SIZE) is None
    measures = SHAPES["rectangle"].measures(corners, scale)
    assert measures["area_mm2"]["value"] == pytest.approx(float(np.linalg.norm(a) * np.linalg.norm(b)), abs=1e-3)
