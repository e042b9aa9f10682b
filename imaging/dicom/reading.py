"""One file read whole: is it taken, what goes into the index, where do its frames lie, and can they be shown.

Runs in the parsing child (``parsing_child``): the bytes are hostile until this has passed.
"""

from __future__ import annotations

import hashlib
import math
import zlib
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from pydicom.dataset import Dataset
from pydicom.uid import UID

from imaging.dicom import frames
from imaging.dicom.charsets import text_code
from imaging.dicom.decoding import decode_frame
from imaging.dicom.errors import PixelsUnreadable
from imaging.dicom.frames import StoredImage, open_image, pixel_keyword, transfer_syntax_of, whole
from imaging.dicom.index_values import header_dataset, integer_of, patient_values, series_values, study_values, text_of
from imaging.dicom.json_model import dump, header_model
from imaging.dicom.limits import FRAME_LIMIT, FRAMES_LIMIT, Structure, check_file
from imaging.dicom.parsed import ParsedInstance, check_uid
from imaging.dicom.picture_values import picture_values
from imaging.dicom.pixels import display_verdict
from imaging.dicom.refusals import REFUSALS, Refused, refusal

if TYPE_CHECKING:
    from collections.abc import Iterator

HEADER_LIMIT: Final = 32 * 1024 * 1024
#: Frames are decoded at ingest until so many samples were seen; then only the last one. Small images: every frame.
DECODED_SAMPLES: Final = 16 * 1024 * 1024
_CHUNK: Final = 1 << 20

#: (tag, how many values it has, zero forbidden, negative forbidden): numbers on which lengths and values rest.
_NUMBERS: Final = (
    (0x00281052, 1, False, False),  # RescaleIntercept
    (0x00281053, 1, True, False),  # RescaleSlope
    (0x00280030, 2, True, True),  # PixelSpacing
    (0x00181164, 2, True, True),  # ImagerPixelSpacing
    (0x00182010, 2, True, True),  # NominalScannedPixelSpacing
    (0x00200032, 3, False, False),  # ImagePositionPatient
    (0x00200037, 6, False, False),  # ImageOrientationPatient
    (0x00180050, 1, False, True),  # SliceThickness
)
_GROUPS: Final = (0x52009229, 0x52009230)
_GROUP_ITEMS: Final = (0x00289110, 0x00289145, 0x00209113, 0x00209116)


def read_instance(path: Path, header_path: Path) -> ParsedInstance:
    """Read a file, prove that it can be shown, and write its header beside it.

    Args:
        path: the file.
        header_path: where the zlib-compressed DICOM JSON model is written.

    Raises:
        Refused: with one of the codes of ``imaging.dicom.refusals``.
    """
    structure = check_file(path)
    try:
        return _read(path, header_path, structure)
    except Refused:
        raise
    except RecursionError:
        raise refusal("nesting_limit") from None
    except MemoryError:
        raise refusal("parse_memory") from None
    except PixelsUnreadable as error:
        raise Refused(error.code, error.message) from None


def _read(path: Path, header_path: Path, structure: Structure) -> ParsedInstance:
    image = open_image(path)
    dataset = image.dataset
    uids = _uids(dataset, structure)
    letters = text_code(dataset)
    model = header_model(dataset)
    header = dump(model)
    if len(header) > HEADER_LIMIT:
        raise refusal("header_too_large")
    header_path.write_bytes(zlib.compress(header, 1))
    _check_numbers(dataset)
    keyword = pixel_keyword(dataset)
    decoded, spans, digest, decoded_digest, display, code = 0, list[tuple[int, int]](), "", "", "no_pixels", ""
    if keyword is None:
        if _is_image(dataset, uids["sop_class_uid"]):
            raise refusal("pixel_data_missing")
    else:
        _check_pixels(image, keyword, structure)
        display, code = _display(image)
        if display != "undecodable":
            spans = frames.frame_spans(image)
            decoded, decoded_digest = _decode(image)
        digest = _pixel_digest(image, keyword, structure)
    stated = header_dataset(model)
    return ParsedInstance(
        **uids,
        transfer_syntax_uid=str(transfer_syntax_of(dataset)),
        patient=patient_values(stated),
        study=study_values(stated),
        series=series_values(stated),
        instance={**_instance(dataset), **picture_values(model)},
        frame_spans=[list(span) for span in spans],
        pixel_digest=digest,
        decoded_digest=decoded_digest,
        text_code=letters,
        display=display,
        display_code=code,
        frames_decoded=decoded,
    )


# -- identity ----------------------------------------------------------------------------------------------------


def _uids(dataset: Dataset, structure: Structure) -> dict[str, str]:
    """Return the four UIDs of an instance; a file that has none of them and no prefix never was DICOM."""
    found = {
        "study_instance_uid": _uid(dataset, "StudyInstanceUID"),
        "series_instance_uid": _uid(dataset, "SeriesInstanceUID"),
        "sop_instance_uid": _uid(dataset, "SOPInstanceUID"),
        "sop_class_uid": _uid(dataset, "SOPClassUID") or structure.media_storage_sop_class_uid,
    }
    if not structure.has_prefix and not any(found.values()):
        raise refusal("not_dicom")
    for uid in found.values():
        check_uid(uid)
    return found


def _uid(dataset: Dataset, keyword: str) -> str:
    try:
        return str(dataset.get(keyword) or "").strip("\0 ")
    except Exception:  # pydicom raises many kinds for a value it cannot convert
        return ""


def _is_image(dataset: Dataset, sop_class_uid: str) -> bool:
    """Say whether this ought to have pixels: an image storage class, or an image's own header."""
    name = UID(sop_class_uid).name
    described = all(whole(dataset, keyword) for keyword in ("Rows", "Columns", "BitsAllocated"))
    return described or name.endswith("Image Storage") or "Image Storage - " in name


# -- numbers -----------------------------------------------------------------------------------------------------


def _check_numbers(dataset: Dataset) -> None:
    """Refuse NaN, infinity, text and impossible zeros where lengths and values would rest on them."""
    for place in _measured_places(dataset):
        for tag, multiplicity, no_zero, no_negative in _NUMBERS:
            values = _numbers(place, tag)
            if values is None:
                continue
            broken = any(not math.isfinite(value) for value in values)
            impossible = any((no_zero and value == 0) or (no_negative and value < 0) for value in values)
            if broken or impossible or len(values) != multiplicity:
                raise refusal("bad_number")


def _measured_places(dataset: Dataset) -> Iterator[Dataset]:
    yield dataset
    for group in _GROUPS:
        for item in _items(dataset, group):
            for macro in _GROUP_ITEMS:
                yield from _items(item, macro)


def _items(dataset: Dataset, tag: int) -> list[Dataset]:
    if tag not in dataset:
        return []
    try:
        value = dataset[tag].value
    except Exception:
        raise refusal("unreadable") from None
    return [item for item in value or [] if isinstance(item, Dataset)] if not isinstance(value, str | bytes) else []


def _numbers(dataset: Dataset, tag: int) -> list[float] | None:
    """Return the numbers of an element (NaN for what is none), or None where it is missing or empty."""
    if tag not in dataset:
        return None
    raw: Any = dataset.get_item(tag)
    value = raw.value
    if isinstance(value, bytes) and getattr(raw, "VR", None) in (None, "DS", "IS", "UN", "LO", "SH"):
        value = value.decode("ascii", "replace").strip("\0 ").split("\\")
    else:
        try:
            value = dataset[tag].value
        except Exception:
            return [math.nan]
    if value in (None, "", [], [""]):
        return None
    many = [value] if isinstance(value, str | int | float | bytes) else list(value)
    return [_float(one) for one in many]


def _float(value: object) -> float:
    try:
        return float(str(value).strip("\0 "))
    except ValueError:
        return math.nan


# -- pixels ------------------------------------------------------------------------------------------------------


def _check_pixels(image: StoredImage, keyword: str, structure: Structure) -> None:
    """Hold the image header against the limits and against the bytes that are there, before anything is decoded."""
    dataset = image.dataset
    rows, columns = whole(dataset, "Rows") or 0, whole(dataset, "Columns") or 0
    if not (0 < rows <= 65535 and 0 < columns <= 65535) or frames.bits_allocated(dataset) not in (1, 8, 16, 32, 64):
        raise refusal("image_header_incomplete")
    bits = frames.frame_bits(dataset)
    if bits // 8 > FRAME_LIMIT:
        raise refusal("image_too_large")
    declared = whole(dataset, "NumberOfFrames")
    if declared is not None and not 0 < declared <= FRAMES_LIMIT:
        raise refusal("frame_count_wrong")
    if frames.is_encapsulated(dataset):
        return
    count = frames.number_of_frames(dataset)
    expected, actual = (bits * count + 7) // 8, _value_length(image, keyword, structure)
    if actual == 0:
        raise refusal("pixel_data_missing")
    if expected <= actual <= expected + 1:
        return
    frame = max(1, bits // 8)
    if expected < actual < expected + frame and not _value(image, keyword, structure, expected).strip(b"\0"):
        return  # some writers pad the last block with zeros
    whole_frames = actual % frame == 0 and (count > 1 or actual > expected)
    raise refusal("frame_count_wrong" if whole_frames else "pixel_size_mismatch")


def _display(image: StoredImage) -> tuple[str, str]:
    """Return how the image is shown; broken pixels are refused, a compression nobody decodes here is kept."""
    display, code = display_verdict(image)
    if display == "undecodable" and code not in ("transfer_syntax_unsupported", "video_not_shown"):
        decode_frame(image, 1)  # says why
        raise Refused(code, REFUSALS.get(code, REFUSALS["pixels_undecodable"]))
    return display, code


def _value(image: StoredImage, keyword: str, structure: Structure, start: int) -> bytes:
    """Return the pixel data element's bytes from ``start`` on."""
    if structure.pixel_span is None or image.path is None:
        return bytes(image.dataset[keyword].value[start:])
    with image.path.open("rb") as stream:
        stream.seek(structure.pixel_span[0] + start)
        return stream.read(structure.pixel_span[1] - structure.pixel_span[0] - start)


def _value_length(image: StoredImage, keyword: str, structure: Structure) -> int:
    if structure.pixel_span is not None:
        return structure.pixel_span[1] - structure.pixel_span[0]
    value = image.dataset[keyword].value
    return len(value) if value is not None else 0


def _decode(image: StoredImage) -> tuple[int, str]:
    """Decode every frame of a small image, the first ones and the last of a large one.

    Returns:
        How many were decoded, and the digest of their samples where these were all.
    """
    count = frames.number_of_frames(image.dataset)
    samples = max(1, frames.frame_bits(image.dataset) // max(1, frames.bits_allocated(image.dataset)))
    within = max(1, min(count, DECODED_SAMPLES // samples))
    numbers = [*range(1, within + 1), *([count] if count > within else [])]
    digest = hashlib.sha256()
    for number in numbers:
        frame = np.ascontiguousarray(decode_frame(image, number).pixels)
        digest.update(f"{frame.shape}{frame.dtype.str}".encode())
        digest.update(frame.data)
    return len(numbers), digest.hexdigest() if within == count else ""


def _pixel_digest(image: StoredImage, keyword: str, structure: Structure) -> str:
    digest = hashlib.sha256()
    if structure.pixel_span is None or image.path is None:
        digest.update(image.dataset[keyword].value or b"")
        return digest.hexdigest()
    start, end = structure.pixel_span
    with image.path.open("rb") as stream:
        stream.seek(start)
        left = end - start
        while left > 0 and (piece := stream.read(min(_CHUNK, left))):
            digest.update(piece)
            left -= len(piece)
    return digest.hexdigest()


def _instance(dataset: Dataset) -> dict[str, Any]:
    has_pixels = pixel_keyword(dataset) is not None
    return {
        "instance_number": integer_of(dataset, "InstanceNumber"),
        "rows": integer_of(dataset, "Rows") if has_pixels else None,
        "columns": integer_of(dataset, "Columns") if has_pixels else None,
        "number_of_frames": frames.number_of_frames(dataset),
        "samples_per_pixel": (whole(dataset, "SamplesPerPixel") or 1) if has_pixels else None,
        "bits_allocated": frames.bits_allocated(dataset) if has_pixels else None,
        "photometric_interpretation": text_of(dataset, "PhotometricInterpretation") if has_pixels else "",
    }
