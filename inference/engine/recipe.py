"""What every recipe offers to the training loop and to predictions; ``recipes.registry`` holds those there are."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray
from torch import Tensor, nn

from inference.engine.calibrate import Calibration
from inference.engine.config import RecipeConfig
from inference.engine.draws import Draws
from inference.engine.methods import Method
from inference.engine.operating_point import OperatingPoint
from inference.engine.preprocess import Preprocessing
from inference.engine.recipe_card import RecipeCard
from inference.engine.results import Prediction, Saliency
from inference.engine.sample import Image, Sample

if TYPE_CHECKING:
    from inference.engine.loaded_model import LoadedModel

Example = dict[str, Tensor]
"""One case as tensors: ``image`` [C, …] float32 and the recipe's own targets."""

Case = tuple[Sample, Example]
"""What is known of a case, and it as tensors."""

Batch = dict[str, Tensor]
"""Examples stacked along a first axis, with ``weight`` and ``place_weight`` [B, L]: how much each label counts."""

Outputs = dict[str, Tensor]
"""What a network returns, by name; ``logits`` is always there."""


class Outcome(NamedTuple):
    """Of one label: logits and truth, both [N] (a truth that is not known is NaN), from how many cases."""

    logits: NDArray[np.float32]
    truth: NDArray[np.float32]
    cases: int


@dataclass(frozen=True, eq=False)
class Validation:
    """How a network does on the validation cases.

    Args:
        metric_name: "auc"; "froc_mean"; "dice", or "dice_with_empty_cases" where some cases have nothing to paint; or,
            where none of them can be computed, "loss".
        metric: its value, judged as the report judges, each label of a case by how much it is trusted.
        rank: compared to choose the best epoch, higher is better.
        loss: mean loss of the labels.
        logits: float32 [N, L], for the calibration; N counts cases, sampled voxels for a segmentation, or boxes.
        truth: float32 [N, L], 1, 0, or NaN where it is not known.
        cases: in how many cases each label is known, where N counts something else.
    """

    metric_name: str
    metric: float
    rank: tuple[float, float]
    loss: float
    logits: NDArray[np.float32]
    truth: NDArray[np.float32]
    cases: tuple[int, ...] = ()

    def of(self, index: int) -> Outcome:
        """Return what is known of one label."""
        return Outcome(
            self.logits[:, index], self.truth[:, index], self.cases[index] if self.cases else len(self.truth)
        )


class Recipe(Protocol):
    """One family of models. The loop owns everything that is not here."""

    @property
    def card(self) -> RecipeCard:
        """What anybody may know of it."""
        ...

    @property
    def version(self) -> str:
        """Of the network and its outputs: weights of another first number do not load."""
        ...

    def build(self, config: RecipeConfig) -> nn.Module:
        """Return a new network with random weights; its forward returns ``Outputs``."""
        ...

    def example(self, sample: Sample, preprocessing: Preprocessing, config: RecipeConfig) -> Example:
        """Read a case and turn it into tensors with its targets, without augmentation."""
        ...

    def targets(self, config: RecipeConfig) -> tuple[str, ...]:
        """Name the tensors of an example that move with the image when it is augmented."""
        ...

    def crops(self, config: RecipeConfig) -> bool:
        """Say whether training sees patches of ``image_shape`` instead of whole images."""
        ...

    def draws(self, samples: Sequence[Sample], config: RecipeConfig) -> Draws:
        """Return how often each case is to be drawn, and how much each of its labels then counts."""
        ...

    def loss(self, outputs: Outputs, batch: Batch, config: RecipeConfig) -> tuple[Tensor, dict[str, float]]:
        """Return the loss to descend and its parts by name."""
        ...

    def validate(self, model: nn.Module, cases: Iterable[Case], config: RecipeConfig) -> Validation:
        """Measure ``model`` (in evaluation mode) on whole, unchanged cases."""
        ...

    def check(self, samples: Sequence[Sample], config: RecipeConfig) -> None:
        """Refuse training cases that cannot teach; raises DataError."""
        ...

    def decide(self, calibrating: Outcome, deciding: Outcome, point: OperatingPoint) -> tuple[Calibration, float]:
        """Return the calibration of one label from the ones, and its threshold from the other validation cases."""
        ...

    def predict(
        self, model: LoadedModel, image: Image, *, largest_component: bool, on_progress: Callable[[float], None] | None
    ) -> Prediction:
        """Say what a model of this recipe sees in an image."""
        ...

    def explain(
        self, model: LoadedModel, image: Image, label: str, method: Method, on_progress: Callable[[float], None]
    ) -> Saliency | None:
        """Explain a label of a whole image in the recipe's own way; None: frame by frame, as pictures are explained."""
        ...
