"""Numbers with their 95 % interval, as reports keep them."""

from __future__ import annotations

import numpy as np

from inference.engine.report import Figure, Method
from inference.engine.statistics import Array, percentile_interval, wilson


def figure(value: float | None, interval: tuple[float, float] | None, method: Method) -> Figure:
    """Put a figure together."""
    return Figure(value=value, interval=interval, method=method)


def mean_of(values: Array, weights: Array) -> Array:
    """Return the mean of the values that are there in each replicate, [R].

    Args:
        values: [N], NaN where there is none.
        weights: [R, N].
    """
    there = np.isfinite(values)
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray((weights[:, there] @ values[there]) / weights[:, there].sum(axis=1))


def mean_figure(values: Array, weights: Array) -> Figure:
    """Return the mean of the values that are there, with the bootstrap's interval; none where all are the same.

    Every replicate of equal values is equal too, and would promise certainty.
    """
    found = ratio_figure(values, np.where(np.isfinite(values), 1.0, np.nan), weights)
    there = values[np.isfinite(values)]
    alike = len(there) > 0 and bool((there == there[0]).all())
    return figure(found.value, None, found.method) if alike else found


def ratio_figure(parts: Array, wholes: Array, weights: Array) -> Figure:
    """Return the sum of the parts over the sum of the wholes, with the bootstrap's interval.

    Args:
        parts: [N], e.g. how many lesions of a case were found; NaN where there are none.
        wholes: [N], e.g. how many it has.
        weights: [R, N], of the patient-cluster bootstrap.
    """
    there = np.isfinite(parts) & np.isfinite(wholes)
    if not there.any() or wholes[there].sum() <= 0:
        return figure(None, None, "patient_bootstrap")
    with np.errstate(invalid="ignore", divide="ignore"):
        replicates = np.asarray((weights[:, there] @ parts[there]) / (weights[:, there] @ wholes[there]))
    return bootstrapped(np.array([parts[there].sum() / wholes[there].sum()]), replicates)


def share_figure(parts: Array, wholes: Array, weights: Array) -> Figure:
    """Return the share of the wholes, with the bootstrap's interval; where it is all or none, by Wilson over the cases.

    Args:
        parts, wholes, weights: as of ``ratio_figure``.
    """
    share = ratio_figure(parts, wholes, weights)
    if share.value in (0.0, 1.0):
        some = int((wholes > 0).sum())
        return figure(share.value, wilson(share.value * some, some), "wilson")
    return share


def proportion(right: Array, weights: Array | None) -> Figure:
    """Return a share of cases: by Wilson, or by the bootstrap where patients have several cases.

    Args:
        right: [N], 1 or 0.
        weights: [R, N], or None where every patient has one case.
    """
    if not len(right):
        return figure(None, None, "wilson")
    value, interval = float(right.mean()), wilson(right.sum(), len(right))
    # At 0 or 1 every replicate is the same and would promise certainty.
    if weights is None or value in (0.0, 1.0):
        return figure(value, interval, "wilson")
    return figure(value, percentile_interval(mean_of(right, weights)), "patient_bootstrap")


def bootstrapped(value: Array, replicates: Array) -> Figure:
    """Return a value [1] with the interval of its replicates [R]."""
    number = float(value[0])
    if not np.isfinite(number):
        return figure(None, None, "patient_bootstrap")
    return figure(number, percentile_interval(replicates), "patient_bootstrap")
