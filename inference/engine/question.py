"""Why does a model say what it says of one label of one image? What several methods need is computed once."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Self

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from inference.engine.loaded_model import LoadedModel
from inference.engine.map_layer import MapLayer
from inference.engine.preprocess import Prepared
from inference.engine.sample import Image

Progress = Callable[[float], None]
#: Pictures that go through a network together hold about as many pixels as 16 of 128 by 128.
_PIXELS_AT_ONCE = 16 * 128 * 128


@dataclass(frozen=True, eq=False)
class Question:
    """One label of one prepared frame, asked of one model.

    Args:
        model: its network is not changed.
        prepared: the frame, as the network sees it.
        index: of the label among the model's outputs.
    """

    model: LoadedModel
    prepared: Prepared
    index: int

    @classmethod
    def of(cls, model: LoadedModel, image: Image, label: str, frame: int) -> Self:
        """Ask about a label of a frame of an image."""
        return cls(model, model.preprocessing.apply(image, frame), model.config.labels.index(label))

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns of the prepared frame."""
        rows, columns = self.prepared.geometry.shape
        return rows, columns

    @cached_property
    def tensor(self) -> Tensor:
        """The prepared frame, [1, C, H, W]."""
        return self.prepared.tensor[None].to(self.model.device)

    @cached_property
    def blurred(self) -> Tensor:
        """It without its details, [1, C, H, W]: what stands where something is taken away."""
        return blur(self.tensor, self.blur_sigma)

    @property
    def blur_sigma(self) -> int:
        """How far that is blurred, in pixels."""
        return max(8, min(self.shape) // 8)

    @property
    def at_once(self) -> int:
        """How many pictures go through the network together."""
        return self.fits(self.shape)

    @staticmethod
    def fits(shape: Sequence[int]) -> int:
        """Return how many pictures of these rows and columns go through a network together."""
        return max(1, min(128, _PIXELS_AT_ONCE // (shape[0] * shape[1])))

    def logits(self, batch: Tensor) -> NDArray[np.float64]:
        """Return what the network says of the label of other pictures, [B]."""
        with torch.no_grad():
            said = [self.model.network(some)["logits"][:, self.index] for some in torch.split(batch, self.at_once)]
        return torch.cat(said).double().cpu().numpy()

    def probability(self, logits: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the calibrated probability of logits of the label."""
        calibration = self.model.calibration[self.model.config.labels[self.index]]
        return np.asarray(calibration.probability(logits), dtype=np.float64)

    @property
    def layers(self) -> tuple[MapLayer, ...]:
        """The layers of the network that maps are made from, the last one first."""
        network: Any = self.model.network
        layers: tuple[MapLayer, ...] = network.layers
        return layers

    @cached_property
    def activations(self) -> Mapping[str, tuple[Tensor, Tensor]]:
        """Of each layer its values and the gradient of the label's logit with respect to them, [F, h, w] each."""
        with torch.enable_grad():
            # The weights take no gradients: the image must, so that there is a graph at all.
            outputs = self.model.network(self.tensor.clone().requires_grad_())
            values = [outputs[layer.name] for layer in self.layers]
            gradients = torch.autograd.grad(outputs["logits"][0, self.index], values)
        return {
            layer.name: (value[0].detach(), gradient[0].detach())
            for layer, value, gradient in zip(self.layers, values, gradients, strict=True)
        }


def blur(tensor: Tensor, sigma: int) -> Tensor:
    """Blur [1, C, H, W] with a Gaussian; the border is continued."""
    reach = 2 * sigma
    offsets = torch.arange(-reach, reach + 1, dtype=tensor.dtype, device=tensor.device)
    kernel = torch.exp(-(offsets**2) / (2 * sigma**2))
    kernel = (kernel / kernel.sum()).repeat(tensor.shape[1], 1)
    padded = functional.pad(tensor, (reach, reach, reach, reach), mode="replicate")
    along_rows = functional.conv2d(padded, kernel[:, None, None, :], groups=tensor.shape[1])
    return functional.conv2d(along_rows, kernel[:, None, :, None], groups=tensor.shape[1])
