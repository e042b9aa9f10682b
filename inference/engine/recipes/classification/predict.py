"""What a classifier says of an image: frame by frame, the most probable decides; places where its map says so."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np
import torch

from inference.engine.map_licence import SURE_PLACE, place_withheld
from inference.engine.maps import spread
from inference.engine.regions import regions_of_map
from inference.engine.results import LabelPrediction, Prediction, Region
from inference.engine.sample import Image

if TYPE_CHECKING:
    from inference.engine.loaded_model import LoadedModel

_BATCH = 8


def predict_labels(model: LoadedModel, image: Image, on_progress: Callable[[float], None] | None) -> Prediction:
    """Predict all labels of an image, its frames one by one."""
    frames = image.shape_kji[0]
    logits, places = [], []
    for start in range(0, frames, _BATCH):
        prepared = [model.preprocessing.apply(image, k) for k in range(start, min(start + _BATCH, frames))]
        with torch.no_grad():
            outputs = model.network(torch.stack([p.tensor for p in prepared]).to(model.device))
        logits.append(outputs["logits"].float().cpu().numpy())
        places += list(zip(prepared, outputs["location"].float().sigmoid().cpu(), strict=True))
        if on_progress is not None:
            on_progress(min(start + _BATCH, frames) / frames)
    every = np.concatenate(logits)
    labels: dict[str, LabelPrediction] = {}
    regions: list[Region] = []
    for index, label in enumerate(model.config.labels):
        probabilities = model.calibration[label].probability(every[:, index])
        best = int(probabilities.argmax())
        labels[label] = LabelPrediction(
            label, float(probabilities[best]), float(every[best, index]), model.thresholds[label], best
        )
        for k, (prepared_frame, maps) in enumerate(places if place_withheld(model.card, label) is None else ()):
            # Only a frame the label was seen on has places, and only one whose map says so.
            if probabilities[k] < model.thresholds[label] or float(maps[index].max()) < SURE_PLACE:
                continue
            on_grid = spread(maps[index], prepared_frame.geometry.shape)
            restored = model.preprocessing.restore_part(on_grid, prepared_frame.geometry)
            regions += regions_of_map(
                restored, label=label, frame=k, level=SURE_PLACE, probability=float(probabilities[k])
            )
    return Prediction.of(labels, regions)
