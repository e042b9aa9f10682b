"""What a segmenter says of an image: masks, probabilities and uncertainty on the image's own grid."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from inference.engine.maps import entropy_bits, keep_largest
from inference.engine.recipes.segmentation.network import infer_whole
from inference.engine.regions import regions_of_mask
from inference.engine.results import LabelPrediction, Prediction, Region
from inference.engine.sample import Image

if TYPE_CHECKING:
    from inference.engine.loaded_model import LoadedModel


def predict_masks(
    model: LoadedModel, image: Image, largest_component: bool, on_progress: Callable[[float], None] | None
) -> Prediction:
    """Predict the masks of all labels; a 2D network paints frame by frame."""
    labels_in_order = model.config.labels
    logits = {label: np.zeros(image.shape_kji, dtype=np.float32) for label in labels_in_order}
    frames = range(image.shape_kji[0]) if model.config.dimensions == 2 else range(1)
    for frame in frames:
        prepared = model.preprocessing.apply(image, frame)
        output = infer_whole(model.network, prepared.tensor.to(model.device), model.config)
        for index, label in enumerate(labels_in_order):
            part = model.preprocessing.restore_part(output[index], prepared.geometry)
            logits[label][slice(None) if prepared.geometry.frame is None else frame] = part
        if on_progress is not None:
            on_progress((frame + 1) / len(frames))
    labels: dict[str, LabelPrediction] = {}
    regions: list[Region] = []
    masks: dict[str, NDArray[np.uint8]] = {}
    probabilities: dict[str, NDArray[np.float32]] = {}
    uncertainty = np.zeros(image.shape_kji, dtype=np.float32)
    for label in labels_in_order:
        threshold = model.thresholds[label]
        probability = model.calibration[label].probability(logits[label]).astype(np.float32)
        mask = probability >= threshold
        if largest_component:
            mask = keep_largest(mask)
        probabilities[label], masks[label] = probability, mask.astype(np.uint8)
        uncertainty = np.maximum(uncertainty, entropy_bits(probability))
        # How sure of the surest part: the mean inside the mask, or the highest voxel where nothing reaches it.
        sure = float(probability[mask].mean()) if mask.any() else float(probability.max())
        peak = np.unravel_index(int(probability.argmax()), probability.shape)
        labels[label] = LabelPrediction(label, sure, float(logits[label][peak]), threshold, int(peak[0]))
        regions += regions_of_mask(mask, probability, label=label)
    return Prediction.of(labels, regions, masks, probabilities, uncertainty)
