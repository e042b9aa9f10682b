"""Which frames of a series decided: what the label loses where one is replaced by its neighbours."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Final

import numpy as np
import torch

from inference.engine.results import Saliency
from inference.engine.sample import Image

if TYPE_CHECKING:
    from inference.engine.loaded_model import LoadedModel

_AT_ONCE: Final = 8


def left_out_frames(model: LoadedModel, image: Image, label: str, tell: Callable[[float], None]) -> Saliency:
    """Return, on every pixel of a frame, how much the label's logit falls where the frame is left out.

    A frame is replaced by the mean of the one before and the one after: a hole would itself be a sign.
    """
    prepared, index = model.preprocessing.apply(image), model.config.labels.index(label)
    tensor, geometry = prepared.tensor[None].to(model.device), prepared.geometry
    first, count = geometry.before[0], geometry.resized[0]
    falls: list[float] = []
    with torch.no_grad():
        whole = float(model.network(tensor)["logits"][0, index])
        for start in range(first, first + count, _AT_ONCE):
            frames = range(start, min(start + _AT_ONCE, first + count))
            batch = tensor.repeat(len(frames), 1, 1, 1, 1)
            for row, frame in enumerate(frames):
                beside = [one for one in (frame - 1, frame + 1) if first <= one < first + count]
                if beside:
                    batch[row, :, frame] = tensor[0][:, beside].mean(dim=1)
            falls += [whole - float(logit) for logit in model.network(batch)["logits"][:, index]]
            tell(len(falls) / count)
    strongest = max(0.0, *falls)
    each = np.maximum(falls, 0.0) / strongest if strongest > 0 else np.zeros(count)
    # One prepared frame stands for all that were averaged into it.
    source = np.minimum(np.arange(geometry.image_shape[0]) * count // geometry.image_shape[0], count - 1)
    map_kji = np.broadcast_to(each[source].astype(np.float32)[:, None, None], geometry.image_shape)
    parameters = {"frames": count, "fill": "neighbours"}
    return Saliency(np.ascontiguousarray(map_kji), "left_out_frames", "input", parameters, (min(falls), max(falls)))
