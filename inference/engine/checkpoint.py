"""Models on disk and in blobs: weights as safetensors, everything else as JSON. Never pickle.

A model is two files: ``weights.safetensors`` and ``card.json``. The card holds the settings, the preprocessing, the
calibration and the thresholds, and the SHA-256 of the weights.
"""

from __future__ import annotations

import json
import os
import platform
from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load as load_tensors
from safetensors.torch import save as save_tensors
from torch import Tensor, nn

from core.digest import sha256_hex
from inference.engine.calibrate import Calibration
from inference.engine.config import RecipeConfig
from inference.engine.errors import CheckpointError, ConfigError
from inference.engine.loaded_model import LoadedModel
from inference.engine.model_files import CARD_NAME, WEIGHTS_NAME
from inference.engine.preprocess import Preprocessing
from inference.engine.recipes.registry import recipe_named

FORMAT = "overread-model/1"


def library_versions() -> dict[str, str]:
    """Return the versions of what a result depends on."""
    return {"python": platform.python_version(), **{name: version(name) for name in ("torch", "monai", "numpy")}}


def save_model(
    folder: Path,
    *,
    network: nn.Module,
    config: RecipeConfig,
    calibration: Mapping[str, Calibration],
    thresholds: Mapping[str, float],
    training: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """Write a model into ``folder``.

    Args:
        folder: made where it is not there.
        network: its weights are written.
        config: the settings it was built and trained with.
        calibration: of each label.
        thresholds: of each label.
        training: JSON facts about the training, for readers of the card.

    Returns:
        The card.
    """
    folder.mkdir(parents=True, exist_ok=True)
    content = save_tensors({name: value.detach().cpu().contiguous() for name, value in network.state_dict().items()})
    preprocessing = Preprocessing.of(config)
    card: dict[str, Any] = {
        "format": FORMAT,
        "recipe": config.recipe,
        "recipe_version": recipe_named(config.recipe).version,
        "labels": list(config.labels),
        "config": config.to_json(),
        "config_digest": config.digest,
        "preprocessing": preprocessing.to_json(),
        "preprocessing_digest": preprocessing.digest,
        "calibration": {label: calibration[label].to_json() for label in config.labels},
        "thresholds": {label: float(thresholds[label]) for label in config.labels},
        "weights_sha256": sha256_hex(content),
        "weights_bytes": len(content),
        "parameters": sum(p.numel() for p in network.parameters()),
        "training": dict(training or {}),
        "libraries": library_versions(),
    }
    write_durably(folder / WEIGHTS_NAME, content)
    write_durably(folder / CARD_NAME, json.dumps(card, indent=2, sort_keys=True, allow_nan=False).encode())
    return card


def load_model(
    weights: Path | bytes, card: Path | Mapping[str, Any] | None = None, *, device: str | torch.device = "cpu"
) -> LoadedModel:
    """Read a model and check that it is whole.

    Args:
        weights: the folder of a model, its file of weights, or that file's content.
        card: the card, or its file; may be left out where ``weights`` is a folder.
        device: where the network is put.

    Raises:
        CheckpointError: a file is missing, broken, of another format, or its weights are not those of the card.
    """
    if isinstance(weights, Path) and weights.is_dir():
        card = card if card is not None else weights / CARD_NAME
        weights = weights / WEIGHTS_NAME
    if card is None:
        raise CheckpointError("card_missing", "A model needs its card beside its weights.")
    facts = _read_card(card) if isinstance(card, Path) else card
    if not isinstance(facts, Mapping) or facts.get("format") != FORMAT:
        raise CheckpointError("card_format", f"The card is not of the format {FORMAT}.")
    content = _read(weights) if isinstance(weights, Path) else weights
    if sha256_hex(content) != facts.get("weights_sha256"):
        raise CheckpointError("weights_changed", "The weights are not those the card names: their SHA-256 differs.")
    try:
        config = RecipeConfig.from_json(facts["config"])
        preprocessing = Preprocessing.from_json(facts["preprocessing"])
        calibration = {label: Calibration.from_json(facts["calibration"][label]) for label in config.labels}
        thresholds = {label: float(facts["thresholds"][label]) for label in config.labels}
    except (KeyError, TypeError, ValueError) as error:
        raise CheckpointError("card_broken", "The card lacks a part, or a part of it is of the wrong kind.") from error
    except ConfigError as error:
        raise CheckpointError("card_broken", f"The card's settings are not usable: {error.message}") from error
    if list(config.labels) != facts.get("labels") or any(not 0 <= t <= 1 for t in thresholds.values()):
        raise CheckpointError("card_broken", "The card's labels or thresholds do not fit its settings.")
    recipe = recipe_named(config.recipe)
    if str(facts.get("recipe_version", "")).split(".")[0] != recipe.version.split(".")[0]:
        raise CheckpointError("recipe_version", f"The model is of another version of the recipe {config.recipe}.")
    network = recipe.build(config)
    load_strictly(network, tensors_from(content))
    network.requires_grad_(requires_grad=False)
    network.eval().to(device)
    return LoadedModel(network, config, preprocessing, calibration, thresholds, facts, torch.device(device))


def tensors_from(content: bytes) -> dict[str, Tensor]:
    """Read safetensors.

    Raises:
        CheckpointError: not a whole safetensors file.
    """
    try:
        return load_tensors(content)
    except (SafetensorError, ValueError, KeyError, TypeError) as error:
        raise CheckpointError("weights_broken", "The weights are not a whole safetensors file.") from error


def load_strictly(network: nn.Module, tensors: Mapping[str, Tensor]) -> None:
    """Put tensors into a network that has exactly these, in these shapes, all finite.

    Raises:
        CheckpointError: they do not fit, or hold values that are not numbers.
    """
    if any(value.is_floating_point() and not bool(torch.isfinite(value).all()) for value in tensors.values()):
        raise CheckpointError("weights_not_finite", "The weights hold values that are not numbers.")
    try:
        network.load_state_dict(dict(tensors), strict=True)
    except RuntimeError as error:
        raise CheckpointError(
            "weights_do_not_fit", "The weights do not have the names and shapes of this recipe."
        ) from error


def write_durably(path: Path, content: bytes) -> None:
    """Write a file so that after a crash it is there as a whole or not at all."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}.part")
    with temporary.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    temporary.replace(path)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise CheckpointError("file_missing", f"The file {path.name} cannot be read.") from error


def _read_card(path: Path) -> Any:
    try:
        return json.loads(_read(path))
    except ValueError as error:
        raise CheckpointError("card_broken", "The card is not JSON.") from error
