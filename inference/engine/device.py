"""Where networks run."""

from __future__ import annotations

import torch


def best_device() -> str:
    """Return ``cuda`` where this process sees a GPU, else ``cpu``."""
    return "cuda" if torch.cuda.is_available() else "cpu"
