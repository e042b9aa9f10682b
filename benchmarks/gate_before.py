"""The intervals that the gate had at first: what the present ones are measured beside."""

from __future__ import annotations

import numpy as np

from inference.engine.case_result import columns
from inference.engine.pairs import Pairs
from inference.engine.statistics import Z95, Array, cluster_weights, midranks, percentile_interval, weighted_auc


def delong(scores: Array, truth: Array) -> tuple[Array, Array]:
    """Return the AUCs of several score columns on the same cases and their covariance.

    Args:
        scores: [M, N], one row for each model.
        truth: [N], 1 or 0; both states occur.

    Returns:
        AUCs [M] and covariance [M, M] (DeLong 1988, by the ranks of Sun & Xu 2014).
    """
    positive, negative = scores[:, truth > 0.5], scores[:, truth <= 0.5]
    m, n = positive.shape[1], negative.shape[1]
    whole = np.stack([midranks(row) for row in np.concatenate([positive, negative], axis=1)])
    own_positive = np.stack([midranks(row) for row in positive])
    own_negative = np.stack([midranks(row) for row in negative])
    aucs = (whole[:, :m].sum(axis=1) - m * (m + 1) / 2) / (m * n)
    above = (whole[:, :m] - own_positive) / n  # for each positive: the share of negatives below it
    below = 1 - (whole[:, m:] - own_negative) / m  # for each negative: the share of positives above it
    covariance = np.zeros((len(scores), len(scores)))
    if m > 1:
        covariance += np.atleast_2d(np.cov(above)) / m
    if n > 1:
        covariance += np.atleast_2d(np.cov(below)) / n
    return aucs, covariance


def raw_auc_passed(pairs: Pairs, margin: float) -> bool:
    """Judge by the intervals before these: DeLong as it is, or the percentiles of the patient bootstrap."""
    old, truth = columns(pairs.champion, "a")
    new, _ = columns(pairs.challenger, "a")
    if len(set(pairs.patients)) == len(pairs.patients):
        aucs, covariance = delong(np.stack([old, new]), truth)
        variance = float(covariance[0, 0] + covariance[1, 1] - 2 * covariance[0, 1])
        return bool(aucs[1] - aucs[0] - Z95 * np.sqrt(max(0.0, variance)) >= -margin)
    weights = cluster_weights(pairs.patients, 500, 0)
    interval = percentile_interval(weighted_auc(new, truth, weights) - weighted_auc(old, truth, weights))
    return interval is not None and interval[0] >= -margin


def mean_passed_before(values: np.ndarray, patients: list[str], margin: float) -> bool:
    """The same of a mean of changes, which had the percentiles of the bootstrap."""
    weights = cluster_weights(patients, 500, 0)
    interval = percentile_interval((weights @ values) / weights.sum(axis=1))
    return interval is not None and interval[0] >= -margin
