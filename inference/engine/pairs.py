"""Two models on the same cases: their differences, paired, and the bootstrap they share."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from inference.engine.case_result import CaseResult, columns, dices
from inference.engine.errors import DataError
from inference.engine.statistics import Z95, Array, Interval, auc_of, delong, percentile_interval, weighted_auc

Metric = Literal["auc", "dice"]
METRIC_NAMES: dict[Metric, str] = {"auc": "ROC AUC", "dice": "Dice"}


@dataclass(frozen=True)
class Pairs:
    """Both models on the same cases, and the bootstrap they share."""

    champion: Sequence[CaseResult]
    challenger: Sequence[CaseResult]
    labels: tuple[str, ...]
    metric: Metric
    weights: Array
    single: bool  # one case for each patient

    def difference(self, label: str) -> tuple[float, Array]:
        """Return the difference of the metric and its replicates."""
        if self.metric == "auc":
            old, truth = columns(self.champion, label)
            new, _ = columns(self.challenger, label)
            was, now = auc_of(old, truth), auc_of(new, truth)
            assert was is not None
            assert now is not None
            return now - was, weighted_auc(new, truth, self.weights) - weighted_auc(old, truth, self.weights)
        gain = dices(self.challenger, label) - dices(self.champion, label)
        there = np.isfinite(gain)
        with np.errstate(invalid="ignore", divide="ignore"):
            replicates = (self.weights[:, there] @ gain[there]) / self.weights[:, there].sum(axis=1)
        return float(gain[there].mean()), np.asarray(replicates)

    def interval(self, label: str, difference: float, replicates: Array) -> Interval | None:
        """Return the interval of one label's difference: DeLong where every patient has one case."""
        if self.metric == "auc" and self.single:
            old, truth = columns(self.champion, label)
            new, _ = columns(self.challenger, label)
            known = ~np.isnan(truth)
            _, covariance = delong(np.stack([old[known], new[known]]), truth[known])
            variance = float(covariance[0, 0] + covariance[1, 1] - 2 * covariance[0, 1])
            half = Z95 * math.sqrt(max(0.0, variance))
            return difference - half, difference + half
        return percentile_interval(replicates)


def pair(
    champion: Sequence[CaseResult],
    challenger: Sequence[CaseResult],
    labels: tuple[str, ...],
    metric: Metric,
    weights: Array,
) -> Pairs:
    """Put the results of both models side by side; raises DataError where cases or truths differ."""
    by_id = {case.case_id: case for case in champion}
    if set(by_id) != {case.case_id for case in challenger} or len(by_id) != len(champion):
        raise DataError("cases_differ", "The two models were not asked about the same cases.")
    aligned = [by_id[case.case_id] for case in challenger]
    for old, new in zip(aligned, challenger, strict=True):
        if any(old.truth.get(label) != new.truth.get(label) for label in labels if label in old.probabilities):
            raise DataError("truth_differs", "The two models were compared with different truths.")
    known = tuple(label for label in labels if all(label in case.probabilities for case in aligned))
    single = len({case.patient_key for case in challenger}) == len(challenger)
    return Pairs(aligned, challenger, known, metric, weights, single)


def mean_difference(pairs: Pairs) -> tuple[float, Interval | None] | None:
    """Return the mean difference over the judged labels and its interval."""
    if not pairs.labels:
        return None
    differences = [pairs.difference(label) for label in pairs.labels]
    value = float(np.mean([difference for difference, _ in differences]))
    if len(pairs.labels) == 1:
        return value, pairs.interval(pairs.labels[0], *differences[0])
    return value, percentile_interval(np.mean([replicates for _, replicates in differences], axis=0))
