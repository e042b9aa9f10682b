"""Limits of one file, checked on its bytes before any parser builds objects from them.

The walk follows element headers only (DICOM PS3.5 chapter 7): it counts, measures nesting and finds where the file
ends too early. What it does not understand it leaves to the parser, which runs in a limited process anyway.
"""

from __future__ import annotations

import mmap
import struct
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from pydicom._dicom_dict import DicomDictionary

from imaging.dicom.refusals import refusal

INSTANCE_LIMIT: Final = 512 * 1024 * 1024
INFLATED_LIMIT: Final = 1024 * 1024 * 1024
INFLATED_BASE: Final = 64 * 1024 * 1024
INFLATED_RATIO: Final = 200
NESTING_LIMIT: Final = 64
ELEMENT_LIMIT: Final = 200_000
FRAGMENT_LIMIT: Final = 1_000_000
FRAME_LIMIT: Final = 256 * 1024 * 1024
FRAMES_LIMIT: Final = 100_000

DEFLATED: Final = "1.2.840.10008.1.2.1.99"
IMPLICIT: Final = "1.2.840.10008.1.2"
BIG_ENDIAN: Final = "1.2.840.10008.1.2.2"
MEDIA_DIRECTORY: Final = "1.2.840.10008.1.3.10"
#: JPIP: the pixels lie on another server, and two of them deflate the data set.
REFERENCED_PIXELS: Final = frozenset(f"1.2.840.10008.1.2.4.{last}" for last in ("94", "95", "204", "205"))

_UNDEFINED: Final = 0xFFFFFFFF
_ITEM, _ITEM_END, _SEQUENCE_END = 0xFFFEE000, 0xFFFEE00D, 0xFFFEE0DD
_PIXELS: Final = frozenset({0x7FE00008, 0x7FE00009, 0x7FE00010})
_LONG: Final = frozenset({b"OB", b"OD", b"OF", b"OL", b"OV", b"OW", b"SQ", b"SV", b"UC", b"UN", b"UR", b"UT", b"UV"})
_SHORT: Final = frozenset(
    {b"AE", b"AS", b"AT", b"CS", b"DA", b"DS", b"DT", b"FD", b"FL", b"IS", b"LO", b"LT", b"PN", b"SH", b"SL", b"SS"}
    | {b"ST", b"TM", b"UI", b"UL", b"US"}
)
_TOP, _IN_SEQUENCE, _IN_ITEM = range(3)
_CHUNK: Final = 1 << 20

_Bytes = mmap.mmap | bytes


@dataclass(slots=True)
class Structure:
    """What the walk found.

    Attributes:
        transfer_syntax_uid: as named in the file meta information; empty where there is none.
        media_storage_sop_class_uid: likewise.
        has_prefix: the file begins with a preamble and ``DICM``.
        pixel_span: first byte and end of the pixel data element's value in the file, where the walk reached it.
        elements: how many elements and items there are.
        depth: how deep sequences are nested.
        complete: False where the walk met something it does not understand and left the rest to the parser.
    """

    transfer_syntax_uid: str = ""
    media_storage_sop_class_uid: str = ""
    has_prefix: bool = False
    pixel_span: tuple[int, int] | None = None
    elements: int = 0
    depth: int = 0
    complete: bool = True


def check_file(path: Path) -> Structure:
    """Walk a file's element headers and hold it to the limits.

    Raises:
        Refused: empty_file, file_too_large, not_dicom, truncated, dicomdir, transfer_syntax_unsupported,
            decompression_limit, deflate_broken, nesting_limit, element_limit or pixels_undecodable.
    """
    size = path.stat().st_size
    if size == 0:
        raise refusal("empty_file")
    if size > INSTANCE_LIMIT:
        raise refusal("file_too_large")
    with path.open("rb") as stream, mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ) as content:
        return check_content(content)


def check_content(content: _Bytes) -> Structure:
    """Do what ``check_file`` does for bytes in memory."""
    found = Structure(has_prefix=content[128:132] == b"DICM")
    start = 132 if found.has_prefix else 0
    if not found.has_prefix and not _looks_like_elements(content):
        raise refusal("not_dicom")
    position = _read_meta(content, start, found)
    if found.media_storage_sop_class_uid == MEDIA_DIRECTORY:
        raise refusal("dicomdir")
    if found.transfer_syntax_uid in REFERENCED_PIXELS:
        raise refusal("transfer_syntax_unsupported")
    if found.transfer_syntax_uid == DEFLATED:
        _Walk(inflated(content, position), found).run(0, implicit=False, big=False)
        found.pixel_span = None
        return found
    big = found.transfer_syntax_uid == BIG_ENDIAN
    if not found.transfer_syntax_uid and len(content) >= position + 6:
        # Without a transfer syntax, a group number that only makes sense the other way round tells the byte order.
        big = struct.unpack_from("<H", content, position)[0] >= 1024 and content[position + 4 : position + 6].isalpha()
    implicit = content[position + 4 : position + 6] not in _LONG | _SHORT
    _Walk(content, found).run(position, implicit=implicit and not big, big=big)
    return found


def _looks_like_elements(content: _Bytes) -> bool:
    """Say whether bytes without a prefix begin like a data set: a low group, then a VR or a believable length."""
    if len(content) < 132:
        return False
    group, element = struct.unpack_from("<HH", content, 0)
    if group not in (0x0002, 0x0008) and (group, element) != (0x0800, 0x0500):
        return group == 0x0800 and content[4:6] in _SHORT
    vr, length = content[4:6], struct.unpack_from("<I", content, 4)[0]
    return vr in _LONG | _SHORT or length <= 1024


def _read_meta(content: _Bytes, position: int, found: Structure) -> int:
    """Read the file meta information (PS3.10 7.1) and return where the data set begins."""
    size = len(content)
    while position + 8 <= size:
        group, element = struct.unpack_from("<HH", content, position)
        if group != 0x0002:
            break
        vr = content[position + 4 : position + 6]
        if vr in _LONG:
            if position + 12 > size:
                raise refusal("truncated", offset=size)
            (length,), start = struct.unpack_from("<I", content, position + 8), position + 12
        elif vr in _SHORT:
            (length,), start = struct.unpack_from("<H", content, position + 6), position + 8
        else:
            (length,), start = struct.unpack_from("<I", content, position + 4), position + 8
        if start + length > size:
            raise refusal("truncated", offset=size)
        text = content[start : start + min(length, 128)].rstrip(b"\0 ").decode("ascii", "replace")
        if element == 0x0010:
            found.transfer_syntax_uid = text
        elif element == 0x0002:
            found.media_storage_sop_class_uid = text
        position = start + length
    return position


def inflated(content: _Bytes, start: int) -> bytes:
    """Inflate a deflated data set (PS3.5 A.5), never beyond its limit.

    Raises:
        Refused: decompression_limit, deflate_broken, truncated.
    """
    size = len(content)
    limit = min(INFLATED_LIMIT, INFLATED_BASE + INFLATED_RATIO * (size - start))
    unpack, result = zlib.decompressobj(-zlib.MAX_WBITS), bytearray()
    position = start
    try:
        while not unpack.eof and position < size:
            piece = content[position : position + _CHUNK]
            position += len(piece)
            while piece:
                result += unpack.decompress(piece, _CHUNK)
                if len(result) > limit:
                    raise refusal("decompression_limit")
                piece = unpack.unconsumed_tail
    except zlib.error:
        raise refusal("deflate_broken") from None
    if not unpack.eof:
        raise refusal("truncated", offset=size)
    return bytes(result)


class _Walk:
    """Follows element headers with a stack of its own, so that nesting costs no recursion."""

    def __init__(self, content: _Bytes, found: Structure) -> None:
        self.content = content
        self.size = len(content)
        self.found = found

    def run(self, position: int, *, implicit: bool, big: bool) -> None:
        """Walk from ``position`` to the end; raises Refused."""
        self.order = ">" if big else "<"
        #: (kind, end or None when it ends with a delimiter, implicit VR inside)
        stack: list[tuple[int, int | None, bool]] = [(_TOP, self.size, implicit)]
        while True:
            kind, end, implicit = stack[-1]
            if end is not None and position >= end:
                if kind == _TOP:
                    return
                if position > end:
                    self.found.complete = False
                    return
                stack.pop()
                continue
            if position + 8 > self.size:
                if kind == _TOP and not self.content[position:].strip(b"\0 "):
                    return
                raise refusal("truncated", offset=self.size)
            tag = self._tag(position)
            if tag == 0 and kind == _TOP and not self.content[position:].strip(b"\0"):
                return  # zeros after the data set
            step = self._in_sequence if kind == _IN_SEQUENCE else self._element
            following = step(tag, position, stack)
            if following is None:
                self.found.complete = False
                return
            position = following

    def _tag(self, position: int) -> int:
        group, element = struct.unpack_from(f"{self.order}HH", self.content, position)
        return int(group) << 16 | int(element)

    def _length(self, position: int) -> int:
        (length,) = struct.unpack_from(f"{self.order}I", self.content, position)
        return int(length)

    def _count(self) -> None:
        self.found.elements += 1
        if self.found.elements > ELEMENT_LIMIT:
            raise refusal("element_limit")

    def _in_sequence(self, tag: int, position: int, stack: list[tuple[int, int | None, bool]]) -> int | None:
        if tag == _SEQUENCE_END:
            stack.pop()
            return position + 8
        if tag != _ITEM:
            return None
        self._count()
        length, start = self._length(position + 4), position + 8
        self._push(stack, _IN_ITEM, start, length, stack[-1][2])
        return start

    def _push(
        self, stack: list[tuple[int, int | None, bool]], kind: int, start: int, length: int, implicit: bool
    ) -> None:
        if length != _UNDEFINED and start + length > self.size:
            raise refusal("truncated", offset=start)
        stack.append((kind, None if length == _UNDEFINED else start + length, implicit))
        if kind == _IN_SEQUENCE:
            depth = sum(1 for entry in stack if entry[0] == _IN_SEQUENCE)
            self.found.depth = max(self.found.depth, depth)
            if depth > NESTING_LIMIT:
                raise refusal("nesting_limit", offset=start)

    def _element(self, tag: int, position: int, stack: list[tuple[int, int | None, bool]]) -> int | None:
        kind, end, implicit = stack[-1]
        if tag == _ITEM_END and kind == _IN_ITEM and end is None:
            stack.pop()
            return position + 8
        if tag >> 16 == 0xFFFE:
            return None
        self._count()
        vr = self._vr(tag, position, implicit)
        if vr is None:
            return None
        if implicit:
            start = position + 8
            length = self._length(position + 4)
        elif vr in _LONG:
            start = position + 12
            if start > self.size:
                raise refusal("truncated", offset=self.size)
            length = self._length(position + 8)
        else:
            start = position + 8
            (length,) = struct.unpack_from(f"{self.order}H", self.content, position + 6)
        if tag in _PIXELS and kind == _TOP:
            value_end, following = self._pixels(start, length)
            self.found.pixel_span = (start, value_end)
            return following
        if vr == b"SQ" or length == _UNDEFINED:
            # An element of unknown VR and undefined length holds implicit little endian items (PS3.5 6.2.2).
            self._push(stack, _IN_SEQUENCE, start, length, implicit or vr == b"UN")
            return start
        if start + length > self.size:
            raise refusal("truncated", offset=start)
        return start + length

    def _vr(self, tag: int, position: int, implicit: bool) -> bytes | None:
        if implicit:
            known = DicomDictionary.get(tag)
            return known[0].encode() if known else b"UN"
        vr = self.content[position + 4 : position + 6]
        return vr if vr in _LONG or vr in _SHORT else None

    def _pixels(self, start: int, length: int) -> tuple[int, int]:
        """Return (end of the pixel data's value, where the next element begins)."""
        if length != _UNDEFINED:
            if start + length > self.size:
                raise refusal("truncated", offset=self.size)
            return start + length, start + length
        position, fragments = start, 0
        while position + 8 <= self.size:
            tag, own = self._tag(position), self._length(position + 4)
            if tag == _SEQUENCE_END:
                return position, position + 8
            fragments += 1
            if tag != _ITEM or fragments > FRAGMENT_LIMIT:
                raise refusal("pixels_undecodable", offset=position)
            position += 8 + own
        raise refusal("truncated", offset=self.size)
