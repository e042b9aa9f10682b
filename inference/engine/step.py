"""One step of the training: a batch goes through the network, whole or in parts, and moves the weights."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import torch
from torch import Tensor, nn

from inference.engine.config import RecipeConfig
from inference.engine.device import memory_format
from inference.engine.errors import DataError
from inference.engine.optimiser import half_precision
from inference.engine.recipe import Batch, Outputs, Recipe

_LONGEST_GRADIENT: Final = 5.0


class Stepper:
    """Takes steps; where memory runs out a batch is worked through in twice as many parts, from then on.

    Args:
        recipe: its loss is descended.
        network: that learns.
        config: settings.
        optimiser: moves its weights.
        scaler: of half precision.
        parts: in how many a batch is worked through.
    """

    def __init__(
        self,
        recipe: Recipe,
        network: nn.Module,
        config: RecipeConfig,
        optimiser: torch.optim.Optimizer,
        scaler: torch.amp.GradScaler,
        *,
        parts: int,
    ) -> None:
        self._recipe, self._network, self._config = recipe, network, config
        self._optimiser, self._scaler = optimiser, scaler
        self.parts = parts

    def __call__(self, batch: Batch) -> dict[str, float]:
        """Descend the loss of a batch; return its parts by name.

        Raises:
            DataError: the loss is no longer a number, or not even one image fits into the memory.
        """
        losses = self._gradients(batch)
        self._scaler.unscale_(self._optimiser)
        nn.utils.clip_grad_norm_(self._network.parameters(), _LONGEST_GRADIENT)
        self._scaler.step(self._optimiser)
        self._scaler.update()
        return losses

    def _gradients(self, batch: Batch) -> dict[str, float]:
        count = len(batch["image"])
        before = _Before(self._network, batch["image"].device)
        while True:
            self._optimiser.zero_grad(set_to_none=True)
            parts = min(self.parts, count)
            try:
                return self._whole(batch) if parts == 1 else self._in_parts(batch, parts)
            except RuntimeError as error:
                if not _memory_ran_out(error):
                    raise
            # Out of the clause: what had been computed is let go there.
            if parts == count:
                raise DataError(
                    "memory_ran_out", "Not even one image at once fits into the memory: choose a smaller image shape."
                )
            self.parts = min(2 * parts, count)
            before.restore()
            if torch.cuda.is_available():
                torch.cuda.empty_cache()

    def _whole(self, batch: Batch) -> dict[str, float]:
        loss, parts = self._loss(self._forward(batch["image"]), batch)
        self._scaler.scale(loss).backward()  # type: ignore[no-untyped-call]
        return parts

    def _in_parts(self, batch: Batch, parts: int) -> dict[str, float]:
        """Descend the loss of the whole batch with the network's memory of one part.

        A loss is not a sum over cases: weights, rare places and rejected ones are set against each other over the
        batch. So the parts go through once without their memory, the loss of all outputs says what each of them is
        to become, and the parts go through again to learn that: a third more time, and the same gradients. Only a
        batch norm sees the statistics of a part.
        """
        images = batch["image"].tensor_split(parts)
        before = _Before(self._network, batch["image"].device)
        randoms, found = [], []
        with torch.no_grad():
            for image in images:
                randoms.append(_random_state(image.device))
                found.append(self._forward(image))
        whole = {name: torch.cat([one[name] for one in found]).requires_grad_() for name in found[0]}
        loss, said = self._loss(whole, batch)
        names, outputs = list(whole), list(whole.values())
        wanted: Sequence[Tensor | None] = torch.autograd.grad(self._scaler.scale(loss), outputs, allow_unused=True)
        split = {name: one.tensor_split(parts) for name, one in zip(names, wanted, strict=True) if one is not None}
        after = _random_state(batch["image"].device)
        before.restore()
        for number, image in enumerate(images):
            _set_random_state(randoms[number])
            again = self._forward(image)
            torch.autograd.backward([again[name] for name in split], [one[number] for one in split.values()])
        _set_random_state(after)
        return said

    def _forward(self, image: Tensor) -> Outputs:
        half = half_precision(image.device, self._config)
        with torch.autocast(image.device.type, dtype=half or torch.bfloat16, enabled=half is not None):
            outputs: Outputs = self._network(image.contiguous(memory_format=memory_format(image.device, self._config)))
        return outputs

    def _loss(self, outputs: Outputs, batch: Batch) -> tuple[Tensor, dict[str, float]]:
        loss, parts = self._recipe.loss(outputs, batch, self._config)
        if not bool(torch.isfinite(loss)):
            raise DataError(
                "training_diverged", "The loss is no longer a number; try a lower learning rate or look at the images."
            )
        return loss, {"total": float(loss.detach()), **parts}


class _Before:
    """What a forward pass changes, apart from gradients: running statistics and random numbers."""

    def __init__(self, network: nn.Module, device: torch.device) -> None:
        self._network, self._random = network, _random_state(device)
        self._buffers = [buffer.clone() for buffer in network.buffers()]

    def restore(self) -> None:
        for buffer, value in zip(self._network.buffers(), self._buffers, strict=True):
            buffer.copy_(value)
        _set_random_state(self._random)


def _random_state(device: torch.device) -> Sequence[Tensor]:
    return [torch.get_rng_state(), *([torch.cuda.get_rng_state()] if device.type == "cuda" else [])]


def _set_random_state(states: Sequence[Tensor]) -> None:
    torch.set_rng_state(states[0])
    if len(states) > 1:
        torch.cuda.set_rng_state(states[1])


def _memory_ran_out(error: RuntimeError) -> bool:
    """Say whether an error is want of memory: of a GPU, or of the processor, which has no class of its own."""
    return isinstance(error, torch.OutOfMemoryError) or "can't allocate memory" in str(error)
