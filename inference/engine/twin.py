"""The twin of a model: the same network that learned nothing. A map that it gives as well shows nothing learned.

See Adebayo 2018, Sanity Checks for Saliency Maps.
"""

from __future__ import annotations

from dataclasses import replace

import torch
from torch import Tensor, nn

from inference.engine.loaded_model import LoadedModel
from inference.engine.recipes.registry import recipe_named


def twin_of(model: LoadedModel, pictures: Tensor, seed: int) -> LoadedModel:
    """Return a model with random weights in all layers.

    Args:
        model: stays as it is.
        pictures: [B, C, H, W]; the twin's normalisation is set by them, so that its layers are alive and not all 0.
        seed: of the random weights.
    """
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        network = recipe_named(model.config.recipe).build(model.config).to(model.device)
        for layer in network.modules():
            if isinstance(layer, nn.modules.batchnorm._BatchNorm):
                layer.momentum = None
        network.train()
        with torch.no_grad():
            network(pictures)
    network.eval().requires_grad_(requires_grad=False)
    return replace(model, network=network)
