"""What a sequence model says of a series."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch

from inference.engine.preprocess import Geometry
from inference.engine.results import LabelPrediction, Prediction
from inference.engine.sample import Image

if TYPE_CHECKING:
    from inference.engine.loaded_model import LoadedModel


def predict_series(model: LoadedModel, image: Image) -> Prediction:
    """Predict all labels of a series; the frame of each is the one that says it most."""
    prepared = model.preprocessing.apply(image)
    with torch.no_grad():
        outputs = model.network(prepared.tensor[None].to(model.device))
    logits, said = outputs["logits"][0].float().cpu(), outputs["frames"][0].float().cpu()
    labels: dict[str, LabelPrediction] = {}
    for index, label in enumerate(model.config.labels):
        logit = float(logits[index])
        probability = float(model.calibration[label].probability(logits[index : index + 1].numpy())[0])
        frame = frame_of_image(prepared.geometry, int(said[:, index].argmax()))
        labels[label] = LabelPrediction(label, probability, logit, model.thresholds[label], frame)
    return Prediction.of(labels, [])


def frame_of_image(geometry: Geometry, prepared: int) -> int:
    """Return the frame k of the image that lies in the middle of a prepared one."""
    old, new, before = geometry.image_shape[0], geometry.resized[0], geometry.before[0]
    return max(0, min(old - 1, round((prepared - before + 0.5) * old / new - 0.5)))
