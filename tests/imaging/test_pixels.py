"""Pixels: every encoding gives the values the image means, and a picture that looks right."""

from __future__ import annotations

import hashlib
from io import BytesIO
from pathlib import Path

import numpy as np
import pydicom
import pytest
from PIL import Image
from pydicom import dcmread
from pydicom.data import get_testdata_file
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.encaps import encapsulate
from pydicom.pixels.processing import apply_color_lut
from pydicom.uid import MPEG4HP41, CTImageStorage, ExplicitVRLittleEndian, JPEGExtended12Bit, generate_uid

from imaging.dicom.decoding import decode_frame
from imaging.dicom.errors import PixelsUnreadable
from imaging.dicom.frame_facts import PaddingRange
from imaging.dicom.grey_levels import GreyWindow, found_window, levels_of
from imaging.dicom.pixels import (
    display_verdict,
    facts_of,
    image_values,
    modality_pixels,
    picture,
    render_frame,
    rgb_frame,
)


def bundled(name: str) -> Path:
    path = get_testdata_file(name, download=False)
    assert isinstance(path, str), f"pydicom no longer carries {name}"
    return Path(path)


def grey(values: np.ndarray, **facts: object) -> Dataset:
    """A grey image in memory; signed when the values are."""
    dataset = Dataset()
    dataset.file_meta = FileMetaDataset()
    dataset.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    dataset.SOPClassUID, dataset.SOPInstanceUID = CTImageStorage, generate_uid()
    dataset.Rows, dataset.Columns = values.shape[-2:]
    dataset.SamplesPerPixel, dataset.PhotometricInterpretation = 1, "MONOCHROME2"
    dataset.BitsAllocated = dataset.BitsStored = values.dtype.itemsize * 8
    dataset.HighBit = dataset.BitsStored - 1
    dataset.PixelRepresentation = int(values.dtype.kind == "i")
    dataset.PixelData = values.tobytes()
    dataset["PixelData"].VR = "OW"
    for keyword, value in facts.items():
        setattr(dataset, keyword, value)
    dataset.set_original_encoding(False, True)
    return dataset


def test_stored_values_become_modality_values() -> None:
    path = bundled("CT_small.dcm")
    source = dcmread(path)
    expected = source.pixel_array * float(source.RescaleSlope) + float(source.RescaleIntercept)
    values = modality_pixels(path)
    assert values.dtype == np.float32
    assert np.array_equal(values, expected.astype(np.float32))
    assert values.min() < 0, "air is negative in Hounsfield units"


@pytest.mark.parametrize(
    "name",
    [
        "MR_small_RLE.dcm",
        "MR_small_bigendian.dcm",
        "MR_small_jp2klossless.dcm",
        "MR_small_jpeg_ls_lossless.dcm",
        "MR_small_expb.dcm",
        "MR_small_implicit.dcm",
    ],
)
def test_the_same_mr_image_has_the_same_pixels_in_every_encoding(name: str) -> None:
    reference = decode_frame(bundled("MR_small.dcm")).pixels
    pixels = decode_frame(bundled(name)).pixels
    assert np.array_equal(pixels.astype(np.int64), reference.astype(np.int64))


@pytest.mark.filterwarnings("ignore")
def test_every_bundled_image_has_the_pixels_that_pydicom_finds() -> None:
    compared = 0
    for path in sorted((Path(pydicom.__file__).parent / "data" / "test_files").glob("*.dcm")):
        display, _ = display_verdict(path)
        if display not in ("as_stored", "converted"):
            continue
        source = dcmread(path, force=True)
        frame = decode_frame(path)
        if source.PhotometricInterpretation == "PALETTE COLOR":
            continue
        if path.name in ("badVR.dcm", "JPGExtended.dcm", "JPEG-lossy.dcm"):
            continue  # pydicom takes no number of frames "1A", and no JPEG of 12 bits
        expected = source.pixel_array
        expected = expected[0] if expected.ndim > frame.pixels.ndim else expected
        assert np.array_equal(frame.pixels.astype(np.int64), expected.astype(np.int64)), path.name
        compared += 1
    assert compared >= 55


def test_all_nine_real_encodings_of_one_mr_image_are_identical(real_images: Path) -> None:
    digests = set()
    for path in sorted((real_images / "dicom" / "one-mr-nine-encodings").glob("*.dcm")):
        pixels = decode_frame(path).pixels
        digests.add(hashlib.sha256(np.ascontiguousarray(pixels, "<u2").tobytes()).hexdigest()[:16])
        assert display_verdict(path) == ("as_stored", "")
    assert digests == {"e4943a308aba1b65"}


def test_planar_configuration_makes_no_difference(real_images: Path) -> None:
    folder = real_images / "dicom" / "encodings"
    by_pixel, by_plane = (decode_frame(path).pixels for path in sorted(folder.glob("*color-p[lx]*.dcm"))[:2])
    assert np.array_equal(by_pixel, by_plane)


def test_a_deflated_file_is_read_like_any_other() -> None:
    path = bundled("image_dfl.dcm")
    assert np.array_equal(decode_frame(path).pixels, dcmread(path).pixel_array)


def test_a_file_given_as_bytes_or_as_a_data_set_has_the_same_pixels_as_on_the_disk() -> None:
    path = bundled("rtdose_rle.dcm")
    on_disk = decode_frame(path, 7).pixels
    assert np.array_equal(decode_frame(path.read_bytes(), 7).pixels, on_disk)
    assert np.array_equal(decode_frame(dcmread(path), 7).pixels, on_disk)
    assert np.array_equal(dcmread(path).pixel_array[6], on_disk)


def test_palette_colours_equal_those_of_pydicom() -> None:
    path = bundled("examples_palette.dcm")
    source = dcmread(path)
    expected = apply_color_lut(source.pixel_array, source)
    rgb = decode_frame(path).pixels
    assert decode_frame(path).photometric == "RGB"
    assert np.array_equal(rgb, (expected >> 8).astype(np.uint8) if expected.dtype == np.uint16 else expected)
    assert display_verdict(path) == ("converted", "palette_color")
    assert len(rgb_frame(path)) == rgb.size


def test_a_segmented_palette_is_expanded() -> None:
    dataset = grey(np.array([[0, 1], [2, 3]], np.uint8), PhotometricInterpretation="PALETTE COLOR")
    for colour, first, last in (("Red", 0, 240), ("Green", 0, 0), ("Blue", 240, 0)):
        setattr(dataset, f"{colour}PaletteColorLookupTableDescriptor", [4, 0, 8])
        # One discrete entry, then a linear run over the other three.
        setattr(dataset, f"Segmented{colour}PaletteColorLookupTableData", bytes([0, 1, first, 1, 3, last]))
    rgb = decode_frame(dataset).pixels
    assert rgb[0, 0].tolist() == [0, 0, 240]
    assert rgb[1, 1].tolist() == [240, 0, 0]
    assert 60 <= rgb[0, 1, 0] <= 100


def test_a_palette_that_is_missing_is_a_coded_refusal() -> None:
    dataset = grey(np.zeros((2, 2), np.uint8), PhotometricInterpretation="PALETTE COLOR")
    assert display_verdict(dataset) == ("undecodable", "palette_broken")


@pytest.mark.parametrize("name", ["examples_ybr_color.dcm", "SC_ybr_full_422_uncompressed.dcm", "SC_rgb_rle.dcm"])
def test_colour_comes_as_rgb_whatever_it_was_stored_as(name: str) -> None:
    path = bundled(name)
    frame = decode_frame(path)
    assert frame.is_color
    assert frame.pixels.shape[2] == 3
    assert picture(path).dtype == np.uint8


def test_ybr_red_is_red() -> None:
    # The bundled picture has the same colour bars in every encoding: the first is red.
    for name in (
        "SC_rgb_jpeg_dcmtk.dcm",
        "SC_ybr_full_422_uncompressed.dcm",
        "SC_rgb_dcmtk_+eb+cr.dcm",
        "SC_rgb_rle.dcm",
    ):
        red, green, blue = (int(value) for value in decode_frame(bundled(name)).pixels[5, 50])
        assert red > 240, name
        assert max(green, blue) < 20, name


def test_monochrome1_is_drawn_inverted_and_kept_as_stored_in_values() -> None:
    ramp = np.arange(256, dtype=np.uint8).reshape(16, 16)
    bright_high, bright_low = grey(ramp), grey(ramp, PhotometricInterpretation="MONOCHROME1")
    assert np.array_equal(modality_pixels(bright_low), modality_pixels(bright_high))
    window = GreyWindow(128, 256)
    assert np.array_equal(picture(bright_low, levels=window), 255 - picture(bright_high, levels=window))


def test_signed_values_stay_signed() -> None:
    values = np.array([[-1000, -1], [0, 3000]], np.int16)
    assert np.array_equal(decode_frame(grey(values)).pixels, values)
    twelve_bits = grey(np.array([[0x0FFF, 0x0800]], np.uint16), PixelRepresentation=1, BitsStored=12, HighBit=11)
    assert modality_pixels(twelve_bits).tolist() == [[-1.0, -2048.0]]


def test_overlay_bits_above_the_stored_bits_are_no_image() -> None:
    dirty = grey(np.array([[0xF005, 0x1003]], np.uint16), BitsStored=12, HighBit=11)
    dirty.add_new(0x60000010, "US", 1)
    dirty.add_new(0x60000100, "US", 16)
    assert decode_frame(dirty).pixels.tolist() == [[5, 3]]


def test_padding_is_black_and_does_not_disturb_the_window() -> None:
    values = np.full((32, 32), -2000, np.int16)
    values[8:24, 8:24] = np.arange(256).reshape(16, 16)
    padded = grey(values, PixelPaddingValue=-2000)
    known = image_values(padded)
    assert int(np.isnan(known).sum()) == 32 * 32 - 256
    window = found_window([known])
    assert window.center - window.width / 2 >= 0
    assert picture(padded)[0, 0] == 0
    inverted = grey(values, PixelPaddingValue=-2000, PhotometricInterpretation="MONOCHROME1")
    assert picture(inverted)[0, 0] == 0, "padding is black in inverted images too"


def test_a_padding_range_and_a_padding_value_of_the_wrong_sign_are_understood() -> None:
    values = np.array([[-2048, -2000, 5]], np.int16)
    ranged = grey(values, PixelPaddingValue=-2048, PixelPaddingRangeLimit=-1990)
    assert facts_of(ranged).padding == PaddingRange(-2048, -1990)
    assert np.isnan(image_values(ranged)).tolist() == [[True, True, False]]
    unsigned = grey(values)
    unsigned.add_new(0x00280120, "US", 65536 - 2048)
    assert np.isnan(image_values(unsigned)).tolist() == [[True, False, False]]


def test_a_rescale_in_functional_groups_belongs_to_its_own_frame() -> None:
    values = np.ones((2, 4, 4), np.uint16)
    dataset = grey(values, NumberOfFrames=2)
    groups = []
    for slope in (2, 5):
        transformation, group = Dataset(), Dataset()
        transformation.RescaleSlope, transformation.RescaleIntercept = slope, 1
        group.PixelValueTransformationSequence = [transformation]
        groups.append(group)
    dataset.PerFrameFunctionalGroupsSequence = groups
    assert modality_pixels(dataset, 1)[0, 0] == 3
    assert modality_pixels(dataset, 2)[0, 0] == 6


def test_a_modality_table_is_applied() -> None:
    dataset = grey(np.array([[0, 1, 2]], np.uint8))
    table = Dataset()
    table.LUTDescriptor, table.LUTData = [3, 0, 16], [10, 200, 3000]
    dataset.ModalityLUTSequence = [table]
    assert modality_pixels(dataset).tolist() == [[10, 200, 3000]]


def test_one_bit_images_and_floats_are_converted() -> None:
    assert display_verdict(bundled("liver_1frame.dcm")) == ("converted", "bits_allocated")
    shown = np.frombuffer(rgb_frame(bundled("liver_1frame.dcm")), np.uint8)
    assert set(np.unique(shown)) == {0, 255}


def test_windows_follow_the_formula_of_the_standard() -> None:
    values = np.array([[0, 50, 100, 150, 200]], np.float32)
    linear = levels_of(GreyWindow(100, 101), values)
    assert linear[0].tolist() == pytest.approx([0, 0.005, 0.505, 1, 1], abs=1e-6)
    exact = levels_of(GreyWindow(100, 100, "LINEAR_EXACT"), values)
    assert exact[0].tolist() == pytest.approx([0, 0, 0.5, 1, 1])
    assert levels_of(GreyWindow(100, 100, "SIGMOID"), values)[0, 2] == pytest.approx(0.5)


def test_an_image_offers_its_own_windows_in_order() -> None:
    dataset = grey(np.zeros((2, 2), np.uint16), WindowCenter=[40, -600], WindowWidth=[400, 1500])
    dataset.WindowCenterWidthExplanation = ["SOFT", "LUNG"]
    assert [(choice.center, choice.width, choice.name) for choice in facts_of(dataset).voi] == [
        (40, 400, "SOFT"),
        (-600, 1500, "LUNG"),
    ]
    assert facts_of(grey(np.zeros((2, 2), np.uint16), WindowCenter="1", WindowWidth="0")).voi == ()


def test_a_rendered_frame_fits_its_box_and_keeps_its_proportions() -> None:
    path = bundled("examples_ybr_color.dcm")
    jpeg = Image.open(BytesIO(render_frame(path, 5, size=(100, 100))))
    assert jpeg.format == "JPEG"
    assert max(jpeg.size) == 100
    assert jpeg.width / jpeg.height == pytest.approx(320 / 240, rel=0.02)
    png = Image.open(BytesIO(render_frame(bundled("CT_small.dcm"), image_format="png")))
    assert (png.format, png.mode, png.size) == ("PNG", "L", (128, 128))


def _bits(pairs: list[tuple[int, int]]) -> bytes:
    """Pack (value, length) pairs as entropy-coded data: filled with ones, a zero after each FF."""
    text = "".join(f"{value:0{length}b}" for value, length in pairs if length)
    text += "1" * (-len(text) % 8)
    return bytes(int(text[at : at + 8], 2) for at in range(0, len(text), 8)).replace(b"\xff", b"\xff\x00")


def _flat_blocks_as_jpeg_of_12_bits(levels: np.ndarray) -> bytes:
    """Write blocks of 8 by 8 equal samples as sequential JPEG of 12 bits (ISO/IEC 10918-1), DC coefficients only."""
    rows, columns = levels.shape[0] * 8, levels.shape[1] * 8
    # Sixteen codes of five bits for the DC categories 0..15, one code of one bit for "no AC coefficient".
    tables = b"\x00" + bytes([0, 0, 0, 0, 16] + [0] * 11) + bytes(range(16))
    tables += b"\x10" + bytes([1] + [0] * 15) + b"\x00"

    def segment(marker: int, body: bytes) -> bytes:
        return bytes([0xFF, marker]) + (len(body) + 2).to_bytes(2, "big") + body

    pairs, before = [], 0
    for level in levels.reshape(-1).tolist():
        coefficient = 8 * (level - 2048)  # F(0,0) of a flat block, shifted by half the range (A.3.1, A.3.3)
        change, before = coefficient - before, coefficient
        category = abs(change).bit_length()
        pairs += [(category, 5), (change if change > 0 else change + (1 << category) - 1, category), (0, 1)]
    frame = bytes([12]) + rows.to_bytes(2, "big") + columns.to_bytes(2, "big") + bytes([1, 1, 0x11, 0])
    head = segment(0xDB, b"\x00" + b"\x01" * 64) + segment(0xC1, frame) + segment(0xC4, tables)
    return b"\xff\xd8" + head + segment(0xDA, bytes([1, 1, 0x00, 0, 63, 0])) + _bits(pairs) + b"\xff\xd9"


def test_jpeg_extended_of_12_bits_is_decoded() -> None:
    levels = np.array([[0, 4095, 2048], [1000, 3000, 17]])
    dataset = grey(np.zeros((16, 24), np.uint16), BitsStored=12, HighBit=11)
    dataset.PixelData = encapsulate([_flat_blocks_as_jpeg_of_12_bits(levels)])
    dataset["PixelData"].VR = "OB"
    dataset.file_meta.TransferSyntaxUID = JPEGExtended12Bit
    assert display_verdict(dataset) == ("as_stored", "")
    decoded = decode_frame(dataset).pixels.astype(int)
    assert np.abs(decoded - np.kron(levels, np.ones((8, 8), int))).max() <= 1


def test_video_is_told_from_broken_pictures() -> None:
    dataset = grey(np.zeros((16, 24), np.uint16), NumberOfFrames=10)
    dataset.PixelData = encapsulate([b"all ten frames in one fragment"])
    dataset.file_meta.TransferSyntaxUID = MPEG4HP41
    assert display_verdict(dataset) == ("undecodable", "video_not_shown")


@pytest.mark.parametrize(("name", "code"), [("MR_truncated.dcm", "pixel_data_too_short")])
def test_what_cannot_be_decoded_has_a_coded_reason(name: str, code: str) -> None:
    assert display_verdict(bundled(name)) == ("undecodable", code)
    with pytest.raises(PixelsUnreadable) as refused:
        decode_frame(bundled(name))
    assert refused.value.code == code


def test_a_report_has_no_pixels_and_says_so() -> None:
    assert display_verdict(bundled("reportsi.dcm")) == ("no_pixels", "no_pixels")


def test_every_bundled_image_is_shown_or_refused_with_a_code_and_no_frame_number_is_trusted() -> None:
    for name in ("CT_small.dcm", "examples_ybr_color.dcm"):
        with pytest.raises(PixelsUnreadable) as refused:
            decode_frame(bundled(name), 1000)
        assert refused.value.code == "no_such_frame"
