"""The questions of the gate about a family's first model: there is nothing to compare it with, only floors."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from inference.engine.auc_change import mean_auc
from inference.engine.case_result import CaseResult, columns, dices
from inference.engine.criteria import calibration_error
from inference.engine.gate_plan import GatePlan
from inference.engine.pairs import METRIC_NAMES, Metric
from inference.engine.report import Criterion
from inference.engine.statistics import Interval
from inference.engine.unseen import Weights
from inference.engine.verdict import at_least, at_most


def first_model(
    cases: Sequence[CaseResult],
    labels: tuple[str, ...],
    metric: Metric,
    weights: Weights,
    plan: GatePlan,
    patients: int,
) -> list[Criterion]:
    floor = plan.auc_floor if metric == "auc" else plan.dice_floor
    name = METRIC_NAMES[metric]
    title = f"{name} above {floor:g}"
    if not labels:
        sentence = f"Cannot tell: {patients} test patients are too few to judge any label."
        return [Criterion("floor", title, "required", None, None, None, floor, sentence)]
    value, interval = _alone(cases, labels, metric, weights)
    above = at_least(interval, floor)
    ends = {
        True: ": better than chance." if metric == "auc" and floor >= 0.5 else ".",
        False: ": below it.",
        None: ": not shown to be above it.",
    }
    sentence = f"The {name} is {value:.3f}, between {interval[0]:.3f} and {interval[1]:.3f}{ends[above]}"
    criteria = [Criterion("floor", title, "required", above, value, interval, floor, sentence)]
    if len(labels) > 1:
        criteria += [_label(cases, label, metric, weights, floor) for label in labels]
    if metric == "auc":
        criteria.append(_calibration(cases, labels, weights, plan))
    return criteria


def _label(cases: Sequence[CaseResult], label: str, metric: Metric, weights: Weights, floor: float) -> Criterion:
    value, interval = _alone(cases, (label,), metric, weights)
    passed = at_least(interval, floor)
    words = {True: "Above the floor", False: "Below the floor", None: "Cannot tell"}
    title, sentence = f"{METRIC_NAMES[metric]} of {label}", f"{words[passed]}: {value:.3f}."
    return Criterion(f"label:{label}", title, "told", passed, value, interval, floor, sentence)


def _calibration(cases: Sequence[CaseResult], labels: tuple[str, ...], weights: Weights, plan: GatePlan) -> Criterion:
    value, interval = calibration_error([columns(cases, label) for label in labels], weights)
    return Criterion(
        "calibration",
        f"Calibration error at most {plan.ece_floor:g}",
        "required" if plan.calibration == "required" else "told",
        at_most(interval, plan.ece_floor),
        value,
        interval,
        plan.ece_floor,
        f"The calibration error is {value:.3f}, between {interval[0]:.3f} and {interval[1]:.3f}.",
    )


def _alone(
    cases: Sequence[CaseResult], labels: Sequence[str], metric: Metric, weights: Weights
) -> tuple[float, Interval]:
    """Return one model's metric over labels, and its interval."""
    if metric == "dice":
        found = weights.mean(np.stack([dices(cases, label) for label in labels]), 0.0, 1.0)
        assert found is not None
        return found
    answers = [columns(cases, label) for label in labels]
    return mean_auc([one[0] for one in answers], [one[1] for one in answers], [case.patient_key for case in cases])
