"""Which frame of an image a 2D network learns from."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from inference.engine.sample import Image


def frame_to_learn(image: Image, masks: Mapping[str, NDArray[np.bool_]]) -> int:
    """Return the frame a 2D network learns from: the one with most marked pixels, else the middle one."""
    frames = image.shape_kji[0]
    marked = sum((mask.sum(axis=(1, 2)) for mask in masks.values()), start=np.zeros(frames, dtype=np.int64))
    return int(marked.argmax()) if marked.any() else frames // 2
