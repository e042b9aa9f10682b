"""The memory that is told before a training is what its process takes, measured in a process of its own."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from inference.engine.config import RecipeConfig
from inference.engine.memory import checkpoint_bytes, training_bytes

_PROGRAM = """
import json, resource, sys
import numpy as np
import torch
from inference.engine.config import RecipeConfig
from inference.engine.sample import Image, Sample
from inference.engine.train import train
from pathlib import Path
import django.conf, django.db.models, celery, rest_framework
torch.set_num_threads(1)
config = RecipeConfig.from_json(json.loads(sys.argv[1]))
shape = config.image_shape if config.dimensions == 3 else (1, *config.image_shape)

def sample(number, key):
    pixels = np.random.default_rng(number).normal(size=shape).astype(np.float32)
    mask = np.zeros(shape, bool)
    mask[..., 10:20, 10:20] = number % 2 == 0
    return Sample(f"s{number}", f"{key}{number}", lambda: Image(pixels), {"square": float(number % 2 == 0)},
                  {"square": (lambda: mask) if number % 2 == 0 else None})

train(config, training=[sample(n, "t") for n in range(config.batch_size)],
      validation=[sample(n, "v") for n in range(2)], workdir=Path(sys.argv[2]))
written = sum(path.stat().st_size for path in Path(sys.argv[2]).rglob("*") if path.is_file())
print(json.dumps([resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024, written]))
"""


def measured(config: RecipeConfig, folder: Path) -> tuple[int, int]:
    """Return the bytes that a training took at most, and those that it left on the disk."""
    given = [sys.executable, "-c", _PROGRAM, json.dumps(config.to_json()), str(folder)]
    done = subprocess.run(given, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    memory, disk = json.loads(done.stdout.splitlines()[-1])
    return memory, disk


@pytest.mark.parametrize(
    ("recipe", "changes"),
    [
        ("segmentation", {"image_shape": (320, 320), "batch_size": 8}),
        pytest.param("segmentation", {"image_shape": (320, 320), "accumulation": 4}, marks=pytest.mark.slow),
        pytest.param("segmentation", {"dimensions": 3, "batch_size": 4}, marks=pytest.mark.slow),
        pytest.param("segmentation", {"preset": "standard", "batch_size": 4}, marks=pytest.mark.slow),
        pytest.param("classification", {"batch_size": 32}, marks=pytest.mark.slow),
        pytest.param("sequence", {"batch_size": 8}, marks=pytest.mark.slow),
    ],
)
def test_the_memory_told_before_is_what_a_training_takes(recipe: str, changes: dict[str, Any], tmp_path: Path) -> None:
    config = RecipeConfig.for_preset(recipe, ("square",), epochs=1, **changes)
    told, disk = training_bytes(config, cases=config.batch_size + 2), checkpoint_bytes(config)
    assert told is not None
    assert disk is not None
    taken, written = measured(config, tmp_path)
    # The peak of the same training differs by some percent from run to run.
    assert 0.9 * taken < told < 1.35 * taken, f"told {told / 2**20:.0f} MiB, took {taken / 2**20:.0f} MiB"
    assert written < disk
