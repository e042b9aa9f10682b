"""Broken, huge and hostile files: a coded refusal each, within limits, and the rest of their batch is stored."""

from __future__ import annotations

import os
import signal
import struct
import threading
import time
import zlib
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from pydicom.dataset import Dataset

from imaging.dicom.limits import check_content
from imaging.dicom.parsing_pool import ParsingPool, shared_pool
from imaging.dicom.refusals import Refused
from tests.factories import dicom_files as made
from tests.imaging.arriving import arrived, told
from tests.patience import SECONDS

if TYPE_CHECKING:
    from core.models import Project, User

CT = made.file_bytes(made.ct_slice())
_SEQUENCE = struct.pack("<HH2sHI", 0x0040, 0xA730, b"SQ", 0, 0xFFFFFFFF)


def _code(content: bytes, folder: Path, pool: ParsingPool | None = None) -> str:
    """Return the code a file is refused with, or how it is displayed."""
    path, header = folder / "file", folder / "header"
    path.write_bytes(content)
    header.touch()
    try:
        return (pool or shared_pool()).parse(path, header).display
    except Refused as error:
        refused = error
    assert refused.message.endswith((".", ".)")), "every refusal says what to do"
    return refused.code


def _with(**values: Any) -> bytes:
    dataset = made.ct_slice()
    for keyword, value in values.items():
        setattr(dataset, keyword, value)
    return made.file_bytes(dataset)


def _patched(keyword: str, raw: bytes, content: bytes = CT) -> bytes:
    """Replace an element's value bytes (explicit little endian, short form) by others of any length."""
    dataset = made.ct_slice()
    tag = dataset.data_element(keyword).tag  # type: ignore[union-attr]
    start = content.index(struct.pack("<HH", tag.group, tag.element), 132)
    (length,) = struct.unpack_from("<H", content, start + 6)
    raw += b" " * (len(raw) % 2)
    return content[: start + 6] + struct.pack("<H", len(raw)) + raw + content[start + 8 + length :]


def _head(content: bytes = CT) -> bytes:
    """Return a file's beginning, up to its data set."""
    return content[: content.index(struct.pack("<HH", 0x0008, 0x0005), 132)]


def _deflate_bomb(megabytes: int) -> bytes:
    packer = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS)
    whole = made.file_bytes(made.deflated(made.ct_slice()))
    start = whole.index(b"1.2.840.10008.1.2.1.99") + 22
    body = b"".join(packer.compress(bytes(1 << 20)) for _ in range(megabytes)) + packer.flush()
    return whole[:start] + body


def _nested(depth: int, closed: bool = True) -> bytes:
    opening = struct.pack("<HH2sHI", 0x0040, 0xA730, b"SQ", 0, 0xFFFFFFFF) + struct.pack(
        "<HHI", 0xFFFE, 0xE000, 0xFFFFFFFF
    )
    closing = struct.pack("<HHIHHI", 0xFFFE, 0xE00D, 0, 0xFFFE, 0xE0DD, 0)
    return _head() + opening * depth + (closing * depth if closed else b"")


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "empty_file"),
        (b"\xff\xd8\xff\xe0" + bytes(4000), "not_dicom"),
        (b"Dear sir or madam, " * 50, "not_dicom"),
        (bytes(128) + b"DICM", "missing_uid"),
        (CT[:-7], "truncated"),
        (_head() + struct.pack("<HH2sHI", 0x0009, 0x1001, b"OB", 0, 0xFFFFFFF0), "truncated"),
        (_with(SOPInstanceUID=""), "missing_uid"),
        (_patched("StudyInstanceUID", b"../../etc/passwd"), "bad_uid"),
        (_patched("SeriesInstanceUID", b"1.2.3|id"), "bad_uid"),
        (_patched("SOPInstanceUID", b"1." * 40 + b"1"), "bad_uid"),
        (_patched("SOPInstanceUID", "1.٢.3".encode()), "bad_uid"),
        (_patched("RescaleSlope", b"NaN"), "bad_number"),
        (_patched("RescaleSlope", b"0"), "bad_number"),
        (_patched("RescaleIntercept", b"1e999"), "bad_number"),
        (_patched("PixelSpacing", b"0.5\\-0.5"), "bad_number"),
        (_patched("PixelSpacing", b"0.5"), "bad_number"),
        (_patched("PixelSpacing", b"half\\half"), "bad_number"),
        (_patched("ImagePositionPatient", b"1\\2\\inf"), "bad_number"),
        (_patched("Rows", struct.pack("<H", 0)), "image_header_incomplete"),
        (_patched("Rows", struct.pack("<H", 17)), "pixel_size_mismatch"),
        (_patched("Columns", struct.pack("<H", 12)), "pixel_size_mismatch"),
        (_with(Rows=65535, Columns=65535), "image_too_large"),
        (_with(NumberOfFrames=0), "frame_count_wrong"),
        (_with(NumberOfFrames=-1), "frame_count_wrong"),
        (_with(NumberOfFrames=10**9), "frame_count_wrong"),
        (_with(NumberOfFrames=3), "frame_count_wrong"),
        (_nested(200), "nesting_limit"),
        (_nested(100_000), "nesting_limit"),
        (_nested(100_000, closed=False), "nesting_limit"),
        (_nested(20, closed=False), "truncated"),
        (_deflate_bomb(300), "decompression_limit"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_broken_or_hostile_file_is_refused_with_its_code(content: bytes, code: str, tmp_path: Path) -> None:
    assert _code(content, tmp_path) == code


def test_a_file_cut_anywhere_is_refused(tmp_path: Path) -> None:
    for end in range(64, len(CT), 64):
        assert _code(CT[:end], tmp_path) in {"not_dicom", "truncated", "missing_uid", "pixel_data_missing"}, end


def test_a_storm_of_elements_or_items_is_refused_without_parsing_them(tmp_path: Path) -> None:
    elements = b"".join(struct.pack("<HH2sH", 0x0009, number & 0xFFFF, b"LO", 0) for number in range(200_500))
    assert _code(_head() + elements, tmp_path) == "element_limit"
    items = (
        struct.pack("<HH2sHI", 0x0040, 0xA730, b"SQ", 0, 0xFFFFFFFF)
        + struct.pack("<HHI", 0xFFFE, 0xE000, 0) * 1_000_000
    )
    assert _code(_head() + items, tmp_path) == "element_limit"


def test_pixels_on_another_server_are_refused_unread(tmp_path: Path) -> None:
    for last in ("94", "95", "204", "205"):
        dataset = made.ct_slice()
        del dataset.PixelData
        whole = made.file_bytes(dataset)
        old = struct.pack("<HH2sH", 0x0002, 0x0010, b"UI", 20) + b"1.2.840.10008.1.2.1\0"
        name = f"1.2.840.10008.1.2.4.{last}".encode()
        name += b"\0" * (len(name) % 2)
        content = whole.replace(old, struct.pack("<HH2sH", 0x0002, 0x0010, b"UI", len(name)) + name)
        assert _code(content, tmp_path) == "transfer_syntax_unsupported"


def test_numbers_in_the_groups_of_a_frame_are_checked_too(tmp_path: Path) -> None:
    dataset, group, plane = made.ct_slice(), Dataset(), Dataset()
    plane.ImagePositionPatient = [1, 2, 3]
    group.PlanePositionSequence = [plane]
    dataset.PerFrameFunctionalGroupsSequence = [group]
    content = made.file_bytes(dataset)
    assert _code(content, tmp_path) == "as_stored"
    assert _code(content.replace(b"1.0\\2.0\\3.0 ", b"1.0\\2.0\\nan "), tmp_path) == "bad_number"


def test_noise_instead_of_compressed_frames_is_refused(tmp_path: Path) -> None:
    dataset = made.rle(made.mr_slice())
    noise = np.random.default_rng(1)
    for syntax in ("1.2.840.10008.1.2.4.50", "1.2.840.10008.1.2.4.70", "1.2.840.10008.1.2.4.80",
                   "1.2.840.10008.1.2.4.90", "1.2.840.10008.1.2.4.201", "1.2.840.10008.1.2.5"):  # fmt: skip
        dataset.file_meta.TransferSyntaxUID = syntax
        content = noise.bytes(600)
        dataset.PixelData = struct.pack("<HHIHHI", 0xFFFE, 0xE000, 0, 0xFFFE, 0xE000, len(content)) + content
        assert _code(made.file_bytes(dataset), tmp_path) in {"pixels_undecodable", "pixel_data_too_short"}, syntax


def test_a_compression_nobody_reads_here_is_kept_but_not_shown(tmp_path: Path) -> None:
    dataset = made.rle(made.mr_slice())
    dataset.file_meta.TransferSyntaxUID = "1.2.840.10008.1.2.4.102"  # MPEG-4
    assert _code(made.file_bytes(dataset), tmp_path) == "undecodable"


def test_zeros_after_the_pixels_do_no_harm_but_other_bytes_do(tmp_path: Path) -> None:
    dataset = made.ct_slice()
    dataset.PixelData = dataset.PixelData + bytes(128)
    assert _code(made.file_bytes(dataset), tmp_path) == "as_stored"
    dataset.PixelData = dataset.PixelData[:-1] + b"\1"
    assert _code(made.file_bytes(dataset), tmp_path) == "pixel_size_mismatch"


def test_the_walk_finds_the_pixels_and_counts_what_is_there() -> None:
    found = check_content(CT)
    assert found.complete
    assert found.pixel_span is not None
    start, end = found.pixel_span
    assert CT[start:end] == made.ct_slice().PixelData
    assert found.transfer_syntax_uid == "1.2.840.10008.1.2.1"
    assert found.elements == len(made.ct_slice())


def _slow_file() -> bytes:
    """Within every limit, and yet some seconds of work."""
    elements = b"".join(
        struct.pack("<HH2sH", 0x0009 + 2 * (number // 60000), 0x1000 + number % 60000, b"LO", 8) + b"%08d" % number
        for number in range(150_000)
    )
    end = CT.index(struct.pack("<HH", 0x0010, 0x0010), 132)
    return CT[:end] + elements + CT[end:]


def test_a_file_that_stalls_its_child_is_refused_and_the_next_is_read(tmp_path: Path) -> None:
    pool = ParsingPool(1)
    try:
        assert _code(CT, tmp_path, pool) == "as_stored"
        pool.wall_seconds = 0.05
        assert _code(_slow_file(), tmp_path, pool) == "parse_timeout"
        pool.wall_seconds = 20
        assert _code(CT, tmp_path, pool) == "as_stored"
    finally:
        pool.close()


@pytest.mark.django_db
def test_a_file_that_kills_its_child_does_not_stop_its_batch(
    project: Project, radiologist: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    pool = ParsingPool(1)
    monkeypatch.setattr("imaging.services.parsing.shared_pool", lambda: pool)
    first, *rest = made.ct_series(slices=3)
    try:
        assert told(arrived(first, project, radiologist)) == [("stored", "")]
        child = pool._places.queue[0]
        assert child is not None
        # Held still, so that it dies while it has the file and not before or after.
        os.kill(child.process.pid, signal.SIGSTOP)

        def kill_at_work() -> None:
            while child.files < 2:
                time.sleep(0.01)
            os.kill(child.process.pid, signal.SIGKILL)

        killer = threading.Thread(target=kill_at_work)
        killer.start()
        assert told(arrived(made.file_bytes(made.dx_image()), project, radiologist)) == [("refused", "parse_crashed")]
        killer.join()
        assert [told(arrived(content, project, radiologist)) for content in rest] == [[("stored", "")]] * 2
    finally:
        pool.close()


def test_the_child_has_no_secret_and_a_memory_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OVERREAD_SECRET_KEY", "x" * 60)
    pool = ParsingPool(1)
    try:
        place = Path("/proc/self")
        if not place.is_dir():
            pytest.skip("needs /proc")
        header = Path(os.devnull)
        with pytest.raises(Refused):
            pool.parse(Path(os.devnull), header)
        child = pool._places.queue[0]
        assert child is not None
        folder = Path(f"/proc/{child.process.pid}")
        assert b"OVERREAD" not in folder.joinpath("environ").read_bytes()
        limits = folder.joinpath("limits").read_text()
        assert str(1536 * 1024 * 1024) in next(line for line in limits.splitlines() if "address space" in line)
    finally:
        pool.close()


def test_a_child_ends_with_its_parent() -> None:
    pool = ParsingPool(1)
    with pytest.raises(Refused):
        pool.parse(Path(os.devnull), Path(os.devnull))
    child = pool._places.queue[0]
    assert child is not None
    assert child.process.stdin is not None
    child.process.stdin.close()
    until = time.monotonic() + SECONDS
    while child.process.poll() is None and time.monotonic() < until:
        time.sleep(0.02)
    assert child.process.returncode == 0
    pool.close()


def test_a_decoder_that_panics_gives_a_code_and_does_not_kill_its_child(tmp_path: Path) -> None:
    dataset = made.rle(made.mr_slice())
    content = bytearray(made.file_bytes(dataset))
    start = content.index(struct.pack("<HH", 0x7FE0, 0x0010), 132)
    segment = content.index(struct.pack("<I", 2), start) + 64  # after the RLE header, which says: two segments
    content[segment] = 0x7F  # copy 128 bytes: more than a segment decodes to at its end
    pool = ParsingPool(1)
    try:
        for place in range(segment, segment + 200, 7):
            broken = content[:place] + bytes([0x81]) + content[place + 1 :]
            assert _code(bytes(broken), tmp_path, pool) in {"pixels_undecodable", "as_stored"}
        child = pool._places.queue[0]
        assert child is not None
        assert child.process.poll() is None, "one child read them all"
        assert child.files == len(range(segment, segment + 200, 7))
    finally:
        pool.close()
