"""Gradient checkpointing: what lies inside of a network's stages is not kept for the way back but computed again."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, nullcontext
from functools import partial
from typing import Any, Protocol, runtime_checkable

from torch import is_grad_enabled, nn
from torch.nn.modules.batchnorm import _BatchNorm
from torch.utils.checkpoint import checkpoint

from inference.engine.errors import ConfigError


@runtime_checkable
class Staged(Protocol):
    """A network that says where it may be cut."""

    def stages(self) -> Iterable[nn.Module]:
        """Return modules that are called as a whole, none inside another."""
        ...


@contextmanager
def recomputed(network: nn.Module, *, wanted: bool) -> Iterator[None]:
    """Let the stages of a network forget what is inside of them, and compute it again on the way back, inside here.

    Weights, gradients and running statistics stay what they would be without, to the last bit on a CPU.

    Raises:
        ConfigError: the network does not say where it may be cut.
    """
    if not wanted:
        yield
        return
    if not isinstance(network, Staged):
        raise ConfigError("config_value", "gradient_checkpointing is not for this recipe: its network has no stages.")
    stages = list(network.stages())
    for stage in stages:
        vars(stage)["forward"] = partial(_forgotten, stage, stage.forward)
    try:
        yield
    finally:
        for stage in stages:
            del vars(stage)["forward"]


def _forgotten(stage: nn.Module, forward: Callable[..., Any], *inputs: Any) -> Any:
    if not is_grad_enabled():
        return forward(*inputs)
    return checkpoint(
        forward, *inputs, use_reentrant=False, context_fn=lambda: (nullcontext(), _without_statistics(stage))
    )


@contextmanager
def _without_statistics(stage: nn.Module) -> Iterator[None]:
    """Let the second pass leave the running statistics alone: the first one has counted the batch."""
    norms = [module for module in stage.modules() if isinstance(module, _BatchNorm)]
    before = [(norm.momentum, norm.num_batches_tracked) for norm in norms]
    for norm in norms:
        norm.momentum = 0.0
        norm.num_batches_tracked = None if norm.num_batches_tracked is None else norm.num_batches_tracked.clone()
    try:
        yield
    finally:
        for norm, (momentum, tracked) in zip(norms, before, strict=True):
            norm.momentum, norm.num_batches_tracked = momentum, tracked
