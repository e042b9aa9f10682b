"""A model in memory, as the recipes and the explanations take it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import nn

from core.digest import digest_of
from inference.engine.calibrate import Calibration
from inference.engine.config import RecipeConfig
from inference.engine.preprocess import Preprocessing


@dataclass(frozen=True, eq=False)
class LoadedModel:
    """A model that is ready to predict: its network is in evaluation mode and takes no gradients of its weights."""

    network: nn.Module
    config: RecipeConfig
    preprocessing: Preprocessing
    calibration: Mapping[str, Calibration]
    thresholds: Mapping[str, float]
    card: Mapping[str, Any]
    device: torch.device

    @property
    def weights_digest(self) -> str:
        """SHA-256 of the file of weights."""
        return str(self.card["weights_sha256"])

    @property
    def card_digest(self) -> str:
        """SHA-256 of the card's canonical JSON; it covers the weights through their digest."""
        return digest_of(dict(self.card))
