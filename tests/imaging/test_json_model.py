"""The DICOM JSON model: always valid JSON, never with pixels, and bulk data that can be found again."""

from __future__ import annotations

import json
from pathlib import Path

import pydicom
import pytest
from pydicom import dcmread
from pydicom.data import get_testdata_file
from pydicom.dataset import Dataset

from imaging.dicom.json_model import bulk_value, converted_model, dump, header_model


def strictly(content: bytes) -> dict[str, dict[str, object]]:
    def refuse(word: str) -> None:
        raise AssertionError(f"{word} is no JSON")

    model = json.loads(content, parse_constant=refuse)
    assert isinstance(model, dict)
    return model


@pytest.mark.filterwarnings("ignore")
def test_every_bundled_file_gives_valid_json_without_pixels() -> None:
    read = 0
    for name in sorted((Path(pydicom.__file__).parent / "data" / "test_files").glob("*.dcm")):
        try:
            dataset = dcmread(name)
        except Exception:
            continue
        model = strictly(dump(header_model(dataset)))
        assert not any(tag.startswith(("7FE0", "0002")) for tag in model), name
        read += 1
    assert read > 60


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", ["CT_small.dcm", "MR_small.dcm", "rtplan.dcm", "reportsi.dcm", "examples_overlay.dcm"])
def test_the_model_equals_pydicoms_own(name: str) -> None:
    path = get_testdata_file(name, download=False)
    ours = header_model(dcmread(path))
    dataset = dcmread(path)
    for keyword in ("PixelData", "IconImageSequence"):
        if keyword in dataset:
            del dataset[keyword]
    theirs = dataset.to_json_dict(bulk_data_element_handler=None, suppress_invalid_tags=True)
    for tag, value in theirs.items():
        if "BulkDataURI" not in ours[tag] and value.get("Value") != []:
            assert json.loads(json.dumps(ours[tag], default=str)) == json.loads(json.dumps(value, default=str)), tag


def test_reading_twice_gives_the_same_bytes() -> None:
    path = get_testdata_file("CT_small.dcm", download=False)
    assert dump(header_model(dcmread(path))) == dump(header_model(dcmread(path)))
    assert dump(header_model(dcmread(path, defer_size=64))) == dump(header_model(dcmread(path)))


def test_nan_and_infinity_become_null() -> None:
    dataset = Dataset()
    dataset.RealWorldValueSlope = float("nan")
    dataset.RealWorldValueIntercept = float("inf")
    assert strictly(dump(header_model(dataset)))["00409225"] == {"vr": "FD", "Value": [None]}


def test_large_binary_values_are_addresses_that_lead_back_to_them() -> None:
    path = get_testdata_file("examples_overlay.dcm", download=False)
    dataset = dcmread(path)
    uri = header_model(dataset)["60003000"]["BulkDataURI"]
    assert uri == "bulkdata/60003000"
    assert bulk_value(dataset, uri.removeprefix("bulkdata/")) == dataset[0x60003000].value
    outer, inner = Dataset(), Dataset()
    inner.ICCProfile = b"\x01\x02" * 2000
    outer.OpticalPathSequence = [Dataset(), inner]
    nested = header_model(outer)["00480105"]["Value"][1]["00282000"]["BulkDataURI"]
    assert bulk_value(outer, nested.removeprefix("bulkdata/")) == inner.ICCProfile


@pytest.mark.parametrize("path", ["7FE00010", "00100010", "zz", "00480105/7/00282000", "00480105", "", "../x"])
def test_other_addresses_lead_nowhere(path: str) -> None:
    dataset = dcmread(str(get_testdata_file("CT_small.dcm", download=False)))
    assert bulk_value(dataset, path) is None


def test_text_in_other_alphabets_is_utf8() -> None:
    dataset = Dataset()
    dataset.SpecificCharacterSet = "ISO_IR 192"
    dataset.PatientName = "Yamada^Tarou=山田^太郎"
    content = dump(header_model(dataset))
    assert "山田^太郎".encode() in content
    assert strictly(content)["00100010"]["Value"] == [{"Alphabetic": "Yamada^Tarou", "Ideographic": "山田^太郎"}]


def test_a_converted_image_describes_itself_as_eight_bit_rgb_without_its_palette() -> None:
    path = Path(str(get_testdata_file("examples_palette.dcm", download=False)))
    model = converted_model(header_model(dcmread(path)))
    assert [model[tag]["Value"][0] for tag in ("00280002", "00280004", "00280100", "00280006")] == [3, "RGB", 8, 0]
    assert not any(tag.startswith(("002812", "002811")) for tag in model)
