"""How often a case is drawn and how much each of its statements then counts, label by label."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from inference.engine.sample import Sample, trust_of

#: How much more often than the commonest a case comes because its states are rare; what is rarer still is not.
_MOST = 10.0


@dataclass(frozen=True, eq=False)
class Draws:
    """What an epoch is drawn by.

    A case is drawn as often as the one of its statements that asks for most. What the others did not ask for is
    taken back in their weights, so that in expectation ``draws × factor`` of each (case, label) is what was wanted
    of that label alone: a case that comes three times for one label teaches its other labels once.

    Args:
        cases: float64 [N], above 0, relative to each other.
        labels: float32 [N, L], factor of the loss of each label; 0 where nothing is known.
        places: float32 [N, L], the same for the loss of where it is.
    """

    cases: NDArray[np.float64]
    labels: NDArray[np.float32]
    places: NDArray[np.float32]


def draws_of(samples: Sequence[Sample], labels: Sequence[str], emphasis: NDArray[np.float64]) -> Draws:
    """Return how often each case is drawn and the factors that go with it.

    Args:
        samples: of the training split.
        labels: of the model, in its order.
        emphasis: float64 [N, L], how often the recipe wants the statement of a label drawn (rare states, marked
            cases), relative to the others; at most ten times the smallest. Not a number where nothing is known.
    """
    known = np.isfinite(emphasis)
    least = float(emphasis[known].min()) if known.any() else 1.0
    base = np.minimum(np.where(known, emphasis, least) / least, _MOST)
    weights = np.array([trust_of(sample, labels) for sample in samples])
    drawn = np.array([[sample.draws.get(label, 1.0) for label in labels] for sample in samples], dtype=np.float64)
    asked = np.array([[s.rejected_draws if label in s.rejected else 0.0 for label in labels] for s in samples])
    marked = np.array([[sample.regions.get(label) is not None for label in labels] for sample in samples])
    of_labels = np.where(known, base * drawn, 0.0)
    of_places = np.maximum(of_labels, _balanced(base * np.minimum(asked, 1.0), base * asked, of_labels * marked))
    wanted = of_places.max(axis=1)
    cases = np.where(wanted > 0, wanted, 1.0)
    return Draws(
        cases,
        np.asarray(weights * of_labels / cases[:, None], dtype=np.float32),
        np.asarray(weights * of_places / cases[:, None], dtype=np.float32),
    )


def _balanced(
    once: NDArray[np.float64], asked: NDArray[np.float64], marked: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Return how often the places of each label come, so that marked ones together come as often as rejected ones.

    An epoch has so many draws: what comes twice takes another's place. Rejected places come more than once only as far
    as the marked ones of their label come as often; where even once is more than those, those come more often, at
    most ten times. A label without marked places has nothing to lose: its rejected ones come as asked.

    Args:
        once, asked: [N, L], draws of the rejected places, at least and as was asked for.
        marked: [N, L], draws of the marked places for their label's answer.
    """
    least, most, seen = once.sum(axis=0), asked.sum(axis=0), marked.sum(axis=0)
    together = np.where(seen > 0, np.maximum(least, np.minimum(most, seen)), most)
    share = (together - least) / np.maximum(most - least, 1e-9)
    again = np.clip(together / np.maximum(seen, 1e-9), 1.0, _MOST)
    return np.asarray(np.maximum(once + share * (asked - once), marked * again), dtype=np.float64)
