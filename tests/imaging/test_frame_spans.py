"""Spans: each frame's bytes are found in the file, and are the ones pydicom finds."""

from __future__ import annotations

import struct
from pathlib import Path

import numpy as np
import pytest
from pydicom import dcmread
from pydicom.data import get_testdata_file
from pydicom.encaps import encapsulate, encapsulate_extended, get_frame
from pydicom.uid import ExplicitVRLittleEndian, RLELossless

from imaging.dicom.errors import PixelsUnreadable
from imaging.dicom.frames import frame_bytes, frame_payload, frame_spans, open_image, sent_transfer_syntax


def bundled(name: str) -> Path:
    path = get_testdata_file(name, download=False)
    assert isinstance(path, str)
    return Path(path)


def test_spans_of_uncompressed_frames_hold_the_pixels() -> None:
    path = bundled("rtdose.dcm")
    content, expected = path.read_bytes(), dcmread(path).pixel_array
    spans = frame_spans(path)
    assert len(spans) == 15
    for (offset, length), frame in zip(spans, expected, strict=True):
        assert np.array_equal(np.frombuffer(content[offset : offset + length], "<u4").reshape(frame.shape), frame)


@pytest.mark.parametrize("name", ["rtdose_rle.dcm", "examples_ybr_color.dcm", "SC_rgb_rle_2frame.dcm"])
def test_spans_of_compressed_frames_equal_pydicoms_frames(name: str) -> None:
    path = bundled(name)
    content, source = path.read_bytes(), dcmread(path)
    count = int(source.NumberOfFrames)
    for index, (offset, length) in enumerate(frame_spans(path)):
        expected = get_frame(source.PixelData, index, number_of_frames=count)
        assert content[offset : offset + length] == expected
        assert frame_bytes(path, index + 1) == expected


@pytest.mark.parametrize("table", ["none", "basic", "extended"])
def test_frames_in_several_fragments_are_assembled_with_every_kind_of_offset_table(tmp_path: Path, table: str) -> None:
    source = dcmread(bundled("examples_ybr_color.dcm"))
    originals = [get_frame(source.PixelData, index, number_of_frames=30) for index in range(3)]
    source.NumberOfFrames = 3
    if table == "extended":
        value, offsets, lengths = encapsulate_extended(originals)
        source.ExtendedOffsetTable, source.ExtendedOffsetTableLengths = offsets, lengths
    else:
        value = encapsulate(originals, fragments_per_frame=3, has_bot=table == "basic")
    source.PixelData = value
    path = tmp_path / "several.dcm"
    source.save_as(path)
    spans = frame_spans(path)
    assert (len(spans) == 3) is (table == "extended")
    for number, original in enumerate(originals, start=1):
        assert frame_bytes(path, number).rstrip(b"\0") == original.rstrip(b"\0")


def test_big_endian_frames_are_sent_little_endian() -> None:
    path = bundled("MR_small_bigendian.dcm")
    source = dcmread(path)
    assert frame_spans(path) == []
    assert sent_transfer_syntax(source) == ExplicitVRLittleEndian
    payload = np.frombuffer(frame_payload(path), "<i2").reshape(source.Rows, source.Columns)
    assert np.array_equal(payload, source.pixel_array)


def test_one_bit_frames_that_begin_inside_a_byte_are_repacked(tmp_path: Path) -> None:
    frames = np.random.default_rng(3).integers(0, 2, (3, 5, 3), np.uint8)
    source = dcmread(bundled("liver_1frame.dcm"))
    source.Rows, source.Columns, source.NumberOfFrames = 5, 3, 3
    source.PixelData = np.packbits(frames.ravel(), bitorder="little").tobytes()
    path = tmp_path / "bits.dcm"
    source.save_as(path)
    for number in (1, 2, 3):
        bits = np.unpackbits(np.frombuffer(frame_payload(path, number), np.uint8), bitorder="little")[:15]
        assert np.array_equal(bits.reshape(5, 3), frames[number - 1])


def test_truncated_and_lying_files_are_refused_with_a_code(tmp_path: Path) -> None:
    with pytest.raises(PixelsUnreadable) as short:
        frame_spans(bundled("MR_truncated.dcm"))
    assert short.value.code == "pixel_data_too_short"
    content = bundled("MR_small_RLE.dcm").read_bytes()
    cut = tmp_path / "cut.dcm"
    cut.write_bytes(content[: len(content) // 2])
    with pytest.raises(PixelsUnreadable):
        frame_bytes(cut)


def test_an_item_length_beyond_the_file_is_not_followed(tmp_path: Path) -> None:
    source = dcmread(bundled("MR_small_RLE.dcm"))
    assert source.file_meta.TransferSyntaxUID == RLELossless
    huge = struct.pack("<HHL", 0xFFFE, 0xE000, 0) + struct.pack("<HHL", 0xFFFE, 0xE000, 0x7FFFFFFF) + b"1234"
    source.PixelData = huge
    with pytest.raises(PixelsUnreadable):
        frame_bytes(open_image(source))
