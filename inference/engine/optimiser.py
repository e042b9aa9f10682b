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


def half_precision(device: torch.device, config: RecipeConfig) -> torch.dtype | None:
    """Return the half precision that a device computes in: bfloat16 where it is built in, else float16; None without.

    On the processor it would be slower and not the same to the last bit.
    """
    if device.type != "cuda" or not config.mixed_precision:
        return None
    return torch.bfloat16 if torch.cuda.is_bf16_supported(including_emulation=False) else torch.float16


def make_scaler(config: RecipeConfig, device: torch.device) -> torch.amp.GradScaler:
    """Return the scaler of gradients; only float16 needs one, whose small numbers would become 0."""
    return torch.amp.GradScaler(device.type, enabled=half_precision(device, config) == torch.float16)


def learning_rate(config: RecipeConfig, step: int, steps: int) -> float:
    """Return the rate of a step: it rises over the first twentieth of the steps and falls along a cosine."""
    warm = max(1, steps // 20)
    rise = min(1.0, (step + 1) / warm)
    return config.learning_rate * rise * (0.01 + 0.99 * 0.5 * (1 + math.cos(math.pi * min(1.0, step / steps))))


def set_learning_rate(optimiser: torch.optim.Optimizer, config: RecipeConfig, step: int, steps: int) -> None:
    """Set the rate of the step that comes."""
    for group in optimiser.param_groups:
        group["lr"] = learning_rate(config, step, steps)
