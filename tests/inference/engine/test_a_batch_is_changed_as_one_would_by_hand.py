"""A batch is turned, zoomed and shifted at once: each image as scipy does it alone; nothing depends on who makes it."""

from __future__ import annotations

import time
from functools import partial

import numpy as np
import pytest
import torch
from scipy import ndimage

from inference.engine.augment import Augmenter, _grid, _sampled
from inference.engine.config import Augmentation, RecipeConfig
from inference.engine.loading import Loader
from inference.engine.patches import Patches, marked_places
from inference.engine.train import train
from tests.inference.engine.planted import square_samples


@pytest.mark.parametrize(("source", "shape"), [((40, 56), (24, 32)), ((20, 40, 36), (16, 24, 20))])
def test_each_image_of_a_batch_is_moved_as_scipy_moves_it_alone(source, shape):
    random = np.random.default_rng(0)
    axes = len(shape)
    images = ndimage.gaussian_filter(random.random((3, *source)), (0, *[2] * axes)).astype(np.float32)
    angle, zoom = random.uniform(-0.15, 0.15, 3), random.uniform(0.9, 1.1, (3, axes))
    shift = random.uniform(-2, 2, (3, axes))
    grid = _grid(angle, zoom, shift, source=source, shape=shape)
    found = _sampled(torch.from_numpy(images)[:, None], grid, "bilinear", "border")[:, 0].numpy()
    for number, image in enumerate(images):
        turned = np.eye(axes)
        turned[-2:, -2:] = [
            [np.cos(angle[number]), -np.sin(angle[number])],
            [np.sin(angle[number]), np.cos(angle[number])],
        ]
        matrix = turned @ np.diag(zoom[number])
        middle, of_source = (np.array(shape) - 1) / 2, (np.array(source) - 1) / 2
        offset = of_source + shift[number] - matrix @ middle
        expected = ndimage.affine_transform(image, matrix, offset, output_shape=shape, order=1, mode="nearest")
        assert np.abs(found[number] - expected).max() < 1e-4


def test_contrast_scale_offset_and_noise_come_as_often_and_as_strong_as_they_should():
    config = RecipeConfig(recipe="classification", labels=("a",), augmentation=Augmentation(affine=False, noise=False))
    image = torch.linspace(0, 1, 16 * 16).reshape(1, 16, 16)
    augmenter = Augmenter(config, targets=(), crops=False)
    changed = augmenter([{"image": image}] * 4000, 1)["image"]
    assert float((changed == image).flatten(1).all(dim=1).float().mean()) == pytest.approx(0.7**3, abs=0.03)
    low, high = changed.flatten(1).amin(dim=1), changed.flatten(1).amax(dim=1)
    reached = [float(one) for one in (low.abs().max(), (high - low).min(), (high - low).max())]
    assert reached == pytest.approx([0.3, 0.8, 1.2], abs=0.02)
    noisy = Augmenter(
        config.model_copy(update={"augmentation": Augmentation(affine=False, intensity=False)}), targets=(), crops=False
    )
    spread = (noisy([{"image": image}] * 2000, 1)["image"] - image).flatten(1).std(dim=1)
    assert float((spread > 0).float().mean()) == pytest.approx(0.3, abs=0.04)
    assert float(spread.max()) == pytest.approx(0.15, abs=0.02)
    assert float(spread[spread > 0].mean()) == pytest.approx(0.075, abs=0.01)


def test_half_of_the_patches_lie_on_marked_places_and_a_small_label_comes_as_often_as_a_large_one():
    where = torch.zeros(2, 128, 128, dtype=torch.uint8)
    where[0, :64] = 1
    where[1, 120:123, 120:123] = 1
    known = torch.ones_like(where)
    patches, random = Patches((16, 16), (0, 0), known="known"), np.random.default_rng(0)
    marked = marked_places(where, known)
    cut = [patches({"where": where, "known": known}, marked, random)["where"] for _ in range(2000)]
    small = np.mean([bool(one[1].any()) for one in cut])
    assert small == pytest.approx(0.25, abs=0.04), "a quarter by choice, and next to nothing by chance"
    assert np.mean([bool(one[0].any()) for one in cut]) == pytest.approx(0.25 + 0.5 * 72 / 128, abs=0.05)


def test_the_result_is_the_same_however_many_threads_make_the_batches(tmp_path):
    cases = square_samples(24, 1, shapes=((40, 40),))
    digests = {
        train(
            RecipeConfig(
                recipe="classification",
                labels=("square",),
                image_shape=(32, 32),
                batch_size=8,
                epochs=2,
                loaders=loaders,
            ),
            training=cases,
            validation=(),
            workdir=tmp_path / str(loaders),
        ).weights_digest
        for loaders in (0, 1, 3)
    }
    assert len(digests) == 1


def test_the_loader_hands_out_in_order_says_how_long_it_was_waited_for_and_passes_errors_on():
    def make(number, seconds):
        time.sleep(seconds)
        if number == 4:
            raise ValueError("broken")
        return number

    makers = [partial(make, number, 0.05 * (number % 2)) for number in range(5)]
    with Loader(makers, 2) as loader:
        assert [loader.take() for _ in range(4)] == [0, 1, 2, 3]
        with pytest.raises(ValueError, match="broken"):
            loader.take()
    with Loader([partial(make, 1, 0.05)] * 2, 0) as loader:
        loader.take()
        assert loader.waited >= 0.05
    with Loader([partial(make, 1, 0.05)] * 2, 1) as loader:
        time.sleep(0.2)
        loader.take()
        assert loader.waited < 0.05, "it was made meanwhile"
