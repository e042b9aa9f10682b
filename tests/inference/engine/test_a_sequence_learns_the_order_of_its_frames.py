"""A recurrent network tells what moves one way from what moves the other: no single frame says it, only their order."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from inference.engine.checkpoint import load_model
from inference.engine.config import RecipeConfig
from inference.engine.predict import predict
from inference.engine.saliency import explain
from inference.engine.sample import Image, Sample
from inference.engine.statistics import weighted_auc
from inference.engine.train import train

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from inference.engine.loaded_model import LoadedModel

FRAMES = 12


def clip(number: int, *, shuffled: bool = False) -> Image:
    """A bright square crosses the picture in twelve frames: to the right in even clips, to the left in odd ones."""
    random = np.random.default_rng(number)
    pixels = random.normal(0.4, 0.05, (FRAMES, 40, 48)).astype(np.float32)
    row, steps = int(random.integers(4, 28)), np.linspace(2, 38, FRAMES).astype(int)
    for frame, column in enumerate(steps if number % 2 == 0 else steps[::-1]):
        pixels[frame, row : row + 8, column : column + 8] += 0.5
    if shuffled:
        pixels = pixels[random.permutation(FRAMES)]
    return Image(pixels * 1000, None, "US", even_slices=False)


def sample(number: int, key: str, *, shuffled: bool = False) -> Sample:
    image = clip(number, shuffled=shuffled)
    return Sample(f"{key}{number}", f"{key}{number}", lambda: image, {"right": float(number % 2 == 0)})


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> LoadedModel:
    folder: Path = tmp_path_factory.mktemp("sequence")
    config = RecipeConfig.for_preset(
        "sequence", ("right",), dimensions=3, image_shape=(32, 32, 32), epochs=14, batch_size=8, seed=3
    )
    made = train(
        config,
        training=[sample(number, "t") for number in range(48)],
        validation=[sample(number, "v") for number in range(100, 124)],
        workdir=folder,
    )
    return load_model(made.folder)


def auc_on(model: LoadedModel, *, shuffled: bool) -> float:
    numbers = range(200, 240)
    logits = [predict(model, clip(number, shuffled=shuffled)).labels["right"].logit for number in numbers]
    truth = [float(number % 2 == 0) for number in numbers]
    return float(weighted_auc(np.array(logits), np.array(truth), np.ones((1, len(truth))))[0])


@pytest.mark.acceptance("Sequences: order of frames", bar="AUC ≥ 0.95; of shuffled frames ≤ 0.7")
def test_the_order_is_learned_and_a_shuffled_clip_tells_nothing(
    model: LoadedModel, measured: Callable[[str], None]
) -> None:
    in_order, shuffled = auc_on(model, shuffled=False), auc_on(model, shuffled=True)
    measured(f"{in_order:.3f}; shuffled {shuffled:.3f}")
    assert in_order >= 0.95
    assert shuffled <= 0.7


def test_the_frames_of_another_clip_do_not_change_what_is_said_of_one(model: LoadedModel) -> None:
    """A short clip is padded to the network's frames: beside a longer one in a batch it says the same."""
    import torch

    short = model.preprocessing.apply(clip(1)).tensor
    long = model.preprocessing.apply(Image(np.repeat(clip(2).pixels_kji, 2, axis=0), None, "US")).tensor
    with torch.no_grad():
        alone = model.network(short[None])["logits"]
        beside = model.network(torch.stack([short, long]))["logits"][:1]
    assert torch.allclose(alone, beside, atol=1e-5)


def test_which_frames_decided_is_said_on_the_frames_themselves(model: LoadedModel) -> None:
    image = clip(200)
    told: list[float] = []
    said = explain(model, image, "right", "left_out_frames", on_progress=told.append)
    assert said.map_kji.shape == image.shape_kji
    each = said.map_kji[:, 0, 0]
    assert np.array_equal(said.map_kji, np.broadcast_to(each[:, None, None], image.shape_kji))
    assert each.max() == 1.0
    assert told[-1] == 1.0
    # Counted again by hand: the frame that decides most, replaced by its neighbours, costs the logit most.
    whole = predict(model, image).labels["right"].logit
    falls = []
    for frame in range(FRAMES):
        pixels = image.pixels_kji.copy()
        beside = [one for one in (frame - 1, frame + 1) if 0 <= one < FRAMES]
        pixels[frame] = image.pixels_kji[beside].mean(axis=0)
        falls.append(whole - predict(model, Image(pixels, None, "US", even_slices=False)).labels["right"].logit)
    assert int(np.argmax(falls)) == int(each.argmax())
