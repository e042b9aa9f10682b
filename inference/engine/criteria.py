"""The questions of the gate about a challenger and the live model: each one sentence, an interval, and a limit."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from inference.engine.case_result import columns, dices
from inference.engine.gate_plan import GatePlan
from inference.engine.pairs import METRIC_NAMES, Pairs, mean_difference
from inference.engine.report import Criterion
from inference.engine.statistics import Array, expected_calibration_error, percentile_interval, wilson
from inference.engine.verdict import at_least


def non_inferior(pairs: Pairs, plan: GatePlan) -> Criterion:
    title = f"{METRIC_NAMES[pairs.metric]} not lower by more than {plan.margin:g}"
    main = mean_difference(pairs)
    if main is None or main[1] is None:
        sentence = (
            f"Cannot tell: no label has {plan.smallest} positive and {plan.smallest} negative test patients."
            if pairs.metric == "auc"
            else f"Cannot tell: no label has {plan.smallest} test patients with a mask."
        )
        return Criterion(
            "non_inferior", title, "required", None, main and main[0], main and main[1], -plan.margin, sentence
        )
    value, interval = main[0], main[1]
    passed = interval[0] >= -plan.margin
    sentence = (
        f"The difference is {value:+.3f}; with 95 % confidence between {interval[0]:+.3f} and {interval[1]:+.3f}, "
        + ("above" if passed else "so a true value below")
        + f" the limit of {-plan.margin:+.3f}"
        + ("." if passed else " is not excluded.")
    )
    return Criterion("non_inferior", title, "required", passed, value, interval, -plan.margin, sentence)


def benefit(pairs: Pairs, plan: GatePlan, reviewed: tuple[int, int] | None) -> Criterion:
    main = mean_difference(pairs)
    value, interval = main if main is not None else (None, None)
    higher = interval is not None and interval[0] > 0
    grown = plan.benefit == "more_labels" and reviewed is not None and reviewed[1] >= 1.1 * max(1, reviewed[0])
    if higher and value is not None:
        passed: bool | None = True
        sentence = f"The {METRIC_NAMES[pairs.metric]} is higher: {value:+.3f}, with an interval above 0."
    elif grown and reviewed is not None:
        passed = True
        sentence = f"It learned from {reviewed[1]} reviewed labels instead of {reviewed[0]}."
    elif interval is None:
        passed, sentence = None, "Cannot tell whether it is better: too few test patients."
    else:
        passed, sentence = False, "Nothing is shown to be better, and it learned from no more reviewed labels."
    return Criterion("benefit", "A declared benefit", "required", passed, value, interval, 0.0, sentence)


def label(pairs: Pairs, label: str, plan: GatePlan) -> Criterion:
    title = f"{METRIC_NAMES[pairs.metric]} of {label}"
    if label not in pairs.labels:
        return Criterion(f"label:{label}", title, "guard", None, None, None, None, "The live model does not know it.")
    value, replicates = pairs.difference(label)
    interval = pairs.interval(label, value, replicates)
    passed = at_least(interval, -plan.margin)
    words = {True: "Not worse", False: "Worse", None: "Cannot tell whether it is worse"}
    return Criterion(
        f"label:{label}", title, "guard", passed, value, interval, -plan.margin, f"{words[passed]}: {value:+.3f}."
    )


def flips(
    pairs: Pairs, labels: Sequence[str], old: Mapping[str, float], new: Mapping[str, float], plan: GatePlan
) -> Criterion:
    title = f"At most {plan.negative_flip_limit:.0%} of right decisions become wrong"
    flips = total = 0
    for label in labels:
        before, truth = columns(pairs.champion, label)
        after, _ = columns(pairs.challenger, label)
        known = ~np.isnan(truth) & ~np.isnan(before) & ~np.isnan(after)
        was = (before[known] >= old[label]) == (truth[known] > 0.5)
        now = (after[known] >= new[label]) == (truth[known] > 0.5)
        flips += int((was & ~now).sum())
        total += int(known.sum())
    interval = wilson(flips, total)
    if interval is None:
        return Criterion(
            "negative_flips", title, "guard", None, None, None, plan.negative_flip_limit, "There is no known decision."
        )
    rate = flips / total
    passed = True if rate <= plan.negative_flip_limit else False if interval[0] > plan.negative_flip_limit else None
    words = {True: "Within the limit", False: "Over the limit", None: "Cannot tell: over the limit, by chance perhaps"}
    sentence = f"{words[passed]}: {flips} of {total} decisions were right and are wrong now."
    return Criterion("negative_flips", title, "guard", passed, rate, interval, plan.negative_flip_limit, sentence)


def calibration(pairs: Pairs, plan: GatePlan) -> Criterion:
    title = f"Calibration error not higher by more than {plan.calibration_margin:g}"
    if not pairs.labels:
        return Criterion(
            "calibration",
            title,
            "guard",
            None,
            None,
            None,
            plan.calibration_margin,
            "Cannot tell: too few test patients.",
        )
    values, replicates = [], []
    for label in pairs.labels:
        old, truth = columns(pairs.champion, label)
        new, _ = columns(pairs.challenger, label)
        values.append(float((expected_calibration_error(new, truth) - expected_calibration_error(old, truth))[0]))
        replicates.append(
            expected_calibration_error(new, truth, pairs.weights)
            - expected_calibration_error(old, truth, pairs.weights)
        )
    value, interval = float(np.mean(values)), percentile_interval(np.mean(replicates, axis=0))
    passed = True if value <= plan.calibration_margin else None
    if passed is None and interval is not None and interval[0] > plan.calibration_margin:
        passed = False
    words = {True: "Not worse", False: "Worse", None: "Cannot tell: higher, by chance perhaps"}
    return Criterion(
        "calibration",
        title,
        "guard",
        passed,
        value,
        interval,
        plan.calibration_margin,
        f"{words[passed]}: {value:+.3f}.",
    )


def subgroup(
    pairs: Pairs,
    labels: Sequence[str],
    old: Mapping[str, float],
    new: Mapping[str, float],
    dimension: str,
    plan: GatePlan,
) -> Criterion:
    """Judge the gap of the sensitivities between the values of a dimension."""
    found_before, found_after, positives = (np.zeros(len(pairs.challenger)) for _ in range(3))
    for label in labels:
        before, truth = columns(pairs.champion, label)
        after, _ = columns(pairs.challenger, label)
        yes = truth == 1
        positives += yes
        found_before += yes & (before >= old[label])
        found_after += yes & (after >= new[label])
    return _gap(pairs, dimension, found_before, found_after, positives, "sensitivity", plan)


def subgroup_dice(pairs: Pairs, dimension: str, plan: GatePlan) -> Criterion:
    before, after, count = (np.zeros(len(pairs.challenger)) for _ in range(3))
    for label in pairs.labels:
        old, new = dices(pairs.champion, label), dices(pairs.challenger, label)
        there = np.isfinite(old) & np.isfinite(new)
        before += np.where(there, old, 0)
        after += np.where(there, new, 0)
        count += there
    return _gap(pairs, dimension, before, after, count, "Dice", plan)


def _gap(
    pairs: Pairs, dimension: str, before: Array, after: Array, count: Array, what: str, plan: GatePlan
) -> Criterion:
    title = f"Gap of the {what} between subgroups by {dimension.replace('_', ' ')}"
    values = sorted({case.groups[dimension] for case in pairs.challenger if dimension in case.groups})
    inside = {v: np.array([case.groups.get(dimension) == v for case in pairs.challenger]) for v in values}
    enough = [v for v in values if count[inside[v]].sum() >= plan.smallest]
    id_ = f"subgroup:{dimension}"
    if len(enough) < 2:
        sentence = f"Cannot tell: fewer than two subgroups have {plan.smallest} cases to judge by."
        return Criterion(id_, title, "guard", None, None, None, plan.subgroup_margin, sentence)

    def gap(weights: Array, hits: Array) -> Array:
        with np.errstate(invalid="ignore", divide="ignore"):
            rates = np.stack(
                [(weights[:, m] @ hits[m]) / (weights[:, m] @ count[m]) for m in (inside[v] for v in enough)]
            )
        return np.asarray(rates.max(axis=0) - rates.min(axis=0))

    ones = np.ones((1, len(count)))
    was, now = float(gap(ones, before)[0]), float(gap(ones, after)[0])
    interval = percentile_interval(gap(pairs.weights, after) - gap(pairs.weights, before))
    passed: bool | None = None
    if interval is not None and interval[1] <= plan.subgroup_margin:
        passed = True
    elif interval is not None and interval[0] > 0 and now - was > plan.subgroup_margin:
        passed = False
    left_out = len(values) - len(enough)
    words = {True: "Within the limit", False: "Beyond the limit", None: "Cannot tell, too few cases"}
    sentence = f"{words[passed]}: the gap goes from {was:.2f} to {now:.2f}" + (
        f"; {left_out} subgroups are too small to judge." if left_out else "."
    )
    return Criterion(id_, title, "guard", passed, now - was, interval, plan.subgroup_margin, sentence)
