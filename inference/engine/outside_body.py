"""What of a picture is outside the body: what is about as dark as the air around it, and reaches the picture's edge.

Simple on purpose: it needs no model. A picture that the body fills has no outside.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from inference.engine.question import Question

#: Of the way from the darkest to the brightest of the picture (its 0.5th and 99.5th percentile): air is below.
_AIR: Final = 0.08
#: Less than this share of a picture is no outside worth asking about.
LEAST: Final = 0.01


def outside_of(question: Question) -> NDArray[np.bool_]:
    """Return what of the prepared frame is picture and outside the body, bool [H, W]; the padding is neither."""
    return air_of(question.tensor[0].mean(dim=0).cpu().numpy(), question.prepared.geometry.inside())


def air_of(prepared: NDArray[np.floating], part: tuple[slice, ...]) -> NDArray[np.bool_]:
    """Return what of a prepared picture [H, W] is air; ``part`` of it is no padding."""
    grey = prepared[part]
    low, high = np.percentile(grey, (0.5, 99.5))
    outside = np.zeros(prepared.shape, np.bool_)
    if high <= low:
        return outside
    dark = ndimage.median_filter((grey - low) / (high - low), size=3) < _AIR
    parts, _ = ndimage.label(dark)
    edge = np.concatenate([parts[0], parts[-1], parts[:, 0], parts[:, -1]])
    outside[part] = np.isin(parts, np.unique(edge[edge > 0]))
    return outside


def outside_shares(
    values: NDArray[np.floating], outside: NDArray[np.bool_], question: Question
) -> tuple[float, float] | None:
    """Return which share of a map's strength, and of the picture, lies outside; None where there is no outside."""
    part = question.prepared.geometry.inside()
    area = float(outside[part].mean())
    positive = np.maximum(values[part], 0)
    whole = float(positive.sum(dtype=np.float64))
    if area < LEAST or whole <= 0:
        return None
    return float(positive[outside[part]].sum(dtype=np.float64)) / whole, area
