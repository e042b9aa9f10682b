"""Random changes of the training images; image and places move together, and the seed decides everything."""

from __future__ import annotations

from typing import Any, Final

import torch
from monai.transforms.compose import Compose
from monai.transforms.intensity.dictionary import (
    RandAdjustContrastd,
    RandGaussianNoised,
    RandScaleIntensityd,
    RandShiftIntensityd,
)
from monai.transforms.spatial.dictionary import RandAffined, RandFlipd
from torch import Tensor

from inference.engine.config import RecipeConfig
from inference.engine.patches import Patches, margin_for
from inference.engine.places import REJECTED
from inference.engine.recipe import Example

_ANGLE: Final = 0.15
_ZOOM: Final = 0.1
_SHIFT: Final = 0.06


class Augmenter:
    """Changes examples at random; after ``restart`` with a seed the same examples give the same results.

    What a change brings in from outside of the image is the image's border, of which nothing is known: no place is
    ever taught as empty because it was moved there.

    Args:
        config: its ``augmentation`` and ``image_shape``.
        targets: tensors that move with the image, [L, …] uint8: where the label is, and what is known of each pixel
            (``inference.engine.places``); none where the places do not count.
        crops: cut patches of ``image_shape`` around marked, rejected and other places alike.
    """

    def __init__(self, config: RecipeConfig, *, targets: tuple[str, ...], crops: bool) -> None:
        self._targets = targets
        keys = ("image", *targets)
        flags = config.augmentation
        self._patches: Patches | None = None
        if crops:
            margin = margin_for(config.image_shape, angle=_ANGLE, zoom=_ZOOM, shift=_SHIFT)
            margin = margin if flags.affine else (0,) * config.dimensions
            self._patches = Patches(config.image_shape, margin, known=targets[-1])
        steps: list[Any] = []
        if flags.flip_left_right:
            steps.append(RandFlipd(keys, prob=0.5, spatial_axis=config.dimensions - 1))
        if flags.affine:
            steps.append(
                RandAffined(
                    keys,
                    # A patch comes with its margin, which goes here, changed or not.
                    spatial_size=config.image_shape if crops else None,
                    prob=0.7,
                    rotate_range=_ANGLE if config.dimensions == 2 else (_ANGLE, 0.0, 0.0),
                    scale_range=(_ZOOM,) * config.dimensions,
                    translate_range=tuple(n * _SHIFT for n in config.image_shape),
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
        self._compose.set_random_state(seed)
        if self._patches is not None:
            self._patches.set_random_state(seed)

    def __call__(self, example: Example) -> Example:
        """Return a changed copy of ``example``."""
        moved: Any = {name: example[name] for name in ("image", *self._targets)}
        if self._patches is not None:
            where, known = (moved[name] for name in self._targets)
            marked = torch.logical_or(where > 0, known == REJECTED).any(dim=0, keepdim=True)
            moved = self._patches(moved, marked)
        moved = self._compose(moved)
        changed = {name: _plain(value).to(example[name].dtype) for name, value in moved.items()}
        return {**example, **changed}


def _plain(value: Any) -> Tensor:
    return torch.as_tensor(value).as_subclass(Tensor).contiguous()
