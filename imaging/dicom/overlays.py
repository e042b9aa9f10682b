"""The bits of overlay planes (PS3.3 C.9.2): in a group of their own, or in unused bits of the pixels (retired)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from pydicom.uid import ExplicitVRBigEndian

from imaging.dicom.decoding import sample_words
from imaging.dicom.errors import PixelsUnreadable
from imaging.dicom.frame_facts import FrameFacts, OverlayFacts
from imaging.dicom.frames import StoredImage, transfer_syntax_of

if TYPE_CHECKING:
    from numpy.typing import NDArray


def overlay_plane(image: StoredImage, facts: FrameFacts, overlay: OverlayFacts) -> NDArray[np.bool_]:
    """Return an overlay plane of a frame, ``[rows, columns]`` of the plane, True where something is drawn.

    Raises:
        PixelsUnreadable: the bits are not all there (``overlay_broken``).
    """
    size = overlay.rows * overlay.columns
    try:
        if overlay.embedded_bit is not None:
            words = sample_words(image, facts.frame_number)
            bits = (words[:size] >> np.array(overlay.embedded_bit, words.dtype)) & 1
        else:
            content: Any = image.dataset[overlay.group, 0x3000].value
            packed = np.frombuffer(content, np.uint8)
            if transfer_syntax_of(image.dataset) == ExplicitVRBigEndian:
                packed = packed[: packed.size // 2 * 2].reshape(-1, 2)[:, ::-1].reshape(-1)
            first = overlay.plane * size
            needed = packed[first // 8 : (first + size + 7) // 8]
            bits = np.unpackbits(needed, bitorder="little")[first % 8 : first % 8 + size]
        return np.asarray(bits.reshape(overlay.rows, overlay.columns), np.bool_)
    except PixelsUnreadable:
        raise
    except Exception as error:
        raise PixelsUnreadable("overlay_broken", "An overlay plane of this image is broken.") from error


def packed_plane(plane: NDArray[np.bool_]) -> bytes:
    """Return a plane as it is sent: bits row by row without gaps, the first one lowest in its byte."""
    return np.packbits(plane.reshape(-1), bitorder="little").tobytes()
