"""Geometry: what a series proves about its own space, and what it does not."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from pydicom import dcmread
from pydicom.data import get_testdata_file
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import CTImageStorage, ExplicitVRLittleEndian, generate_uid

from imaging.dicom.errors import NotOneSpace
from imaging.dicom.frame_facts import frame_facts
from imaging.dicom.geometry import SeriesGeometry, orientation_word, series_geometry
from imaging.dicom.json_model import header_model
from imaging.dicom.volume import load_volume

AXIAL = [1, 0, 0, 0, 1, 0]


def slice_at(position: list[float] | None, number: int = 1, modality: str = "CT", **facts: object) -> Dataset:
    dataset = Dataset()
    dataset.file_meta = FileMetaDataset()
    dataset.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    dataset.SOPClassUID, dataset.SOPInstanceUID, dataset.Modality = CTImageStorage, generate_uid(), modality
    dataset.Rows, dataset.Columns, dataset.InstanceNumber = 4, 6, number
    dataset.SamplesPerPixel, dataset.PhotometricInterpretation, dataset.PixelRepresentation = 1, "MONOCHROME2", 0
    dataset.BitsAllocated, dataset.BitsStored, dataset.HighBit = 16, 16, 15
    if position is not None:
        dataset.ImagePositionPatient, dataset.ImageOrientationPatient = position, AXIAL
        dataset.FrameOfReferenceUID = "1.2.3"
    dataset.PixelData = np.full((4, 6), number, np.uint16).tobytes()
    dataset["PixelData"].VR = "OW"
    for keyword, value in facts.items():
        setattr(dataset, keyword, value)
    dataset.set_original_encoding(False, True)
    return dataset


def geometry_of(*datasets: Dataset) -> SeriesGeometry:
    return series_geometry([facts for dataset in datasets for facts in frame_facts(header_model(dataset))])


def test_even_parallel_slices_are_a_volume_in_millimetres() -> None:
    found = geometry_of(*(slice_at([0, 0, 2.5 * k], k, PixelSpacing=[0.5, 0.7]) for k in range(5)))
    assert (found.kind, found.length_unit, found.orientation) == ("volume", "mm", "axial")
    assert (found.slice_spacing_mm, found.slice_spacing_regular, found.pixel_spacing_mm) == (2.5, True, (0.5, 0.7))
    assert (found.warnings, found.gaps, found.tilt_degrees) == ((), (), 0.0)
    assert found.as_json()["pixel_spacing_mm"] == [0.5, 0.7]


def test_a_missing_slice_is_found_and_counted() -> None:
    found = geometry_of(*(slice_at([0, 0, 3.0 * k], k, PixelSpacing=[1, 1]) for k in (0, 1, 2, 5, 6)))
    assert not found.slice_spacing_regular
    assert [(gap.after, gap.distance_mm, gap.missing) for gap in found.gaps] == [(2, 9.0, 2)]
    assert "slices_missing" in found.warnings


def test_gantry_tilt_is_measured() -> None:
    found = geometry_of(*(slice_at([0, 2.0 * k, 5.0 * k], k, PixelSpacing=[1, 1]) for k in range(4)))
    assert found.tilt_degrees == pytest.approx(np.degrees(np.arctan2(2, 5)), abs=0.01)
    assert found.slice_spacing_mm == 5.0


def test_the_real_tilted_head_is_seen_as_tilted_and_uneven(real_images: Path) -> None:
    volume = load_volume(sorted((real_images / "dicom" / "ct-head-tilted").glob("*.dcm")))
    assert volume.geometry.tilt_degrees == pytest.approx(18.5, abs=0.05)
    assert not volume.geometry.slice_spacing_regular
    assert volume.pixels_kji.shape == (14, 512, 512)
    heights = np.diff([dcmread_position(real_images, uid) for uid, _ in volume.frames])
    assert (heights > 0).all(), "sorted along the normal"


def dcmread_position(real_images: Path, uid: str) -> float:
    for path in (real_images / "dicom" / "ct-head-tilted").glob("*.dcm"):
        dataset = dcmread(path, stop_before_pixels=True)
        if dataset.SOPInstanceUID == uid:
            row, column = np.array(dataset.ImageOrientationPatient).reshape(2, 3)
            return float(np.cross(row, column) @ np.array(dataset.ImagePositionPatient, float))
    raise AssertionError(uid)


def test_the_same_place_several_times_is_no_single_volume() -> None:
    found = geometry_of(*(slice_at([0, 0, float(k % 3)], k, PixelSpacing=[1, 1]) for k in range(6)))
    assert found.kind == "stack"
    assert "repeated_positions" in found.warnings


def test_several_orientations_are_kept_apart() -> None:
    coronal = slice_at([0, 0, 0], 9, PixelSpacing=[1, 1])
    coronal.ImageOrientationPatient = [1, 0, 0, 0, 0, -1]
    found = geometry_of(
        slice_at([0, 0, 0], 1, PixelSpacing=[1, 1]), slice_at([0, 0, 1], 2, PixelSpacing=[1, 1]), coronal
    )
    assert [(group.orientation, group.frames) for group in found.orientation_groups] == [("axial", 2), ("coronal", 1)]
    assert found.kind == "stack"
    assert "several_orientations" in found.warnings


def test_planes_are_named_as_a_radiologist_names_them() -> None:
    assert orientation_word(AXIAL) == "axial"
    assert orientation_word([0, 1, 0, 0, 0, -1]) == "sagittal"
    assert orientation_word([1, 0, 0, 0, 0.7071, 0.7071]) == "oblique"


@pytest.mark.parametrize(
    ("facts", "unit", "source"),
    [
        ({}, "px", "none"),
        ({"ImagerPixelSpacing": [0.2, 0.2]}, "mm", "imager_pixel_spacing"),
        ({"PixelSpacing": [0.2, 0.2]}, "mm", "pixel_spacing_projection"),
        ({"PixelSpacing": [0.2, 0.2], "ImagerPixelSpacing": [0.2, 0.2]}, "mm", "imager_pixel_spacing"),
        ({"PixelSpacing": [0.18, 0.18], "ImagerPixelSpacing": [0.2, 0.2]}, "mm", "pixel_spacing_calibrated"),
        ({"PixelSpacing": [0.2, 0.2], "PixelSpacingCalibrationType": "FIDUCIAL"}, "mm", "pixel_spacing_calibrated"),
        (
            {"ImagerPixelSpacing": [0.2, 0.2], "EstimatedRadiographicMagnificationFactor": 1.25},
            "mm",
            "imager_pixel_spacing_magnification",
        ),
        ({"PixelSpacing": [0, 0]}, "px", "none"),
    ],
)
def test_a_series_of_a_radiograph_says_what_its_millimetres_are_of(
    facts: dict[str, object], unit: str, source: str
) -> None:
    found = geometry_of(slice_at(None, 1, "DX", **facts))
    assert (found.length_unit, found.pixel_spacing_source, found.kind) == (unit, source, "single")


def test_magnification_shrinks_the_spacing_at_the_detector() -> None:
    facts = {"ImagerPixelSpacing": [0.2, 0.2], "EstimatedRadiographicMagnificationFactor": 1.25}
    assert geometry_of(slice_at(None, 1, "DX", **facts)).pixel_spacing_mm == pytest.approx((0.16, 0.16))


def region(step_cm: float, units: int = 3) -> Dataset:
    item = Dataset()
    item.RegionSpatialFormat, item.RegionDataType, item.RegionFlags = 1, 1, 0
    item.RegionLocationMinX0, item.RegionLocationMinY0, item.RegionLocationMaxX1, item.RegionLocationMaxY1 = 0, 0, 5, 3
    item.PhysicalUnitsXDirection = item.PhysicalUnitsYDirection = units
    item.PhysicalDeltaX = item.PhysicalDeltaY = step_cm
    return item


def test_ultrasound_is_measured_by_its_regions() -> None:
    one = geometry_of(slice_at(None, 1, "US", SequenceOfUltrasoundRegions=[region(0.05), region(0.01, units=4)]))
    assert (one.length_unit, one.pixel_spacing_source) == ("mm", "ultrasound_region")
    assert one.pixel_spacing_mm == pytest.approx((0.5, 0.5))
    two = geometry_of(slice_at(None, 1, "US", SequenceOfUltrasoundRegions=[region(0.05), region(0.02)]))
    assert (two.length_unit, two.warnings) == ("px", ("several_ultrasound_calibrations",))


def test_a_colour_ultrasound_clip_is_a_cine() -> None:
    path = get_testdata_file("examples_ybr_color.dcm", download=False)
    found = geometry_of(dcmread(path))
    assert (found.kind, found.frames) == ("cine", 30)


def test_nothing_at_all_is_no_error() -> None:
    assert series_geometry([]).warnings == ("no_images",)


def test_a_volume_is_sorted_and_its_affine_leads_to_the_patient() -> None:
    slices = [slice_at([10, 20, 5.0 * k], number=9 - k, PixelSpacing=[0.5, 0.7]) for k in (2, 0, 1)]
    volume = load_volume(slices)
    assert volume.pixels_kji.shape == (3, 4, 6)
    assert volume.pixels_kji[:, 0, 0].tolist() == [9, 8, 7]
    assert volume.affine_lps is not None
    assert (volume.affine_lps @ [2, 3, 4, 1])[:3].tolist() == pytest.approx([10 + 4 * 0.7, 20 + 3 * 0.5, 10])
    assert (volume.spacing_mm_kji, volume.even_slices) == ((5.0, 0.5, 0.7), True)
    assert volume.frames[0] == (slices[1].SOPInstanceUID, 1)


def test_padding_is_masked_and_monochrome1_is_mirrored_in_a_volume() -> None:
    dataset = slice_at([0, 0, 0], 1, PixelSpacing=[1, 1], PhotometricInterpretation="MONOCHROME1", PixelPaddingValue=0)
    values = np.full((4, 6), 1000, np.uint16)
    values[0] = 0
    dataset.PixelData = values.tobytes()
    volume = load_volume([dataset])
    assert volume.padding_kji is not None
    assert volume.padding_kji[0, 0].all()
    assert not volume.padding_kji[0, 1:].any()
    assert np.unique(volume.pixels_kji).tolist() == [65535 - 1000]


def test_a_multi_frame_image_gives_one_slice_a_frame() -> None:
    volume = load_volume([Path(str(get_testdata_file("rtdose.dcm", download=False)))])
    assert volume.pixels_kji.shape == (15, 10, 10)
    assert [number for _, number in volume.frames] == list(range(1, 16))


def test_images_of_several_sizes_are_no_volume() -> None:
    small = slice_at([0, 0, 0], PixelSpacing=[1, 1])
    small.Rows, small.PixelData = 2, np.zeros((2, 6), np.uint16).tobytes()
    with pytest.raises(NotOneSpace) as refused:
        load_volume([small, slice_at([0, 0, 1], PixelSpacing=[1, 1])])
    assert refused.value.code == "several_image_sizes"


def test_one_slice_and_a_gap_do_not_pretend_to_fill_space() -> None:
    one = load_volume([slice_at([0, 0, 0.0], 1, SliceThickness=5, PixelSpacing=[0.5, 0.7])])
    assert one.spacing_mm_kji is not None
    assert (one.spacing_mm_kji[0], one.even_slices) == (None, False)
    gap = load_volume([slice_at([0, 0, 5.0 * k], number=k + 1, PixelSpacing=[1, 1]) for k in (0, 1, 2, 10)])
    assert gap.spacing_mm_kji is not None
    assert (gap.spacing_mm_kji[0], gap.even_slices) == (5.0, False)
    twice = load_volume([slice_at([0, 0, 5.0 * (k // 2)], number=k + 1, PixelSpacing=[1, 1]) for k in range(6)])
    assert twice.spacing_mm_kji is not None
    assert (twice.spacing_mm_kji[0], twice.even_slices) == (None, False)
