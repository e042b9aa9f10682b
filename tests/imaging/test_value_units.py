"""A unit is written beside a value only where the image proves it."""

from __future__ import annotations

from typing import Any

import pytest
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence

from imaging.dicom.frame_facts import frame_facts
from imaging.dicom.json_model import header_model
from imaging.dicom.value_units import ValueUnit

CT = "1.2.840.10008.5.1.4.1.1.2"


def image(modality: str = "CT", sop_class: str = CT, **attributes: Any) -> Dataset:
    dataset = Dataset()
    dataset.SOPClassUID, dataset.Modality = sop_class, modality
    dataset.Rows = dataset.Columns = 4
    dataset.PhotometricInterpretation = "MONOCHROME2"
    dataset.RescaleSlope, dataset.RescaleIntercept = 1, -1024
    for keyword, value in attributes.items():
        setattr(dataset, keyword, value)
    return dataset


def unit(dataset: Dataset, frame: int = 1) -> ValueUnit:
    return frame_facts(header_model(dataset))[frame - 1].unit


AXIAL = ["ORIGINAL", "PRIMARY", "AXIAL"]


@pytest.mark.parametrize(
    ("dataset", "right"),
    [
        (image(RescaleType="HU"), "HU"),
        (image(RescaleType="HU", ImageType=["DERIVED", "SECONDARY", "REFORMATTED"]), "HU"),
        (image(ImageType=AXIAL), "HU"),
        (image(), "HU"),
        (image(RescaleType="US", ImageType=AXIAL), ""),
        (image(RescaleType="US", ImageType=["DERIVED", "PRIMARY", "AXIAL", "CBF"]), ""),
        (image(ImageType=["DERIVED", "SECONDARY", "CBF"]), ""),
        (image(ImageType=["ORIGINAL", "PRIMARY", "LOCALIZER"]), ""),
        (image(ImageType=AXIAL, MultienergyCTAcquisition="YES"), ""),
        (image(ImageType=AXIAL, RescaleType="Z_EFF", MultienergyCTAcquisition="YES"), "Z eff"),
        (image(ImageType=AXIAL, RescaleType="MGML"), "mg/ml"),
        (image(ImageType=AXIAL, RescaleType="HU_MOD"), "HU (modified)"),
        (image("CT", "1.2.840.10008.5.1.4.1.1.7"), ""),
        (image("MR", "1.2.840.10008.5.1.4.1.1.4"), ""),
        (image("MR", "1.2.840.10008.5.1.4.1.1.4", RescaleType="HU"), ""),
        (image("MR", "1.2.840.10008.5.1.4.1.1.4", RescaleType="normalized"), ""),
        (image("DX", "1.2.840.10008.5.1.4.1.1.1.1"), ""),
        (image("XA", "1.2.840.10008.5.1.4.1.1.12.1", RescaleType="US"), ""),
        (image("PT", "1.2.840.10008.5.1.4.1.1.128", Units="BQML"), "Bq/ml"),
        (image("PT", "1.2.840.10008.5.1.4.1.1.128", Units="CNTS", RescaleType="HU"), "counts"),
        (image("PT", "1.2.840.10008.5.1.4.1.1.128", Units="NONE"), ""),
    ],
)
def test_the_unit_is_what_the_image_proves(dataset: Dataset, right: str) -> None:
    assert unit(dataset).word == right


def test_a_ct_without_a_rescale_says_no_unit() -> None:
    bare = image(ImageType=AXIAL)
    del bare.RescaleSlope, bare.RescaleIntercept
    assert unit(bare).word == ""


def test_the_type_of_a_modality_table_is_the_unit() -> None:
    table = Dataset()
    table.ModalityLUTType = "OD"
    assert unit(image(ModalityLUTSequence=Sequence([table]))) == ValueUnit("OD × 1000", "modality_lut_type")
    table.ModalityLUTType = "US"
    assert unit(image(ModalityLUTSequence=Sequence([table]))).word == ""


def test_each_frame_of_an_enhanced_image_has_its_own_unit() -> None:
    dataset = image("CT", "1.2.840.10008.5.1.4.1.1.2.1", NumberOfFrames=2)
    groups = []
    for kind in ("HU", "US"):
        transform, group = Dataset(), Dataset()
        transform.RescaleSlope, transform.RescaleIntercept, transform.RescaleType = 1, -1024, kind
        group.PixelValueTransformationSequence = Sequence([transform])
        groups.append(group)
    dataset.PerFrameFunctionalGroupsSequence = Sequence(groups)
    assert [unit(dataset, frame).word for frame in (1, 2)] == ["HU", ""]


@pytest.mark.parametrize(("slope", "right"), [(0.001, "mm²/s"), (1.0, "")])
def test_a_coded_map_names_the_unit_only_of_the_values_it_maps_to(slope: float, right: str) -> None:
    item, code = Dataset(), Dataset()
    code.CodeValue, code.CodingSchemeDesignator, code.CodeMeaning = "mm2/s", "UCUM", "mm2/s"
    item.RealWorldValueSlope, item.RealWorldValueIntercept, item.LUTLabel = 0.001, 0.0, "ADC"
    item.MeasurementUnitsCodeSequence = Sequence([code])
    dataset = image("MR", "1.2.840.10008.5.1.4.1.1.4", RescaleSlope=slope, RescaleIntercept=0)
    dataset.RealWorldValueMappingSequence = Sequence([item])
    assert unit(dataset).word == right
