"""From modality values to grey levels (PS3.3 C.11.2), the twin of the browser's ``geometry/grey-levels.ts``.

``tests/fixtures/grey_levels.json`` holds both languages to the same numbers.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from imaging.dicom.frame_facts import VoiChoice, VoiFunction

if TYPE_CHECKING:
    from numpy.typing import NDArray

_PERCENTILES: Final = (0.5, 99.5)
_LEAST_WIDTH: Final = 1e-6
_MOST_VALUES: Final = 1 << 20


@dataclass(frozen=True, slots=True)
class GreyWindow:
    """A window in modality values (PS3.3 C.11.2.1.2)."""

    center: float
    width: float
    function: VoiFunction = "LINEAR"


@dataclass(frozen=True, slots=True)
class GreyTable:
    """A VOI lookup table (PS3.3 C.11.2.1.1).

    Attributes:
        first: the modality value of the first entry.
        levels: ``[n]`` float32, each entry from 0 (black) to 1 (white).
    """

    first: int
    levels: NDArray[np.float32]


GreyLevels = GreyWindow | GreyTable


def levels_of(how: GreyLevels, values: NDArray[Any]) -> NDArray[np.float64]:
    """Return the levels of modality values, 0 (black) to 1 (white), before polarity; NaN is black."""
    if isinstance(how, GreyTable):
        known = np.nan_to_num(np.rint(values), nan=how.first, posinf=2**31, neginf=-(2**31))
        at = np.clip(known.astype(np.int64) - how.first, 0, len(how.levels) - 1)
        return np.where(np.isnan(values), 0.0, how.levels[at].astype(np.float64))
    exact = np.asarray(values, np.float64)
    width = max(how.width, _LEAST_WIDTH)
    if how.function == "SIGMOID":
        level = 1 / (1 + np.exp(np.clip(-4 * (exact - how.center) / width, -700, 700)))
    elif how.function == "LINEAR" and width >= 1:
        low = how.center - 0.5 - (width - 1) / 2
        level = (exact - low) / (width - 1) if width > 1 else (exact > low).astype(np.float64)
    else:
        # A LINEAR width below 1 has no meaning in the standard; writers of small-slope images mean the exact window.
        level = (exact - how.center) / width + 0.5
    return np.asarray(np.nan_to_num(np.clip(level, 0, 1), nan=0.0), np.float64)


def window_of(choice: VoiChoice) -> GreyWindow | None:
    """Return the window that an image offers, None where it is a table."""
    if choice.center is None or choice.width is None:
        return None
    return GreyWindow(choice.center, choice.width, choice.function)


def found_window(frames: Iterable[NDArray[Any]]) -> GreyWindow:
    """Return the window from the 0.5th to the 99.5th percentile of the values of some frames; NaN is no image."""
    kept = []
    for values in frames:
        known = values[np.isfinite(values)]
        kept.append(known[:: known.size // _MOST_VALUES + 1])
    shown = np.concatenate(kept) if kept else np.empty(0)
    if shown.size == 0:
        return GreyWindow(0.5, 1.0, "LINEAR_EXACT")
    low, high = (float(bound) for bound in np.percentile(shown, _PERCENTILES))
    if high <= low:
        low, high = float(shown.min()), float(shown.max())
    return GreyWindow((low + high) / 2, max(high - low, _LEAST_WIDTH), "LINEAR_EXACT")
