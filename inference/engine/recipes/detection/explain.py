"""Why a detector puts boxes where it does: its map of centres, and what the best box hangs on."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Final

import numpy as np
import torch
from scipy import ndimage
from torch import Tensor
from torch.nn import functional

from inference.engine.pixel_maps import noisy_gradients
from inference.engine.recipes.detection.decode import Decoded, decoded
from inference.engine.recipes.detection.network import STRIDE
from inference.engine.recipes.detection.predict import looked_at
from inference.engine.results import Saliency
from inference.engine.sample import Image

if TYPE_CHECKING:
    from inference.engine.loaded_model import LoadedModel
    from inference.engine.preprocess import Prepared

_SEED: Final = 0


def centres(model: LoadedModel, image: Image, label: str, tell: Callable[[float], None]) -> Saliency:
    """Return how likely a box is centred at each pixel, calibrated as the boxes are."""
    index = model.config.labels.index(label)
    map_kji = np.zeros(image.shape_kji, np.float32)
    count = image.shape_kji[0] if model.config.dimensions == 2 else 1
    for number, (prepared, outputs) in enumerate(looked_at(model, image), start=1):
        logits = outputs["logits"][0, index].cpu().numpy()
        chance = torch.from_numpy(model.calibration[label].probability(logits).astype(np.float32))
        part = model.preprocessing.restore_part(_on_grid(chance, prepared), prepared.geometry)
        map_kji[slice(None) if prepared.geometry.frame is None else prepared.geometry.frame] = part
        tell(number / count)
    map_kji = np.clip(map_kji, 0.0, 1.0)
    raw = (float(map_kji.min()), float(map_kji.max()))
    return Saliency(map_kji, "centres", "logits", {"stride": STRIDE}, raw)


def best_box(model: LoadedModel, image: Image, label: str, tell: Callable[[float], None]) -> Saliency:
    """Return how much the score of the label's most likely box hangs on each pixel round it (Smilkov 2017).

    Only one window of the network is asked: that with the centre of the box nearest to its middle.
    """
    index = model.config.labels.index(label)
    best: tuple[Prepared, Decoded] | None = None
    for prepared, outputs in looked_at(model, image):
        here = decoded(outputs, index)
        if best is None or here.logits[0] > best[1].logits[0]:
            best = prepared, here
    assert best is not None  # an image has a frame
    prepared, here = best
    window = _window(here.cells[0] * STRIDE, prepared.tensor.shape[1:], model.config.image_shape)
    cell = tuple(int(at) - part.start // STRIDE for at, part in zip(here.cells[0], window, strict=True))
    cell = tuple(min(at, (part.stop - part.start) // STRIDE - 1) for at, part in zip(cell, window, strict=True))

    def score(images: Tensor) -> Tensor:
        said: Tensor = model.network(images)["logits"]
        return said[(slice(None), index, *cell)]

    picture = prepared.tensor[(slice(None), *window)][None].to(model.device)
    gradients, parameters = noisy_gradients(picture, score, at_once=4, seed=_SEED)
    width = min(picture.shape[2:]) / 64
    values = torch.zeros(prepared.tensor.shape[1:])
    values[window] = torch.from_numpy(ndimage.gaussian_filter(gradients.cpu().numpy(), width))
    part = np.maximum(model.preprocessing.restore_part(values, prepared.geometry), 0.0)
    raw = (float(part.min()), float(part.max()))
    part = part / raw[1] if raw[1] > 0 else part
    frame = prepared.geometry.frame
    map_kji = np.zeros(image.shape_kji, np.float32)
    map_kji[slice(None) if frame is None else frame] = part
    tell(1.0)
    return Saliency(map_kji, "best_box", "input", {**parameters, "smoothed": width}, raw, frame)


def _on_grid(cells: Tensor, prepared: Prepared) -> Tensor:
    """Spread a map of cells over the pixels of the prepared grid."""
    mode = "trilinear" if cells.ndim == 3 else "bilinear"
    size = tuple(n * STRIDE for n in cells.shape)
    spread = functional.interpolate(cells[None, None], size=size, mode=mode, align_corners=False)[0, 0]
    return spread[tuple(slice(0, n) for n in prepared.geometry.shape)]


def _window(
    centre: np.ndarray[tuple[int, ...], np.dtype[np.int64]], whole: tuple[int, ...], size: tuple[int, ...]
) -> tuple[slice, ...]:
    """Return the window of the network round a pixel, inside of the image; it begins at a whole cell."""
    starts = [
        min(max(0, int(at) - m // 2), n - m) // STRIDE * STRIDE for at, n, m in zip(centre, whole, size, strict=True)
    ]
    return tuple(slice(start, start + m) for start, m in zip(starts, size, strict=True))
