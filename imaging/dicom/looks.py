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
    from collections.abc import Iterator

    from numpy.typing import NDArray

#: Raise it when the same pixels give other bits.
REVISION: Final = 1
BITS: Final = 256
#: Pictures that differ in at most so many bits are shown to a person.
NEAR: Final = 24
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


@lru_cache(maxsize=1)
def _cosines() -> NDArray[np.float64]:
    """Return the slow waves of a line of ``_SIDE`` pixels, ``[wave, pixel]`` (DCT-II)."""
    wave, pixel = np.mgrid[:_WAVES, :_SIDE]
    waves: NDArray[np.float64] = np.cos(np.pi * wave * (2 * pixel + 1) / (2 * _SIDE))
    return waves


#: Of so many tables, each with so many of the bits as its key, one at least finds nearly every near pair.
_TABLES, _KEY_BITS = 128, 16


def near_pairs(bits: list[str], nearest: int = NEAR) -> list[tuple[int, int, int]]:
    """Return pairs of pictures that differ in at most ``nearest`` bits: (place, later place, bits that differ).

    Only pictures that agree in all bits of one table's key are compared, so the time grows far slower than the square
    of their number; a pair within ``NEAR`` bits is missed less than once in a million times.

    Args:
        bits: from ``picture_bits``, none empty.
    """
    if len(bits) < 2:
        return []
    table = np.frombuffer(bytes.fromhex("".join(bits)), np.uint8).reshape(len(bits), BITS // 8)
    words = np.ascontiguousarray(table).view(np.uint64)
    apart = np.unpackbits(table, axis=1)
    found: dict[tuple[int, int], int] = {}
    for chosen in _keys():
        key = apart[:, chosen] @ (1 << np.arange(_KEY_BITS, dtype=np.int64))
        for one, other in _neighbours(key):
            differing = np.bitwise_count(words[one] ^ words[other]).sum(axis=1, dtype=np.int64)
            near = differing <= nearest
            pairs = zip(one[near].tolist(), other[near].tolist(), differing[near].tolist(), strict=True)
            found |= {(min(a, b), max(a, b)): bits_apart for a, b, bits_apart in pairs}
    return [(*pair, bits_apart) for pair, bits_apart in sorted(found.items())]


@lru_cache(maxsize=1)
def _keys() -> NDArray[np.int64]:
    """Return which bits are each table's key, ``[table, bit]``: drawn once, the same everywhere."""
    lots = np.random.default_rng(20261126)
    return np.array([lots.choice(np.arange(1, BITS), _KEY_BITS, replace=False) for _ in range(_TABLES)])


def _neighbours(key: NDArray[np.int64]) -> Iterator[tuple[NDArray[np.int64], NDArray[np.int64]]]:
    """Yield the places of all pairs with equal keys, each pair once."""
    order = np.argsort(key, kind="stable")
    ordered = key[order]
    for step in range(1, len(key)):
        equal = np.flatnonzero(ordered[step:] == ordered[:-step])
        if not len(equal):
            return
        yield order[equal], order[equal + step]
