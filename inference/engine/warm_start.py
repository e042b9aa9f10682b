"""Beginning a training with an earlier model's weights."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from torch import nn

from inference.engine.checkpoint import load_model, tensors_from
from inference.engine.config import RecipeConfig
from inference.engine.errors import CheckpointError
from inference.engine.model_files import WEIGHTS_NAME


def warm_start(network: nn.Module, config: RecipeConfig, initial_weights: Path | None) -> dict[str, Any] | None:
    """Begin with an earlier model's weights; its heads too where it has the same labels."""
    if not config.warm_start or initial_weights is None:
        return None
    folder = initial_weights if initial_weights.is_dir() else initial_weights.parent
    earlier = load_model(folder)
    own = network.state_dict()
    given = tensors_from((folder / WEIGHTS_NAME).read_bytes())
    same_labels = earlier.config.labels == config.labels
    fitting = {
        name: value
        for name, value in given.items()
        if name in own and own[name].shape == value.shape and (same_labels or len(config.labels) not in value.shape[:1])
    }
    if earlier.config.recipe != config.recipe or len(fitting) < len(own) // 2:
        raise CheckpointError(
            "initial_weights_do_not_fit", "The earlier model has another recipe or size; start without its weights."
        )
    network.load_state_dict({**own, **fitting})
    return {"weights_sha256": earlier.weights_digest, "tensors": len(fitting), "of": len(own)}
