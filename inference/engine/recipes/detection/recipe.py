"""Boxes round things in 2D or 3D, with a small network of its own that knows no anchors (after Zhou 2019)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor, nn

from inference.engine.box_curves import Curve
from inference.engine.box_score import AGAIN, FOUND, BoxScore
from inference.engine.boxes import Boxes, as_tuples
from inference.engine.boxes_learned import MISSED, boxes_known, decide_boxes
from inference.engine.calibrate import Calibration
from inference.engine.case_result import CaseResult
from inference.engine.config import RecipeConfig
from inference.engine.draws import Draws, draws_of
from inference.engine.errors import DataError
from inference.engine.frame_choice import frame_to_learn
from inference.engine.methods import Method
from inference.engine.operating_point import OperatingPoint
from inference.engine.places import known_places, masks_of
from inference.engine.preprocess import Preprocessing
from inference.engine.recipe import Batch, Case, Example, Outcome, Outputs, Validation
from inference.engine.recipes.detection.card import CARD
from inference.engine.recipes.detection.decode import decoded, on_grid
from inference.engine.recipes.detection.explain import best_box, centres
from inference.engine.recipes.detection.network import BoxNetwork, infer_whole
from inference.engine.recipes.detection.predict import predict_boxes
from inference.engine.recipes.detection.targets import box_loss, boxes_in, numbered
from inference.engine.results import Prediction, Saliency
from inference.engine.sample import Image, Sample, trust_of

if TYPE_CHECKING:
    from inference.engine.loaded_model import LoadedModel


class Detection:
    """The recipe; see the module."""

    card = CARD
    version = "1.0.0"

    def build(self, config: RecipeConfig) -> nn.Module:
        """Return the network of the preset."""
        return BoxNetwork(config)

    def example(self, sample: Sample, preprocessing: Preprocessing, config: RecipeConfig) -> Example:
        """Return image [C, …], boxes [L, …] uint8 (numbered), and known [L, …] of ``inference.engine.places``.

        Raises:
            DataError: no label of the case has a box or a rejected place, and none is known to be absent.
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
            if (boxes := boxes_known(sample, label)) is not None:
                truth[index] = numbered(on_grid(boxes, prepared.geometry), prepared.geometry.shape)
        if not known.any():
            raise DataError("case_without_truth", "A case has neither a box nor a label that is known to be absent.")
        return {"image": prepared.tensor, "boxes": truth, "known": known}

    def targets(self, config: RecipeConfig) -> tuple[str, ...]:
        """Name what moves with the image."""
        return ("boxes", "known")

    def crops(self, config: RecipeConfig) -> bool:
        """Return True: it learns from patches, half of them on boxes and on rejected places."""
        return True

    def draws(self, samples: Sequence[Sample], config: RecipeConfig) -> Draws:
        """Draw what has a box twice as often as what has none; rejected places come as often as was asked for."""
        emphasis = np.full((len(samples), len(config.labels)), np.nan)
        for row, sample in enumerate(samples):
            for column, label in enumerate(config.labels):
                if sample.regions.get(label) is not None:
                    emphasis[row, column] = 2.0
                elif sample.present.get(label) == 0:
                    emphasis[row, column] = 1.0
        return draws_of(samples, config.labels, emphasis)

    def loss(self, outputs: Outputs, batch: Batch, config: RecipeConfig) -> tuple[Tensor, dict[str, float]]:
        """Focal loss of the centres where anything is known, and distances of size and shift round them."""
        return box_loss(outputs, batch["boxes"], batch["known"], batch["place_weight"])

    def validate(self, model: nn.Module, cases: Iterable[Case], config: RecipeConfig) -> Validation:
        """Return the mean FROC sensitivity over the labels with a box; what is trusted less counts less."""
        device = next(model.parameters()).device
        results: list[CaseResult] = []
        trusted, losses = [], []
        rows: list[tuple[int, float, float]] = []
        for sample, example in cases:
            outputs = infer_whole(model, example["image"].to(device), config)
            outputs = {name: values.cpu() for name, values in outputs.items()}
            ones = torch.ones((1, len(config.labels)))
            losses.append(float(box_loss(outputs, example["boxes"][None], example["known"][None], ones)[0]))
            scores: dict[str, BoxScore] = {}
            for index, label in enumerate(config.labels):
                truth = _truth(example["boxes"][index]) if boxes_known(sample, label) is not None else None
                if truth is None:
                    continue
                found = decoded(outputs, index)
                chances = tuple(Calibration().probability(found.logits).tolist())
                score = BoxScore(as_tuples(truth), as_tuples(found.boxes), chances)
                scores[label] = score
                rows += [
                    (index, float(logit), float(became == FOUND))
                    for logit, became in zip(found.logits, score.outcome, strict=True)
                    if became != AGAIN
                ]
                rows += [(index, MISSED, 1.0)] * (len(score.truth) - int((score.outcome == FOUND).sum()))
            results.append(CaseResult(sample.sample_id, sample.patient_key, {}, {}, boxes=scores))
            trusted.append(trust_of(sample, config.labels))
        weights, loss = np.stack(trusted), float(np.mean(losses))
        curves = [Curve.of(results, label) for label in config.labels]
        each = [
            float(curve.sensitivities(weights[None, :, index]).mean())
            for index, curve in enumerate(curves)
            if curve.has_truth and (weights[:, index] * curve.truths).any()
        ]
        name, metric = ("froc_mean", float(np.mean(each))) if each else ("loss", loss)
        rank = (round(metric, 4), -loss) if each else (-loss, 0.0)
        logits = np.zeros((len(rows), len(config.labels)), np.float32)
        truth_rows = np.full((len(rows), len(config.labels)), np.nan, np.float32)
        for place, (index, logit, true) in enumerate(rows):
            logits[place, index], truth_rows[place, index] = logit, true
        counts = tuple(int(curve.known.sum()) for curve in curves)
        return Validation(name, metric, rank, loss, logits, truth_rows, counts)

    def check(self, samples: Sequence[Sample], config: RecipeConfig) -> None:
        """Ask for at least one box of each label."""
        missing = [key for key in config.labels if not any(one.regions.get(key) is not None for one in samples)]
        if missing:
            raise DataError(
                "label_without_cases", f"No training case has a box of {', '.join(missing)}.", labels=missing
            )

    def decide(self, calibrating: Outcome, deciding: Outcome, point: OperatingPoint) -> tuple[Calibration, float]:
        """Calibrate the boxes with a temperature and a bias; the threshold is where the operating point asks for it."""
        return decide_boxes(calibrating, deciding, point)

    def predict(
        self, model: LoadedModel, image: Image, *, largest_component: bool, on_progress: Callable[[float], None] | None
    ) -> Prediction:
        """Find the boxes of each label."""
        return predict_boxes(model, image, on_progress)

    def explain(
        self, model: LoadedModel, image: Image, label: str, method: Method, on_progress: Callable[[float], None]
    ) -> Saliency:
        """Say where it sees centres, or what the best box hangs on."""
        own = {"centres": centres, "best_box": best_box}[method.name]
        return own(model, image, label, on_progress)


def _truth(pixels: Tensor) -> Boxes:
    """Return the numbered boxes of a prepared image, [N, 6]; of a flat one one slice deep."""
    centre, size = (values.double().numpy() for values in boxes_in(pixels))
    low, high = centre - size / 2, centre + size / 2
    if low.shape[1] == 2:
        half = np.full((len(low), 1), 0.5)
        low, high = np.concatenate([-half, low], axis=1), np.concatenate([half, high], axis=1)
    return np.concatenate([low, high], axis=1)
