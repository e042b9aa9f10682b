"""The gate's floor: is a model more than an answer that needs none, on the same cases?

Whoever says the same of everybody, or tosses a coin, has a sensitivity and a specificity that come to exactly 1; who
knows the scanner or the usual place of a structure may do better, and is measured.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

import numpy as np

from inference.engine.auc_change import auc_above
from inference.engine.case_result import CaseResult, TrivialResults, columns, dices
from inference.engine.gate_plan import Role
from inference.engine.mask_criteria import ANY_PAINT, decisions_of
from inference.engine.pairs import METRIC_NAMES, Metric
from inference.engine.report import SIMPLE_WORDS, TRIVIAL_WORDS, Criterion, SimpleName, TrivialName
from inference.engine.statistics import Array, Interval, auc_of
from inference.engine.unseen import Weights
from inference.engine.verdict import at_least

Names = Mapping[str, str]
WORDS: Final[Mapping[str, str]] = dict([*TRIVIAL_WORDS.items(), *SIMPLE_WORDS.items()])
_TELL: Final = "Tells who has something: sensitivity + specificity above 1"
_PAINT: Final = "Paint says who has something: sensitivity + specificity above 1"


def above_trivial(
    cases: Sequence[CaseResult],
    labels: Sequence[str],
    metric: Metric,
    trivial: TrivialResults,
    weights: Weights,
    role: Role,
    names: Names,
) -> list[Criterion]:
    """Ask whether the main metric is above the best answer that needs no model; nothing where none is told.

    Args:
        cases: of the model.
        labels: that are judged.
        metric: the main one.
        trivial: each answer's results on the same cases in the same order.
        weights: of the patients.
        role: what the answer decides.
        names: of the labels.
    """
    if not trivial:
        return []
    word = METRIC_NAMES[metric]
    title = f"{word} above the best answer that needs no model"
    best = {label: _best(label, metric, trivial) for label in labels}
    if not best or any(one is None for one in best.values()):
        lacks = "have a mask" if metric == "dice" else "have or lack a label"
        sentence = f"Cannot tell: too few test patients {lacks}."
        return [Criterion("trivial", title, role, None, None, None, 0.0, sentence)]
    found = {label: one for label, one in best.items() if one is not None}
    value, interval = _gain(cases, found, metric, trivial, weights)
    passed = at_least(interval, 0.0)
    ends = {True: "", False: ": it is worse", None: ": it is not shown to be higher"}
    named = "; ".join(
        f"{WORDS[name]}, {figure:.3f}" + (f" ({names.get(label, label)})" if len(labels) > 1 else "")
        for label, (name, figure) in found.items()
    )
    sentence = (
        f"The best answer without a model on these cases is {named}. The model's {word} differs by {value:+.3f}, "
        f"between {interval[0]:+.3f} and {interval[1]:+.3f}{ends[passed]}."
    )
    return [Criterion("trivial", title, role, passed, value, interval, 0.0, sentence)]


def tells(
    cases: Sequence[CaseResult], labels: Sequence[str], thresholds: Mapping[str, float], weights: Weights, role: Role
) -> list[Criterion]:
    """Ask of a first model whether its decisions say more than a coin: sensitivity + specificity above 1.

    The mean over the labels that have both states: of several labels together, saying of each what is most frequent
    would come to more than 1. Nothing is asked where no label has both.

    Args:
        cases: of the model.
        labels: that are judged.
        thresholds: of the decisions; of masks none: what is painted decides.
        weights: of the patients.
        role: what the answer decides.
    """
    painted = any(case.segmentation for case in cases)
    decided = decisions_of(cases, labels) if painted else cases
    rows: list[Array] = []
    for label in labels:
        said, truth = columns(decided, label)
        right = (said >= (ANY_PAINT if painted else thresholds[label])) == (truth > 0.5)
        both = [np.where((truth == state) & ~np.isnan(said), right, np.nan) for state in (1.0, 0.0)]
        if all(np.isfinite(row).any() for row in both):
            rows += both
    if not rows:
        return []
    (mean, (low, high)), found, clean = weights.mean_of_means(rows, 0.0, 1.0), _share(rows[::2]), _share(rows[1::2])
    value, interval = 2 * mean - 1, (2 * low - 1, 2 * high - 1)
    passed = at_least(interval, 0.0)
    ends = {True: "more than chance", False: "less than chance", None: "not shown to be more than chance"}
    sentence = (
        f"Painted in {found:.0%} of the cases with a mask, nothing painted in {clean:.0%} of the healthy ones"
        if painted
        else f"Sensitivity {found:.0%}, specificity {clean:.0%}"
    )
    over = " (means over the labels)" if len(rows) > 2 else ""
    sentence += (
        f"{over}: together {value:+.3f} above 1, between {interval[0]:+.3f} and {interval[1]:+.3f}: {ends[passed]}."
    )
    return [Criterion("tells_healthy", _PAINT if painted else _TELL, role, passed, value, interval, 0.0, sentence)]


def _share(rows: Sequence[Array]) -> float:
    return float(np.mean([np.nanmean(row) for row in rows]))


def _best(label: str, metric: Metric, trivial: TrivialResults) -> tuple[TrivialName | SimpleName, float] | None:
    """Return the answer with the highest metric and that; None where nothing can be compared."""
    found: list[tuple[TrivialName | SimpleName, float]] = []
    for name, cases in trivial.items():
        if metric == "dice":
            own = dices(cases, label)
            value = float(np.nanmean(own)) if np.isfinite(own).any() else None
        else:
            said, truth = columns(cases, label)
            value = None if np.isnan(said).all() else auc_of(said, np.where(np.isnan(said), np.nan, truth))
        if value is not None:
            found.append((name, value))
    return max(found, key=lambda one: one[1], default=None)


def _gain(
    cases: Sequence[CaseResult],
    best: Mapping[str, tuple[TrivialName | SimpleName, float]],
    metric: Metric,
    trivial: TrivialResults,
    weights: Weights,
) -> tuple[float, Interval]:
    if metric == "dice":
        gains = [dices(cases, label) - dices(trivial[name], label) for label, (name, _) in best.items()]
        found = weights.mean(np.stack(gains), -1.0, 1.0)
        assert found is not None
        return found
    scores, rivals, truths = [], [], []
    for label, (name, _) in best.items():
        said, truth = columns(cases, label)
        rival, _ = columns(trivial[name], label)
        scores.append(said)
        truths.append(truth)
        # What says the same of everybody ranks nobody, on whatever cases.
        rivals.append(None if name in ("positive", "negative", "prevalence") else rival)
    return auc_above(scores, rivals, truths, [case.patient_key for case in cases])
