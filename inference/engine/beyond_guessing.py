"""The gate's floor: is a model more than an answer that needs none, on the same cases?

Whoever says the same of everybody, or tosses a coin, has a sensitivity and a specificity that come to exactly 1; who
knows the scanner or the usual place of a structure may do better, and is measured.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

import numpy as np

from inference.engine.box_report import BOX_FLOOR_WORDS
from inference.engine.case_result import CaseResult, TrivialResults, columns
from inference.engine.criteria import Thresholds
from inference.engine.gate_plan import Role
from inference.engine.gradings.grading import Grading
from inference.engine.report import SIMPLE_WORDS, TRIVIAL_WORDS, Criterion
from inference.engine.statistics import Array
from inference.engine.unseen import Weights
from inference.engine.verdict import at_least

Names = Mapping[str, str]
WORDS: Final[Mapping[str, str]] = dict([*TRIVIAL_WORDS.items(), *SIMPLE_WORDS.items(), *BOX_FLOOR_WORDS.items()])


def above_trivial(
    cases: Sequence[CaseResult],
    labels: Sequence[str],
    grading: Grading,
    trivial: TrivialResults,
    weights: Weights,
    role: Role,
    names: Names,
) -> list[Criterion]:
    """Ask whether the main metric is above the best answer that needs no model; nothing where none is told.

    Args:
        cases: of the model.
        labels: that are judged.
        grading: whose main metric it is.
        trivial: each answer's results on the same cases in the same order.
        weights: of the patients.
        role: what the answer decides.
        names: of the labels.
    """
    if not trivial:
        return []
    word = grading.metric_name
    title = f"{word} above the best answer that needs no model"
    best = {label: _best(label, grading, trivial) for label in labels}
    if not best or any(one is None for one in best.values()):
        sentence = f"Cannot tell: too few test patients {grading.lacking}."
        return [Criterion("trivial", title, role, None, None, None, 0.0, sentence)]
    found = {label: one for label, one in best.items() if one is not None}
    value, interval = grading.gain(cases, found, trivial, weights)
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
    cases: Sequence[CaseResult],
    labels: Sequence[str],
    thresholds: Thresholds,
    grading: Grading,
    weights: Weights,
    role: Role,
) -> list[Criterion]:
    """Ask of a first model whether its decisions say more than a coin: sensitivity + specificity above 1.

    The mean over the labels that have both states: of several labels together, saying of each what is most frequent
    would come to more than 1. Nothing is asked where no label has both.

    Args:
        cases: of the model.
        labels: that are judged.
        thresholds: of the decisions.
        grading: says what decides.
        weights: of the patients.
        role: what the answer decides.
    """
    told = grading.told(cases, labels, thresholds)
    rows: list[Array] = []
    for label in labels:
        said, truth = columns(told.cases, label)
        right = (said >= told.thresholds[label]) == (truth > 0.5)
        both = [np.where((truth == state) & ~np.isnan(said), right, np.nan) for state in (1.0, 0.0)]
        if all(np.isfinite(row).any() for row in both):
            rows += both
    if not rows:
        return []
    (mean, (low, high)), found, clean = weights.mean_of_means(rows, 0.0, 1.0), _share(rows[::2]), _share(rows[1::2])
    value, interval = 2 * mean - 1, (2 * low - 1, 2 * high - 1)
    passed = at_least(interval, 0.0)
    ends = {True: "more than chance", False: "less than chance", None: "not shown to be more than chance"}
    over = " (means over the labels)" if len(rows) > 2 else ""
    sentence = (
        f"{told.sentence.format(found=f'{found:.0%}', clean=f'{clean:.0%}')}{over}: together {value:+.3f} above 1, "
        f"between {interval[0]:+.3f} and {interval[1]:+.3f}: {ends[passed]}."
    )
    return [Criterion("tells_healthy", told.title, role, passed, value, interval, 0.0, sentence)]


def _share(rows: Sequence[Array]) -> float:
    return float(np.mean([np.nanmean(row) for row in rows]))


def _best(label: str, grading: Grading, trivial: TrivialResults) -> tuple[str, float] | None:
    """Return the answer with the highest metric and that; None where nothing can be compared."""
    found = [(name, value) for name, cases in trivial.items() if (value := grading.value(cases, label)) is not None]
    return max(found, key=lambda one: one[1], default=None)
