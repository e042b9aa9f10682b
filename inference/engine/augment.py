"""Random changes of the training images, a batch at once; image and places move together, and a seed decides all."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from inference.engine.config import RecipeConfig
from inference.engine.patches import MARKED, Patches, margin_for, marked_places
from inference.engine.recipe import Batch, Example

_ANGLE: Final = 0.15
_ZOOM: Final = 0.1
_SHIFT: Final = 0.06
_GAMMA: Final = (0.7, 1.5)
_SCALE: Final = 0.2
_OFFSET: Final = 0.3
_NOISE: Final = 0.15
#: How often an image is flipped, moved, and changed by each of gamma, scale, offset and noise.
_FLIPPED, _MOVED, _CHANGED = 0.5, 0.7, 0.3


class Augmenter:
    """Changes batches at random; the same examples and seed give the same batch, on whichever thread.

    What a change brings in from outside of the image is the image's border, of which nothing is known: no place is
    ever taught as empty because it was moved there.

    Args:
        config: its ``augmentation``, ``move_strength`` and ``image_shape``.
        targets: tensors that move with the image, [L, …] uint8: where the label is, and what is known of each pixel
            (``inference.engine.places``); none where the places do not count.
        crops: cut patches of ``image_shape`` around marked, rejected and other places alike.
    """

    def __init__(self, config: RecipeConfig, *, targets: tuple[str, ...], crops: bool) -> None:
        self._targets, self._flags, self._shape = targets, config.augmentation, config.image_shape
        self._angle, self._zoom, self._shift = (config.move_strength * most for most in (_ANGLE, _ZOOM, _SHIFT))
        margin = margin_for(config.image_shape, angle=self._angle, zoom=self._zoom, shift=self._shift)
        self._margin = margin if crops and config.augmentation.affine else (0,) * config.dimensions
        self._patches = (
            Patches(config.image_shape, self._margin, targets[-1], on_marked=config.marked_share) if crops else None
        )

    def __call__(self, examples: Sequence[Example], seed: int, device: torch.device | None = None) -> Batch:
        """Return changed copies of the examples, stacked.

        Args:
            examples: whole images with their targets; without patches all of one shape.
            seed: decides every change.
            device: where they are changed and stay; the processor where none is named.
        """
        device = device or torch.device("cpu")
        random = np.random.default_rng(seed)
        if self._patches is not None:
            examples = [self._patch(self._patches, one, random) for one in examples]
        batch = {name: _on(torch.stack([one[name] for one in examples]), device) for name in examples[0]}
        self._flip(batch, random)
        self._move(batch, random)
        self._recolour(batch["image"], random)
        if self._flags.noise:
            _add_noise(batch["image"], random, seed)
        return batch

    def _patch(self, patches: Patches, example: Example, random: np.random.Generator) -> Example:
        where, known = (example[name] for name in self._targets)
        marked = example[MARKED] if MARKED in example else marked_places(where, known)
        others = {name: values for name, values in example.items() if name != MARKED}
        return {**others, **patches({name: example[name] for name in ("image", *self._targets)}, marked, random)}

    def _flip(self, batch: Batch, random: np.random.Generator) -> None:
        if not self._flags.flip_left_right:
            return
        chosen = _chosen(random, len(batch["image"]), _FLIPPED)
        for name in ("image", *self._targets):
            batch[name][chosen] = batch[name][chosen].flip(-1)

    def _move(self, batch: Batch, random: np.random.Generator) -> None:
        """Turn, zoom and shift some of the images, and take the margin off all."""
        if not self._flags.affine:
            return
        image, (count, axes) = batch["image"], (len(batch["image"]), len(self._shape))
        chosen = _chosen(random, count, _MOVED)
        angle = random.uniform(-self._angle, self._angle, count)[chosen]
        zoom = random.uniform(1 - self._zoom, 1 + self._zoom, (count, axes))[chosen]
        shift = (random.uniform(-self._shift, self._shift, (count, axes)) * self._shape)[chosen]
        moved = {}
        if len(chosen):
            grid = _grid(angle, zoom, shift, source=image.shape[2:], shape=self._shape).to(image.device)
            moved["image"] = _sampled(image[chosen], grid, "bilinear", "border")
        if len(chosen) and self._targets:
            # Places are few values of one byte: all of them move in one go, and none is mixed with its neighbour.
            places = torch.cat([batch[name][chosen] for name in self._targets], dim=1).float()
            sizes = [batch[name].shape[1] for name in self._targets]
            found = torch.split(_sampled(places, grid, "nearest", "zeros").to(torch.uint8), sizes, dim=1)
            moved |= dict(zip(self._targets, found, strict=True))
        inside = (slice(None), slice(None), *(slice(m, m + n) for m, n in zip(self._margin, self._shape, strict=True)))
        for name in ("image", *self._targets):
            batch[name] = batch[name][inside].contiguous()
            if name in moved:
                batch[name][chosen] = moved[name]

    def _recolour(self, image: Tensor, random: np.random.Generator) -> None:
        """Change contrast, then scale and offset of some of the images, in place."""
        if not self._flags.intensity:
            return
        count = len(image)
        gamma = random.uniform(*_GAMMA, count)
        chosen = _chosen(random, count, _CHANGED)
        if len(chosen):
            values = image[chosen].flatten(1)
            low, high = values.aminmax(dim=1, keepdim=True)
            width = high - low
            bent = ((values - low) / (width + 1e-7)) ** _column(gamma[chosen], values)
            image[chosen] = (bent * width + low).reshape(len(chosen), *image.shape[1:])
        scale = np.where(random.random(count) < _CHANGED, random.uniform(1 - _SCALE, 1 + _SCALE, count), 1.0)
        offset = np.where(random.random(count) < _CHANGED, random.uniform(-_OFFSET, _OFFSET, count), 0.0)
        image.mul_(_column(scale, image)).add_(_column(offset, image))


def _chosen(random: np.random.Generator, count: int, share: float) -> NDArray[np.int64]:
    """Return which of ``count`` are changed, each with the same chance."""
    return np.flatnonzero(random.random(count) < share)


def _column(values: NDArray[np.float64], like: Tensor) -> Tensor:
    """Return one number an image, to be spread over ``like`` [B, …]."""
    return torch.from_numpy(values.astype(np.float32)).to(like.device).reshape(-1, *[1] * (like.ndim - 1))


def _add_noise(image: Tensor, random: np.random.Generator, seed: int) -> None:
    chosen = _chosen(random, len(image), _CHANGED)
    strength = random.uniform(0, _NOISE, len(image))[chosen]
    drawn = torch.Generator(device=image.device).manual_seed(seed)
    noise = torch.randn(image[chosen].shape, generator=drawn, device=image.device)
    image[chosen] += noise.mul_(_column(strength, noise))


def _grid(
    angle: NDArray[np.float64],
    zoom: NDArray[np.float64],
    shift: NDArray[np.float64],
    *,
    source: Sequence[int],
    shape: Sequence[int],
) -> Tensor:
    """Return where each pixel comes from, [B, …shape, axes], as ``grid_sample`` takes it.

    Args:
        angle: [B], radians; turns the last two axes.
        zoom: [B, axes], size of what is seen, 1 for what it was.
        shift: [B, axes], pixels.
        source: shape of what is sampled; its middle is the middle of what comes out.
        shape: of what comes out.
    """
    count, axes = zoom.shape
    turned = np.tile(np.eye(axes), (count, 1, 1))
    turned[:, -2, -2] = turned[:, -1, -1] = np.cos(angle)
    turned[:, -1, -2] = np.sin(angle)
    turned[:, -2, -1] = -turned[:, -1, -2]
    # In pixels from the middle; grid_sample counts in halves of the image, the last axis first.
    matrix = turned * zoom[:, None, :] * np.array(shape)[None, None, :] / np.array(source)[None, :, None]
    moved = 2 * shift / np.array(source)
    theta = np.concatenate([matrix[:, ::-1, ::-1], moved[:, ::-1, None]], axis=2)
    return functional.affine_grid(torch.from_numpy(theta.astype(np.float32)), [count, 1, *shape], align_corners=False)


def _sampled(values: Tensor, grid: Tensor, mode: str, beyond: str) -> Tensor:
    return functional.grid_sample(values, grid, mode=mode, padding_mode=beyond, align_corners=False)


def _on(values: Tensor, device: torch.device) -> Tensor:
    """Bring a tensor to a device; to a GPU from pinned memory, so that nobody waits for it."""
    return values.pin_memory().to(device, non_blocking=True) if device.type == "cuda" else values
