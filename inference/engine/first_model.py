"""The questions of the gate about a family's first model: there is nothing to compare it with, only floors."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from inference.engine.case_result import CaseResult, columns, dices
from inference.engine.gate_plan import GatePlan
from inference.engine.pairs import METRIC_NAMES, Metric
from inference.engine.report import Criterion
from inference.engine.statistics import (
    Array,
    Interval,
    auc_interval,
    delong,
    expected_calibration_error,
    percentile_interval,
    weighted_auc,
)
from inference.engine.verdict import at_least


def first_model(
    cases: Sequence[CaseResult],
    labels: tuple[str, ...],
    metric: Metric,
    weights: Array,
    plan: GatePlan,
    patients: int,
) -> list[Criterion]:
    floor = plan.auc_floor if metric == "auc" else plan.dice_floor
    title = f"{METRIC_NAMES[metric]} above {floor:g}"
    if not labels:
        sentence = f"Cannot tell: {patients} test patients are too few to judge any label."
        return [Criterion("floor", title, "required", None, None, None, floor, sentence)]
    values, replicates, each = [], [], []
    for label in labels:
        value, own, interval = _alone(cases, label, metric, weights)
        values.append(value)
        replicates.append(own)
        passed = at_least(interval, floor)
        words = {True: "Above the floor", False: "Below the floor", None: "Cannot tell"}
        each.append(
            Criterion(
                f"label:{label}",
                f"{METRIC_NAMES[metric]} of {label}",
                "told",
                passed,
                value,
                interval,
                floor,
                f"{words[passed]}: {value:.3f}.",
            )
        )
    value = float(np.mean(values))
    interval = each[0].interval if len(each) == 1 else percentile_interval(np.mean(replicates, axis=0))
    above = interval is not None and interval[0] > floor
    sentence = (
        f"The {METRIC_NAMES[metric]} is {value:.3f}"
        + (f", between {interval[0]:.3f} and {interval[1]:.3f}" if interval else "")
        + (": better than chance." if above and metric == "auc" else "." if above else ": not shown to be above it.")
    )
    criteria = [Criterion("floor", title, "required", above, value, interval, floor, sentence)]
    if len(each) > 1:
        criteria += each
    if metric == "auc":
        ece = float(np.mean([expected_calibration_error(*columns(cases, label))[0] for label in labels]))
        interval = percentile_interval(
            np.mean([expected_calibration_error(*columns(cases, label), weights) for label in labels], axis=0)
        )
        fine = True if ece <= plan.ece_floor else False if interval and interval[0] > plan.ece_floor else None
        criteria.append(
            Criterion(
                "calibration",
                f"Calibration error at most {plan.ece_floor:g}",
                "told",
                fine,
                ece,
                interval,
                plan.ece_floor,
                f"The calibration error is {ece:.3f}.",
            )
        )
    return criteria


def _alone(
    cases: Sequence[CaseResult], label: str, metric: Metric, weights: Array
) -> tuple[float, Array, Interval | None]:
    """Return one model's metric, its replicates and its interval."""
    if metric == "dice":
        dice = dices(cases, label)
        there = np.isfinite(dice)
        with np.errstate(invalid="ignore", divide="ignore"):
            replicates = np.asarray((weights[:, there] @ dice[there]) / weights[:, there].sum(axis=1))
        return float(dice[there].mean()), replicates, percentile_interval(replicates)
    probabilities, truth = columns(cases, label)
    replicates = weighted_auc(probabilities, truth, weights)
    known = ~np.isnan(truth)
    aucs, covariance = delong(probabilities[None, known], truth[known])
    auc, positives = float(aucs[0]), int((truth[known] == 1).sum())
    single = len({case.patient_key for case in cases}) == len(cases)
    if single or auc in (0.0, 1.0):
        return auc, replicates, auc_interval(auc, float(covariance[0, 0]), positives, int(known.sum()) - positives)
    return auc, replicates, percentile_interval(replicates)
