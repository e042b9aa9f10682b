"""The colours of a palette (PS3.3 C.7.6.3.1.5, C.7.9.2), plain or in segments, as 8-bit RGB."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np
from pydicom.dataset import Dataset
from pydicom.pixels.processing import apply_color_lut
from pydicom.uid import ExplicitVRBigEndian

from imaging.dicom.bit_layout import as_mapped
from imaging.dicom.errors import PixelsUnreadable
from imaging.dicom.frames import transfer_syntax_of
from imaging.dicom.lookup_tables import entries_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

_COLORS: Final = ("Red", "Green", "Blue")


def palette_table(dataset: Dataset) -> tuple[int, NDArray[np.uint8]]:
    """Return the first stored value that a palette maps, as written, and its colours, ``[entries, 3]`` RGB.

    Raises:
        PixelsUnreadable: the palette is missing or broken (``palette_broken``).
    """
    try:
        big = transfer_syntax_of(dataset) == ExplicitVRBigEndian
        if "RedPaletteColorLookupTableData" in dataset:
            first, rgb = _plain(dataset, big)
        else:
            first, rgb = _segmented(dataset)
    except Exception as error:
        raise PixelsUnreadable("palette_broken", "The image's colour palette is missing or broken.") from error
    # Some writers put 8-bit entries into 16-bit tables: then the high bytes are all empty.
    return first, rgb.astype(np.uint8) if int(rgb.max(initial=0)) <= 255 else (rgb >> 8).astype(np.uint8)


def palette_rgb(dataset: Dataset, values: NDArray[Any]) -> NDArray[np.uint8]:
    """Return stored values as RGB, ``[…, 3]``; what lies outside the palette has its first or last colour.

    Raises:
        PixelsUnreadable: the palette is missing or broken (``palette_broken``).
    """
    first, table = palette_table(dataset)
    first = as_mapped(first, signed=values.dtype.kind == "i")
    return table[np.clip(values.astype(np.int64) - first, 0, len(table) - 1)]


def _plain(dataset: Dataset, big_endian: bool) -> tuple[int, NDArray[np.uint16]]:
    firsts, channels = [], []
    for color in _COLORS:
        descriptor = [int(one) for one in dataset[f"{color}PaletteColorLookupTableDescriptor"].value]
        first, _, entries = entries_of(descriptor, dataset[f"{color}PaletteColorLookupTableData"].value, big_endian)
        firsts.append(first)
        channels.append(entries)
    return firsts[0], np.stack(channels, axis=1)


def _segmented(dataset: Dataset) -> tuple[int, NDArray[np.uint16]]:
    count, first, bits = (int(one) for one in dataset.RedPaletteColorLookupTableDescriptor)
    count = count if count > 0 else count + (1 << 16)
    if bits == 8 and count > 256:
        # The library looks entries up with an index as narrow as they are.
        raise ValueError("more entries than an 8-bit index reaches")
    palette = Dataset()
    palette.file_meta = dataset.file_meta
    for element in dataset.group_dataset(0x0028):
        if "PaletteColorLookupTable" in element.keyword:
            palette.add(element)
    return first, apply_color_lut(np.arange(first, first + count), palette)[..., :3].astype(np.uint16)
