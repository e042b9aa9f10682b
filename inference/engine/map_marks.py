"""Does a map point at the place that a reader marked? Of one map and one mark, on the image's own grid."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Place = tuple[int, int]


def peak_of(values_ji: NDArray[np.floating]) -> Place | None:
    """Return (row, column) of the strongest value, or None where nothing is above 0.

    Of several that are equally strong it is the one nearest to their middle: the first one of a flat top would always
    lie to the upper left.
    """
    top = values_ji.max()
    if top <= 0:
        return None
    rows, columns = np.nonzero(values_ji >= top)
    nearest = np.hypot(rows - rows.mean(), columns - columns.mean()).argmin()
    return int(rows[nearest]), int(columns[nearest])


def is_in(place: Place | None, mark_ji: NDArray[np.bool_]) -> bool:
    """Say whether a place lies in a mark: the pointing game (Zhang 2018), "hit rate" in CheXlocalize."""
    return place is not None and bool(mark_ji[place])


def energy_inside(values_ji: NDArray[np.floating], mark_ji: NDArray[np.bool_]) -> float:
    """Return the share of all that is above 0 that lies in the mark (Wang 2020); 0 where nothing is."""
    positive = np.maximum(values_ji, 0)
    whole = float(positive.sum(dtype=np.float64))
    return float(positive[mark_ji].sum(dtype=np.float64)) / whole if whole > 0 else 0.0
