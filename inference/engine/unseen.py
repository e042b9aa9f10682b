"""Intervals of means that hold on few patients: one more is thought of, who was not seen and is as bad as can be.

Each patient gets a random share of the weight (the Bayesian bootstrap), and so does the unseen one: the lower bound
takes them for the worst there could be, the upper bound for the best. For shares of patients this is exactly the
interval of Clopper and Pearson (1934); for means of anything bounded it is the bound of Gaffke (2005, "Three test
statistics for a nonparametric one-sided hypothesis on the mean of a nonnegative variable"), for which no distribution
is known that breaks it. Nothing is certain after n patients: what none of them shows may still be true of 3.7 in n.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import cached_property
from typing import Final

import numpy as np

from inference.engine.statistics import Array, Interval

EACH: Final = 0.025
"""Chance of error on either side of an interval."""
DRAWS: Final = 2000


class Weights:
    """Random weights of the patients behind some cases, and of one that was not seen.

    Args:
        patients: of each case, [N]; the cases of one patient come together.
        draws: how many.
        seed: the same patients get the same weights.
    """

    def __init__(self, patients: Sequence[str], *, draws: int = DRAWS, seed: int = 0) -> None:
        self.names, self.member = np.unique(np.asarray(patients), return_inverse=True)
        self._shape, self._seed = (draws, len(self.names) + 1), seed

    @cached_property
    def _drawn(self) -> Array:
        """Weights that are not yet divided by their sum: [draws, patients and the unseen one]."""
        return np.random.default_rng(self._seed).standard_exponential(self._shape)

    def mean(
        self, values: Array, lowest: float, highest: float, *, each: float = EACH
    ) -> tuple[float, Interval] | None:
        """Return the mean of the cases' values and its interval; None where no value is known.

        Args:
            values: [N], or [L, N] for several of each case; NaN is left out.
            lowest: the least that a value could be.
            highest: the most.
            each: chance of error on either side.
        """
        values = np.atleast_2d(values)
        known = np.isfinite(values)
        if not known.any():
            return None
        sums = self.by_patient(np.where(known, values, 0.0).sum(axis=0))
        counts = self.by_patient(known.sum(axis=0).astype(float))
        there = counts > 0
        size = counts[there].mean()
        drawn, unseen = self._drawn[:, :-1], self._drawn[:, -1]
        drawn = drawn if there.all() else drawn[:, there]
        total, weight = drawn @ sums[there], drawn @ counts[there] + unseen * size
        low = np.quantile((total + unseen * size * lowest) / weight, each)
        high = np.quantile((total + unseen * size * highest) / weight, 1 - each)
        return float(sums.sum() / counts.sum()), (float(low), float(high))

    def mean_of_means(
        self, rows: Sequence[Array], lowest: float, highest: float, *, each: float = EACH
    ) -> tuple[float, Interval]:
        """Return the mean of several means, each of its own cases, and its interval.

        Args:
            rows: [N] each, NaN is left out; something is known in every one.
            lowest: the least that a value could be. The patient who was not seen is so in every row.
            highest: the most.
            each: chance of error on either side.
        """
        value, low, high = 0.0, np.zeros(len(self._drawn)), np.zeros(len(self._drawn))
        for row in rows:
            known = np.isfinite(row)
            sums, counts = self.by_patient(np.where(known, row, 0.0)), self.by_patient(known.astype(float))
            unseen = self._drawn[:, -1] * counts[counts > 0].mean()
            total, weight = self._drawn[:, :-1] @ sums, self._drawn[:, :-1] @ counts + unseen
            value += float(sums.sum() / counts.sum()) / len(rows)
            low += (total + unseen * lowest) / weight / len(rows)
            high += (total + unseen * highest) / weight / len(rows)
        return value, (float(np.quantile(low, each)), float(np.quantile(high, 1 - each)))

    def by_patient(self, values: Array) -> Array:
        """Return the sum of the cases' values for each patient."""
        return np.asarray(np.bincount(self.member, weights=values, minlength=len(self.names)), dtype=np.float64)

    def unseen_share(self) -> Array:
        """Return the unseen patient's share of the whole weight, [draws]."""
        return np.asarray(self._drawn[:, -1] / self._drawn.sum(axis=1))

    def of_unseen(self) -> Array:
        """Return the weight of the unseen patient beside ``of_cases``, [draws]."""
        return np.asarray(self._drawn[:, -1])

    def of_cases(self) -> Array:
        """Return the seen patients' weights for each case, [draws, N]: for figures that are no means."""
        return np.asarray(self._drawn[:, :-1][:, self.member])


def fewest(margin: float) -> int:
    """Return how many patients show that a harm which none of them shows is rarer than ``margin``."""
    return math.ceil(math.log(EACH) / math.log1p(-margin)) if 0 < margin < 1 else 1
