"""Where networks run, and how their tensors lie there."""

from __future__ import annotations

import torch

from inference.engine.config import RecipeConfig


def best_device() -> str:
    """Return ``cuda`` where this process sees a GPU, else ``cpu``."""
    return "cuda" if torch.cuda.is_available() else "cpu"


def memory_format(device: torch.device, config: RecipeConfig) -> torch.memory_format:
    """Return how images lie in memory: on a GPU with the channels last, as its half precision wants them."""
    if device.type != "cuda" or not config.mixed_precision:
        return torch.contiguous_format
    return torch.channels_last if config.dimensions == 2 else torch.channels_last_3d
