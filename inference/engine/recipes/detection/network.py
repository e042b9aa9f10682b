"""The network of the detection recipe: a feature pyramid that says at each cell whether a box is centred there.

After Zhou 2019 (Objects as Points): no anchors, one map of centres for each label, and beside it how large the box is
and how far its centre lies from the cell's.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import pairwise
from typing import Any, Final

import torch
from torch import Tensor, nn
from torch.nn import functional

from inference.engine.config import RecipeConfig
from inference.engine.preprocess import BLANK
from inference.engine.recipe import Outputs

#: Pixels of the prepared image that a cell of the maps is wide.
STRIDE: Final = 2
#: How likely a centre is at first, as a logit: about one in ten, so that a new network does not see boxes everywhere.
_AT_FIRST: Final = -2.2
_OVERLAP: Final = 0.25


class BoxNetwork(nn.Module):
    """An encoder that halves the grid at each stage, and the way back to ``STRIDE`` with the finer stages beside.

    Args:
        config: dimensions, channels, labels, preset, batch size.
    """

    def __init__(self, config: RecipeConfig) -> None:
        super().__init__()
        self._labels, self._axes = len(config.labels), config.dimensions
        tiny = config.preset == "tiny"
        widths, across = ((16, 24, 32, 48), 24) if tiny else ((32, 64, 128, 192, 256), 64)
        convolution = nn.Conv3d if self._axes == 3 else nn.Conv2d
        # A batch's own statistics where it is large enough; else those of groups of channels, whatever the batch.
        batch = config.batch_size >= 4

        def step(before: int, after: int, stride: int = 1) -> nn.Module:
            norm = (nn.BatchNorm3d if self._axes == 3 else nn.BatchNorm2d)(after) if batch else nn.GroupNorm(8, after)
            return nn.Sequential(convolution(before, after, 3, stride, 1, bias=False), norm, nn.ReLU())

        self.down = nn.ModuleList(
            nn.Sequential(step(before, after, 2), step(after, after))
            for before, after in zip((config.channels, *widths), widths, strict=False)
        )
        self.beside = nn.ModuleList(convolution(width, across, 1) for width in widths)
        self.up = nn.ModuleList(step(across, across) for _ in widths)
        self.head = nn.Sequential(step(across, across), convolution(across, self._labels * (1 + 2 * self._axes), 1))
        last: Any = self.head[-1]
        nn.init.normal_(last.weight, std=0.01)
        nn.init.zeros_(last.bias)
        nn.init.constant_(last.bias[: self._labels], _AT_FIRST)

    def stages(self) -> Iterable[nn.Module]:
        """Return what may be computed again instead of being kept."""
        return [*self.down, *self.up]

    def forward(self, image: Tensor) -> Outputs:
        """Take [B, C, (D,) H, W]; return maps of cells ``STRIDE`` wide.

        Returns:
            ``logits`` [B, L, …] of a centre; ``size`` [B, L, axes, …], logarithm of the box's size in cells; ``shift``
            [B, L, axes, …], from the cell's centre to the box's, in cells.
        """
        levels: list[Tensor] = []
        for stage in self.down:
            levels.append(stage(levels[-1] if levels else image))
        found = self.beside[-1](levels[-1])
        for index in range(len(levels) - 1, -1, -1):
            if index < len(levels) - 1:
                finer = levels[index]
                found = functional.interpolate(found, size=finer.shape[2:], mode="nearest") + self.beside[index](finer)
            found = self.up[index](found)
        said = self.head(found)
        count, cells = self._labels, said.shape[2:]
        size, shift = said[:, count:].reshape(len(said), 2, count, self._axes, *cells).unbind(1)
        return {"logits": said[:, :count], "size": size, "shift": shift}


def infer_whole(model: nn.Module, image: Tensor, config: RecipeConfig) -> Outputs:
    """Run a detector over an image of any size, in windows that overlap where it is larger than one.

    Of each window what lies nearer to it than to its neighbours is taken.

    Args:
        model: in evaluation mode.
        image: [C, (D,) H, W] on the model's device, at least as large as the window.
        config: its ``image_shape`` is the window.

    Returns:
        As of ``BoxNetwork.forward``, of a batch of one.
    """
    whole = tuple(-(-n // STRIDE) * STRIDE for n in image.shape[1:])
    sides = [side for n, m in reversed(list(zip(image.shape[1:], whole, strict=True))) for side in (0, m - n)]
    image = functional.pad(image, sides, value=BLANK)
    found: Outputs = {}
    with torch.no_grad():
        for window, own in _windows(whole, config.image_shape):
            said: Outputs = model(image[(slice(None), *window)][None])
            for name, values in said.items():
                if name not in found:
                    lead = values.shape[: values.ndim - len(whole)]
                    found[name] = values.new_zeros((*lead, *(n // STRIDE for n in whole)), dtype=torch.float32)
                inside: list[Any] = [
                    slice((o.start - w.start) // STRIDE, (o.stop - w.start) // STRIDE)
                    for o, w in zip(own, window, strict=True)
                ]
                target: list[Any] = [slice(o.start // STRIDE, o.stop // STRIDE) for o in own]
                found[name][(..., *target)] = values[(..., *inside)].float()
    return found


def _windows(whole: tuple[int, ...], size: tuple[int, ...]) -> Iterator[tuple[tuple[slice, ...], tuple[slice, ...]]]:
    """Yield each window and the part of it that is its own; the parts cover the whole once."""
    axes = [_along(n, m) for n, m in zip(whole, size, strict=True)]

    def each(left: list[list[tuple[slice, slice]]]) -> Iterator[list[tuple[slice, slice]]]:
        if not left:
            yield []
            return
        for one in left[0]:
            for others in each(left[1:]):
                yield [one, *others]

    for chosen in each(axes):
        yield tuple(window for window, _ in chosen), tuple(own for _, own in chosen)


def _along(whole: int, size: int) -> list[tuple[slice, slice]]:
    step = max(STRIDE, int(size * (1 - _OVERLAP)) // STRIDE * STRIDE)
    starts = [*range(0, whole - size, step), whole - size]
    middles = [(a + size + b) // 2 // STRIDE * STRIDE for a, b in pairwise(starts)]
    bounds = [0, *middles, whole]
    return [
        (slice(start, start + size), slice(low, high))
        for start, (low, high) in zip(starts, pairwise(bounds), strict=True)
    ]
