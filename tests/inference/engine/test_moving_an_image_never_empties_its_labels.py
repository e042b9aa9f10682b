"""Turning, zooming and shifting bring in pixels from outside; none of them is taught as background."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from inference.engine.augment import Augmenter
from inference.engine.config import Augmentation, RecipeConfig
from inference.engine.patches import Patches
from inference.engine.places import KNOWN

ONLY_MOVED = Augmentation(affine=True, intensity=False, noise=False)
PATCH = {2: (96, 96), 3: (32, 64, 64)}


def settings(dimensions, recipe="segmentation", **changes):
    shape = PATCH[dimensions]
    return RecipeConfig(
        recipe=recipe, dimensions=dimensions, labels=("organ",), image_shape=shape, augmentation=ONLY_MOVED, **changes
    )


def organ(shape):
    """An organ that fills the image: every pixel is bright, marked and known."""
    marked = torch.ones(1, *shape, dtype=torch.uint8)
    return {"image": torch.ones(1, *shape), "mask": marked, "known": marked.clone()}


def changed_by(augmenter, example, seed):
    return {name: values[0] for name, values in augmenter([example], seed).items()}


@pytest.mark.parametrize("dimensions", [2, 3])
@pytest.mark.parametrize("larger", [1, 2])
def test_no_pixel_of_an_organ_larger_than_the_patch_is_taught_as_background(dimensions, larger):
    config = settings(dimensions)
    augmenter = Augmenter(config, targets=("mask", "known"), crops=True)
    example = organ(tuple(larger * n for n in config.image_shape))
    background = unknown = 0
    for seed in range(60):
        changed = changed_by(augmenter, example, seed)
        assert tuple(changed["mask"].shape[1:]) == config.image_shape
        sure = changed["known"] == KNOWN
        background += int((sure & (changed["mask"] == 0)).sum())
        unknown += int((~sure).sum())
        assert (changed["image"][sure.any(dim=0, keepdim=True)] > 0.99).all()
    size = 60 * float(np.prod(config.image_shape))
    assert background == 0
    # Of an image twice as wide as the patch little lies outside; of one as wide as the patch a corner does.
    assert unknown / size < (0.04 if larger == 2 else 0.2)


def test_a_label_stays_on_the_pixels_it_was_drawn_on():
    config = settings(2)
    augmenter = Augmenter(config, targets=("mask", "known"), crops=True)
    rows, columns = np.mgrid[0:192, 0:192]
    disc = torch.from_numpy((rows - 90) ** 2 + (columns - 100) ** 2 < 70**2)[None]
    example = {"image": disc.float(), "mask": disc.to(torch.uint8), "known": torch.ones(1, 192, 192, dtype=torch.uint8)}
    apart = 0
    for seed in range(40):
        changed = changed_by(augmenter, example, seed)
        sure = changed["known"] == KNOWN
        apart += int((sure & ((changed["image"] > 0.5) != (changed["mask"] > 0))).sum())
    assert apart / (40 * 96 * 96) < 0.005, "but for pixels that the outline cuts"


def test_of_a_whole_image_nothing_is_known_where_it_was_moved_away_from():
    config = RecipeConfig(recipe="classification", labels=("organ",), image_shape=(96, 96), augmentation=ONLY_MOVED)
    augmenter = Augmenter(config, targets=("place", "place_known"), crops=False)
    example = {
        "image": torch.ones(1, 96, 96),
        "place": torch.full((1, 96, 96), 255, dtype=torch.uint8),
        "place_known": torch.ones(1, 96, 96, dtype=torch.uint8),
    }
    moved = 0
    for seed in range(20):
        changed = changed_by(augmenter, example, seed)
        assert ((changed["place"] == 255) == (changed["place_known"] == KNOWN)).all()
        moved += int((changed["place"] == 0).sum())
    assert moved > 0


def test_patches_reach_the_borders_of_an_image():
    patches = Patches((32, 32), (8, 8), known="known")
    seen = torch.zeros(64, 64)
    numbers = torch.arange(64 * 64).reshape(1, 64, 64)
    for seed in range(200):
        random = np.random.default_rng(seed)
        cut = patches({"image": numbers, "known": torch.ones_like(numbers)}, torch.zeros(0, 3), random)
        assert tuple(cut["image"].shape) == (1, 48, 48)
        assert (cut["known"][0, 8:40, 8:40] == 1).all(), "the patch itself lies in the image"
        seen.view(-1)[cut["image"][0, 8:40, 8:40].flatten()] += 1
    assert (seen.sum(dim=0) > 0).all(), "every column, to the border"
    assert (seen.sum(dim=1) > 0).all(), "every row, to the border"
