"""Why a model said what it said: maps on the image's own grid."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from inference.engine.cams import CAMS
from inference.engine.errors import ImageError
from inference.engine.loaded_model import LoadedModel
from inference.engine.maps import spread
from inference.engine.methods import Method
from inference.engine.pixel_maps import integrated_gradients, occlusion, rise, smoothgrad
from inference.engine.question import Progress, Question
from inference.engine.recipe_cards import recipe_card
from inference.engine.recipes.registry import recipe_named
from inference.engine.results import Saliency
from inference.engine.sample import Image


@dataclass(frozen=True, eq=False)
class Made:
    """A map of one label on the grid of the prepared frame, in its own unit.

    Args:
        values: float32 [H, W].
        layer: of the network that it comes from; "input" for methods that ask the pixels.
        parameters: of the method.
    """

    values: NDArray[np.float32]
    layer: str
    parameters: dict[str, Any]

    @property
    def raw_range(self) -> tuple[float, float]:
        """Its lowest and highest value."""
        return float(self.values.min()), float(self.values.max())


def explain(
    model: LoadedModel,
    image: Image,
    label: str,
    method: str,
    *,
    frame: int | None = None,
    on_progress: Progress | None = None,
) -> Saliency:
    """Explain one label of one image.

    Args:
        model: a loaded model; its network is not changed.
        image: the image that was predicted.
        label: one of the model's labels.
        method: name of one of the explanations on the card of the model's recipe.
        frame: classification: the frame k to explain; None takes the one with the highest logit.
        on_progress: told the share done, 0…1.

    Returns:
        The map on the image's grid; frames that were not explained are 0.

    Raises:
        ImageError: the model has no such label, or the method does not apply.
    """
    if label not in model.config.labels:
        raise ImageError("label_unknown", "The model has no such label.", label=label)
    known = {one.name: one for one in recipe_card(model.config.recipe).explanations}
    if method not in known:
        raise ImageError("method_unknown", f"There is no explanation {method} for this model.", method=method)
    tell = on_progress or (lambda _: None)
    whole = recipe_named(model.config.recipe).explain(model, image, label, known[method], tell)
    if whole is not None:
        return whole
    frame = deciding_frame(model, image, label) if frame is None else frame
    question = Question.of(model, image, label, frame)
    made = made_of(question, known[method], tell=tell)
    map_kji = np.zeros(image.shape_kji, dtype=np.float32)
    map_kji[frame] = on_image(question, known[method], made)
    tell(1.0)
    return Saliency(map_kji, method, made.layer, made.parameters, made.raw_range, frame)


def made_of(question: Question, method: Method, *, seed: int = 0, tell: Progress = lambda _: None) -> Made:
    """Make the map that answers a question by a method.

    Args:
        question: about a label of a classification.
        method: one of the explanations of its card.
        seed: of the random numbers, where the method draws any.
        tell: told the share done, 0…1.
    """
    if method.kind in CAMS:
        layer = question.layers[method.depth]
        cells = CAMS[method.kind](*question.activations[layer.name])
        values = spread(cells, question.shape, stride=layer.stride, centre=layer.centre)
        return Made(values, layer.name, {"cells": list(cells.shape)})
    if method.kind == "location":
        with torch.no_grad():
            cells = question.model.network(question.tensor)["location"][0, question.index].float().sigmoid()
        return Made(spread(cells, question.shape), "location", {"cells": list(cells.shape)})
    if method.kind == "smoothgrad":
        values, parameters = smoothgrad(question, seed)
    elif method.kind == "integrated_gradients":
        values, parameters = integrated_gradients(question)
    elif method.kind == "occlusion":
        values, parameters = occlusion(question, tell)
    else:
        values, parameters = rise(question, seed, tell)
    return Made(values, "input", parameters)


def on_image(question: Question, method: Method, made: Made) -> NDArray[np.float32]:
    """Bring a map to the grid of its frame as it is shown: float32 [J, I], 0…1.

    A probability stays what it is, so that a faint map stays faint; any other map is scaled to its strongest value.
    """
    restored = question.model.preprocessing.restore_part(made.values, question.prepared.geometry)
    if method.scale == "probability":
        return np.clip(restored, 0, 1)
    positive = np.maximum(restored, 0)
    top = float(positive.max())
    return np.asarray(positive / top if top > 0 else positive, dtype=np.float32)


def deciding_frame(model: LoadedModel, image: Image, label: str) -> int:
    """Return the frame k of an image on which the label's logit is highest."""
    frames = image.shape_kji[0]
    if frames == 1:
        return 0
    index = model.config.labels.index(label)
    with torch.no_grad():
        scores = [
            float(model.network(model.preprocessing.apply(image, k).tensor[None].to(model.device))["logits"][0, index])
            for k in range(frames)
        ]
    return int(np.argmax(scores))
