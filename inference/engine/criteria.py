"""The questions of the gate about a challenger and the live model: each one sentence, an interval, and a limit."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np

from core.numbers import how_many
from inference.engine.case_result import columns, dices
from inference.engine.gate_plan import GatePlan, Role
from inference.engine.pairs import Pairs
from inference.engine.report import Criterion
from inference.engine.statistics import Array, Interval, expected_calibration_error
from inference.engine.unseen import EACH, Weights
from inference.engine.verdict import at_least, at_most

Thresholds = Mapping[str, float]


def non_inferior(pairs: Pairs, plan: GatePlan) -> Criterion:
    title = f"{pairs.grading.metric_name} not lower by more than {plan.margin:g}"
    main = pairs.difference(pairs.labels)
    if main is None:
        sentence = f"Cannot tell: no label has {pairs.grading.needs(plan)}."
        return Criterion("non_inferior", title, "required", None, None, None, -plan.margin, sentence)
    return change("non_inferior", title, "required", main, plan.margin)


class Reviewed(NamedTuple):
    """From how many reviewed labels the live model and the new one learned; of all, or of those decided one by one."""

    before: int
    now: int
    one_by_one: bool = False


def benefit(pairs: Pairs, plan: GatePlan, reviewed: Reviewed | None) -> Criterion:
    main = pairs.difference(pairs.labels)
    value, interval = main if main is not None else (None, None)
    passed: bool | None = None
    if interval is not None and value is not None and interval[0] > 0:
        passed = True
        sentence = f"The {pairs.grading.metric_name} is higher: {value:+.3f}, with an interval above 0."
    elif grown(plan, reviewed) and reviewed is not None:
        passed = True
        decided = " that a reviewer decided one by one" if reviewed.one_by_one else ""
        sentence = f"It learned from {reviewed.now} reviewed labels{decided} instead of {reviewed.before}."
    elif interval is None:
        sentence = "Cannot tell whether it is better: too few test patients."
    elif interval[1] <= 0:
        passed, sentence = False, f"It is shown not to be better: {value:+.3f}, with an interval below 0."
    else:
        sentence = "Nothing is shown to be better, and it learned from no more reviewed labels."
    return Criterion("benefit", "A declared benefit", "required", passed, value, interval, 0.0, sentence)


def grown(plan: GatePlan, reviewed: Reviewed | None) -> bool:
    """Whether more reviewed labels count as a benefit, and there are at least a tenth more."""
    return plan.benefit == "more_labels" and reviewed is not None and reviewed.now >= 1.1 * max(1, reviewed.before)


def label(pairs: Pairs, label: str, named: str, plan: GatePlan) -> Criterion:
    id_, title = f"label:{label}", f"{pairs.grading.metric_name} of {named}"
    found = pairs.difference([label]) if label in pairs.labels else None
    if found is None:
        return Criterion(id_, title, plan.labels, None, None, None, None, "The live model does not know it.")
    return change(id_, title, plan.labels, found, plan.margin)


def operating_point(
    pairs: Pairs, labels: Sequence[str], old: Thresholds, new: Thresholds, plan: GatePlan
) -> list[Criterion]:
    """Judge sensitivity and specificity of the decisions, each model at its own thresholds; labels are pooled."""
    asked = (
        ("sensitivity", "Sensitivity", 1.0, plan.sensitivity_margin),
        ("specificity", "Specificity", 0.0, plan.specificity_margin),
    )
    criteria = []
    for id_, name, state, margin in asked:
        title = f"{name} at the operating point not lower by more than {margin:g}"
        changes = pairs.decisions(labels, old, new, state) if labels else np.full((1, len(pairs.challenger)), np.nan)
        found = pairs.change(changes)
        if found is None:
            sentence = f"Cannot tell: no test case is known to be {'positive' if state else 'negative'}."
            criteria.append(Criterion(id_, title, "required", None, None, None, -margin, sentence))
            continue
        lost, won = int((changes == -1).sum()), int((changes == 1).sum())
        counted = f" Of {int(np.isfinite(changes).sum())} decisions {lost} became wrong and {won} right."
        criteria.append(change(id_, title, "required", found, margin, counted))
    return criteria


def flips(pairs: Pairs, labels: Sequence[str], old: Thresholds, new: Thresholds, plan: GatePlan) -> Criterion:
    limit = plan.negative_flip_limit
    title = f"At most {limit:.0%} of right decisions become wrong"
    turned = []
    for label in labels:
        was, now, _ = pairs.right(label, old, new)
        turned.append(np.where(was == 1, 1 - now, np.nan))
    found = pairs.weights.mean(np.stack(turned), 0.0, 1.0) if turned else None
    if found is None:
        sentence = "Cannot tell: the live model has made no right decision here."
        return Criterion("negative_flips", title, plan.flips, None, None, None, limit, sentence)
    rate, interval = found
    passed = at_most(interval, limit)
    words = {True: "Within the limit", False: "Over the limit", None: "Cannot tell"}
    sentence = (
        f"{words[passed]}: of {int(np.isfinite(np.stack(turned)).sum())} right decisions "
        f"{int(np.nansum(np.stack(turned)))} became wrong; the true share is between {_percents(interval)}."
    )
    return Criterion("negative_flips", title, plan.flips, passed, rate, interval, limit, sentence)


def calibration(pairs: Pairs, plan: GatePlan) -> Criterion:
    limit = plan.calibration_margin
    title = f"Calibration error not higher by more than {limit:g}"
    if not pairs.labels:
        sentence = "Cannot tell: too few test patients."
        return Criterion("calibration", title, plan.calibration, None, None, None, limit, sentence)
    old, new = (
        calibration_error([columns(cases, label) for label in pairs.labels], pairs.weights)
        for cases in (pairs.champion, pairs.challenger)
    )
    # Few cases raise any calibration error that is seen, and the smaller the true one is, the more: so the two
    # intervals are laid side by side and not one over the difference.
    value, interval = new[0] - old[0], (new[1][0] - old[1][1], new[1][1] - old[1][0])
    passed = at_most(interval, limit)
    words = {True: "Not worse", False: "Worse", None: "Cannot tell"}
    sentence = f"{words[passed]}: {value:+.3f}, between {interval[0]:+.3f} and {interval[1]:+.3f}."
    return Criterion("calibration", title, plan.calibration, passed, value, interval, limit, sentence)


def calibration_error(answers: Sequence[tuple[Array, Array]], weights: Weights) -> tuple[float, Interval]:
    """Return the mean calibration error over labels and an interval that does not call few cases well calibrated.

    Args:
        answers: for each label (probabilities [N], truth [N]).
        weights: of the patients.
    """
    every, unseen = weights.of_cases(), weights.unseen_share()
    value = float(np.mean([expected_calibration_error(*one)[0] for one in answers]))
    drawn = np.mean([expected_calibration_error(*one, every) for one in answers], axis=0)
    # The unseen patient may be called anything and be anything: the error moves by as much as they weigh.
    low = float(np.quantile((1 - unseen) * drawn - unseen, EACH))
    high = float(np.quantile((1 - unseen) * drawn + unseen, 1 - EACH))
    # Resampling raises the error once more, by about as much as the few cases did: taken off twice below, never above.
    return value, (max(0.0, min(low, 2 * value - high)), min(1.0, max(high, 2 * value - low)))


def subgroup(
    pairs: Pairs, labels: Sequence[str], old: Thresholds, new: Thresholds, dimension: str, plan: GatePlan
) -> Criterion:
    """Judge the sensitivity in each value of a dimension."""
    changes = pairs.decisions(labels, old, new, 1.0) if labels else np.full((1, len(pairs.challenger)), np.nan)
    return subgroups(pairs, dimension, changes, "sensitivity", plan)


def subgroup_dice(pairs: Pairs, dimension: str, plan: GatePlan) -> Criterion:
    """Judge the Dice in each value of a dimension."""
    gains = [dices(pairs.challenger, label) - dices(pairs.champion, label) for label in pairs.labels]
    changes = np.stack(gains) if gains else np.full((1, len(pairs.challenger)), np.nan)
    return subgroups(pairs, dimension, changes, "Dice", plan)


def subgroups(pairs: Pairs, dimension: str, changes: Array, what: str, plan: GatePlan) -> Criterion:
    """Pass where no subgroup is worse by more than the margin; refuse where one is shown to be."""
    name, id_ = dimension.replace("_", " "), f"subgroup:{dimension}"
    title = f"No subgroup by {name} loses more than {plan.subgroup_margin:g} of {what}"
    patients = np.array(pairs.patients)
    values = sorted({case.groups[dimension] for case in pairs.challenger if dimension in case.groups})
    inside = {v: np.array([case.groups.get(dimension) == v for case in pairs.challenger]) for v in values}
    known = np.isfinite(changes).any(axis=0)
    enough = [v for v in values if len(set(patients[inside[v] & known])) >= plan.smallest]
    if len(enough) < 2:
        sentence = (
            f"Cannot tell: fewer than two subgroups have {how_many(plan.smallest, 'patient', 'patients')} to judge by."
        )
        return Criterion(id_, title, plan.subgroups, None, None, None, -plan.subgroup_margin, sentence)
    judged, worst = [], None
    for value in enough:
        own = np.where(inside[value], changes, np.nan)
        found = pairs.change(own)
        # Of many subgroups one looks bad by chance: each refuses with its share of the error only.
        shown = pairs.change(own, each=EACH / len(enough))
        if found is None or shown is None:
            continue
        passed = True if at_least(found[1], -plan.subgroup_margin) else None
        judged.append(False if at_least(shown[1], -plan.subgroup_margin) is False else passed)
        if worst is None or found[1][0] < worst[1][1][0]:
            worst = (value, found)
    assert worst is not None
    answer = False if False in judged else None if None in judged else True
    words = {True: "Within the limit", False: "Beyond the limit", None: "Cannot tell"}
    value, (change, interval) = worst
    left_out = len(values) - len(enough)
    sentence = (
        f"{words[answer]}: the least sure is {value} with {change:+.3f}, between {interval[0]:+.3f} and "
        f"{interval[1]:+.3f}"
        + (f"; {how_many(left_out, 'subgroup is', 'subgroups are')} too small to judge." if left_out else ".")
    )
    return Criterion(id_, title, plan.subgroups, answer, change, interval, -plan.subgroup_margin, sentence)


def change(
    id_: str, title: str, role: Role, found: tuple[float, Interval], margin: float, counted: str = ""
) -> Criterion:
    """Judge a difference, new minus old, that may not be below the margin."""
    value, interval = found
    passed = at_least(interval, -margin)
    tails = {
        True: f"above the limit of {-margin:+.3f}.",
        False: f"below the limit of {-margin:+.3f}: it is worse.",
        None: f"so a true value below the limit of {-margin:+.3f} is not excluded.",
    }
    sentence = (
        f"The difference is {value:+.3f}; with 95 % confidence between {interval[0]:+.3f} and {interval[1]:+.3f}, "
        f"{tails[passed]}{counted}"
    )
    return Criterion(id_, title, role, passed, value, interval, -margin, sentence)


def _percents(interval: Interval) -> str:
    return f"{100 * interval[0]:.1f} % and {100 * interval[1]:.1f} %"
