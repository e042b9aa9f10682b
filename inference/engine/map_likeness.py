"""How alike two maps are, as an eye sees them."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray
from skimage.metrics import structural_similarity

#: Where neither map reaches this share of its strongest value, both are as good as empty.
_EMPTY: Final = 0.05


def likeness(one: NDArray[np.floating], other: NDArray[np.floating]) -> float:
    """Return the structural similarity (Wang 2004) of two maps [H, W], each scaled to its strongest value.

    What is below 0 is not shown and counts as 0. It is the mean over the places where either map shows anything: that
    both leave most of a picture empty makes them no more alike. 1 is the same map.
    """
    shown = _shown(one), _shown(other)
    _, each = structural_similarity(  # type: ignore[no-untyped-call]
        *shown, data_range=1.0, gaussian_weights=True, sigma=1.5, use_sample_covariance=False, full=True
    )
    places = np.maximum(*shown) >= _EMPTY
    return float(each[places].mean()) if places.any() else 1.0


def _shown(values: NDArray[np.floating]) -> NDArray[np.float64]:
    positive = np.maximum(values, 0).astype(np.float64)
    return np.asarray(positive / (positive.max() or 1.0), dtype=np.float64)
