"""The gate's questions about boxes beside their FROC: is no less found and no more beside, at each one's threshold?

How many boxes lie beside has no end; on a scale from 0, none, over ½, one, to 1 it has, and an interval that holds on
few patients can be given.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from inference.engine import criteria
from inference.engine.case_result import CaseResult
from inference.engine.gate_plan import GatePlan
from inference.engine.pairs import Pairs
from inference.engine.report import Criterion
from inference.engine.statistics import Array
from inference.engine.verdict import at_most

Thresholds = Mapping[str, float]


def decided_by_boxes(cases: Sequence[CaseResult], labels: Sequence[str], thresholds: Thresholds) -> list[CaseResult]:
    """Return what boxes decide: 1 where any reaches the threshold, else 0; the truth is whether there is a true one.

    Labels whose true boxes are not known are unknown.
    """
    return [
        replace(
            case,
            probabilities={
                key: float(any(one >= thresholds[key] for one in case.boxes[key].scores))
                for key in labels
                if key in case.boxes
            },
            truth={key: float(bool(case.boxes[key].truth)) for key in labels if key in case.boxes},
        )
        for case in cases
    ]


def found_shares(cases: Sequence[CaseResult], label: str, threshold: float) -> Array:
    """Return the share of the true boxes that is hit in each case, [N]; NaN where there is none."""
    scores = [case.boxes.get(label) for case in cases]
    return np.array([one.found(threshold) / len(one.truth) if one and one.truth else np.nan for one in scores])


def beside_scale(cases: Sequence[CaseResult], label: str, threshold: float) -> Array:
    """Return how much lies beside in each case, 0 for nothing, ½ for one box, below 1; NaN where it is not known."""
    counts = [case.boxes[label].beside(threshold) if label in case.boxes else np.nan for case in cases]
    return np.array([count / (1 + count) for count in counts])


def found(pairs: Pairs, labels: Sequence[str], old: Thresholds, new: Thresholds, plan: GatePlan) -> Criterion:
    """Judge the share of the true boxes that is hit, each version at its own thresholds."""
    title = f"Sensitivity by box at the operating point not lower by more than {plan.sensitivity_margin:g}"
    change = pairs.change(found_changes(pairs, labels, old, new))
    if change is None:
        sentence = "Cannot tell: no test case has a box."
        return Criterion("sensitivity", title, "required", None, None, None, -plan.sensitivity_margin, sentence)
    return criteria.change("sensitivity", title, "required", change, plan.sensitivity_margin)


def found_changes(pairs: Pairs, labels: Sequence[str], old: Thresholds, new: Thresholds) -> Array:
    """Return how the share of the true boxes that is hit changed, [L, N]; NaN where there is none."""
    nothing = np.full((1, len(pairs.challenger)), np.nan)
    changes = [
        found_shares(pairs.challenger, label, new[label]) - found_shares(pairs.champion, label, old[label])
        for label in labels
    ]
    return np.stack(changes) if changes else nothing


def beside(pairs: Pairs, labels: Sequence[str], old: Thresholds, new: Thresholds, plan: GatePlan) -> Criterion:
    """Judge how many boxes lie beside, each version at its own thresholds."""
    limit = plan.specificity_margin
    title = f"False boxes not more by more than {limit:g}, on a scale where one a case is ½"
    changes = [
        beside_scale(pairs.challenger, label, new[label]) - beside_scale(pairs.champion, label, old[label])
        for label in labels
    ]
    change = pairs.change(np.stack(changes)) if changes else None
    if change is None:
        sentence = "Cannot tell: the true boxes of no test case are known."
        return Criterion("false_boxes", title, "required", None, None, None, limit, sentence)
    value, interval = change
    passed = at_most(interval, limit)
    ends = {True: "within the limit", False: "more", None: "cannot tell"}
    sentence = (
        f"On a scale from 0, none, over ½, one box a case, to 1 it changes by {value:+.3f}, between "
        f"{interval[0]:+.3f} and {interval[1]:+.3f}: {ends[passed]}."
    )
    return Criterion("false_boxes", title, "required", passed, value, interval, limit, sentence)
