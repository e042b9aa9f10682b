"""Boxes round things: judged by the FROC curve, and by what is found and what lies beside at a threshold."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from core.numbers import how_many
from inference.engine import box_criteria, criteria
from inference.engine.box_curves import Curve, End, cpm, interval_of
from inference.engine.box_figures import box_figures
from inference.engine.box_marks import boxes_of_mask
from inference.engine.boxes import as_boxes, overlaps
from inference.engine.case_result import CaseResult, TrivialResults
from inference.engine.figures import figure
from inference.engine.gate_plan import GatePlan, Role
from inference.engine.gradings.cards import BOXES
from inference.engine.gradings.grading import Beside, Best, Told
from inference.engine.mask_score import Mask
from inference.engine.report import Criterion, MetricKey
from inference.engine.statistics import Array, Interval
from inference.engine.unseen import Weights

if TYPE_CHECKING:
    from inference.engine.pairs import Pairs
    from inference.engine.results import Prediction
    from inference.engine.sample import Image


class Boxes:
    """The grading; see the module."""

    card = BOXES
    metric: MetricKey = "cpm"
    metric_name = "FROC mean"
    lacking = "have a box"
    chance: float | None = None
    by_heart = 60
    known_by_heart = 0.9
    lies = ("overlap (IoU)", 0.5)

    def knows(self, case: CaseResult) -> bool:
        """Boxes were compared."""
        return bool(case.boxes)

    def needs(self, plan: GatePlan) -> str:
        """A box."""
        return f"{how_many(plan.smallest, 'test patient', 'test patients')} with a box"

    def enough(self, cases: Sequence[CaseResult], label: str, plan: GatePlan) -> bool:
        """Enough patients with a box."""
        return (
            len({case.patient_key for case in cases if label in case.boxes and case.boxes[label].truth})
            >= plan.smallest
        )

    def floor(self, plan: GatePlan) -> float:
        """Of the FROC mean."""
        return plan.froc_floor

    def alone(self, cases: Sequence[CaseResult], labels: Sequence[str], weights: Weights) -> tuple[float, Interval]:
        """The mean over labels of the FROC mean."""
        curves = [Curve.of(cases, label) for label in labels]
        value = float(np.mean([curve.sensitivities().mean() for curve in curves]))
        return value, interval_of(_mean(curves, weights, "worst"), _mean(curves, weights, "best"))

    def difference(self, pairs: Pairs, labels: Sequence[str]) -> tuple[float, Interval] | None:
        """Of the FROC mean; in the patient who was not seen one version finds all and the other nothing."""
        return _change(pairs.challenger, [pairs.champion] * len(labels), labels, pairs.weights)

    def value(self, cases: Sequence[CaseResult], label: str) -> float | None:
        """The FROC mean."""
        return cpm(cases, label)

    def gain(
        self, cases: Sequence[CaseResult], best: Best, trivial: TrivialResults, weights: Weights
    ) -> tuple[float, Interval]:
        """Of the FROC mean."""
        found = _change(cases, [trivial[name] for name, _ in best.values()], list(best), weights)
        assert found is not None
        return found

    def trivial_role(self, plan: GatePlan) -> Role:
        """As the plan says."""
        return plan.trivial

    def told(self, cases: Sequence[CaseResult], labels: Sequence[str], thresholds: criteria.Thresholds) -> Told:
        """Whether any box reaches the threshold."""
        return Told(
            box_criteria.decided_by_boxes(cases, labels, thresholds),
            dict.fromkeys(labels, 0.5),
            "Boxes say who has something: sensitivity + specificity above 1",
            "A box in {found} of the cases with a true one, none in {clean} of the healthy ones",
        )

    def alone_too(
        self, cases: Sequence[CaseResult], labels: tuple[str, ...], weights: Weights, plan: GatePlan
    ) -> list[Criterion]:
        """Nothing."""
        return []

    def beside(self, asked: Beside) -> list[Criterion]:
        """Benefit, what is found and what lies beside at the thresholds, decisions by case, subgroups."""
        pairs, plan, labels = asked.pairs, asked.plan, asked.labels
        decided = replace(
            pairs,
            champion=box_criteria.decided_by_boxes(pairs.champion, labels, asked.before),
            challenger=box_criteria.decided_by_boxes(pairs.challenger, labels, asked.now),
        )
        half = dict.fromkeys(labels, 0.5)
        changes = box_criteria.found_changes(pairs, labels, asked.before, asked.now)
        return [
            criteria.benefit(pairs, plan, asked.reviewed),
            box_criteria.found(pairs, labels, asked.before, asked.now, plan),
            box_criteria.beside(pairs, labels, asked.before, asked.now, plan),
            criteria.flips(decided, labels, half, half, plan),
            *(criteria.subgroups(pairs, one, changes, "sensitivity by box", plan) for one in asked.groups),
        ]

    def power(self, cases: Sequence[CaseResult], labels: Sequence[str], plan: GatePlan) -> tuple[int | None, str]:
        """At least so many with a box."""
        needed = self.card.wanted(plan)["positive"]
        return needed, (
            f" At least {needed} patients with a box show that an equal version is not worse by {plan.margin:g} "
            f"(found: {plan.sensitivity_margin:g}), and more where the two differ."
        )

    def sections(
        self, cases: Sequence[CaseResult], label: str, weights: Array, repeated: bool, trivial: TrivialResults,
        threshold: float,
    ) -> dict[str, Any]:  # fmt: skip
        """How boxes are found. Probabilities are of boxes: whether they are true of cases is not asked."""
        nothing = figure(None, None, "unseen_patient")
        return {
            "boxes": box_figures(cases, label, weights, trivial, threshold),
            "ece": nothing,
            "brier": nothing,
            "calibration": (),
        }

    def lie(self, said: Prediction, label: str, truth_kji: Mask, image: Image) -> float | None:
        """The overlap of the best box with that of the truth."""
        own = [one for one in said.boxes or () if one.label == label]
        if not own:
            return 0.0
        return float(overlaps(as_boxes([own[0].box]), boxes_of_mask(truth_kji)).max())


def _mean(curves: Sequence[Curve], weights: Weights, end: End) -> Array:
    return np.asarray(np.mean([curve.bounded(weights, end).mean(axis=1) for curve in curves], axis=0))


def _change(
    cases: Sequence[CaseResult], others: Sequence[Sequence[CaseResult]], labels: Sequence[str], weights: Weights
) -> tuple[float, Interval] | None:
    """Return by how much the FROC mean of ``cases`` lies above that of the others (of each label), and its interval."""
    own = [Curve.of(cases, label) for label in labels]
    rivals = [Curve.of(other, label) for other, label in zip(others, labels, strict=True)]
    if not own or not all(curve.has_truth for curve in own):
        return None
    value = float(
        np.mean([o.sensitivities().mean() - r.sensitivities().mean() for o, r in zip(own, rivals, strict=True)])
    )
    low = _mean(own, weights, "worst") - _mean(rivals, weights, "best")
    high = _mean(own, weights, "best") - _mean(rivals, weights, "worst")
    return value, interval_of(low, high)
