"""Values over every slice of a series in one blob, read slice by slice: 32-bit floats, each deflated by itself."""

from __future__ import annotations

import zlib
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from core import blobs

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

Json = dict[str, Any]


def stack_put(slices: Iterable[NDArray[np.float32]], frames: Iterable[tuple[str, int]]) -> Json:
    """Store slices ``[J, I]`` and return where each lies.

    Args:
        frames: (SOP Instance UID, frame number from 1) of each slice.

    Returns:
        ``{"digest": of the blob, "frames": [[uid, number, offset, length], …]}``.
    """
    path, places, offset = blobs.staging_file(), [], 0
    with path.open("wb") as stream:
        for values, (uid, number) in zip(slices, frames, strict=True):
            packed = zlib.compress(values.astype("<f4").tobytes(), 4)
            stream.write(packed)
            places.append([uid, number, offset, len(packed)])
            offset += len(packed)
    return {"digest": blobs.put_file(path), "frames": places}


def stack_deflated(stack: Json, sop_instance_uid: str, frame_number: int) -> bytes | None:
    """Return the values on one frame, deflated (zlib), row by row; None where the stack has nothing there."""
    for uid, number, offset, length in stack.get("frames", []):
        if (uid, number) == (sop_instance_uid, frame_number):
            return blobs.read_span(stack["digest"], offset, length)
    return None
