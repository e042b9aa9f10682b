"""What a detector says of an image: boxes in the image's own pixels."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from inference.engine.boxes import as_tuples
from inference.engine.preprocess import Prepared
from inference.engine.recipe import Outputs
from inference.engine.recipes.detection.decode import decoded, on_image
from inference.engine.recipes.detection.network import infer_whole
from inference.engine.results import FoundBox, LabelPrediction, Prediction, Region
from inference.engine.sample import Image

if TYPE_CHECKING:
    from inference.engine.loaded_model import LoadedModel


def looked_at(model: LoadedModel, image: Image) -> Iterator[tuple[Prepared, Outputs]]:
    """Yield what the network says of each frame, or of the volume."""
    frames = range(image.shape_kji[0]) if model.config.dimensions == 2 else range(1)
    for frame in frames:
        prepared = model.preprocessing.apply(image, frame)
        yield prepared, infer_whole(model.network, prepared.tensor.to(model.device), model.config)


def predict_boxes(model: LoadedModel, image: Image, on_progress: Callable[[float], None] | None = None) -> Prediction:
    """Find the boxes of all labels; a label is as likely as its most likely box."""
    found: dict[str, list[FoundBox]] = {label: [] for label in model.config.labels}
    count = image.shape_kji[0] if model.config.dimensions == 2 else 1
    for number, (prepared, outputs) in enumerate(looked_at(model, image), start=1):
        for index, label in enumerate(model.config.labels):
            here = on_image(decoded(outputs, index), prepared.geometry)
            chances = model.calibration[label].probability(here.logits)
            found[label] += [
                FoundBox(label, box, float(chance), float(logit))
                for box, chance, logit in zip(as_tuples(here.boxes), chances, here.logits, strict=True)
            ]
        if on_progress is not None:
            on_progress(number / count)
    labels = {label: _answer(label, boxes, model.thresholds[label]) for label, boxes in found.items()}
    every = [one for boxes in found.values() for one in boxes]
    regions = [_region(one) for one in every if one.probability >= model.thresholds[one.label]]
    return Prediction.of(labels, regions, boxes=every)


def _answer(label: str, boxes: list[FoundBox], threshold: float) -> LabelPrediction:
    if not boxes:
        return LabelPrediction(label, 0.0, -60.0, threshold)
    best = max(boxes, key=lambda one: one.logit)
    return LabelPrediction(label, best.probability, best.logit, threshold, _middle(best))


def _region(one: FoundBox) -> Region:
    """Return the box as a rectangle on its middle slice."""
    _, top, left, _, bottom, right = one.box
    corners = ((left, top), (right, top), (right, bottom), (left, bottom))
    area = (right - left) * (bottom - top)
    return Region(one.label, _middle(one), corners, (left, top, right, bottom), area, one.probability, "rectangle")


def _middle(one: FoundBox) -> int:
    return max(0, round((one.box[0] + one.box[3]) / 2))
