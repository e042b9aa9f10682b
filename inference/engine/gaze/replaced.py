"""What stands where a region of a prepared picture was: its neighbourhood, or another picture's pixels."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

Picture = NDArray[np.float32]
Region = NDArray[np.bool_]
#: The neighbourhood that is drawn into a region is smoothed by this share of its width.
_SMOOTH: Final = 0.2


def painted_over(picture: Picture, region: Region) -> Picture:
    """Draw what lies around a region into it: of each place the nearest pixel outside, smoothed.

    Args:
        picture: [C, H, W].
        region: [H, W].
    """
    if not region.any() or region.all():
        return picture
    rows, columns = np.nonzero(region)
    around = max(4, int(np.hypot(np.ptp(rows), np.ptp(columns)) / 4))
    box = (
        slice(max(0, rows.min() - around), rows.max() + around + 1),
        slice(max(0, columns.min() - around), columns.max() + around + 1),
    )
    part = region[box]
    if part.all():
        return picture
    depth, nearest = ndimage.distance_transform_edt(part, return_indices=True)
    sigma = max(1.0, _SMOOTH * 2 * float(depth.max()))
    found = picture.copy()
    for channel in found:
        filled = channel[box][tuple(nearest)]
        channel[box] = np.where(part, ndimage.gaussian_filter(filled, sigma, mode="nearest"), channel[box])
    return found


def taken_from(picture: Picture, region: Region, other: Picture) -> Picture:
    """Put another picture's pixels where a region is; [C, H, W] both."""
    return np.where(region[None], other, picture)
