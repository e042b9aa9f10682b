"""The entries of lookup tables, as writers really store them: modality, VOI (PS3.3 C.11.1.1.1, C.11.2.1.1)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from pydicom.dataset import Dataset
from pydicom.uid import ExplicitVRBigEndian

from imaging.dicom.bit_layout import as_mapped
from imaging.dicom.errors import PixelsUnreadable
from imaging.dicom.frame_facts import FrameFacts, VoiChoice
from imaging.dicom.frames import functional_item, transfer_syntax_of
from imaging.dicom.grey_levels import GreyTable

if TYPE_CHECKING:
    from numpy.typing import NDArray


def _broken(code: str) -> PixelsUnreadable:
    return PixelsUnreadable(code, "A lookup table of this image is missing or broken. Send the image again.")


def _entries(item: Dataset, big_endian: bool) -> tuple[int, int, NDArray[np.uint16]]:
    return entries_of([int(one) for one in item.LUTDescriptor], item.LUTData, big_endian)


def entries_of(descriptor: list[int], content: Any, big_endian: bool) -> tuple[int, int, NDArray[np.uint16]]:
    """Return (first mapped value, bits of an entry, entries); raises for a table that is none.

    Args:
        descriptor: number of entries, first mapped value, bits of an entry, as written.
        content: the entries as bytes, or as numbers.
        big_endian: how bytes are written.
    """
    count = descriptor[0] if descriptor[0] > 0 else descriptor[0] + (1 << 16)
    words: NDArray[Any]
    if isinstance(content, bytes | bytearray):
        # 8-bit entries lie two in a word, or each in a word of its own: the length tells.
        if len(content) < 2 * count:
            words = np.frombuffer(content, np.uint8)
            if big_endian:
                words = words[: words.size // 2 * 2].reshape(-1, 2)[:, ::-1].reshape(-1)
            words = words.astype(np.uint16)
        else:
            words = np.frombuffer(content[: 2 * count], ">u2" if big_endian else "<u2").astype(np.uint16)
    else:
        many = [content] if isinstance(content, int) else list(content)
        if len(many) < count <= 2 * len(many) and descriptor[2] <= 8:
            # Two 8-bit entries in each word of a value that was read as numbers.
            words = np.asarray(many, np.int64).astype("<u2").view(np.uint8).astype(np.uint16)
        else:
            words = (np.asarray(many, np.int64) & 0xFFFF).astype(np.uint16)
    words = words[:count]
    if words.size == 0:
        raise ValueError("an empty table")
    largest, bits = int(words.max()), descriptor[2]
    if not 8 <= bits <= 16 or largest >= 1 << bits:
        bits = max(8, largest.bit_length())
    return descriptor[1], bits, words.astype(np.uint16)


def through_modality_table(dataset: Dataset, stored: NDArray[Any]) -> NDArray[np.float64]:
    """Return stored values through the Modality LUT Sequence; raises PixelsUnreadable (``modality_lut_broken``)."""
    try:
        big = transfer_syntax_of(dataset) == ExplicitVRBigEndian
        first, _, entries = _entries(dataset.ModalityLUTSequence[0], big)
    except Exception as error:
        raise _broken("modality_lut_broken") from error
    first = as_mapped(first, signed=stored.dtype.kind == "i")
    at = np.clip(stored.astype(np.int64) - first, 0, entries.size - 1)
    return entries[at].astype(np.float64)


def voi_table(dataset: Dataset, facts: FrameFacts, choice: VoiChoice) -> GreyTable:
    """Return a table that an image offers; raises PixelsUnreadable (``voi_lut_broken``)."""
    item = functional_item(dataset, "FrameVOILUTSequence", facts.frame_number)
    place = item if item is not None and item.get("VOILUTSequence") else dataset
    try:
        big = transfer_syntax_of(dataset) == ExplicitVRBigEndian
        _, bits, entries = _entries(place.VOILUTSequence[choice.table or 0], big)
    except Exception as error:
        raise _broken("voi_lut_broken") from error
    return GreyTable(choice.first or 0, (entries / np.float64((1 << bits) - 1)).astype(np.float32))
