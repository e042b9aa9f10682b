"""What moves the weights: AdamW, its learning rate over the steps, and the scaler of half precision."""

from __future__ import annotations

import math

import torch
from torch import nn

from inference.engine.config import RecipeConfig


def make_optimiser(network: nn.Module, config: RecipeConfig) -> torch.optim.Optimizer:
    """Return AdamW over the network; scales and biases are not pulled to zero."""
    decayed = [p for p in network.parameters() if p.ndim > 1]
    others = [p for p in network.parameters() if p.ndim <= 1]
    return torch.optim.AdamW(
        [{"params": decayed, "weight_decay": config.weight_decay}, {"params": others, "weight_decay": 0.0}],
        lr=config.learning_rate,
        foreach=False,
    )


def make_scaler(config: RecipeConfig, device: torch.device) -> torch.amp.GradScaler:
    """Return the scaler of gradients; it does nothing where half precision needs none."""
    needed = device.type == "cuda" and config.mixed_precision and not torch.cuda.is_bf16_supported()
    return torch.amp.GradScaler(device.type, enabled=needed)


def learning_rate(config: RecipeConfig, step: int, steps: int) -> float:
    """Return the rate of a step: it rises over the first twentieth of the steps and falls along a cosine."""
    warm = max(1, steps // 20)
    rise = min(1.0, (step + 1) / warm)
    return config.learning_rate * rise * (0.01 + 0.99 * 0.5 * (1 + math.cos(math.pi * min(1.0, step / steps))))


def set_learning_rate(optimiser: torch.optim.Optimizer, config: RecipeConfig, step: int, steps: int) -> None:
    """Set the rate of the step that comes."""
    for group in optimiser.param_groups:
        group["lr"] = learning_rate(config, step, steps)
