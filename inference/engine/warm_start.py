"""Beginning a training with an earlier model's weights."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from inference.engine.checkpoint import load_model, tensors_from
from inference.engine.config import RecipeConfig
from inference.engine.errors import CheckpointError
from inference.engine.model_files import WEIGHTS_NAME
from inference.engine.recipes.registry import recipe_named


def warm_start(network: nn.Module, config: RecipeConfig, initial_weights: Path | None) -> dict[str, Any] | None:
    """Begin with an earlier model's weights; of its heads those of the same labels, wherever they stand."""
    if not config.warm_start or initial_weights is None:
        return None
    folder = initial_weights if initial_weights.is_dir() else initial_weights.parent
    earlier = load_model(folder)
    own = network.state_dict()
    given = tensors_from((folder / WEIGHTS_NAME).read_bytes())
    heads = _heads(config)
    begun = {name: value for name, value in given.items() if name not in heads and _alike(own.get(name), value)}
    if earlier.config.recipe != config.recipe or len(begun) < len(own) // 2:
        raise CheckpointError(
            "initial_weights_do_not_fit", "The earlier model has another recipe or size; start without its weights."
        )
    shared = [label for label in config.labels if label in earlier.config.labels]
    to = torch.tensor([config.labels.index(label) for label in shared], dtype=torch.long)
    where = torch.tensor([earlier.config.labels.index(label) for label in shared], dtype=torch.long)
    for name, axis in heads.items():
        if shared and name in given:
            begun[name] = own[name].index_copy(axis, to, given[name].index_select(axis, where).to(own[name].dtype))
    network.load_state_dict({**own, **begun})
    return {"weights_sha256": earlier.weights_digest, "tensors": len(begun), "of": len(own), "labels": shared}


def _alike(own: Tensor | None, given: Tensor) -> bool:
    return own is not None and own.shape == given.shape


def _heads(config: RecipeConfig) -> dict[str, int]:
    """Return the tensors that grow with the number of labels, and the axis that does."""
    recipe = recipe_named(config.recipe)
    more = config.model_copy(update={"labels": (*config.labels, "one.more.label")})
    with torch.device("meta"):
        shapes = [{n: t.shape for n, t in recipe.build(one).state_dict().items()} for one in (config, more)]
    return {
        name: next(axis for axis, (n, m) in enumerate(zip(shape, shapes[1][name], strict=True)) if n != m)
        for name, shape in shapes[0].items()
        if shape != shapes[1][name]
    }
