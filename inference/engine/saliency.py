"""Why a model said what it said: maps on the image's own grid."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from captum.attr import IntegratedGradients
from numpy.typing import NDArray
from scipy import ndimage
from torch import Tensor, nn
from torch.nn import functional

from inference.engine.errors import ImageError
from inference.engine.loaded_model import LoadedModel
from inference.engine.maps import spread
from inference.engine.predict import predict
from inference.engine.preprocess import Prepared
from inference.engine.recipe_cards import recipe_card
from inference.engine.results import Saliency
from inference.engine.sample import Image

Progress = Callable[[float], None]

_OCCLUDED_AT_ONCE = 16
_PATH_STEPS = 32


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
    if method not in {one.name for one in recipe_card(model.config.recipe).explanations}:
        raise ImageError("method_unknown", f"There is no explanation {method} for this model.", method=method)
    tell = on_progress or (lambda _: None)
    if method == "uncertainty":
        prediction = predict(model, image, on_progress=on_progress)
        assert prediction.uncertainty_kji is not None  # a segmentation always has it
        values = prediction.uncertainty_kji
        raw = (float(values.min()), float(values.max()))
        return Saliency(values, method, "logits", {"unit": "bits"}, raw)
    index = model.config.labels.index(label)
    frame = _deciding_frame(model, image, index) if frame is None else frame
    prepared = model.preprocessing.apply(image, frame)
    tensor = prepared.tensor[None].to(model.device)
    values, layer, parameters = _MAKERS[method](model, tensor, prepared, index, tell)
    restored = model.preprocessing.restore_map(values, prepared.geometry)
    raw = (float(values.min()), float(values.max()))
    positive = np.maximum(restored, 0)
    top = float(positive.max())
    map_kji = positive / top if top > 0 else positive
    if method == "location":
        map_kji = np.clip(restored, 0, 1)  # already a probability: a faint map stays faint
    tell(1.0)
    return Saliency(map_kji.astype(np.float32), method, layer, parameters, raw, frame)


Made = tuple[NDArray[np.float32], str, dict[str, Any]]


def _deciding_frame(model: LoadedModel, image: Image, index: int) -> int:
    frames = image.shape_kji[0]
    if frames == 1:
        return 0
    with torch.no_grad():
        scores = [
            float(model.network(model.preprocessing.apply(image, k).tensor[None].to(model.device))["logits"][0, index])
            for k in range(frames)
        ]
    return int(np.argmax(scores))


def _features_and_gradient(model: LoadedModel, tensor: Tensor, index: int) -> tuple[Tensor, Tensor]:
    """Return the last features and the gradient of the label's logit with respect to them, each [F, h, w]."""
    with torch.enable_grad():
        # The weights take no gradients: the image must, so that there is a graph at all.
        outputs = model.network(tensor.clone().requires_grad_())
        features = outputs["features"]
        (gradient,) = torch.autograd.grad(outputs["logits"][0, index], features)
    return features[0].detach(), gradient[0].detach()


def _on_pixels(model: LoadedModel, cells: Tensor, prepared: Prepared) -> NDArray[np.float32]:
    network: Any = model.network
    return spread(cells, prepared.geometry.shape, stride=network.feature_stride, centre=network.feature_centre)


def _hirescam(model: LoadedModel, tensor: Tensor, prepared: Prepared, index: int, tell: Progress) -> Made:
    """Draelos & Carin 2020: gradient and feature multiplied cell by cell."""
    features, gradient = _features_and_gradient(model, tensor, index)
    cells = (features * gradient).sum(dim=0)
    return _on_pixels(model, cells, prepared), _layer(model), {"cells": list(cells.shape)}


def _gradcam(model: LoadedModel, tensor: Tensor, prepared: Prepared, index: int, tell: Progress) -> Made:
    """Selvaraju 2017: features weighted by the mean of their gradient."""
    features, gradient = _features_and_gradient(model, tensor, index)
    cells = (features * gradient.mean(dim=(1, 2), keepdim=True)).sum(dim=0)
    return _on_pixels(model, cells, prepared), _layer(model), {"cells": list(cells.shape)}


def _location(model: LoadedModel, tensor: Tensor, prepared: Prepared, index: int, tell: Progress) -> Made:
    with torch.no_grad():
        cells = model.network(tensor)["location"][0, index].float().sigmoid()
    return spread(cells, prepared.geometry.shape), "location", {"cells": list(cells.shape)}


def _occlusion(model: LoadedModel, tensor: Tensor, prepared: Prepared, index: int, tell: Progress) -> Made:
    """Zeiler & Fergus 2014, filled with a blur so that the hole itself is no finding."""
    rows, columns = prepared.geometry.shape
    size, stride = max(8, min(rows, columns) // 8), max(4, min(rows, columns) // 16)
    blurred = _blur(tensor, sigma=size)
    # Starts run from outside to outside: every pixel is covered by the same number of windows.
    starts = [
        (top, left) for top in range(stride - size, rows, stride) for left in range(stride - size, columns, stride)
    ]
    inside_rows, inside_columns = prepared.geometry.inside()
    starts = [
        (top, left)
        for top, left in starts
        if top < inside_rows.stop
        and top + size > inside_rows.start
        and left < inside_columns.stop
        and left + size > inside_columns.start
    ]
    total, count = np.zeros((rows, columns), dtype=np.float64), np.zeros((rows, columns), dtype=np.float64)
    with torch.no_grad():
        whole = float(model.network(tensor)["logits"][0, index])
        for first in range(0, len(starts), _OCCLUDED_AT_ONCE):
            some = starts[first : first + _OCCLUDED_AT_ONCE]
            holes = [np.s_[max(0, t) : max(0, t + size), max(0, x) : max(0, x + size)] for t, x in some]
            batch = tensor.repeat(len(some), 1, 1, 1)
            for number, hole in enumerate(holes):
                batch[number, :, *hole] = blurred[0, :, *hole]
            for hole, score in zip(holes, model.network(batch)["logits"][:, index].tolist(), strict=True):
                total[hole] += whole - score
                count[hole] += 1
            tell(min(1.0, (first + len(some)) / len(starts)))
    values = np.asarray(total / np.maximum(count, 1), dtype=np.float32)
    return values, "input", {"window": size, "stride": stride, "fill": "blur", "sigma": size}


def _integrated_gradients(model: LoadedModel, tensor: Tensor, prepared: Prepared, index: int, tell: Progress) -> Made:
    """Sundararajan 2017, by captum, from a blurred image; smoothed by one pixel's width for the eye."""

    class Logit(nn.Module):
        def forward(self, image: Tensor) -> Tensor:
            logits: Tensor = model.network(image)["logits"]
            return logits[:, index]

    sigma = max(8, min(prepared.geometry.shape) // 8)
    smooth = min(prepared.geometry.shape) / 64
    attributed = IntegratedGradients(Logit()).attribute(
        tensor, baselines=_blur(tensor, sigma=sigma), n_steps=_PATH_STEPS, internal_batch_size=8
    )
    summed = attributed[0].sum(dim=0).detach().float().cpu().numpy()
    values = np.asarray(ndimage.gaussian_filter(summed, smooth), dtype=np.float32)
    return values, "input", {"steps": _PATH_STEPS, "baseline": "blur", "sigma": sigma, "smoothed": smooth}


def _blur(tensor: Tensor, sigma: int) -> Tensor:
    """Blur [1, C, H, W] with a Gaussian; the border is continued."""
    reach = 2 * sigma
    offsets = torch.arange(-reach, reach + 1, dtype=tensor.dtype, device=tensor.device)
    kernel = torch.exp(-(offsets**2) / (2 * sigma**2))
    kernel = (kernel / kernel.sum()).repeat(tensor.shape[1], 1)
    padded = functional.pad(tensor, (reach, reach, reach, reach), mode="replicate")
    along_rows = functional.conv2d(padded, kernel[:, None, None, :], groups=tensor.shape[1])
    return functional.conv2d(along_rows, kernel[:, None, :, None], groups=tensor.shape[1])


def _layer(model: LoadedModel) -> str:
    network: Any = model.network
    return str(network.layer)


_MAKERS: dict[str, Callable[[LoadedModel, Tensor, Prepared, int, Progress], Made]] = {
    "hirescam": _hirescam,
    "gradcam": _gradcam,
    "location": _location,
    "occlusion": _occlusion,
    "integrated_gradients": _integrated_gradients,
}
