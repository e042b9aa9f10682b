"""Whether a classifier's outlines lie on the places that readers marked: lesion localisation, as in FROC studies.

A marked place is a connected part of what was marked of a label. An outline lies on it where the middle of its box
does; any other outline lies beside. See Chakraborty, Observer Performance Methods for Diagnostic Imaging (2017).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import floor

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from inference.engine.results import Region


@dataclass(frozen=True)
class PlaceScore:
    """How the outlines of one label lie in one case.

    Args:
        marked: how many places are marked; 0 where the label is known to be absent.
        found: on how many of them an outline lies.
        outlines: how many there are.
        on: how many of these lie on a marked place.
    """

    marked: int
    found: int
    outlines: int
    on: int


def score_places(regions: Sequence[Region], marked_kji: NDArray[np.bool_]) -> PlaceScore:
    """Count the marked places of one case and the outlines on them.

    Args:
        regions: the outlines of one label.
        marked_kji: bool [K, J, I], all that was marked of it; empty where the label is known to be absent.
    """
    parts, count = ndimage.label(marked_kji, np.ones((3, 3, 3)))
    under = [int(parts[_middle(region, marked_kji.shape)]) for region in regions]
    return PlaceScore(
        marked=count, found=len(set(under) - {0}), outlines=len(under), on=sum(place > 0 for place in under)
    )


def _middle(region: Region, shape: tuple[int, ...]) -> tuple[int, int, int]:
    left, top, right, bottom = region.box
    row, column = floor((top + bottom) / 2 + 0.5), floor((left + right) / 2 + 0.5)
    return region.frame, min(max(row, 0), shape[1] - 1), min(max(column, 0), shape[2] - 1)
