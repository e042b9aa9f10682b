"""Labels that are said of images: probabilities, judged by the ROC AUC and by decisions at a threshold."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from core.numbers import how_many
from inference.engine import criteria
from inference.engine.answer_figures import simple_figures
from inference.engine.auc_change import auc_above, auc_change, mean_auc
from inference.engine.case_result import CaseResult, TrivialResults, columns
from inference.engine.first_model import calibrated
from inference.engine.gate_plan import GatePlan, Role
from inference.engine.gradings.cards import LABELS
from inference.engine.gradings.grading import Beside, Best, Told
from inference.engine.mask_score import Mask
from inference.engine.place_figures import place_figures
from inference.engine.power import patients_needed
from inference.engine.report import Criterion, MetricKey
from inference.engine.statistics import Array, Interval, auc_of
from inference.engine.unseen import Weights

if TYPE_CHECKING:
    from inference.engine.pairs import Pairs
    from inference.engine.results import Prediction
    from inference.engine.sample import Image


class Labels:
    """The grading; see the module."""

    card = LABELS
    metric: MetricKey = "auc"
    metric_name = "ROC AUC"
    lacking = "have or lack a label"
    chance: float | None = 0.5
    by_heart = 60
    known_by_heart = 0.95
    lies = ("share of the outlines with their middle in what was drawn", 1.0)

    def knows(self, case: CaseResult) -> bool:
        """Every case may have a probability."""
        return True

    def needs(self, plan: GatePlan) -> str:
        """Both states."""
        return (
            f"{plan.smallest} positive and {how_many(plan.smallest, 'negative test patient', 'negative test patients')}"
        )

    def enough(self, cases: Sequence[CaseResult], label: str, plan: GatePlan) -> bool:
        """Enough patients of both states."""
        return min(_states(cases, label)) >= plan.smallest

    def floor(self, plan: GatePlan) -> float:
        """Of the AUC."""
        return plan.auc_floor

    def alone(self, cases: Sequence[CaseResult], labels: Sequence[str], weights: Weights) -> tuple[float, Interval]:
        """The mean AUC."""
        answers = [columns(cases, label) for label in labels]
        return mean_auc([one[0] for one in answers], [one[1] for one in answers], [case.patient_key for case in cases])

    def difference(self, pairs: Pairs, labels: Sequence[str]) -> tuple[float, Interval] | None:
        """Of the mean AUC."""
        old = [columns(pairs.champion, label) for label in labels]
        new = [columns(pairs.challenger, label)[0] for label in labels]
        return auc_change([one[0] for one in old], new, [one[1] for one in old], pairs.patients)

    def value(self, cases: Sequence[CaseResult], label: str) -> float | None:
        """The AUC."""
        said, truth = columns(cases, label)
        return None if np.isnan(said).all() else auc_of(said, np.where(np.isnan(said), np.nan, truth))

    def gain(
        self, cases: Sequence[CaseResult], best: Best, trivial: TrivialResults, weights: Weights
    ) -> tuple[float, Interval]:
        """Of the mean AUC."""
        scores, rivals, truths = [], [], []
        for label, (name, _) in best.items():
            said, truth = columns(cases, label)
            rival, _ = columns(trivial[name], label)
            scores.append(said)
            truths.append(truth)
            # What says the same of everybody ranks nobody, on whatever cases.
            rivals.append(None if name in ("positive", "negative", "prevalence") else rival)
        return auc_above(scores, rivals, truths, [case.patient_key for case in cases])

    def trivial_role(self, plan: GatePlan) -> Role:
        """Where a finding is little more than brightness, a better version need not rank better than that.

        It is refused where it is shown to rank worse.
        """
        return "guard" if plan.trivial == "required" else plan.trivial

    def told(self, cases: Sequence[CaseResult], labels: Sequence[str], thresholds: criteria.Thresholds) -> Told:
        """What the thresholds decide."""
        title = "Tells who has something: sensitivity + specificity above 1"
        return Told(cases, thresholds, title, "Sensitivity {found}, specificity {clean}")

    def alone_too(
        self, cases: Sequence[CaseResult], labels: tuple[str, ...], weights: Weights, plan: GatePlan
    ) -> list[Criterion]:
        """Calibration."""
        return [calibrated(cases, labels, weights, plan)]

    def beside(self, asked: Beside) -> list[Criterion]:
        """Benefit, operating point, flips, calibration, subgroups."""
        pairs, plan = asked.pairs, asked.plan
        decisions = (pairs, asked.labels, asked.before, asked.now)
        return [
            criteria.benefit(pairs, plan, asked.reviewed),
            *criteria.operating_point(*decisions, plan),
            criteria.flips(*decisions, plan),
            criteria.calibration(pairs, plan),
            *(criteria.subgroup(*decisions, one, plan) for one in asked.groups),
        ]

    def power(self, cases: Sequence[CaseResult], labels: Sequence[str], plan: GatePlan) -> tuple[int | None, str]:
        """Of the label that asks for most."""
        told = max((patients_needed(*_states(cases, label), plan) or 0 for label in labels), default=0) or None
        if told is None:
            return None, ""
        return told, (
            f" About {told} like them show, 4 times in 5, that an equal version is not worse by {plan.margin:g} "
            f"(sensitivity {plan.sensitivity_margin:g}, specificity {plan.specificity_margin:g})."
        )

    def sections(
        self, cases: Sequence[CaseResult], label: str, weights: Array, repeated: bool, trivial: TrivialResults,
        threshold: float,
    ) -> dict[str, Any]:  # fmt: skip
        """How outlines lie, and simple answers."""
        return {
            "places": place_figures(cases, label, weights),
            "simple": simple_figures(trivial, label, weights, repeated),
        }

    def lie(self, said: Prediction, label: str, truth_kji: Mask, image: Image) -> float | None:
        """Whether the middle of the first outline lies in the truth."""
        if not said.regions:
            return None
        column, row = np.mean(said.regions[0].polygon, axis=0)
        return float(truth_kji[said.regions[0].frame, round(row), round(column)])


def _states(cases: Sequence[CaseResult], label: str) -> tuple[int, int]:
    """Return how many patients have a label, and how many lack it."""
    _, truth = columns(cases, label)
    positive, negative = (len({c.patient_key for c, y in zip(cases, truth, strict=True) if y == one}) for one in (1, 0))
    return positive, negative
