"""How far apart pixels are, what proves it, and where: one answer for every kind of image."""

from __future__ import annotations

import json
import math
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence

from imaging.dicom.header_values import frame_headers
from imaging.dicom.json_model import header_model
from imaging.dicom.spacing import Spacing, UltrasoundRegion, spacing_of

DX = "1.2.840.10008.5.1.4.1.1.1.1"
CT = "1.2.840.10008.5.1.4.1.1.2"
US = "1.2.840.10008.5.1.4.1.1.6.1"
SC = "1.2.840.10008.5.1.4.1.1.7"


def image(sop_class: str, modality: str, **attributes: Any) -> Dataset:
    dataset = Dataset()
    dataset.SOPClassUID, dataset.Modality, dataset.Rows, dataset.Columns = sop_class, modality, 100, 200
    for keyword, value in attributes.items():
        setattr(dataset, keyword, value)
    return dataset


def spacing(dataset: Dataset, *, placed: bool = False, frame: int = 1) -> Spacing:
    return spacing_of(list(frame_headers(header_model(dataset)))[frame - 1], placed=placed)


def region(x0: int, y0: int, x1: int, y1: int, cm: float | tuple[float, float], **changes: Any) -> Dataset:
    item = Dataset()
    item.RegionSpatialFormat, item.RegionDataType, item.RegionFlags = 1, 1, 2
    item.RegionLocationMinX0, item.RegionLocationMinY0 = x0, y0
    item.RegionLocationMaxX1, item.RegionLocationMaxY1 = x1, y1
    item.PhysicalUnitsXDirection = item.PhysicalUnitsYDirection = 3
    item.PhysicalDeltaX, item.PhysicalDeltaY = cm if isinstance(cm, tuple) else (cm, cm)
    for keyword, value in changes.items():
        setattr(item, keyword, value)
    return item


def ultrasound(*regions: Dataset, **attributes: Any) -> Dataset:
    return image(US, "US", SequenceOfUltrasoundRegions=Sequence(regions), **attributes)


@pytest.mark.parametrize(
    ("attributes", "mm", "source"),
    [
        ({}, None, "none"),
        ({"ImagerPixelSpacing": [0.2, 0.2]}, (0.2, 0.2), "imager_pixel_spacing"),
        ({"PixelSpacing": [0.2, 0.2]}, (0.2, 0.2), "pixel_spacing_projection"),
        ({"PixelSpacing": [0.2, 0.2], "ImagerPixelSpacing": [0.2, 0.2]}, (0.2, 0.2), "imager_pixel_spacing"),
        ({"PixelSpacing": [0.15, 0.15], "ImagerPixelSpacing": [0.2, 0.2]}, (0.15, 0.15), "pixel_spacing_calibrated"),
        (
            {"PixelSpacing": [0.2, 0.2], "ImagerPixelSpacing": [0.2, 0.2], "PixelSpacingCalibrationType": "GEOMETRY"},
            (0.2, 0.2),
            "pixel_spacing_calibrated",
        ),
        (
            {"ImagerPixelSpacing": [0.2, 0.2], "EstimatedRadiographicMagnificationFactor": 1.25},
            (0.16, 0.16),
            "imager_pixel_spacing_magnification",
        ),
        (
            {
                "PixelSpacing": [0.2, 0.2],
                "ImagerPixelSpacing": [0.2, 0.2],
                "EstimatedRadiographicMagnificationFactor": 1.25,
            },
            (0.16, 0.16),
            "imager_pixel_spacing_magnification",
        ),
        (
            {"ImagerPixelSpacing": [0.2, 0.2], "EstimatedRadiographicMagnificationFactor": 0},
            (0.2, 0.2),
            "imager_pixel_spacing",
        ),
        ({"NominalScannedPixelSpacing": [0.1, 0.1]}, (0.1, 0.1), "nominal_scanned_pixel_spacing"),
        ({"PixelSpacing": [0, 0]}, None, "none"),
        ({"PixelSpacing": [-0.2, 0.2]}, None, "none"),
        ({"PixelSpacing": [2e6, 2e6]}, None, "none"),
        ({"PixelSpacing": [0, 0], "ImagerPixelSpacing": [0.2, 0.2]}, (0.2, 0.2), "imager_pixel_spacing"),
    ],
)
def test_a_radiograph_says_where_its_millimetres_hold(
    attributes: dict[str, Any], mm: tuple[float, float] | None, source: str
) -> None:
    found = spacing(image(DX, "DX", **attributes))
    assert found.mm == (None if mm is None else pytest.approx(mm))
    assert found.source == source


def test_the_words_of_the_source_are_those_of_the_image() -> None:
    calibrated = image(DX, "DX", PixelSpacing=[0.15, 0.15], PixelSpacingCalibrationType="FIDUCIAL")
    calibrated.PixelSpacingCalibrationDescription = "25 mm ball"
    assert spacing(calibrated).words == "calibrated by an object of known size: 25 mm ball"
    assert spacing(image(DX, "DX", ImagerPixelSpacing=[0.2, 0.2])).words == "at the detector"


@pytest.mark.parametrize(
    ("sop_class", "modality"),
    [
        ("1.2.840.10008.5.1.4.1.1.77.1.5.4", "OPT"),
        ("1.2.840.10008.5.1.4.1.1.77.1.5.1", "OP"),
        ("1.2.840.10008.5.1.4.1.1.77.1.1.1", "ES"),
        ("1.2.840.10008.5.1.4.1.1.77.1.6", "SM"),
        ("1.2.840.10008.5.1.4.1.1.77.1.4", "XC"),
        (CT, "CT"),
    ],
)
def test_pixel_spacing_without_a_position_is_believed_where_the_image_is_no_screenshot(
    sop_class: str, modality: str
) -> None:
    found = spacing(image(sop_class, modality, PixelSpacing=[0.01, 0.02]))
    assert (found.mm, found.source) == ((0.01, 0.02), "pixel_spacing")


@pytest.mark.parametrize("sop_class", [SC, f"{SC}.1", f"{SC}.4"])
def test_a_screenshot_has_no_millimetres(sop_class: str) -> None:
    said = {"PixelSpacing": [0.5, 0.5], "ImagerPixelSpacing": [0.5, 0.5]}
    found = spacing(image(sop_class, "OT", **said))
    assert (found.mm, found.source) == (None, "none")
    # A screenshot that was calibrated, or that lies in the patient, says what it says.
    assert spacing(image(sop_class, "OT", **said, PixelSpacingCalibrationType="FIDUCIAL")).mm == (0.5, 0.5)
    assert spacing(image(sop_class, "OT", **said), placed=True).mm == (0.5, 0.5)
    # A film that was scanned has the film's millimetres.
    assert spacing(image(sop_class, "CR", NominalScannedPixelSpacing=[0.1, 0.1])).words == "on the scanned film"


def test_functional_groups_say_it_for_each_frame() -> None:
    dataset = image("1.2.840.10008.5.1.4.1.1.4.1", "MR", NumberOfFrames=2)
    groups = []
    for mm in (0.5, 0.75):
        measures, group = Dataset(), Dataset()
        measures.PixelSpacing = [mm, mm]
        group.PixelMeasuresSequence = Sequence([measures])
        groups.append(group)
    dataset.PerFrameFunctionalGroupsSequence = Sequence(groups)
    assert [spacing(dataset, placed=True, frame=frame).mm for frame in (1, 2)] == [(0.5, 0.5), (0.75, 0.75)]


@pytest.mark.parametrize(
    ("said", "aspect", "source"),
    [
        ([2, 1], (2.0, 1.0), "pixel_aspect_ratio"),
        ([1, 1], (1.0, 1.0), "none"),
        ([3, 4], (0.75, 1.0), "pixel_aspect_ratio"),
        ([0, 1], (1.0, 1.0), "none"),
        ([1000, 1], (1.0, 1.0), "none"),
    ],
)
def test_without_millimetres_lengths_are_counted_in_widths_of_a_pixel(
    said: list[int], aspect: tuple[float, float], source: str
) -> None:
    found = spacing(image(SC, "OT", PixelAspectRatio=said))
    assert (found.mm, found.unit, found.aspect, found.source) == (None, "px", aspect, source)


def test_the_region_under_the_point_wins_over_pixel_spacing() -> None:
    found = spacing(ultrasound(region(0, 0, 199, 99, 0.05), PixelSpacing=[1, 1]))
    assert found.mm == pytest.approx((0.5, 0.5))
    assert found.source == "ultrasound_region"
    assert found.under([(10, 10), (50, 50)]).mm == pytest.approx((0.5, 0.5))


def test_each_region_has_its_own_millimetres_and_a_measure_across_them_has_none() -> None:
    found = spacing(ultrasound(region(0, 0, 99, 99, 0.05), region(100, 0, 199, 99, (0.02, 0.04)), PixelSpacing=[1, 1]))
    assert found.mm is None
    assert found.under([(10, 10), (90, 90)]).mm == pytest.approx((0.5, 0.5))
    assert found.under([(110, 10), (190, 90)]).mm == pytest.approx((0.4, 0.2))
    across = found.under([(10, 10), (190, 90)])
    assert (across.mm, across.words) == (None, "across regions")
    # Side by side at one scale they are still two pictures.
    twins = spacing(ultrasound(region(0, 0, 99, 99, 0.05), region(100, 0, 199, 99, 0.05)))
    assert twins.mm == pytest.approx((0.5, 0.5))
    assert twins.under([(10, 10), (190, 90)]).mm is None


def test_outside_the_regions_there_are_no_millimetres() -> None:
    found = spacing(ultrasound(region(20, 20, 99, 79, 0.05), PixelSpacing=[1, 1]))
    assert found.under([(5, 5), (10, 10)]).mm is None
    assert found.under([(5, 5), (10, 10)]).words == "outside the calibrated region"
    assert found.under([(19.6, 19.6), (99.4, 79.4)]).mm is not None


def test_a_colour_box_inside_the_picture_does_not_cut_a_measure() -> None:
    box = region(40, 40, 60, 60, 0.05, RegionDataType=2)
    found = spacing(ultrasound(region(0, 0, 199, 99, 0.05, RegionFlags=3), box))
    assert found.under([(10, 10), (50, 50)]).mm == pytest.approx((0.5, 0.5))


@pytest.mark.parametrize(
    "changes",
    [
        {"RegionSpatialFormat": 3, "RegionDataType": 3},  # spectral Doppler
        {"RegionSpatialFormat": 2},  # M-mode: time runs to the right
        {"RegionDataType": 3},
        {"PhysicalUnitsXDirection": 4},
        {"PhysicalUnitsYDirection": 7},
        {"PhysicalDeltaX": 0.0},
    ],
)
def test_a_region_that_is_no_picture_of_space_has_no_millimetres(changes: dict[str, Any]) -> None:
    strip = region(0, 60, 199, 99, 0.05, **changes)
    found = spacing(ultrasound(region(0, 0, 199, 59, 0.05), strip))
    assert found.under([(10, 10), (50, 50)]).mm == pytest.approx((0.5, 0.5))
    assert found.under([(10, 70), (50, 80)]).mm is None
    alone = spacing(ultrasound(strip, PixelSpacing=[1, 1]))
    assert alone.mm is None


def test_a_strip_above_the_picture_takes_its_pixels_by_priority() -> None:
    strip = region(0, 60, 199, 99, 0.05, RegionSpatialFormat=3, RegionDataType=3)
    found = spacing(ultrasound(region(0, 0, 199, 99, 0.05, RegionFlags=3), strip))
    assert found.under([(10, 10), (50, 80)]).mm is None


def test_negative_deltas_are_directions_and_regions_end_with_the_image() -> None:
    found = spacing(ultrasound(region(0, 0, 100_000, 100_000, (-0.05, 0.03))))
    assert found.mm == pytest.approx((0.3, 0.5))
    assert (found.regions[0].x1, found.regions[0].y1) == (199, 99)
    outside = spacing(ultrasound(region(500, 500, 600, 600, 0.05), PixelSpacing=[1, 1]))
    assert (outside.mm, outside.source) == ((1.0, 1.0), "pixel_spacing")


def test_a_radiograph_has_no_ultrasound_regions() -> None:
    """Archives write the table into radiographs, too, to name what was blacked out; it says nothing of space."""
    box = Dataset()
    box.RegionLocationMinX0, box.RegionLocationMinY0, box.RegionLocationMaxX1, box.RegionLocationMaxY1 = 0, 0, 99, 40
    found = spacing(image(DX, "DX", SequenceOfUltrasoundRegions=Sequence([box]), ImagerPixelSpacing=[0.14, 0.14]))
    assert (found.mm, found.source, found.regions) == ((0.14, 0.14), "imager_pixel_spacing", ())
    assert found.under([(10, 10), (150, 90)]).mm == (0.14, 0.14)
    assert spacing(ultrasound(box, PixelSpacing=[1, 1])).mm is None


#: The browser reads the same file (frontend/src/geometry/spacing.test.ts).
SHARED = json.loads((Path(__file__).parents[1] / "fixtures" / "spacing.json").read_text())


@pytest.mark.parametrize("case", SHARED, ids=[case["name"] for case in SHARED])
def test_a_length_is_what_the_browser_writes_beside_it(case: dict[str, Any]) -> None:
    said = case["spacing"]
    regions = tuple(UltrasoundRegion(**one) for one in said["regions"])
    found = Spacing(said["mm"], said["source"], said["words"], said["aspect"], regions).under(case["points"])
    row, column = found.steps
    points = case["points"]
    length = sum(math.hypot((b[0] - a[0]) * column, (b[1] - a[1]) * row) for a, b in pairwise(points))
    assert length == pytest.approx(case["length"], abs=1e-3)
    assert (found.unit, found.source, found.words) == (case["unit"], case["source"], case["words"])
