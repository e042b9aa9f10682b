"""Checkpoints of a running training: one safetensors file an epoch, with the numbers that are not tensors as JSON in
its header. It holds all that the next epoch depends on."""

from __future__ import annotations

import json
import random
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save as save_tensors
from torch import Tensor, nn

from inference.engine.checkpoint import load_strictly, write_durably
from inference.engine.errors import CheckpointError

#: A checkpoint of another format is passed over: what it would go on with is no longer made in the same way.
_FORMAT = "overread-training/2"


@dataclass
class Progressed:
    """How far a training has come.

    Args:
        epoch: epochs that are done.
        step: optimiser steps that are done.
        seconds: spent on them, over all starts.
        best_epoch: number of the best epoch, from 1; 0 before the first.
        best_rank: what it was compared by.
        curves: one JSON entry an epoch.
        parts: in how many a batch is worked through, once memory ran out; 0 before.
        notes: sentences about what the training did of itself.
    """

    epoch: int = 0
    step: int = 0
    seconds: float = 0.0
    best_epoch: int = 0
    best_rank: tuple[float, float] = (float("-inf"), float("-inf"))
    curves: list[dict[str, Any]] = field(default_factory=list)
    parts: int = 0
    notes: list[str] = field(default_factory=list)


def save_state(
    folder: Path,
    progressed: Progressed,
    *,
    run_digest: str,
    network: nn.Module,
    averaged: nn.Module | None,
    optimiser: torch.optim.Optimizer,
    scaler: torch.amp.GradScaler,
) -> None:
    """Write the checkpoint of the epoch just done, then drop all but the best and the last two."""
    folder.mkdir(parents=True, exist_ok=True)
    tensors = {f"network.{name}": value.detach() for name, value in network.state_dict().items()}
    if averaged is not None:
        tensors |= {f"averaged.{name}": value for name, value in averaged.state_dict().items()}
    state = optimiser.state_dict()["state"]
    for index, values in state.items():
        tensors |= {f"optimiser.{index}.{name}": torch.as_tensor(value) for name, value in values.items()}
    tensors["random.torch"] = torch.get_rng_state()
    if torch.cuda.is_available():
        tensors["random.cuda"] = torch.cuda.get_rng_state()
    numpy_state: Any = np.random.get_state(legacy=True)
    tensors["random.numpy"] = torch.from_numpy(np.asarray(numpy_state[1]).astype(np.int64))
    facts = {
        "format": _FORMAT,
        "run_digest": run_digest,
        "progressed": asdict(progressed),
        "numpy": [numpy_state[0], *numpy_state[2:]],
        "python": random.getstate(),
        "scaler": scaler.state_dict(),
    }
    content = save_tensors({name: value.cpu().contiguous() for name, value in tensors.items()}, _header(facts))
    write_durably(folder / _name(progressed.epoch), content)
    wanted = {progressed.epoch, progressed.epoch - 1, progressed.best_epoch}
    for path in folder.glob("epoch-*.safetensors"):
        if path.name not in {_name(epoch) for epoch in wanted}:
            path.unlink(missing_ok=True)


def load_state(
    folder: Path,
    *,
    run_digest: str,
    network: nn.Module,
    averaged: nn.Module | None,
    optimiser: torch.optim.Optimizer,
    scaler: torch.amp.GradScaler,
) -> Progressed | None:
    """Go back to the newest whole checkpoint: network, its average, optimiser and every random number.

    Returns:
        How far it had come, or None where there is no checkpoint.

    Raises:
        CheckpointError: the checkpoint belongs to other settings or other cases.
    """
    for path in sorted(folder.glob("epoch-*.safetensors"), reverse=True):
        try:
            facts, tensors = _open(path)
        except (SafetensorError, OSError, ValueError, KeyError, TypeError):
            continue  # a file that broke later (a bad disk): the one before it is as good, only older
        if facts.get("run_digest") != run_digest:
            raise CheckpointError(
                "checkpoint_of_another_run",
                "The checkpoint was made with other settings or other cases; start the training anew.",
            )
        load_strictly(network, _part(tensors, "network."))
        if averaged is not None:
            load_strictly(averaged, _part(tensors, "averaged."))
        _load_optimiser(optimiser, _part(tensors, "optimiser."))
        torch.set_rng_state(tensors["random.torch"])
        if torch.cuda.is_available() and "random.cuda" in tensors:
            torch.cuda.set_rng_state(tensors["random.cuda"])
        kind, position, has_gauss, gauss = facts["numpy"]
        words = tensors["random.numpy"].numpy().astype(np.uint32)
        np.random.set_state((kind, words, position, has_gauss, gauss))
        version, internal, next_gauss = facts["python"]
        random.setstate((version, tuple(internal), next_gauss))
        if facts["scaler"]:
            scaler.load_state_dict(facts["scaler"])
        values = facts["progressed"]
        return Progressed(**{**values, "best_rank": tuple(values["best_rank"])})
    return None


def load_epoch(folder: Path, epoch: int, network: nn.Module) -> None:
    """Put the weights of an epoch's checkpoint into ``network``: their average, where one was kept.

    Raises:
        CheckpointError: it is not there or broken.
    """
    try:
        _, tensors = _open(folder / _name(epoch))
    except (SafetensorError, OSError, ValueError, KeyError, TypeError) as error:
        raise CheckpointError("checkpoint_broken", f"The checkpoint of epoch {epoch} cannot be read.") from error
    load_strictly(network, _part(tensors, "averaged.") or _part(tensors, "network."))


def _name(epoch: int) -> str:
    return f"epoch-{epoch:05d}.safetensors"


def _header(facts: dict[str, Any]) -> dict[str, str]:
    return {"facts": json.dumps(facts)}


def _open(path: Path) -> tuple[dict[str, Any], dict[str, Tensor]]:
    with safe_open(str(path), framework="pt") as file:
        facts = json.loads(file.metadata()["facts"])
        tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118  not a dict
    if facts["format"] != _FORMAT:
        raise ValueError(facts["format"])
    return facts, tensors


def _part(tensors: dict[str, Tensor], prefix: str) -> dict[str, Tensor]:
    return {name.removeprefix(prefix): value for name, value in tensors.items() if name.startswith(prefix)}


def _load_optimiser(optimiser: torch.optim.Optimizer, tensors: dict[str, Tensor]) -> None:
    state = optimiser.state_dict()
    state["state"] = {}
    for name, value in tensors.items():
        index, key = name.split(".", 1)
        state["state"].setdefault(int(index), {})[key] = value
    optimiser.load_state_dict(state)
