"""Models that several files ask about are trained once."""

from __future__ import annotations

import pytest
import torch

from inference.engine.checkpoint import load_model
from inference.engine.config import RecipeConfig
from inference.engine.loaded_model import LoadedModel
from inference.engine.train import TrainResult, train
from tests.inference.engine.planted import SHAPES, disc_samples, square_samples

WINDOW = {"intensity": "window", "window": (500.0, 2000.0)}


@pytest.fixture(autouse=True)
def own_data_folder():
    """The engine has no data folder; it is not made here."""


@pytest.fixture(autouse=True, scope="session")
def one_thread():
    torch.set_num_threads(1)


@pytest.fixture(scope="session")
def square_training(tmp_path_factory) -> TrainResult:
    """A tiny classifier that learned bright squares on images of several shapes."""
    config = RecipeConfig(
        recipe="classification", labels=("square",), image_shape=(96, 96), epochs=8, batch_size=16, seed=3, **WINDOW
    )
    return train(
        config,
        training=square_samples(192, 1, shapes=SHAPES),
        validation=square_samples(48, 2, key="v", shapes=SHAPES),
        workdir=tmp_path_factory.mktemp("square"),
    )


@pytest.fixture(scope="session")
def square_model(square_training) -> LoadedModel:
    return load_model(square_training.folder)


@pytest.fixture(scope="session")
def disc_training(tmp_path_factory) -> TrainResult:
    """A tiny U-Net that learned bright discs."""
    config = RecipeConfig(
        recipe="segmentation",
        labels=("disc",),
        image_shape=(64, 64),
        epochs=10,
        batch_size=4,
        learning_rate=4e-3,
        intensity="window",
        window=(0.5, 2.0),
    )
    return train(
        config,
        training=disc_samples(48, 1, shape=(1, 80, 80)),
        validation=disc_samples(8, 2, key="v", shape=(1, 80, 80)),
        workdir=tmp_path_factory.mktemp("disc"),
    )


@pytest.fixture(scope="session")
def disc_model(disc_training) -> LoadedModel:
    return load_model(disc_training.folder)
