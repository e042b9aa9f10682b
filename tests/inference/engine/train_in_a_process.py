"""A worker that trains, for the tests that kill it: ``python -m …train_in_a_process WORKDIR RESUME``."""

from __future__ import annotations

import sys
from pathlib import Path

from inference.engine.config import RecipeConfig
from inference.engine.train import train
from tests.inference.engine.planted import disc_samples, square_samples


def run(recipe: str, workdir: Path, *, resume: bool) -> str:
    if recipe.startswith("classification"):
        more = {"ema_decay": 0.9, "patience": 1, "accumulation": 2} if recipe.endswith("with everything") else {}
        config = RecipeConfig(
            recipe="classification", labels=("square",), image_shape=(48, 48), epochs=4, batch_size=8, seed=5, **more
        )
        cases = [square_samples(32, 1, shapes=((48, 48),)), square_samples(12, 2, shapes=((48, 48),), key="v")]
    else:
        config = RecipeConfig(
            recipe="segmentation", labels=("disc",), image_shape=(48, 48), epochs=3, batch_size=4, seed=5
        )
        cases = [disc_samples(12, 1, shape=(1, 56, 56)), disc_samples(2, 2, shape=(1, 56, 56), key="v")]
    steps = 0

    def tell(_) -> bool:
        # Asked before every batch: the test waits for these lines and kills in the middle of an epoch.
        nonlocal steps
        steps += 1
        sys.stdout.write(f"asked {steps}\n")
        sys.stdout.flush()
        return False

    result = train(
        config,
        training=cases[0],
        validation=cases[1],
        workdir=workdir,
        resume=resume,
        should_stop=lambda: tell(None),
    )
    return result.weights_digest


if __name__ == "__main__":
    sys.stdout.write("weights " + run(sys.argv[1], Path(sys.argv[2]), resume=sys.argv[3] == "resume") + "\n")
