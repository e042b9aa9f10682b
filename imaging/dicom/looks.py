"""What a picture looks like in 256 bits, so that near copies of it are found among thousands.

The bits say in which of the slow waves of the picture (the first 16 × 16 coefficients of a discrete cosine transform)
it is brighter than in half of them. Grey levels count by their rank only, so another window, another compression or
another size of the same picture has nearly the same bits, and two chests have not (decision 0028).
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from PIL import Image

if TYPE_CHECKING:
    from numpy.typing import NDArray

#: Raise it when the same pixels give other bits.
REVISION: Final = 1
BITS: Final = 256
#: Pictures that differ in at most so many bits are shown to a person.
NEAR: Final = 56
_SIDE, _WAVES = 64, 16
#: A picture with fewer grey levels than this, seen small, has nothing to be known by.
_PLAIN_LEVELS: Final = 8


def picture_bits(values_ji: NDArray[Any]) -> str:
    """Return the bits of a picture as 64 hexadecimal digits; empty for one that is plain all over.

    Args:
        values_ji: grey values ``[J, I]``, brighter is larger; NaN where there is no image.
    """
    values = np.asarray(values_ji, np.float32)
    seen = np.isfinite(values)
    if not seen.any():
        return ""
    values = np.where(seen, values, values[seen].min())
    small = np.asarray(Image.fromarray(values).resize((_SIDE, _SIDE), Image.Resampling.BOX), np.float32)
    levels, places = np.unique(small, return_inverse=True)
    if len(levels) < _PLAIN_LEVELS:
        return ""
    share = np.cumsum(np.bincount(places.ravel())) / small.size
    ranks = share[places.reshape(small.shape)] - 0.5
    waves = _cosines() @ ranks @ _cosines().T
    slow = waves.ravel()[1:]
    bits = np.concatenate([[0], slow > np.median(slow)]).astype(np.uint8)
    return np.packbits(bits).tobytes().hex()


def near_pairs(bits: list[str], nearest: int = NEAR) -> list[tuple[int, int, int]]:
    """Return pairs of pictures that differ in at most ``nearest`` bits: (place, later place, bits that differ).

    Every picture is compared with every other: 64 bits at a time that takes less than tables of keys would.

    Args:
        bits: from ``picture_bits``, none empty.
    """
    table = np.frombuffer(bytes.fromhex("".join(bits)), np.uint8).reshape(len(bits), BITS // 8)
    words = np.ascontiguousarray(table.view(np.uint64).T)
    found = []
    for one in range(len(bits) - 1):
        differing = np.zeros(len(bits) - one - 1, np.uint8)  # the first bit is always 0, so 255 is the most
        for word in words:
            differing += np.bitwise_count(word[one + 1 :] ^ word[one])
        found += [(one, one + 1 + int(step), int(differing[step])) for step in np.flatnonzero(differing <= nearest)]
    return found


@lru_cache(maxsize=1)
def _cosines() -> NDArray[np.float64]:
    """Return the slow waves of a line of ``_SIDE`` pixels, ``[wave, pixel]`` (DCT-II)."""
    wave, pixel = np.mgrid[:_WAVES, :_SIDE]
    waves: NDArray[np.float64] = np.cos(np.pi * wave * (2 * pixel + 1) / (2 * _SIDE))
    return waves
