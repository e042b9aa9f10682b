"""The gate's questions about masks beside their Dice: is what is healthy left clean?

Dice speaks of the cases whose truth has a mask. On the others every mask is wrong, however small, and how much is
painted there counts too. Cases are decided by their masks: positive where anything is painted.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Final

import numpy as np
from scipy.stats import t as student

from inference.engine import criteria
from inference.engine.case_result import CaseResult, dices, segmentation_column
from inference.engine.gate_plan import GatePlan
from inference.engine.mask_score import SegmentationScore
from inference.engine.pairs import Pairs
from inference.engine.report import Criterion
from inference.engine.statistics import Array, Interval
from inference.engine.unseen import EACH
from inference.engine.verdict import at_most

ANY_PAINT: Final = 0.5


def beside_the_live_model(
    pairs: Pairs, labels: Sequence[str], plan: GatePlan, reviewed: criteria.Reviewed | None
) -> list[Criterion]:
    """Return what is asked of a challenger beside its Dice.

    Args:
        pairs: both models on the same cases.
        labels: that both know.
        plan: the limits.
        reviewed: labels that each learned from.
    """
    decided = decided_by_paint(pairs, labels)
    return [
        benefit(pairs, decided, labels, plan, reviewed),
        *found_and_clean(decided, labels, plan),
        false_paint(pairs, labels, plan),
        flips(decided, labels, plan),
    ]


def decided_by_paint(pairs: Pairs, labels: Sequence[str]) -> Pairs:
    """Return both models' decisions by case, as their masks make them."""
    return replace(
        pairs, champion=decisions_of(pairs.champion, labels), challenger=decisions_of(pairs.challenger, labels)
    )


def decisions_of(cases: Sequence[CaseResult], labels: Sequence[str]) -> list[CaseResult]:
    """Return what the masks decide: probability 1 where anything is painted, else 0; the truth is whether it has any.

    Labels without a known true mask are unknown.
    """
    return [
        replace(
            case,
            probabilities={key: float(case.segmentation[key].painted) for key in labels if key in case.segmentation},
            truth={key: float(case.segmentation[key].has_mask) for key in labels if key in case.segmentation},
        )
        for case in cases
    ]


def flips(decided: Pairs, labels: Sequence[str], plan: GatePlan) -> Criterion:
    """Judge how many right decisions by case become wrong."""
    limits = dict.fromkeys(labels, ANY_PAINT)
    return criteria.flips(decided, labels, limits, limits, plan)


def found_and_clean(decided: Pairs, labels: Sequence[str], plan: GatePlan) -> list[Criterion]:
    """Judge sensitivity and specificity by case; without a healthy case the second is told only."""
    limits = dict.fromkeys(labels, ANY_PAINT)
    asked = criteria.operating_point(decided, labels, limits, limits, plan)
    words = {"sensitivity": "Sensitivity by case (anything painted)", "specificity": "Healthy cases left clean"}
    return [
        replace(
            one,
            title=f"{words[one.id]} not lower by more than {-(one.limit or 0):g}",
            role="told" if one.id == "specificity" and one.value is None else one.role,
            sentence=_NO_HEALTHY if one.id == "specificity" and one.value is None else one.sentence,
        )
        for one in asked
    ]


_NO_HEALTHY: Final = "Cannot tell: every test case has a mask, so paint on healthy ones is not judged."


def false_paint(pairs: Pairs, labels: Sequence[str], plan: GatePlan) -> Criterion:
    """Judge how heavily healthy cases are painted: 0 for nothing, ½ for as much as a usual structure, below 1."""
    limit = plan.specificity_margin
    title = f"Healthy cases not painted more heavily by more than {limit:g}"
    # How large a usual structure is, the test cases tell only roughly: the interval holds for all that it may be.
    usual = {label: usual_size(pairs.challenger, label) for label in labels}
    at = [_paint_change(pairs, labels, usual, end) for end in (1, 0, 2)]
    found = [one for one in at if one is not None]
    if not found:
        return Criterion("false_paint", title, "told", None, None, None, limit, _NO_HEALTHY)
    value, _ = found[0]
    interval = min(low for _, (low, _) in found), max(high for _, (_, high) in found)
    passed = at_most(interval, limit)
    ends = {True: "within the limit", False: "heavier", None: "cannot tell"}
    sentence = (
        f"On a scale from 0, nothing, over ½, as much as a usual structure, to 1 it changes by {value:+.3f}, between "
        f"{interval[0]:+.3f} and {interval[1]:+.3f}: {ends[passed]}."
    )
    return Criterion("false_paint", title, "required", passed, value, interval, limit, sentence)


Usual = dict[str, tuple[float, float, float]]
"""By unit: the least, the most likely and the largest mean size of a structure."""


def usual_size(cases: Sequence[CaseResult], label: str) -> Usual:
    """Return how large the true masks are on average, for each unit that two patients' masks are measured in."""
    sizes: dict[str, dict[str, list[float]]] = {}
    for case in cases:
        score = case.segmentation.get(label)
        if score is not None and score.has_mask:
            sizes.setdefault(score.extent_unit, {}).setdefault(case.patient_key, []).append(score.volume_true)
    found: Usual = {}
    for unit, by_patient in sizes.items():
        if len(by_patient) < 2:
            continue
        sums = np.array([sum(own) for own in by_patient.values()])
        counts = np.array([len(own) for own in by_patient.values()])
        mean, patients = float(sums.sum() / counts.sum()), len(sums)
        spread = np.sqrt(((sums - mean * counts) ** 2).sum() * patients / (patients - 1)) / counts.sum()
        wide = float(np.exp(student.ppf(1 - EACH, patients - 1) * spread / mean))
        found[unit] = mean / wide, mean, mean * wide
    return found


def _paint_change(
    pairs: Pairs, labels: Sequence[str], usual: Mapping[str, Usual], end: int
) -> tuple[float, Interval] | None:
    rows = [
        _heaviness(pairs.challenger, label, usual[label], end) - _heaviness(pairs.champion, label, usual[label], end)
        for label in labels
    ]
    return pairs.change(np.stack(rows)) if rows else None


def _heaviness(cases: Sequence[CaseResult], label: str, usual: Usual, end: int) -> Array:
    """Return paint ÷ (paint + a usual structure) of the healthy cases, [N]; NaN for the others."""

    def heavy(score: SegmentationScore) -> float | None:
        if score.has_mask or score.extent_unit not in usual:
            return None
        return score.volume_predicted / (score.volume_predicted + usual[score.extent_unit][end])

    return segmentation_column(cases, label, heavy)


def benefit(
    pairs: Pairs, decided: Pairs, labels: Sequence[str], plan: GatePlan, reviewed: criteria.Reviewed | None
) -> Criterion:
    """Ask for a benefit: a higher Dice, more healthy cases left clean, or more reviewed labels.

    Where both could be better, each has half of the error.
    """
    half = dict.fromkeys(labels, ANY_PAINT)
    clean = decided.change(decided.decisions(labels, half, half, 0.0), each=EACH / 2) if labels else None
    if clean is None:
        return criteria.benefit(pairs, plan, reviewed)
    gains = [dices(pairs.challenger, label) - dices(pairs.champion, label) for label in pairs.labels]
    higher = pairs.change(np.stack(gains), each=EACH / 2) if gains else None
    told = criteria.benefit(pairs, plan, reviewed)
    if clean[1][0] > 0:
        sentence = f"More healthy cases are left clean: {clean[0]:+.3f}, with an interval above 0."
        return _shown(told, clean, sentence)
    if higher is not None and higher[1][0] > 0:
        return _shown(told, higher, f"The Dice is higher: {higher[0]:+.3f}, with an interval above 0.")
    if told.passed is True and not criteria.grown(plan, reviewed):
        return replace(told, passed=None, sentence="Neither Dice nor clean healthy cases are shown to be better.")
    return told


def _shown(told: Criterion, found: tuple[float, Interval], sentence: str) -> Criterion:
    return replace(told, passed=True, value=found[0], interval=found[1], sentence=sentence)
