"""Which frame of an image a 2D network learns from."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from inference.engine.sample import Image

Masks = Mapping[str, NDArray[np.bool_]]


def frame_to_learn(image: Image, seen: Masks, rejected: Masks) -> int:
    """Return the frame a 2D network learns from: with most marked, else most rejected pixels, else the middle one."""
    frames = image.shape_kji[0]
    for masks in (seen, rejected):
        marked = sum((mask.sum(axis=(1, 2)) for mask in masks.values()), start=np.zeros(frames, dtype=np.int64))
        if marked.any():
            return int(marked.argmax())
    return frames // 2
