"""How answers of one kind are judged. ``gradings.registry`` holds those there are; recipes' cards name them.

Knows no torch: whoever only asks what a test set can prove reads it too.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from inference.engine.case_result import CaseResult, TrivialResults
from inference.engine.gate_plan import GatePlan, Role
from inference.engine.gradings.cards import GradingCard
from inference.engine.mask_score import Mask
from inference.engine.report import Criterion, MetricKey
from inference.engine.statistics import Array, Interval
from inference.engine.unseen import Weights

if TYPE_CHECKING:
    from inference.engine.criteria import Reviewed, Thresholds
    from inference.engine.pairs import Pairs
    from inference.engine.results import Prediction
    from inference.engine.sample import Image

Best = Mapping[str, tuple[str, float]]
"""Label → the best answer without a model (its name), and its metric."""


@dataclass(frozen=True, eq=False)
class Beside:
    """A challenger beside the live model, and what it is asked.

    Args:
        pairs: both on the same cases.
        labels: that both know.
        before, now: thresholds of the decisions of the live model and of the challenger.
        plan: the limits.
        reviewed: from how many reviewed labels each learned.
        groups: dimensions of the subgroups.
    """

    pairs: Pairs
    labels: Sequence[str]
    before: Thresholds
    now: Thresholds
    plan: GatePlan
    reviewed: Reviewed | None
    groups: Sequence[str]


@dataclass(frozen=True, eq=False)
class Told:
    """Decisions by case, as cases with probabilities and thresholds, and how they are spoken of.

    Args:
        cases: what decides in each.
        thresholds: of the labels.
        title: of the question whether they tell anything.
        sentence: with places for ``found`` and ``clean``, two shares.
    """

    cases: Sequence[CaseResult]
    thresholds: Thresholds
    title: str
    sentence: str


class Grading(Protocol):
    """One way to judge: the figures, and what the gate asks.

    Attributes:
        card: what anybody may know of it.
        metric: key of the main metric; stands in verdicts.
        metric_name: it in words.
        lacking: what too few test patients do.
        chance: the value of the main metric that guessing reaches; None where there is none.
        by_heart: epochs in which four drawn cases are known by heart (``inference.engine.exam``).
        known_by_heart: the training's own metric that is then reached at least.
        lies: a measure of where an answer lies, and how much of it an exam asks for.
    """

    card: GradingCard
    metric: MetricKey
    metric_name: str
    lacking: str
    chance: float | None
    by_heart: int
    known_by_heart: float
    lies: tuple[str, float]

    def knows(self, case: CaseResult) -> bool:
        """Say whether a case holds what this judges."""
        ...

    def needs(self, plan: GatePlan) -> str:
        """Say which test patients a label needs to be judged."""
        ...

    def enough(self, cases: Sequence[CaseResult], label: str, plan: GatePlan) -> bool:
        """Say whether a label has enough test patients to be judged."""
        ...

    def floor(self, plan: GatePlan) -> float:
        """Return what the main metric of a first model has to lie above."""
        ...

    def alone(self, cases: Sequence[CaseResult], labels: Sequence[str], weights: Weights) -> tuple[float, Interval]:
        """Return one model's main metric over labels, and its interval."""
        ...

    def difference(self, pairs: Pairs, labels: Sequence[str]) -> tuple[float, Interval] | None:
        """Return the difference of the main metric over labels, new minus old; None where there is none."""
        ...

    def value(self, cases: Sequence[CaseResult], label: str) -> float | None:
        """Return the main metric of an answer to one label; None where it has none."""
        ...

    def gain(
        self, cases: Sequence[CaseResult], best: Best, trivial: TrivialResults, weights: Weights
    ) -> tuple[float, Interval]:
        """Return by how much the main metric lies above that of the best answers without a model."""
        ...

    def trivial_role(self, plan: GatePlan) -> Role:
        """Return what the comparison with answers without a model decides beside a live model."""
        ...

    def told(self, cases: Sequence[CaseResult], labels: Sequence[str], thresholds: Thresholds) -> Told:
        """Return the decisions by case."""
        ...

    def alone_too(
        self, cases: Sequence[CaseResult], labels: tuple[str, ...], weights: Weights, plan: GatePlan
    ) -> list[Criterion]:
        """Return what a first model is asked beside its floor."""
        ...

    def beside(self, asked: Beside) -> list[Criterion]:
        """Return what a challenger is asked beside its main metric."""
        ...

    def power(self, cases: Sequence[CaseResult], labels: Sequence[str], plan: GatePlan) -> tuple[int | None, str]:
        """Return how many test patients would show that an equally good version is so, and a sentence of it."""
        ...

    def sections(
        self, cases: Sequence[CaseResult], label: str, weights: Array, repeated: bool, trivial: TrivialResults,
        threshold: float,
    ) -> dict[str, Any]:  # fmt: skip
        """Return the parts of a label's figures that are this grading's own, by their names in ``LabelFigures``."""
        ...

    def lie(self, said: Prediction, label: str, truth_kji: Mask, image: Image) -> float | None:
        """Return how well an answer lies on the truth, 0…1; None where it says no place."""
        ...
