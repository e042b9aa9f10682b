"""The regions that a picture is divided into: its border, its corners, what is outside the body, and the rest."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from inference.engine.outside_body import LEAST, air_of

Region = NDArray[np.bool_]
#: How broad the border is, and how long the side of a corner, as a share of the picture's side.
BORDER: Final = 0.08
CORNER: Final = 0.2
#: What lies in the air and is smaller than this share of the picture is no part of the body.
_ISLAND: Final = 0.05


def edge_regions(shape: tuple[int, int], part: tuple[slice, ...]) -> dict[str, Region]:
    """Return border, corners and all but these of the part of a prepared picture that is no padding, [H, W] each."""
    rows, columns = (one.stop - one.start for one in part)
    j, i = np.mgrid[0:rows, 0:columns]
    high, wide = max(1, round(rows * BORDER)), max(1, round(columns * BORDER))
    tall, broad = max(1, round(rows * CORNER)), max(1, round(columns * CORNER))
    top, bottom, left, right = j < tall, j >= rows - tall, i < broad, i >= columns - broad
    inner = {
        "border": (j < high) | (j >= rows - high) | (i < wide) | (i >= columns - wide),
        "top_left": top & left,
        "top_right": top & right,
        "bottom_left": bottom & left,
        "bottom_right": bottom & right,
    }
    inner["edge"] = np.any(list(inner.values()), axis=0)
    inner["centre"] = ~inner["edge"]
    found = {}
    for name, region in inner.items():
        found[name] = np.zeros(shape, np.bool_)
        found[name][part] = region
    return found


def outside_body(grey: NDArray[np.floating], part: tuple[slice, ...], marks: Region) -> Region:
    """Return what of a prepared picture is no body: the air, what lies in it alone, and burned-in marks; [H, W].

    Args:
        grey: [H, W].
        part: of it, what is picture and no padding.
        marks: burned-in letters and markers.
    """
    air = air_of(grey, part)
    found = marks & ~air
    if air[part].mean() >= LEAST:
        found |= air
        inner = ~air[part]
        parts, _ = ndimage.label(inner)
        sizes = np.bincount(parts.ravel())
        sizes[0] = 0
        islands = sizes < min(_ISLAND * inner.size, sizes.max(initial=0))
        islands[0] = False
        found[part] |= islands[parts]
    return found


def equal_places(region: Region, body: Region, part: tuple[slice, ...], draws: int, seed: int) -> list[Region]:
    """Draw places of a region's own shape elsewhere in the body.

    Args:
        region: [H, W].
        body: [H, W], where they may lie; a tenth of a place may lie beside it.
        part: what is picture.
        draws: at most so many.
        seed: the same seed draws the same.
    """
    rows, columns = np.nonzero(region)
    if not len(rows):
        return []
    lots = np.random.default_rng(seed)
    downs = (part[0].start - rows.min(), part[0].stop - 1 - rows.max())
    rights = (part[1].start - columns.min(), part[1].stop - 1 - columns.max())
    kept = ndimage.binary_dilation(region)
    found: list[Region] = []
    taken: set[tuple[int, int]] = set()
    for _ in range(_TRIES):
        down, right = int(lots.integers(downs[0], downs[1] + 1)), int(lots.integers(rights[0], rights[1] + 1))
        there = rows + down, columns + right
        if (down, right) in taken or kept[there].any() or body[there].mean() < 0.9:
            continue
        taken.add((down, right))
        place = np.zeros(region.shape, np.bool_)
        place[there] = True
        found.append(place)
        if len(found) == draws:
            break
    return found


_TRIES: Final = 300
