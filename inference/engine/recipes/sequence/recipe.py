"""Labels of a series whose slices or moments have an order, learned by a recurrent network (Cho 2014; Nguyen 2020)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor, nn

from inference.engine.answers_learned import (
    answers_loss,
    decide_answers,
    every_label_is_taught,
    mean_auc,
    present_of,
    rarity_of,
)
from inference.engine.calibrate import Calibration
from inference.engine.config import RecipeConfig
from inference.engine.draws import Draws, draws_of
from inference.engine.methods import Method
from inference.engine.operating_point import OperatingPoint
from inference.engine.preprocess import Preprocessing
from inference.engine.recipe import Batch, Case, Example, Outcome, Outputs, Validation
from inference.engine.recipes.sequence.card import CARD
from inference.engine.recipes.sequence.explain import left_out_frames
from inference.engine.recipes.sequence.network import FrameSequence
from inference.engine.recipes.sequence.predict import predict_series
from inference.engine.results import Prediction, Saliency
from inference.engine.sample import Image, Sample, trust_of

if TYPE_CHECKING:
    from inference.engine.loaded_model import LoadedModel


class SequenceRecipe:
    """The recipe; see the module."""

    card = CARD
    version = "1.0.0"

    def build(self, config: RecipeConfig) -> nn.Module:
        """Return the network of the preset."""
        if config.preset == "tiny":
            return FrameSequence(config.channels, len(config.labels), widths=(16, 32, 48, 64), memory=48)
        return FrameSequence(config.channels, len(config.labels), widths=(32, 64, 128, 192, 256), memory=192)

    def example(self, sample: Sample, preprocessing: Preprocessing, config: RecipeConfig) -> Example:
        """Return image [C, T, H, W] and present [L] (NaN: unknown)."""
        return {"image": preprocessing.apply(sample.load()).tensor, "present": present_of(sample, config.labels)}

    def targets(self, config: RecipeConfig) -> tuple[str, ...]:
        """Nothing moves with the series: it learns no places."""
        return ()

    def crops(self, config: RecipeConfig) -> bool:
        """Return False: a label is of the whole series."""
        return False

    def draws(self, samples: Sequence[Sample], config: RecipeConfig) -> Draws:
        """Draw a case more often where its states of the labels are rare; at most ten times as often."""
        return draws_of(samples, config.labels, rarity_of(samples, config.labels))

    def loss(self, outputs: Outputs, batch: Batch, config: RecipeConfig) -> tuple[Tensor, dict[str, float]]:
        """Cross-entropy of the known labels, each by its weight."""
        loss = answers_loss(outputs["logits"], batch["present"], batch["weight"], config.label_smoothing)
        return loss, {"label": float(loss.detach())}

    def validate(self, model: nn.Module, cases: Iterable[Case], config: RecipeConfig) -> Validation:
        """Return the mean ROC AUC over the labels that have both states; what is trusted less counts less."""
        device = next(model.parameters()).device
        logits, truth, trust = [], [], []
        with torch.no_grad():
            for sample, example in cases:
                logits.append(model(example["image"][None].to(device))["logits"][0].float().cpu())
                truth.append(example["present"])
                trust.append(trust_of(sample, config.labels))
        every, known, trusted = torch.stack(logits), torch.stack(truth), np.stack(trust)
        loss = float(answers_loss(every, known, torch.from_numpy(trusted).float(), 0.0))
        auc = mean_auc(every.double().numpy(), known.double().numpy(), trusted)
        name, metric = ("loss", loss) if auc is None else ("auc", auc)
        rank = (-loss, 0.0) if auc is None else (round(auc, 4), -loss)
        return Validation(name, metric, rank, loss, every.numpy(), known.numpy())

    def check(self, samples: Sequence[Sample], config: RecipeConfig) -> None:
        """Ask for at least one case that says something of each label."""
        every_label_is_taught(samples, config.labels)

    def decide(self, calibrating: Outcome, deciding: Outcome, point: OperatingPoint) -> tuple[Calibration, float]:
        """Calibrate with a temperature and a bias; the threshold is where the operating point asks for it."""
        return decide_answers(calibrating, deciding, point)

    def predict(
        self, model: LoadedModel, image: Image, *, largest_component: bool, on_progress: Callable[[float], None] | None
    ) -> Prediction:
        """Say of each label whether it is present, and which frame says so most."""
        return predict_series(model, image)

    def explain(
        self, model: LoadedModel, image: Image, label: str, method: Method, on_progress: Callable[[float], None]
    ) -> Saliency:
        """Say which frames decided."""
        return left_out_frames(model, image, label, on_progress)
