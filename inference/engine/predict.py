"""What a model says of one image, in the image's own grid."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
from numpy.typing import NDArray
from scipy import ndimage
from torch import Tensor

from inference.engine.checkpoint import LoadedModel
from inference.engine.recipes.segmentation import infer_whole
from inference.engine.regions import regions_of_map, regions_of_mask
from inference.engine.results import LabelPrediction, Prediction, Region
from inference.engine.sample import Image

LOCATION_THRESHOLD = 0.5
_BATCH = 8


def predict(
    model: LoadedModel,
    image: Image,
    *,
    largest_component: bool = False,
    on_progress: Callable[[float], None] | None = None,
) -> Prediction:
    """Predict all labels of an image.

    Args:
        model: a loaded model.
        image: the image; a 2D model reads its frames one by one.
        largest_component: segmentation: keep only the largest connected part of each label.
        on_progress: told the share done, 0…1.

    Returns:
        Decisions with calibrated probabilities, proposed regions, and for a segmentation masks, probabilities and
        uncertainty on the image's grid.
    """
    if model.config.recipe == "classification":
        return _classify(model, image, on_progress)
    return _segment(model, image, largest_component, on_progress)


def _classify(model: LoadedModel, image: Image, on_progress: Callable[[float], None] | None) -> Prediction:
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
        for k, (prepared_frame, maps) in enumerate(places):
            # Only a frame the label was seen on has places, and only one whose map says so.
            if probabilities[k] < model.thresholds[label] or float(maps[index].max()) < LOCATION_THRESHOLD:
                continue
            on_grid = spread(maps[index], prepared_frame.geometry.shape)
            restored = model.preprocessing.restore_map(on_grid, prepared_frame.geometry)[k]
            regions += regions_of_map(
                restored, label=label, frame=k, level=LOCATION_THRESHOLD, probability=float(probabilities[k])
            )
    return _prediction(labels, regions)


def _segment(
    model: LoadedModel, image: Image, largest_component: bool, on_progress: Callable[[float], None] | None
) -> Prediction:
    labels_in_order = model.config.labels
    logits = {label: np.zeros(image.shape_kji, dtype=np.float32) for label in labels_in_order}
    frames = range(image.shape_kji[0]) if model.config.dimensions == 2 else range(1)
    for frame in frames:
        prepared = model.preprocessing.apply(image, frame)
        output = infer_whole(model.network, prepared.tensor.to(model.device), model.config)
        for index, label in enumerate(labels_in_order):
            logits[label] += model.preprocessing.restore_map(output[index], prepared.geometry)
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
    return _prediction(labels, regions, masks, probabilities, uncertainty)


def _prediction(
    labels: dict[str, LabelPrediction],
    regions: list[Region],
    masks: dict[str, NDArray[np.uint8]] | None = None,
    probabilities: dict[str, NDArray[np.float32]] | None = None,
    uncertainty: NDArray[np.float32] | None = None,
) -> Prediction:
    every = [label.probability for label in labels.values()]
    return Prediction(
        labels=labels,
        regions=tuple(sorted(regions, key=lambda region: -region.probability)),
        case_score=max(every),
        confidence=min(max(p, 1 - p) for p in every),
        masks_kji=masks or {},
        probability_kji=probabilities or {},
        uncertainty_kji=uncertainty,
    )


def entropy_bits(probability: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the entropy of a yes/no probability in bits, 0…1, of any shape."""
    p = np.clip(probability, 1e-7, 1 - 1e-7)
    return np.asarray(-(p * np.log2(p) + (1 - p) * np.log2(1 - p)), dtype=np.float32)


def keep_largest(mask: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Return the largest connected part of a mask."""
    parts, count = ndimage.label(mask)
    if count < 2:
        return mask
    sizes = np.bincount(parts.ravel())
    sizes[0] = 0
    return np.asarray(parts == sizes.argmax())


def spread(
    cells: Tensor, shape: tuple[int, ...], *, stride: float | None = None, centre: float | None = None
) -> NDArray[np.float32]:
    """Spread the cells of a feature map over the pixels they stand for, linearly between their centres.

    Args:
        cells: [h, w].
        shape: (H, W) of the prepared image.
        stride: pixels from one cell's centre to the next; by default the cells share the image evenly.
        centre: pixel the first cell is centred on; by default the middle of its share.

    Returns:
        float32 [H, W].
    """
    values = cells.detach().float().cpu().numpy()
    for axis, pixels in enumerate(shape):
        count = values.shape[axis]
        step = pixels / count if stride is None else stride
        first = (step - 1) / 2 if centre is None else centre
        at = np.clip((np.arange(pixels) - first) / step, 0, count - 1)
        low = np.minimum(np.floor(at).astype(int), count - 1)
        high = np.minimum(low + 1, count - 1)
        share = (at - low).astype(np.float32)
        share = share[:, None] if axis == 0 else share[None, :]
        values = np.take(values, low, axis) * (1 - share) + np.take(values, high, axis) * share
    return np.ascontiguousarray(values, dtype=np.float32)
