"""Masks that are painted: judged by the Dice of the cases that have one, and by what is painted on healthy ones."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from core.numbers import how_many
from inference.engine import criteria, mask_criteria
from inference.engine.case_result import CaseResult, TrivialResults, dices
from inference.engine.gate_plan import GatePlan, Role
from inference.engine.gradings.cards import MASKS
from inference.engine.gradings.grading import Beside, Best, Told
from inference.engine.mask_score import Mask
from inference.engine.report import Criterion, MetricKey
from inference.engine.segmentation_figures import segmentation_figures
from inference.engine.statistics import Array, Interval
from inference.engine.unseen import Weights, fewest

if TYPE_CHECKING:
    from inference.engine.pairs import Pairs
    from inference.engine.results import Prediction
    from inference.engine.sample import Image


class Masks:
    """The grading; see the module."""

    card = MASKS
    metric: MetricKey = "dice"
    metric_name = "Dice"
    lacking = "have a mask"
    chance: float | None = None
    by_heart = 200
    #: Half of the drawn cases are empty, and one stray pixel on those counts as a whole miss.
    known_by_heart = 0.35
    lies = ("Dice", 0.6)

    def knows(self, case: CaseResult) -> bool:
        """A mask was compared."""
        return bool(case.segmentation)

    def needs(self, plan: GatePlan) -> str:
        """A mask."""
        return f"{how_many(plan.smallest, 'test patient', 'test patients')} with a mask"

    def enough(self, cases: Sequence[CaseResult], label: str, plan: GatePlan) -> bool:
        """Enough patients with a mask."""
        there = {case.patient_key for case, dice in zip(cases, dices(cases, label), strict=True) if np.isfinite(dice)}
        return len(there) >= plan.smallest

    def floor(self, plan: GatePlan) -> float:
        """Of the Dice."""
        return plan.dice_floor

    def alone(self, cases: Sequence[CaseResult], labels: Sequence[str], weights: Weights) -> tuple[float, Interval]:
        """The mean Dice."""
        found = weights.mean(np.stack([dices(cases, label) for label in labels]), 0.0, 1.0)
        assert found is not None
        return found

    def difference(self, pairs: Pairs, labels: Sequence[str]) -> tuple[float, Interval] | None:
        """Of the mean Dice."""
        return pairs.change(np.stack([dices(pairs.challenger, one) - dices(pairs.champion, one) for one in labels]))

    def value(self, cases: Sequence[CaseResult], label: str) -> float | None:
        """The mean Dice."""
        own = dices(cases, label)
        return float(np.nanmean(own)) if np.isfinite(own).any() else None

    def gain(
        self, cases: Sequence[CaseResult], best: Best, trivial: TrivialResults, weights: Weights
    ) -> tuple[float, Interval]:
        """Of the mean Dice."""
        gains = [dices(cases, label) - dices(trivial[name], label) for label, (name, _) in best.items()]
        found = weights.mean(np.stack(gains), -1.0, 1.0)
        assert found is not None
        return found

    def trivial_role(self, plan: GatePlan) -> Role:
        """As the plan says."""
        return plan.trivial

    def told(self, cases: Sequence[CaseResult], labels: Sequence[str], thresholds: criteria.Thresholds) -> Told:
        """Whether anything is painted, whatever the thresholds."""
        return Told(
            mask_criteria.decisions_of(cases, labels),
            dict.fromkeys(labels, mask_criteria.ANY_PAINT),
            "Paint says who has something: sensitivity + specificity above 1",
            "Painted in {found} of the cases with a mask, nothing painted in {clean} of the healthy ones",
        )

    def alone_too(
        self, cases: Sequence[CaseResult], labels: tuple[str, ...], weights: Weights, plan: GatePlan
    ) -> list[Criterion]:
        """Nothing."""
        return []

    def beside(self, asked: Beside) -> list[Criterion]:
        """What is painted where, and subgroups."""
        return [
            *mask_criteria.beside_the_live_model(asked.pairs, asked.labels, asked.plan, asked.reviewed),
            *(criteria.subgroup_dice(asked.pairs, dimension, asked.plan) for dimension in asked.groups),
        ]

    def power(self, cases: Sequence[CaseResult], labels: Sequence[str], plan: GatePlan) -> tuple[int | None, str]:
        """At least so many with a mask."""
        needed = max(fewest(plan.margin), fewest(plan.sensitivity_margin))
        return needed, (
            f" At least {needed} patients with a mask show that an equal version is not worse by {plan.margin:g} "
            f"(found: {plan.sensitivity_margin:g}), and more where the two differ."
        )

    def sections(
        self, cases: Sequence[CaseResult], label: str, weights: Array, repeated: bool, trivial: TrivialResults,
        threshold: float,
    ) -> dict[str, Any]:  # fmt: skip
        """How masks fit."""
        return {"segmentation": segmentation_figures(cases, label, weights, repeated, trivial)}

    def lie(self, said: Prediction, label: str, truth_kji: Mask, image: Image) -> float | None:
        """The Dice."""
        mask = said.masks_kji[label].astype(bool)
        return 2 * float((mask & truth_kji).sum()) / max(1.0, float(mask.sum() + truth_kji.sum()))
