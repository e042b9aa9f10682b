"""The gate before a promotion: is the challenger really no worse, and better in something that was declared?

Both models answered the same locked cases; all differences are challenger minus champion and paired. A model that is
truly worse wins the rule "higher wins" on 100 patients about one time in five; that is why intervals decide here.
Where the cases are too few, the answer is "cannot tell" (null), never a silent pass.

Schema ``overread-gate/1``::

    {"schema", "passed": bool, "sentence", "patients", "cases", "metric": "auc" | "dice", "plan": {...},
     "criteria": [{"id", "title", "required": bool, "passed": true | false | null, "value", "interval", "limit",
                   "sentence"}],
     "power": {"patients", "patients_needed" | null, "sentence"}}
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import NormalDist
from typing import Any, Literal, Self

import numpy as np

from inference.engine.case_result import CaseResult, columns, dices
from inference.engine.errors import ConfigError, DataError
from inference.engine.statistics import (
    Z95,
    Array,
    Interval,
    auc_interval,
    auc_of,
    cluster_weights,
    delong,
    expected_calibration_error,
    patients_needed,
    percentile_interval,
    weighted_auc,
    wilson,
)


@dataclass(frozen=True, kw_only=True)
class GatePlan:
    """The limits of the gate, declared before the training (the change plan).

    Args:
        margin: how much lower the main metric may truly be.
        benefit: "superior": the metric must be higher; "more_labels": 10 % more reviewed labels count as well.
        negative_flip_limit: share of decisions that were right and become wrong.
        calibration_margin: how much higher the calibration error may be.
        subgroup_margin: how much wider the gap between subgroups may become.
        smallest: positive and negative patients (or cases with a mask) a label needs to be judged.
        auc_floor: a first model's AUC must be above it.
        dice_floor: a first segmentation's Dice must be above it.
        ece_floor: a first model's calibration error must not be above it.

    Raises:
        ConfigError: a value is out of its range.
    """

    margin: float = 0.05
    benefit: Literal["superior", "more_labels"] = "more_labels"
    negative_flip_limit: float = 0.02
    calibration_margin: float = 0.03
    subgroup_margin: float = 0.10
    smallest: int = 10
    auc_floor: float = 0.5
    dice_floor: float = 0.3
    ece_floor: float = 0.15

    def __post_init__(self) -> None:
        for field in dataclasses.fields(self):
            value = getattr(self, field.name)
            if field.name == "benefit":
                holds = value in ("superior", "more_labels")
            elif field.name == "smallest":
                holds = type(value) is int and 2 <= value <= 10_000
            else:
                holds = type(value) in (int, float) and 0 <= value <= 1
            if not holds:
                raise ConfigError(
                    "gate_plan_value", f"The change plan's {field.name} is out of its range.", name=field.name
                )

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> Self:
        """Read a plan; what is not named takes its default.

        Raises:
            ConfigError: an unknown name or a value out of range.
        """
        unknown = sorted(set(values) - {field.name for field in dataclasses.fields(cls)})
        if unknown:
            raise ConfigError(
                "gate_plan_unknown_name", f"The change plan knows no {', '.join(unknown)}.", names=unknown
            )
        return cls(**values)

    def to_json(self) -> dict[str, Any]:
        """Return it as JSON values."""
        return dataclasses.asdict(self)


@dataclass(frozen=True)
class _Criterion:
    id: str
    title: str
    required: bool
    passed: bool | None
    value: float | None
    interval: Interval | None
    limit: float | None
    sentence: str

    def to_json(self) -> dict[str, Any]:
        return {**dataclasses.asdict(self), "interval": None if self.interval is None else list(self.interval)}


@dataclass(frozen=True)
class _Pairs:
    """Both models on the same cases, and the bootstrap they share."""

    champion: Sequence[CaseResult]
    challenger: Sequence[CaseResult]
    labels: tuple[str, ...]
    metric: Literal["auc", "dice"]
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


def compare(
    champion: Sequence[CaseResult] | None,
    challenger: Sequence[CaseResult],
    *,
    labels: Sequence[str],
    champion_thresholds: Mapping[str, float] | None = None,
    challenger_thresholds: Mapping[str, float],
    plan: GatePlan | None = None,
    reviewed_labels: tuple[int, int] | None = None,
    groups: Sequence[str] = (),
    replicates: int = 1000,
    seed: int = 0,
) -> dict[str, Any]:
    """Decide whether a challenger may take the champion's place; a person still has to do it.

    Args:
        champion: results of the live model on the locked cases, or None where there is none yet.
        challenger: results of the new model on the same cases.
        labels: of the challenger.
        champion_thresholds: of the champion's decisions; needed with a champion.
        challenger_thresholds: of the challenger's decisions.
        plan: the declared limits.
        reviewed_labels: how many reviewed labels the champion and the challenger were trained on.
        groups: dimensions of the subgroups.
        replicates: of the bootstrap.
        seed: of the bootstrap.

    Returns:
        The gate's report as JSON values; see the module for its schema.

    Raises:
        DataError: no cases, or the two were not asked about the same cases with the same truth.
    """
    plan = plan or GatePlan()
    if not challenger:
        raise DataError("no_test_cases", "There are no test cases to compare on.")
    weights = cluster_weights([case.patient_key for case in challenger], replicates, seed)
    metric: Literal["auc", "dice"] = "dice" if any(case.segmentation for case in challenger) else "auc"
    patients = len({case.patient_key for case in challenger})
    judged = tuple(label for label in labels if _enough(challenger, label, metric, plan))
    if champion is None:
        criteria = _first_model(challenger, judged, metric, weights, plan, patients)
    else:
        pairs = _pair(champion, challenger, judged, metric, weights)
        criteria = [
            _non_inferior(pairs, plan),
            _benefit(pairs, plan, reviewed_labels),
            *(_label(pairs, label, plan) for label in judged if len(judged) > 1),
        ]
        if metric == "auc":
            thresholds = champion_thresholds or {}
            both = [label for label in labels if label in thresholds]
            criteria += [
                _flips(pairs, both, thresholds, challenger_thresholds, plan),
                _calibration(pairs, plan),
            ]
            criteria += [_subgroup(pairs, both, thresholds, challenger_thresholds, d, plan) for d in groups]
        else:
            criteria += [_subgroup_dice(pairs, dimension, plan) for dimension in groups]
    passed = all(c.passed is True for c in criteria if c.required) and not any(c.passed is False for c in criteria)
    power = _power(criteria[0], patients, plan)
    return {
        "schema": "overread-gate/1",
        "passed": passed,
        "sentence": _verdict(passed, criteria, power),
        "patients": patients,
        "cases": len(challenger),
        "metric": metric,
        "first": champion is None,
        "judged_labels": list(judged),
        "plan": plan.to_json(),
        "criteria": [criterion.to_json() for criterion in criteria],
        "power": power,
    }


def _enough(cases: Sequence[CaseResult], label: str, metric: str, plan: GatePlan) -> bool:
    if metric == "dice":
        there = {case.patient_key for case, dice in zip(cases, dices(cases, label), strict=True) if np.isfinite(dice)}
        return len(there) >= plan.smallest
    _, truth = columns(cases, label)
    states = [{c.patient_key for c, y in zip(cases, truth, strict=True) if y == state} for state in (1.0, 0.0)]
    return min(map(len, states)) >= plan.smallest


def _pair(
    champion: Sequence[CaseResult],
    challenger: Sequence[CaseResult],
    labels: tuple[str, ...],
    metric: Literal["auc", "dice"],
    weights: Array,
) -> _Pairs:
    by_id = {case.case_id: case for case in champion}
    if set(by_id) != {case.case_id for case in challenger} or len(by_id) != len(champion):
        raise DataError("cases_differ", "The two models were not asked about the same cases.")
    aligned = [by_id[case.case_id] for case in challenger]
    for old, new in zip(aligned, challenger, strict=True):
        if any(old.truth.get(label) != new.truth.get(label) for label in labels if label in old.probabilities):
            raise DataError("truth_differs", "The two models were compared with different truths.")
    known = tuple(label for label in labels if all(label in case.probabilities for case in aligned))
    single = len({case.patient_key for case in challenger}) == len(challenger)
    return _Pairs(aligned, challenger, known, metric, weights, single)


def _main(pairs: _Pairs) -> tuple[float, Interval | None] | None:
    """Return the mean difference over the judged labels and its interval."""
    if not pairs.labels:
        return None
    differences = [pairs.difference(label) for label in pairs.labels]
    value = float(np.mean([difference for difference, _ in differences]))
    if len(pairs.labels) == 1:
        return value, pairs.interval(pairs.labels[0], *differences[0])
    return value, percentile_interval(np.mean([replicates for _, replicates in differences], axis=0))


def _non_inferior(pairs: _Pairs, plan: GatePlan) -> _Criterion:
    title = f"{_name(pairs.metric)} not lower by more than {plan.margin:g}"
    main = _main(pairs)
    if main is None or main[1] is None:
        sentence = (
            f"Cannot tell: no label has {plan.smallest} positive and {plan.smallest} negative test patients."
            if pairs.metric == "auc"
            else f"Cannot tell: no label has {plan.smallest} test patients with a mask."
        )
        return _Criterion("non_inferior", title, True, None, main and main[0], main and main[1], -plan.margin, sentence)
    value, interval = main[0], main[1]
    passed = interval[0] >= -plan.margin
    sentence = (
        f"The difference is {value:+.3f}; with 95 % confidence between {interval[0]:+.3f} and {interval[1]:+.3f}, "
        + ("above" if passed else "so a true value below")
        + f" the limit of {-plan.margin:+.3f}"
        + ("." if passed else " is not excluded.")
    )
    return _Criterion("non_inferior", title, True, passed, value, interval, -plan.margin, sentence)


def _benefit(pairs: _Pairs, plan: GatePlan, reviewed: tuple[int, int] | None) -> _Criterion:
    main = _main(pairs)
    value, interval = main if main is not None else (None, None)
    higher = interval is not None and interval[0] > 0
    grown = plan.benefit == "more_labels" and reviewed is not None and reviewed[1] >= 1.1 * max(1, reviewed[0])
    if higher and value is not None:
        passed: bool | None = True
        sentence = f"The {_name(pairs.metric)} is higher: {value:+.3f}, with an interval above 0."
    elif grown and reviewed is not None:
        passed = True
        sentence = f"It learned from {reviewed[1]} reviewed labels instead of {reviewed[0]}."
    elif interval is None:
        passed, sentence = None, "Cannot tell whether it is better: too few test patients."
    else:
        passed, sentence = False, "Nothing is shown to be better, and it learned from no more reviewed labels."
    return _Criterion("benefit", "A declared benefit", True, passed, value, interval, 0.0, sentence)


def _label(pairs: _Pairs, label: str, plan: GatePlan) -> _Criterion:
    title = f"{_name(pairs.metric)} of {label}"
    if label not in pairs.labels:
        return _Criterion(f"label:{label}", title, False, None, None, None, None, "The live model does not know it.")
    value, replicates = pairs.difference(label)
    interval = pairs.interval(label, value, replicates)
    passed = _at_least(interval, -plan.margin)
    words = {True: "Not worse", False: "Worse", None: "Cannot tell whether it is worse"}
    return _Criterion(
        f"label:{label}", title, False, passed, value, interval, -plan.margin, f"{words[passed]}: {value:+.3f}."
    )


def _flips(
    pairs: _Pairs, labels: Sequence[str], old: Mapping[str, float], new: Mapping[str, float], plan: GatePlan
) -> _Criterion:
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
        return _Criterion(
            "negative_flips", title, False, None, None, None, plan.negative_flip_limit, "There is no known decision."
        )
    rate = flips / total
    passed = True if rate <= plan.negative_flip_limit else False if interval[0] > plan.negative_flip_limit else None
    words = {True: "Within the limit", False: "Over the limit", None: "Cannot tell: over the limit, by chance perhaps"}
    sentence = f"{words[passed]}: {flips} of {total} decisions were right and are wrong now."
    return _Criterion("negative_flips", title, False, passed, rate, interval, plan.negative_flip_limit, sentence)


def _calibration(pairs: _Pairs, plan: GatePlan) -> _Criterion:
    title = f"Calibration error not higher by more than {plan.calibration_margin:g}"
    if not pairs.labels:
        return _Criterion(
            "calibration",
            title,
            False,
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
    return _Criterion(
        "calibration",
        title,
        False,
        passed,
        value,
        interval,
        plan.calibration_margin,
        f"{words[passed]}: {value:+.3f}.",
    )


def _subgroup(
    pairs: _Pairs,
    labels: Sequence[str],
    old: Mapping[str, float],
    new: Mapping[str, float],
    dimension: str,
    plan: GatePlan,
) -> _Criterion:
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


def _subgroup_dice(pairs: _Pairs, dimension: str, plan: GatePlan) -> _Criterion:
    before, after, count = (np.zeros(len(pairs.challenger)) for _ in range(3))
    for label in pairs.labels:
        old, new = dices(pairs.champion, label), dices(pairs.challenger, label)
        there = np.isfinite(old) & np.isfinite(new)
        before += np.where(there, old, 0)
        after += np.where(there, new, 0)
        count += there
    return _gap(pairs, dimension, before, after, count, "Dice", plan)


def _gap(
    pairs: _Pairs, dimension: str, before: Array, after: Array, count: Array, what: str, plan: GatePlan
) -> _Criterion:
    title = f"Gap of the {what} between subgroups by {dimension.replace('_', ' ')}"
    values = sorted({case.groups[dimension] for case in pairs.challenger if dimension in case.groups})
    inside = {v: np.array([case.groups.get(dimension) == v for case in pairs.challenger]) for v in values}
    enough = [v for v in values if count[inside[v]].sum() >= plan.smallest]
    id_ = f"subgroup:{dimension}"
    if len(enough) < 2:
        sentence = f"Cannot tell: fewer than two subgroups have {plan.smallest} cases to judge by."
        return _Criterion(id_, title, False, None, None, None, plan.subgroup_margin, sentence)

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
    return _Criterion(id_, title, False, passed, now - was, interval, plan.subgroup_margin, sentence)


def _first_model(
    cases: Sequence[CaseResult],
    labels: tuple[str, ...],
    metric: Literal["auc", "dice"],
    weights: Array,
    plan: GatePlan,
    patients: int,
) -> list[_Criterion]:
    floor = plan.auc_floor if metric == "auc" else plan.dice_floor
    title = f"{_name(metric)} above {floor:g}"
    if not labels:
        sentence = f"Cannot tell: {patients} test patients are too few to judge any label."
        return [_Criterion("floor", title, True, None, None, None, floor, sentence)]
    values, replicates, each = [], [], []
    for label in labels:
        value, own, interval = _alone(cases, label, metric, weights)
        values.append(value)
        replicates.append(own)
        passed = _at_least(interval, floor)
        words = {True: "Above the floor", False: "Below the floor", None: "Cannot tell"}
        each.append(
            _Criterion(
                f"label:{label}",
                f"{_name(metric)} of {label}",
                False,
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
        f"The {_name(metric)} is {value:.3f}"
        + (f", between {interval[0]:.3f} and {interval[1]:.3f}" if interval else "")
        + (": better than chance." if above and metric == "auc" else "." if above else ": not shown to be above it.")
    )
    criteria = [_Criterion("floor", title, True, above, value, interval, floor, sentence)]
    if len(each) > 1:
        criteria += each
    if metric == "auc":
        ece = float(np.mean([expected_calibration_error(*columns(cases, label))[0] for label in labels]))
        interval = percentile_interval(
            np.mean([expected_calibration_error(*columns(cases, label), weights) for label in labels], axis=0)
        )
        fine = True if ece <= plan.ece_floor else False if interval and interval[0] > plan.ece_floor else None
        criteria.append(
            _Criterion(
                "calibration",
                f"Calibration error at most {plan.ece_floor:g}",
                False,
                fine,
                ece,
                interval,
                plan.ece_floor,
                f"The calibration error is {ece:.3f}.",
            )
        )
    return criteria


def _alone(
    cases: Sequence[CaseResult], label: str, metric: str, weights: Array
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


def _at_least(interval: Interval | None, limit: float) -> bool | None:
    """Return True above the limit, False below it, None where the interval spans it."""
    if interval is None:
        return None
    return True if interval[0] >= limit else False if interval[1] < limit else None


def _name(metric: str) -> str:
    return "ROC AUC" if metric == "auc" else "Dice"


def _power(main: _Criterion, patients: int, plan: GatePlan) -> dict[str, Any]:
    """Say how many patients would show that an equal model is not worse, from the interval that was seen."""
    if main.interval is None or main.id != "non_inferior":
        needed = patients_needed(plan.margin) if main.id == "non_inferior" else None
    else:
        error = (main.interval[1] - main.interval[0]) / (2 * Z95)
        factor = (Z95 + NormalDist().inv_cdf(0.8)) * error / plan.margin if plan.margin > 0 else math.inf
        needed = math.ceil(patients * factor**2) if math.isfinite(factor) else None
    sentence = f"The test set has {patients} patients."
    if needed is not None:
        sentence += f" About {max(needed, 2 * plan.smallest)} are needed to show, 4 times in 5, that an equal model is"
        sentence += f" not worse by {plan.margin:g}."
        needed = max(needed, 2 * plan.smallest)
    return {"patients": patients, "patients_needed": needed, "sentence": sentence}


def _verdict(passed: bool, criteria: Sequence[_Criterion], power: Mapping[str, Any]) -> str:
    open_ones = [c.title for c in criteria if c.passed is None]
    if passed:
        tail = f" Cannot be told with these cases: {'; '.join(open_ones)}." if open_ones else ""
        return "Passed." + tail
    failed = [c for c in criteria if c.passed is False]
    if failed:
        return "Refused. " + " ".join(c.sentence for c in failed)
    unsure = [c.sentence for c in criteria if c.required and c.passed is None]
    return "Cannot tell. " + " ".join([*unsure, str(power["sentence"])])
