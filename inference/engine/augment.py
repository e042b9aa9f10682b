"""Random changes of the training images; image and places move together, and the seed decides everything."""

from __future__ import annotations

from typing import Any

import torch
from monai.transforms.compose import Compose
from monai.transforms.croppad.dictionary import RandCropByPosNegLabeld, RandSpatialCropd
from monai.transforms.intensity.dictionary import (
    RandAdjustContrastd,
    RandGaussianNoised,
    RandScaleIntensityd,
    RandShiftIntensityd,
)
from monai.transforms.spatial.dictionary import RandAffined, RandFlipd
from torch import Tensor

from inference.engine.config import RecipeConfig
from inference.engine.recipe import Example

_MARKED = "marked"


class Augmenter:
    """Changes examples at random; after ``restart`` with a seed the same examples give the same results.

    Args:
        config: its ``augmentation`` and ``image_shape``.
        targets: tensors that move with the image, [L, …] uint8.
        crops: cut patches of ``image_shape`` around marked and unmarked places alike.
    """

    def __init__(self, config: RecipeConfig, *, targets: tuple[str, ...], crops: bool) -> None:
        self._targets = targets
        keys = ("image", *targets)
        steps: list[Any] = []
        self._crop_marked = self._crop_any = None
        if crops:
            self._crop_marked = RandCropByPosNegLabeld(
                keys, label_key=_MARKED, spatial_size=config.image_shape, pos=1, neg=1, num_samples=1
            )
            self._crop_any = RandSpatialCropd(keys, roi_size=config.image_shape, random_size=False)
        flags = config.augmentation
        if flags.flip_left_right:
            steps.append(RandFlipd(keys, prob=0.5, spatial_axis=config.dimensions - 1))
        if flags.affine:
            angle = 0.15
            steps.append(
                RandAffined(
                    keys,
                    prob=0.7,
                    rotate_range=angle if config.dimensions == 2 else (angle, 0.0, 0.0),
                    scale_range=(0.1,) * config.dimensions,
                    translate_range=tuple(n * 0.06 for n in config.image_shape),
                    mode=["bilinear", *["nearest"] * len(targets)],
                    padding_mode=["border", *["zeros"] * len(targets)],
                )
            )
        if flags.intensity:
            steps += [
                RandAdjustContrastd("image", prob=0.3, gamma=(0.7, 1.5)),
                RandScaleIntensityd("image", factors=0.2, prob=0.3),
                RandShiftIntensityd("image", offsets=0.3, prob=0.3),
            ]
        if flags.noise:
            steps.append(RandGaussianNoised("image", prob=0.3, std=0.15))
        self._compose = Compose(steps)

    def restart(self, seed: int) -> None:
        """Begin the random numbers anew; once a batch, because MONAI needs longer for it than for a change."""
        for step in (self._compose, self._crop_marked, self._crop_any):
            if step is not None:
                step.set_random_state(seed)

    def __call__(self, example: Example) -> Example:
        """Return a changed copy of ``example``."""
        moved: Any = {name: example[name] for name in ("image", *self._targets)}
        if self._crop_marked is not None and self._crop_any is not None:
            # MONAI takes a first channel for background; here it is a label like the others.
            moved[_MARKED] = moved[self._targets[0]].amax(dim=0, keepdim=True)
            moved = self._crop_marked(moved)[0] if moved[_MARKED].any() else self._crop_any(moved)
            del moved[_MARKED]
        moved = self._compose(moved)
        changed = {name: _plain(value).to(example[name].dtype) for name, value in moved.items()}
        return {**example, **changed}


def _plain(value: Any) -> Tensor:
    return torch.as_tensor(value).as_subclass(Tensor).contiguous()
