"""Where each frame's bytes lie in a Part 10 file, and how to get one frame without reading the others.

A frame that lies in one piece is served as a span ``(offset, length)`` of the stored file. Frames that do not
(several fragments a frame, one bit a pixel, big endian, a deflated data set, overlay bits inside the pixels) have no
spans: they are assembled, and where needed normalised to little endian, on demand.
"""

from __future__ import annotations

import struct
import zlib
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, Final

import numpy as np
from pydicom import dcmread
from pydicom.dataset import Dataset
from pydicom.uid import (
    UID,
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
)

from imaging.dicom.errors import PixelsUnreadable

if TYPE_CHECKING:
    from imaging.dicom.frame_facts import FrameFacts

PIXEL_KEYWORDS: Final = ("PixelData", "FloatPixelData", "DoubleFloatPixelData")
DEFLATED_FRAMES: Final = UID("1.2.840.10008.1.2.8.1")
_DEFER = 64 * 1024
_UNDEFINED = 0xFFFFFFFF
_ITEM = (0xFFFE, 0xE000)
_MAX_FRAGMENTS = 1_000_000

Spans = list[tuple[int, int]]


@dataclass(slots=True)
class StoredImage:
    """A data set together with the bytes it was read from; large values are read when asked for.

    Attributes:
        dataset: the elements, with file meta information when the file had any.
        path: the file, or None for an image in memory.
        content: the file's bytes when the image was read from memory.
        fragments: where the pieces of each compressed frame lie, once they were looked for.
        facts: what each frame means, once that was looked for.
    """

    dataset: Dataset
    path: Path | None = None
    content: bytes | None = None
    fragments: list[Spans] | None = None
    facts: tuple[FrameFacts, ...] | None = None

    def stream(self) -> BinaryIO | None:
        """Open the file's bytes, or None for a data set that never was a file."""
        if self.path is not None:
            return self.path.open("rb")
        return BytesIO(self.content) if self.content is not None else None


ImageSource = StoredImage | Dataset | Path | str | bytes


def open_image(source: ImageSource) -> StoredImage:
    """Read an image's header; pixel data stay in the file until a frame is asked for.

    Args:
        source: a file path, a file's bytes, a data set, or an image that is open already.

    Returns:
        The open image.

    Raises:
        PixelsUnreadable: the bytes are not a DICOM file.
    """
    if isinstance(source, StoredImage):
        return source
    if isinstance(source, Dataset):
        return StoredImage(source)
    path = None if isinstance(source, bytes) else Path(source)
    content = source if isinstance(source, bytes) else None
    try:
        dataset = _read(path, content, _DEFER)
        if transfer_syntax_of(dataset) == DeflatedExplicitVRLittleEndian:
            # Deferred values are looked up in the file, where a deflated data set has no such offsets.
            dataset = _read(path, content, None)
    except Exception as error:
        raise PixelsUnreadable("not_dicom", "This file cannot be read as DICOM.") from error
    return StoredImage(dataset, path, content)


def _read(path: Path | None, content: bytes | None, defer: int | None) -> Dataset:
    if path is not None:
        return dcmread(path, defer_size=defer, force=True)
    return dcmread(BytesIO(content or b""), force=True)


def transfer_syntax_of(dataset: Dataset) -> UID:
    """Return the transfer syntax, from the file meta information or else from how the data set was read."""
    meta = getattr(dataset, "file_meta", None)
    named = meta.get("TransferSyntaxUID") if meta is not None else None
    if named:
        return UID(str(named))
    implicit, little = getattr(dataset, "original_encoding", (None, None))
    if little is False:
        return ExplicitVRBigEndian
    return ImplicitVRLittleEndian if implicit else ExplicitVRLittleEndian


def is_encapsulated(dataset: Dataset) -> bool:
    """Say whether frames lie in items; a transfer syntax that is not known is taken to be encapsulated."""
    try:
        return bool(transfer_syntax_of(dataset).is_encapsulated)
    except ValueError:
        return True


def number_of_frames(dataset: Dataset) -> int:
    """Return how many frames the pixel data hold: 0 without pixel data, else at least 1."""
    if pixel_keyword(dataset) is None:
        return 0
    return max(1, whole(dataset, "NumberOfFrames") or 1)


def whole(dataset: Dataset, keyword: str) -> int | None:
    """Return an integer attribute, or None where it is missing, empty or not a number."""
    try:
        value = dataset.get(keyword)
    except Exception:
        return None
    if value is None or value == "":
        return None
    try:
        return int(value)
    except (TypeError, ValueError, OverflowError):
        return None


def pixel_keyword(dataset: Dataset) -> str | None:
    """Return which of the three pixel data elements the data set has, or None."""
    return next((keyword for keyword in PIXEL_KEYWORDS if keyword in dataset), None)


def bits_allocated(dataset: Dataset) -> int:
    """Return the bits of one sample in the pixel data (32 and 64 for the two float elements)."""
    keyword = pixel_keyword(dataset)
    if keyword == "FloatPixelData":
        return 32
    if keyword == "DoubleFloatPixelData":
        return 64
    return whole(dataset, "BitsAllocated") or 0


def functional_item(dataset: Dataset, keyword: str, frame_number: int) -> Dataset | None:
    """Return a functional group's item for a frame: its own, else the shared one (PS3.3 C.7.6.16)."""
    per_frame = dataset.get("PerFrameFunctionalGroupsSequence") or []
    groups = [per_frame[frame_number - 1]] if 0 < frame_number <= len(per_frame) else []
    groups += list((dataset.get("SharedFunctionalGroupsSequence") or [])[:1])
    for group in groups:
        found = group.get(keyword)
        if found:
            item: Dataset = found[0]
            return item
    return None


def frame_bits(dataset: Dataset) -> int:
    """Return the bits of one uncompressed frame; 0 when the header does not say."""
    samples = whole(dataset, "SamplesPerPixel") or 1
    pixels = (whole(dataset, "Rows") or 0) * (whole(dataset, "Columns") or 0)
    if str(dataset.get("PhotometricInterpretation", "")) == "YBR_FULL_422" and samples == 3:
        return pixels * 2 * bits_allocated(dataset)
    return pixels * samples * bits_allocated(dataset)


def has_embedded_overlay(dataset: Dataset) -> bool:
    """Say whether overlay planes lie in the unused bits of the pixels (retired, but met in real archives)."""
    return any(
        (group, 0x0100) in dataset and (group, 0x3000) not in dataset and (group, 0x0010) in dataset
        for group in range(0x6000, 0x6020, 2)
    )


def low_bit(dataset: Dataset) -> int:
    """Return the lowest bit of the pixel words that belongs to a sample; 0 but for a few old images (PS3.5 8.1.1)."""
    stored, high = whole(dataset, "BitsStored"), whole(dataset, "HighBit")
    if stored is None or high is None or not stored - 1 < high < bits_allocated(dataset):
        return 0
    return high + 1 - stored


def is_sent_as_stored(dataset: Dataset) -> bool:
    """Say whether the stored bytes of a frame may be sent as they are (else they are normalised on demand)."""
    syntax = transfer_syntax_of(dataset)
    if syntax in (ExplicitVRBigEndian, DeflatedExplicitVRLittleEndian):
        return False
    if syntax == DEFLATED_FRAMES:
        return False
    return is_encapsulated(dataset) or not (
        bits_allocated(dataset) % 8 or has_embedded_overlay(dataset) or low_bit(dataset)
    )


def sent_transfer_syntax(dataset: Dataset) -> str:
    """Return the transfer syntax in which ``frame_payload`` gives frames: native ones as explicit little endian."""
    syntax = transfer_syntax_of(dataset)
    stored = is_encapsulated(dataset) and syntax != DEFLATED_FRAMES
    return str(syntax) if stored else str(ExplicitVRLittleEndian)


def frame_spans(source: Path | str | BinaryIO | StoredImage, dataset: Dataset | None = None) -> Spans:
    """Return where each frame lies in the file: ``[(offset, length), …]`` in bytes, first frame first.

    Args:
        source: the file (or an open stream of it, whose position is not kept).
        dataset: the data set read from that file, when the caller has it already.

    Returns:
        One span a frame; empty where frames are not in one piece each or may not be sent as stored.

    Raises:
        PixelsUnreadable: the item structure of encapsulated pixel data is broken, or pixel data are cut off.
    """
    if isinstance(source, StoredImage):
        dataset, stream = source.dataset, source.stream()
    elif isinstance(source, (str, Path)):
        dataset = dataset if dataset is not None else open_image(source).dataset
        stream = StoredImage(dataset, Path(source)).stream()
    else:
        stream = source
        if dataset is None:
            raise TypeError("frame_spans of a stream needs its data set")
    try:
        keyword = pixel_keyword(dataset)
        if keyword is None or stream is None or not is_sent_as_stored(dataset):
            return []
        offset, length = _pixel_extent(dataset, keyword)
        if offset is None:
            return []
        frames = number_of_frames(dataset)
        if is_encapsulated(dataset):
            groups = _fragment_groups(stream, offset, frames)
            if any(len(group) != 1 for group in groups):
                return []
            return [group[0] for group in groups]
        each = frame_bits(dataset) // 8
        size = stream.seek(0, 2)
        if each <= 0 or each * frames > length or offset + each * frames > size:
            raise _too_short()
        return [(offset + index * each, each) for index in range(frames)]
    finally:
        if stream is not None and stream is not source:
            stream.close()


def _too_short() -> PixelsUnreadable:
    return PixelsUnreadable(
        "pixel_data_too_short", "The pixel data are shorter than the header says. Send the file again from its source."
    )


def _pixel_extent(dataset: Dataset, keyword: str) -> tuple[int | None, int]:
    element: Any = dataset.get_item(keyword)
    raw_tell = getattr(element, "value_tell", None)
    tell = raw_tell if raw_tell is not None else getattr(element, "file_tell", None)
    length = getattr(element, "length", None)
    if length in (None, _UNDEFINED):
        value = element.value
        length = len(value) if value is not None else _UNDEFINED
    return (int(tell) if tell else None), int(length)


def _fragment_groups(stream: BinaryIO, start: int, frames: int) -> list[Spans]:
    """Return the payload spans of the fragments of each frame (DICOM PS3.5 A.4)."""
    size = stream.seek(0, 2)
    offsets, fragments = _scan_items(stream, start, size)
    if not fragments:
        raise PixelsUnreadable("pixel_data_empty", "The compressed pixel data hold no frame.")
    if len(fragments) == frames:
        return [[fragment] for fragment in fragments]
    if frames == 1:
        return [fragments]
    if len(offsets) == frames:
        first = fragments[0][0] - 8
        starts = [first + offset for offset in offsets] + [size]
        groups: list[Spans] = [[] for _ in range(frames)]
        for fragment in fragments:
            index = int(np.searchsorted(starts, fragment[0] - 8, side="right")) - 1
            if 0 <= index < frames:
                groups[index].append(fragment)
        if all(groups):
            return groups
    return _groups_by_end_marker(stream, fragments, frames)


def _groups_by_end_marker(stream: BinaryIO, fragments: Spans, frames: int) -> list[Spans]:
    """Split fragments after each one that ends with an end-of-image marker (JPEG family, no offset table)."""
    groups: list[Spans] = [[]]
    for offset, length in fragments:
        groups[-1].append((offset, length))
        stream.seek(max(offset, offset + length - 10))
        if b"\xff\xd9" in stream.read(min(10, length)) and len(groups) < frames:
            groups.append([])
    if not groups[-1]:
        groups.pop()
    if len(groups) != frames:
        raise PixelsUnreadable(
            "frames_not_separable",
            "The compressed pixel data have another number of frames than the header says.",
        )
    return groups


def _scan_items(stream: BinaryIO, start: int, size: int) -> tuple[list[int], Spans]:
    """Walk the items of encapsulated pixel data: the basic offset table, then the payload span of each fragment."""
    stream.seek(start)
    position, offsets, fragments, is_table = start, list[int](), list[tuple[int, int]](), True
    while position + 8 <= size:
        group, element, length = struct.unpack("<HHL", stream.read(8))
        if (group, element) != _ITEM:
            break
        if length == _UNDEFINED or position + 8 + length > size:
            raise _too_short()
        if is_table:
            table = stream.read(length)
            offsets = [value for (value,) in struct.iter_unpack("<L", table[: len(table) // 4 * 4])]
            is_table = False
        else:
            fragments.append((position + 8, length))
            if len(fragments) > _MAX_FRAGMENTS:
                raise PixelsUnreadable("too_many_fragments", "The pixel data are in too many pieces to be read.")
        position += 8 + length
        stream.seek(position)
    return offsets, fragments


def frame_bytes(source: ImageSource, frame_number: int = 1) -> bytes:
    """Return one frame's bytes in the file's own transfer syntax (one bit a pixel: re-packed from bit 0).

    Args:
        source: the image.
        frame_number: from 1.

    Raises:
        PixelsUnreadable: there is no such frame, or its bytes are not all there.
    """
    image = open_image(source)
    dataset = image.dataset
    keyword = pixel_keyword(dataset)
    count = number_of_frames(dataset)
    if keyword is None or not 1 <= frame_number <= count:
        raise PixelsUnreadable("no_such_frame", f"This image has {count} frames; ask for one of them.")
    if is_encapsulated(dataset):
        return _encapsulated_frame(image, keyword, frame_number, count)
    return _native_frame(image, keyword, frame_number)


def _encapsulated_frame(image: StoredImage, keyword: str, frame_number: int, count: int) -> bytes:
    offset, _ = _pixel_extent(image.dataset, keyword)
    stream = image.stream()
    if stream is None or offset is None:
        stream, offset = BytesIO(image.dataset[keyword].value), 0
    with stream:
        if image.fragments is None:
            image.fragments = _fragment_groups(stream, offset, count)
        spans = image.fragments[frame_number - 1]
        parts = []
        for start, length in spans:
            stream.seek(start)
            parts.append(stream.read(length))
    return b"".join(parts)


def _native_frame(image: StoredImage, keyword: str, frame_number: int) -> bytes:
    bits = frame_bits(image.dataset)
    first_bit = bits * (frame_number - 1)
    first, last = first_bit // 8, (first_bit + bits + 7) // 8
    content = _value_span(image, keyword, first, last - first)
    if bits <= 0 or len(content) < last - first:
        raise _too_short()
    if first_bit % 8 == 0 and bits % 8 == 0:
        return content
    unpacked = np.unpackbits(np.frombuffer(content, np.uint8), bitorder="little")
    return np.packbits(unpacked[first_bit % 8 : first_bit % 8 + bits], bitorder="little").tobytes()


def _value_span(image: StoredImage, keyword: str, start: int, length: int) -> bytes:
    offset, whole_length = _pixel_extent(image.dataset, keyword)
    deflated = transfer_syntax_of(image.dataset) == DeflatedExplicitVRLittleEndian
    stream = None if deflated or offset is None else image.stream()
    if stream is None or offset is None:
        return bytes(image.dataset[keyword].value[start : start + length])
    with stream:
        stream.seek(offset + start)
        return stream.read(min(length, max(0, whole_length - start)))


def frame_payload(source: ImageSource, frame_number: int = 1) -> bytes:
    """Return one frame as it is sent to a client, in ``sent_transfer_syntax`` of the data set.

    Native frames come little endian; overlay bits inside the pixels are removed.

    Raises:
        PixelsUnreadable: there is no such frame, or its bytes are not all there.
    """
    image = open_image(source)
    dataset = image.dataset
    if transfer_syntax_of(dataset) == DEFLATED_FRAMES:
        return _inflated(frame_bytes(image, frame_number), (frame_bits(dataset) + 7) // 8)
    if is_encapsulated(dataset):
        return frame_bytes(image, frame_number)
    content = little_endian_words(image, frame_number)
    allocated = bits_allocated(dataset)
    if allocated in (8, 16, 32) and (has_embedded_overlay(dataset) or low_bit(dataset)):
        content = _stored_bits_only(dataset, content, allocated)
    return content


def little_endian_words(source: ImageSource, frame_number: int) -> bytes:
    """Return a native frame's words little endian, with whatever lies in their unused bits."""
    image = open_image(source)
    dataset, content = image.dataset, frame_bytes(image, frame_number)
    allocated = bits_allocated(dataset)
    if transfer_syntax_of(dataset) != ExplicitVRBigEndian:
        return content
    if allocated > 8:
        return np.frombuffer(content, f">u{allocated // 8}").astype(f"<u{allocated // 8}").tobytes()
    if allocated == 8 and _is_ow(dataset):
        # Eight-bit samples in 16-bit words: each pair of bytes is swapped, across frame borders too (PS3.5 8.1.1).
        value = bytes(dataset["PixelData"].value)
        swapped = np.frombuffer(value[: len(value) // 2 * 2], ">u2").astype("<u2").tobytes()
        start = (frame_number - 1) * len(content)
        content = swapped[start : start + len(content)]
    return content


def _inflated(content: bytes, expected: int) -> bytes:
    """Inflate a frame of the Deflated Image Frame transfer syntax (PS3.5 A.4.13), never beyond its known size."""
    try:
        frame = zlib.decompressobj(-zlib.MAX_WBITS).decompress(content, max(expected, 1))
    except zlib.error as error:
        raise PixelsUnreadable("pixels_undecodable", "The deflated pixel data are broken.") from error
    if len(frame) < expected:
        raise _too_short()
    return frame


def _is_ow(dataset: Dataset) -> bool:
    element: Any = dataset.get_item("PixelData")
    return getattr(element, "VR", None) == "OW"


def _stored_bits_only(dataset: Dataset, content: bytes, allocated: int) -> bytes:
    stored = whole(dataset, "BitsStored") or allocated
    if stored >= allocated:
        return content
    shift = low_bit(dataset)
    values = np.frombuffer(content, f"<u{allocated // 8}") >> np.array(shift, f"<u{allocated // 8}")
    if whole(dataset, "PixelRepresentation") == 1:
        up = allocated - stored
        signed = (values << np.array(up, values.dtype)).view(f"<i{allocated // 8}") >> up
        return bytes(signed.tobytes())
    return bytes((values & np.array((1 << stored) - 1, values.dtype)).tobytes())
