"""Letters and markers that were burned into a picture: small, bright, sharp-edged, near a side or beside the body.

Simple on purpose: it needs no model, and knows no letter. A white top-hat leaves what is brighter than its
surroundings and narrower than a stroke; what stands out far enough, in one connected part of a marker's size, counts.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

#: Longer side of the picture that is searched; larger ones are made smaller first.
_SEARCHED: Final = 512
#: A stroke is narrower than this share of the shorter side.
_STROKE: Final = 0.05
#: It is brighter than its surroundings by this share of the picture's range, and as bright as its brightest parts.
_STANDS_OUT: Final = 0.27
_BRIGHT: Final = 0.55
#: A letter covers at least and at most this share of the picture, and its box no more than this share of a side.
_LEAST: Final = 0.0001
_MOST: Final = 0.02
_LONGEST: Final = 0.2
#: And by so many standard deviations of its surroundings.
_ABOVE_NOISE: Final = 2.0
#: Its middle lies within this share of a side: nobody puts a marker on the finding.
_NEAR: Final = 0.25
#: Edges of a letter are steep: the mean step across its rim, as a share of what it stands out by.
_STEEP: Final = 0.45


def burned_in(grey_ji: NDArray[np.floating]) -> NDArray[np.bool_]:
    """Return where letters and markers are burned in.

    Args:
        grey_ji: one frame, bright is dense, [J, I].

    Returns:
        bool [J, I]: the letters and a rim around them.
    """
    shape = grey_ji.shape
    step = max(1, -(-max(shape) // _SEARCHED))
    small = np.asarray(grey_ji[::step, ::step], dtype=np.float32)
    found = np.zeros(small.shape, np.bool_)
    low, high = np.percentile(small, (0.5, 99.9))
    if high <= low:
        return np.zeros(shape, np.bool_)
    scaled = np.clip((small - low) / (high - low), 0, 1)
    size = max(5, round(min(small.shape) * _STROKE) | 1)
    hat = ndimage.white_tophat(scaled, size=(size, size), mode="nearest")
    parts, count = ndimage.label((hat > _STANDS_OUT) & (scaled > _BRIGHT), structure=np.ones((3, 3)))
    for number, box in enumerate(ndimage.find_objects(parts), start=1):
        if box is not None and _is_letter(parts, number, box, scaled, size):
            found[box] |= parts[box] == number
    if not count or not found.any():
        return np.zeros(shape, np.bool_)
    wide = ndimage.binary_dilation(found, iterations=max(2, size // 4))
    return np.repeat(np.repeat(wide, step, axis=0), step, axis=1)[: shape[0], : shape[1]]


def _is_letter(
    parts: NDArray[np.int_], number: int, box: tuple[slice, ...], scaled: NDArray[np.float32], size: int
) -> bool:
    rows, columns = scaled.shape
    height, width = (one.stop - one.start for one in box)
    inside = parts[box] == number
    area = int(inside.sum())
    if not max(4, _LEAST * scaled.size) <= area <= _MOST * scaled.size:
        return False
    if max(height / rows, width / columns) > _LONGEST or min(height, width) < 2:
        return False
    middle = (box[0].start + box[0].stop) / 2 / rows, (box[1].start + box[1].stop) / 2 / columns
    if min(*middle, 1 - middle[0], 1 - middle[1]) > _NEAR:
        return False
    # A letter's edge is one step; a rib's or a vessel's is a slope.
    wide = tuple(slice(max(0, one.start - 2), one.stop + 2) for one in box)
    own = parts[wide] == number
    rim = ndimage.binary_dilation(own, iterations=2) & ~ndimage.binary_dilation(own)
    if not rim.any():
        return False
    grey = scaled[wide]
    around = (
        slice(max(0, box[0].start - size), box[0].stop + size),
        slice(max(0, box[1].start - size), box[1].stop + size),
    )
    beside = scaled[around][parts[around] != number]
    stands = float(grey[own].mean() - np.median(beside))
    return (
        stands > max(_STANDS_OUT, _ABOVE_NOISE * float(beside.std()))
        and float(grey[own].mean() - np.median(grey[rim])) > _STEEP * stands
    )
