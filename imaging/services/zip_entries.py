"""The entries of an uploaded zip, one by one, under limits. Names are only ever shown, never used as paths."""

from __future__ import annotations

import stat
import struct
import zipfile
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from core import blobs
from imaging.dicom.limits import INFLATED_BASE, INFLATED_RATIO, INSTANCE_LIMIT

if TYPE_CHECKING:
    from collections.abc import Iterator

ENTRY_LIMIT: Final = 20_000
#: So many bytes may be unpacked only to be refused; then the rest of the zip is not looked at.
WASTE_LIMIT: Final = 1024 * 1024 * 1024
#: 20,000 entries of 46 bytes and a long name each; a larger directory is never read into memory.
_DIRECTORY_LIMIT: Final = 16 * 1024 * 1024
_CHUNK: Final = 1 << 20
_END, _END64, _LOCATOR64 = b"PK\x05\x06", b"PK\x06\x06", b"PK\x06\x07"
_READ_HERE: Final = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)


@dataclass(frozen=True)
class Entry:
    """One entry: either unpacked to ``staging`` (which the caller uses up), or refused with ``code``."""

    name: str
    byte_size: int
    staging: Path | None = None
    code: str = ""


def is_zip(path: Path) -> bool:
    """Say whether the file begins like a zip."""
    with path.open("rb") as stream:
        return stream.read(4) in (b"PK\x03\x04", _END)


def zip_entries(path: Path, *, total_limit: int) -> Iterator[Entry]:
    """Unpack one entry after the other, counting real bytes whatever the headers claim.

    Args:
        path: the zip.
        total_limit: how many bytes may come out of it in all.

    Yields:
        One entry for each file in it, in the zip's order; after the total limit one refusal that stands for the rest.
    """
    size = path.stat().st_size
    entries, directory = _announced(path, size)
    if entries > ENTRY_LIMIT or directory > _DIRECTORY_LIMIT:
        yield Entry("", size, code="zip_too_large")
        return
    try:
        archive = zipfile.ZipFile(path)
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError, struct.error):
        yield Entry("", size, code="zip_broken")
        return
    left, wasted = min(total_limit, INFLATED_BASE + INFLATED_RATIO * size), 0
    with archive:
        files = [entry for entry in archive.infolist() if not entry.is_dir()]
        if len(files) > ENTRY_LIMIT:
            yield Entry("", size, code="zip_too_large")
            return
        for file in files:
            code = _known_before(file)
            if code:
                yield Entry(file.filename, file.file_size, code=code)
                continue
            unpacked = _unpacked(archive, file, left)
            yield unpacked
            if unpacked.code == "zip_too_large":
                return
            if unpacked.staging is not None:
                left -= unpacked.byte_size
                continue
            wasted += unpacked.byte_size
            if wasted > WASTE_LIMIT:
                yield Entry("", size, code="zip_too_large")
                return


def _announced(path: Path, size: int) -> tuple[int, int]:
    """Return how many entries the end record announces, and how long it says the directory is (0, 0 without one)."""
    with path.open("rb") as stream:
        stream.seek(max(0, size - 66_000))
        tail = stream.read()
        at = tail.rfind(_END)
        if at < 0 or at + 22 > len(tail):
            return 0, 0
        entries, directory = struct.unpack_from("<HI", tail, at + 10)
        if tail[max(0, at - 20) : at - 16] == _LOCATOR64:
            (where,) = struct.unpack_from("<Q", tail, at - 12)
            # zipfile looks right before the locator, wherever the locator points.
            for offset in (where, size - len(tail) + at - 76):
                if not 0 <= offset <= size - 56:
                    continue
                stream.seek(offset)
                record = stream.read(56)
                if record[:4] == _END64:
                    wide = struct.unpack_from("<QQ", record, 32)
                    entries, directory = max(entries % 0xFFFF, wide[0]), max(directory % 0xFFFFFFFF, wide[1])
    return entries, min(directory, size)


def _known_before(entry: zipfile.ZipInfo) -> str:
    """Return why an entry is refused before it is unpacked, or an empty string."""
    if entry.flag_bits & 0x1:
        return "zip_encrypted"
    if stat.S_ISLNK(entry.external_attr >> 16):
        return "not_an_image_file"
    # Other methods unpack a block at once, however large, or need gigabytes for their dictionary.
    return "" if entry.compress_type in _READ_HERE else "zip_broken"


def _unpacked(archive: zipfile.ZipFile, entry: zipfile.ZipInfo, left: int) -> Entry:
    ratio_limit = INFLATED_BASE + INFLATED_RATIO * entry.compress_size
    staging, written, code = blobs.staging_file(".dcm"), 0, ""
    try:
        with archive.open(entry) as packed, staging.open("wb") as target:
            while not code and (piece := packed.read(_CHUNK)):
                written += len(piece)
                if written > ratio_limit:
                    code = "decompression_limit"
                elif written > left:
                    code = "zip_too_large"
                elif written > INSTANCE_LIMIT:
                    code = "file_too_large"
                else:
                    target.write(piece)
        if not code and is_zip(staging):
            code = "zip_nested"
    except (zipfile.BadZipFile, RuntimeError, NotImplementedError, EOFError, ValueError, struct.error, zlib.error):
        code = "zip_broken"
    except OSError:
        code = "storage_full"
    if code:
        staging.unlink(missing_ok=True)
        return Entry(entry.filename, written, code=code)
    return Entry(entry.filename, written, staging)
