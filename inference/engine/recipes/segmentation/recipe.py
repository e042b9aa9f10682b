"""Outlines of structures and lesions in 2D or 3D with a U-Net (Ronneberger 2015; Isensee 2024: still the best)."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING

import numpy as np
import torch
from monai.losses.dice import DiceLoss
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from inference.engine.calibrate import Calibration, fit_calibration
from inference.engine.config import RecipeConfig
from inference.engine.draws import Draws, draws_of
from inference.engine.errors import DataError
from inference.engine.frame_choice import frame_to_learn
from inference.engine.methods import Method
from inference.engine.operating_point import OperatingPoint
from inference.engine.places import REJECTED, UNKNOWN, known_places, masks_of, rejected_boost
from inference.engine.preprocess import Preprocessing
from inference.engine.recipe import Batch, Case, Example, Outcome, Outputs, Validation
from inference.engine.recipes.segmentation.card import CARD
from inference.engine.recipes.segmentation.network import Segmenter, infer_whole
from inference.engine.recipes.segmentation.predict import predict_masks
from inference.engine.results import Prediction, Saliency
from inference.engine.sample import Image, Sample, trust_of

if TYPE_CHECKING:
    from inference.engine.loaded_model import LoadedModel

_VOXELS_A_CASE = 4096


class Segmentation:
    """The recipe; see the module."""

    card = CARD
    version = "1.2.0"

    def build(self, config: RecipeConfig) -> nn.Module:
        """Return the network of the preset."""
        return Segmenter(config)

    def example(self, sample: Sample, preprocessing: Preprocessing, config: RecipeConfig) -> Example:
        """Return image [C, …], mask [L, …] uint8 0 or 1, and known [L, …] uint8 of ``inference.engine.places``.

        Raises:
            DataError: no label of the case has a mask or a rejected place, and none is known to be absent.
        """
        image = sample.load()
        seen, rejected = masks_of(sample.regions, config.labels), masks_of(sample.rejected, config.labels)
        frame = frame_to_learn(image, seen, rejected) if config.dimensions == 2 else 0
        prepared = preprocessing.apply(image, frame)
        truth = torch.zeros((len(config.labels), *prepared.geometry.shape), dtype=torch.uint8)
        known = torch.zeros_like(truth)
        for index, label in enumerate(config.labels):
            known[index] = known_places(
                sample, label, seen=seen, rejected=rejected, preprocessing=preprocessing, geometry=prepared.geometry
            )
            if label in seen:
                truth[index] = (preprocessing.apply_mask(seen[label], prepared.geometry) >= 0.5).to(torch.uint8)
        if not known.any():
            raise DataError("case_without_truth", "A case has neither a mask nor a label that is known to be absent.")
        return {"image": prepared.tensor, "mask": truth, "known": known}

    def targets(self, config: RecipeConfig) -> tuple[str, ...]:
        """Name what moves with the image."""
        return ("mask", "known")

    def crops(self, config: RecipeConfig) -> bool:
        """Return True: it learns from patches."""
        return True

    def draws(self, samples: Sequence[Sample], config: RecipeConfig) -> Draws:
        """Draw what has a mask twice as often as what has none."""
        emphasis = np.full((len(samples), len(config.labels)), np.nan)
        for row, sample in enumerate(samples):
            for column, label in enumerate(config.labels):
                if sample.regions.get(label) is not None:
                    emphasis[row, column] = 2.0
                elif sample.present.get(label) == 0:
                    emphasis[row, column] = 1.0
        return draws_of(samples, config.labels, emphasis)

    def loss(self, outputs: Outputs, batch: Batch, config: RecipeConfig) -> tuple[Tensor, dict[str, float]]:
        """Dice and cross-entropy of what is known, each label of a case by its weight."""
        rejected = (batch["known"] == REJECTED).float()
        sure = torch.maximum((batch["known"] != UNKNOWN).float(), rejected_boost(rejected) * rejected)
        here = (batch["known"] != UNKNOWN).flatten(2).any(dim=2).flatten()
        # Each (case, label) of which anything is known becomes a row of its own: the others simply are not there.
        logits = outputs["logits"].float().flatten(0, 1)[here][:, None]
        truth = batch["mask"].float().flatten(0, 1)[here][:, None]
        sure = sure.flatten(0, 1)[here][:, None]
        weight = batch["place_weight"].flatten()[here] * sure.clamp(max=1).flatten(1).mean(dim=1)
        total = weight.sum().clamp(min=1e-6)
        known = sure.clamp(max=1)
        dice = DiceLoss(reduction="none")(logits.sigmoid() * known, truth * known).flatten()
        entropy = functional.binary_cross_entropy_with_logits(logits, truth, reduction="none")
        entropy = (entropy * sure).flatten(1).mean(dim=1) / known.flatten(1).mean(dim=1)
        dice_loss, entropy_loss = (dice * weight).sum() / total, (entropy * weight).sum() / total
        parts = {"dice": float(dice_loss.detach()), "cross_entropy": float(entropy_loss.detach())}
        return dice_loss + entropy_loss, parts

    def validate(self, model: nn.Module, cases: Iterable[Case], config: RecipeConfig) -> Validation:
        """Return the mean over labels of how well their cases are painted; what is trusted less counts less.

        A case with a mask counts with its Dice, 0 for a miss; one without with 1 where nothing is painted, else 0.
        """
        device = next(model.parameters()).device
        chosen = np.random.default_rng(config.seed)  # the same voxels in every epoch
        judged, losses, trusted, logits, truth, empty = [], [], [], [], [], False
        for sample, example in cases:
            output = infer_whole(model, example["image"].to(device), config).cpu()
            mask, known = example["mask"].float(), example["known"] != UNKNOWN
            voxels = chosen.integers(0, mask[0].numel(), _VOXELS_A_CASE)
            rows = torch.where(known, mask, torch.nan).flatten(1)[:, voxels]
            logits.append(output.flatten(1)[:, voxels].T.numpy())
            truth.append(rows.T.numpy())
            each = functional.binary_cross_entropy_with_logits(output, mask, reduction="none")
            losses.append([float(each[k][known[k]].mean()) if known[k].any() else np.nan for k in range(len(mask))])
            judged.append([_painted(sample, name, output[k], mask[k]) for k, name in enumerate(config.labels)])
            trusted.append(trust_of(sample, config.labels))
            empty = empty or any(sample.present.get(name) == 0 for name in config.labels)
        weights = np.stack(trusted)
        loss = float(np.mean(_means(np.array(losses), weights)))
        means = _means(np.array(judged), weights)
        name = "dice_with_empty_cases" if empty else "dice"
        name, metric = (name, float(means.mean())) if len(means) else ("loss", loss)
        rank = (round(metric, 4), -loss) if len(means) else (-loss, 0.0)
        return Validation(name, metric, rank, loss, np.concatenate(logits), np.concatenate(truth))

    def check(self, samples: Sequence[Sample], config: RecipeConfig) -> None:
        """Ask for nothing more: a case without truth refuses itself."""

    def decide(self, calibrating: Outcome, deciding: Outcome, point: OperatingPoint) -> tuple[Calibration, float]:
        """Calibrate with a temperature only: the border of a mask is where the network put it, and 0.5 keeps it."""
        return fit_calibration(calibrating.logits, calibrating.truth, with_bias=False), 0.5

    def predict(
        self, model: LoadedModel, image: Image, *, largest_component: bool, on_progress: Callable[[float], None] | None
    ) -> Prediction:
        """Paint each label."""
        return predict_masks(model, image, largest_component, on_progress)

    def explain(
        self, model: LoadedModel, image: Image, label: str, method: Method, on_progress: Callable[[float], None]
    ) -> Saliency | None:
        """Say where it is undecided."""
        values = predict_masks(model, image, False, on_progress).uncertainty_kji
        assert values is not None  # masks always come with it
        raw = (float(values.min()), float(values.max()))
        return Saliency(values, method.name, "logits", {"unit": "bits"}, raw)


def _painted(sample: Sample, label: str, output: Tensor, mask: Tensor) -> float:
    """Return how well a label of a case is painted, 0…1; not a number where its mask is not known."""
    found = output > 0
    if sample.regions.get(label) is not None:
        size = float(found.sum() + mask.sum())
        return 2 * float((found * mask).sum()) / size if size else 1.0
    return float(not found.any()) if sample.present.get(label) == 0 else math.nan


def _means(values: NDArray[np.float64], weights: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the weighted mean over cases of each label that is known of one, from [N, L]."""
    weights = np.where(np.isfinite(values), weights, 0.0)
    sums, totals = (np.nan_to_num(values) * weights).sum(axis=0), weights.sum(axis=0)
    return np.asarray(sums[totals > 0] / totals[totals > 0])
