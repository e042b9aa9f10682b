"""Does the answer hang on what a map marks? The strongest places are blurred away first, or brought back first.

Deletion and insertion (Petsiuk 2018): the mean probability on the way, low for a faithful map when it is blurred away.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import torch
from numpy.typing import NDArray

from inference.engine.question import Question

_CELLS: Final = 16
_STEPS: Final = 16
#: Random orders that a map's order is compared with.
_RANDOM_ORDERS: Final = 3

Order = NDArray[np.intp]


@dataclass(frozen=True)
class Removal:
    """Mean probability of the label while places are blurred away, and while they are brought back."""

    deletion: float
    insertion: float


def removal(question: Question, order: Order) -> Removal:
    """Blur the cells of a frame away in an order, and bring them back in it.

    Args:
        question: about a label.
        order: numbers of the cells (of ``cells_of``), the first to go first.
    """
    cells = torch.from_numpy(cells_of(question)).to(question.tensor.device)
    # The padding around a picture, cell -1, has the last rank: it stays as it is.
    rank = torch.full((_CELLS * _CELLS + 1,), _CELLS * _CELLS, device=cells.device)
    rank[torch.from_numpy(order).to(cells.device)] = torch.arange(_CELLS * _CELLS, device=cells.device)
    ranks, padding = rank[cells][None], (cells < 0)[None]
    first = [ranks < _CELLS * _CELLS * step // _STEPS for step in range(_STEPS + 1)]
    image, blurred = question.tensor[0], question.blurred[0]
    away = [torch.where(mask, blurred, image) for mask in first]
    back = [torch.where(mask | padding, image, blurred) for mask in first]
    said = question.probability(question.logits(torch.stack(away + back)))
    return Removal(_mean_on_the_way(said[: len(away)]), _mean_on_the_way(said[len(away) :]))


def order_of(values: NDArray[np.floating], question: Question) -> Order:
    """Return the cells of a map [H, W], the strongest first; those that are equal, as where nothing is, at random."""
    cells = cells_of(question)
    inside = cells >= 0
    counts = np.bincount(cells[inside], minlength=_CELLS * _CELLS)
    strength = np.bincount(cells[inside], np.maximum(values, 0)[inside], _CELLS * _CELLS) / np.maximum(counts, 1)
    chance = np.random.default_rng(0).permutation(_CELLS * _CELLS)
    return np.lexsort((chance, -strength))


def random_removal(question: Question) -> Removal:
    """Return the mean over a few random orders of the same cells."""
    lots = np.random.default_rng(0)
    tried = [removal(question, lots.permutation(_CELLS * _CELLS)) for _ in range(_RANDOM_ORDERS)]
    return Removal(float(np.mean([one.deletion for one in tried])), float(np.mean([one.insertion for one in tried])))


def cells_of(question: Question) -> NDArray[np.intp]:
    """Return the number of the cell that each pixel of the prepared frame lies in, [H, W]; -1 in the padding."""
    part = question.prepared.geometry.inside()
    rows, columns = (np.arange(one.stop - one.start) * _CELLS // (one.stop - one.start) for one in part)
    cells = np.full(question.shape, -1, dtype=np.intp)
    cells[part] = rows[:, None] * _CELLS + columns[None, :]
    return cells


def _mean_on_the_way(said: NDArray[np.float64]) -> float:
    return float(np.trapezoid(said) / (len(said) - 1))
