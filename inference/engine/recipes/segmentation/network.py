"""The U-Net of the segmentation recipe, and how it runs over an image of any size."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import torch
from monai.inferers.utils import sliding_window_inference
from monai.networks.blocks.convolutions import Convolution, ResidualUnit
from monai.networks.nets.unet import UNet
from torch import Tensor, nn

from inference.engine.config import RecipeConfig
from inference.engine.recipe import Outputs


class Segmenter(nn.Module):
    """A residual U-Net of MONAI with one output channel for each label; labels may overlap."""

    def __init__(self, config: RecipeConfig) -> None:
        super().__init__()
        widths = (16, 32, 64, 96) if config.preset == "tiny" else (32, 64, 128, 256, 320)
        self.network = UNet(
            spatial_dims=config.dimensions,
            in_channels=config.channels,
            out_channels=len(config.labels),
            channels=widths,
            strides=(2,) * (len(widths) - 1),
            num_res_units=1 if config.preset == "tiny" else 2,
            # Instance norm stretches a patch of plain background to full contrast; with more than a few patches in a
            # batch the batch's own statistics are the better choice.
            norm="BATCH" if config.batch_size >= 4 else "INSTANCE",
        )

    def stages(self) -> Iterable[nn.Module]:
        """Return what may be computed again instead of being kept: each step of each level."""
        return _outermost(self.network)

    def forward(self, image: Tensor) -> Outputs:
        """Take [B, C, (D,) H, W]; return logits [B, L, (D,) H, W]."""
        return {"logits": self.network(image)}


def _outermost(module: nn.Module) -> Iterator[nn.Module]:
    for child in module.children():
        if isinstance(child, Convolution | ResidualUnit):
            yield child
        else:
            yield from _outermost(child)


def infer_whole(model: nn.Module, image: Tensor, config: RecipeConfig) -> Tensor:
    """Run a segmenter over an image of any size, in patches that overlap where it is larger than one.

    Args:
        model: in evaluation mode.
        image: [C, (D,) H, W] on the model's device, at least as large as the patch.
        config: its ``image_shape`` is the patch.

    Returns:
        float32 logits [L, (D,) H, W].
    """

    def forward(patch: Tensor) -> Tensor:
        logits: Tensor = model(patch)["logits"]
        return logits.float()

    with torch.no_grad():
        result = sliding_window_inference(
            image[None], config.image_shape, sw_batch_size=4, predictor=forward, overlap=0.25, mode="gaussian"
        )
    return torch.as_tensor(result).as_subclass(Tensor)[0]
