"""The small statistics the reports and the gate stand on: intervals, ROC, DeLong, the patient-cluster bootstrap."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Interval = tuple[float, float]

Z95 = NormalDist().inv_cdf(0.975)


def wilson(successes: float, n: float) -> Interval | None:
    """Return the 95 % interval of a proportion (Wilson 1927), or None where n is 0."""
    if n <= 0:
        return None
    p, z2 = successes / n, Z95**2
    centre = (p + z2 / (2 * n)) / (1 + z2 / n)
    half = Z95 * np.sqrt(p * (1 - p) / n + z2 / (4 * n * n)) / (1 + z2 / n)
    return max(0.0, float(centre - half)), min(1.0, float(centre + half))


def auc_of(scores: NDArray[np.floating], truth: NDArray[np.floating]) -> float | None:
    """Return the area under the ROC curve, or None where a state is missing; NaN in ``truth`` is left out."""
    known = ~np.isnan(truth)
    scores, truth = scores[known], truth[known]
    positive, negative = scores[truth > 0.5], scores[truth <= 0.5]
    if not len(positive) or not len(negative):
        return None
    ranks = midranks(np.concatenate([positive, negative]).astype(np.float64))
    m, n = len(positive), len(negative)
    return float((ranks[:m].sum() - m * (m + 1) / 2) / (m * n))


def midranks(values: Array) -> Array:
    """Return the ranks from 1, ties sharing the mean of theirs."""
    _, inverse, counts = np.unique(values, return_inverse=True, return_counts=True)
    last = np.cumsum(counts)
    return np.asarray((last - (counts - 1) / 2)[inverse], dtype=np.float64)


def auc_interval(auc: float, variance: float, positives: int, negatives: int) -> Interval:
    """Return the 95 % interval of an AUC, on the logit scale so that it stays inside 0…1.

    At an AUC of exactly 1 or 0 the variance is 0 and says nothing; then the bound is the one at which the smaller
    class would still be ranked without a mistake in 2.5 % of samples.
    """
    fewer = max(1, min(positives, negatives))
    if auc >= 1.0:
        return float(0.025 ** (1 / fewer)), 1.0
    if auc <= 0.0:
        return 0.0, float(1 - 0.025 ** (1 / fewer))
    centre = np.log(auc / (1 - auc))
    half = Z95 * np.sqrt(variance) / (auc * (1 - auc))
    low, high = 1 / (1 + np.exp(-(centre - half))), 1 / (1 + np.exp(-(centre + half)))
    return float(low), float(high)


def cluster_weights(patients: Sequence[str], replicates: int, seed: int) -> Array:
    """Draw patients with replacement.

    Returns:
        float64 [replicates, N]: how often each case is in the replicate; cases of one patient come together.
    """
    names, member = np.unique(np.asarray(patients), return_inverse=True)
    rng = np.random.default_rng(seed)
    counts = rng.multinomial(len(names), np.full(len(names), 1 / len(names)), size=replicates)
    return np.asarray(counts[:, member], dtype=np.float64)


def weighted_auc(scores: Array, truth: Array, weights: Array) -> Array:
    """Return the AUC in each replicate.

    Args:
        scores: [N].
        truth: [N], 1, 0 or NaN (left out).
        weights: [R, N].

    Returns:
        [R]; NaN where a replicate lacks a state.
    """
    known = ~np.isnan(truth)
    scores, truth, weights = scores[known], truth[known], weights[:, known]
    if not len(scores):
        return np.full(len(weights), np.nan)
    order = np.argsort(scores, kind="stable")
    starts = np.flatnonzero(np.concatenate([[True], np.diff(scores[order]) != 0]))
    weights, truth = weights[:, order], truth[order]
    positive = np.add.reduceat(weights * (truth > 0.5), starts, axis=1)
    negative = np.add.reduceat(weights * (truth <= 0.5), starts, axis=1)
    below = np.cumsum(negative, axis=1) - negative / 2
    pairs = positive.sum(axis=1) * negative.sum(axis=1)
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray(np.where(pairs > 0, (positive * below).sum(axis=1) / pairs, np.nan))


def percentile_interval(replicates: Array) -> Interval | None:
    """Return the middle 95 % of the replicates, or None where fewer than half of them have a value."""
    usable = replicates[np.isfinite(replicates)]
    if len(usable) < max(10, len(replicates) / 2):
        return None
    low, high = np.percentile(usable, (2.5, 97.5))
    return float(low), float(high)


def roc_points(scores: Array, truth: Array, most: int = 200) -> list[dict[str, float | None]]:
    """Return the ROC curve from (0, 0) to (1, 1): threshold (None at the start), false and true positive rate."""
    order = np.argsort(-scores, kind="stable")
    scores, truth = scores[order], truth[order]
    last = np.flatnonzero(np.concatenate([np.diff(scores) != 0, [True]]))
    true = np.cumsum(truth > 0.5)[last] / max(1, (truth > 0.5).sum())
    false = np.cumsum(truth <= 0.5)[last] / max(1, (truth <= 0.5).sum())
    chosen = np.arange(len(last))
    if len(chosen) > most:
        chosen = np.unique(np.linspace(0, len(last) - 1, most).round().astype(int))
    points: list[dict[str, float | None]] = [{"threshold": None, "false_positive_rate": 0.0, "true_positive_rate": 0.0}]
    points.extend(
        {
            "threshold": float(scores[last[c]]),
            "false_positive_rate": float(false[c]),
            "true_positive_rate": float(true[c]),
        }
        for c in chosen
    )
    return points


def expected_calibration_error(
    probabilities: Array, truth: Array, weights: Array | None = None, bins: int = 10
) -> Array:
    """Return the ECE (Naeini 2015) with bins of equal width.

    Args:
        probabilities: [N], 0…1.
        truth: [N], 1, 0 or NaN (left out).
        weights: [R, N], or None for the cases as they are.
        bins: how many.

    Returns:
        [R], or [1] without weights; NaN where there is no case.
    """
    known = ~np.isnan(truth)
    probabilities, truth = probabilities[known], truth[known]
    weights = np.ones((1, len(truth))) if weights is None else weights[:, known]
    member = np.minimum((probabilities * bins).astype(int), bins - 1)
    gaps = np.eye(bins)[member] * (probabilities - truth)[:, None]
    gap = np.abs(weights @ gaps).sum(axis=1)
    total = weights.sum(axis=1)
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray(np.where(total > 0, gap / total, np.nan))
