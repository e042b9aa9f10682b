"""What a model's boxes of one label are in one case, beside the true ones; which are hits, and of what."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final, Self

import numpy as np
from numpy.typing import NDArray

from inference.engine.boxes import Box, as_boxes, centred_in, overlaps

#: What became of a box: beside every true one, the first on one, or another one on what was found already.
BESIDE: Final = 0
FOUND: Final = 1
AGAIN: Final = 2


@dataclass(frozen=True)
class BoxScore:
    """Boxes of one label in one case, in the image's own pixels (``inference.engine.boxes``).

    A box hits where its centre lies in a true one, as in LUNA16 (Setio 2017). Better boxes come first; a further one on
    what was found already is neither a hit nor false.

    Args:
        truth: the true ones; none where the label is known to be absent.
        said: those of the model, the best first.
        scores: their probabilities, 0…1.
    """

    truth: tuple[Box, ...]
    said: tuple[Box, ...]
    scores: tuple[float, ...]

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> Self:
        """Read what ``asdict`` wrote."""
        truth, said = ([tuple(map(float, one)) for one in values[name]] for name in ("truth", "said"))
        return cls(tuple(truth), tuple(said), tuple(map(float, values["scores"])))  # type: ignore[arg-type]

    @cached_property
    def outcome(self) -> NDArray[np.int64]:
        """What became of each box, [N]: ``BESIDE``, ``FOUND`` or ``AGAIN``."""
        said, truth = as_boxes(self.said), as_boxes(self.truth)
        return _outcome(centred_in(said, truth), overlaps(said, truth))

    def outcome_at(self, least: float) -> NDArray[np.int64]:
        """Return the same where a box hits by an overlap of at least ``least``: ``AGAIN`` is then as good as beside."""
        overlap = overlaps(as_boxes(self.said), as_boxes(self.truth))
        return _outcome(overlap >= least, overlap)

    def found(self, threshold: float) -> int:
        """Return how many true boxes are hit by boxes that reach a threshold."""
        return int(((self.outcome == FOUND) & (np.array(self.scores) >= threshold)).sum())

    def beside(self, threshold: float) -> int:
        """Return how many boxes that reach a threshold are false."""
        return int(((self.outcome == BESIDE) & (np.array(self.scores) >= threshold)).sum())


def _outcome(hits: NDArray[np.bool_], overlap: NDArray[np.float64]) -> NDArray[np.int64]:
    taken = np.zeros(hits.shape[1], np.bool_)
    found = np.zeros(len(hits), np.int64)
    for number, row in enumerate(hits):
        free = row & ~taken
        if free.any():
            taken[int(np.where(free, overlap[number], -1.0).argmax())] = True
            found[number] = FOUND
        elif row.any():
            found[number] = AGAIN
    return found
