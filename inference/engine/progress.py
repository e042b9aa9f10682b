"""Where a training is, told to whoever waits for it."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

from inference.engine.config import RecipeConfig
from inference.engine.recipe import Validation
from inference.engine.training_state import Progressed

Phase = Literal["preparing", "training", "validating", "calibrating", "finished"]

_SECONDS_BETWEEN_REPORTS = 0.5


@dataclass(frozen=True)
class TrainProgress:
    """Where a training is.

    Args:
        phase: what it does now.
        epoch: from 1; 0 while preparing.
        epochs: in all.
        step: done over all epochs (while preparing: cases read).
        steps: in all.
        share: of the whole training that is done, 0..1; None while it is prepared.
        losses: mean of the parts of the loss in this epoch so far.
        metric_name: of the validation, "" before the first.
        metric: of the last validation, or None.
        eta_seconds: until the end, or None while nothing can be said.
        elapsed_seconds: of the training, over all starts.
        loader_share: of the time of this epoch's steps so far (or the last epoch's) that was spent waiting for the
            next batch, 0..1; None before the first.
        notes: sentences about what the training did of itself, e.g. where memory ran out.
    """

    phase: Phase
    epoch: int
    epochs: int
    step: int
    steps: int
    share: float | None
    losses: Mapping[str, float]
    metric_name: str
    metric: float | None
    eta_seconds: float | None
    elapsed_seconds: float
    loader_share: float | None
    notes: Sequence[str]

    def to_json(self) -> dict[str, Any]:
        """Return it as JSON values."""
        return {**asdict(self), "losses": dict(self.losses), "notes": list(self.notes)}


class Reporter:
    """Tells where the training is: not at every step, and never in a way that changes the result."""

    def __init__(
        self, config: RecipeConfig, progressed: Progressed, *, steps: int, tell: Callable[[TrainProgress], None]
    ) -> None:
        self.steps = steps
        self._epochs, self._progressed, self._tell = config.epochs, progressed, tell
        self._began, self._before, self._told = time.monotonic(), progressed.seconds, 0.0
        self._first_step: tuple[int, float] | None = None
        self._sums: dict[str, float] = {}
        self._batches = 0
        #: When the steps of this epoch began, and what the loader had taken by then and by now.
        self._steps_began, self._waited_before, self._waited = 0.0, 0.0, 0.0
        self._steps_took = 0.0

    def reading(self, index: int, of: int) -> None:
        self._report("preparing", 0, step=index, steps=of)

    def epoch_begins(self) -> None:
        self._steps_began, self._waited_before = time.monotonic(), self._waited

    def trained(self, epoch: int, losses: Mapping[str, float], waited: float) -> None:
        """Count a step; ``waited`` are the loader's seconds so far."""
        self._steps_took, self._waited = time.monotonic() - self._steps_began, waited
        if self._first_step is None:
            self._first_step = (self._progressed.step, time.monotonic())
        self._batches += 1
        for name, value in losses.items():
            self._sums[name] = self._sums.get(name, 0.0) + value
        self._report("training", epoch)

    def validating(self, epoch: int) -> None:
        self._report("validating", epoch)

    def finish_epoch(self, epoch: int, validated: Validation | None, learning_rate: float) -> None:
        progressed = self._progressed
        progressed.seconds = self._elapsed()
        progressed.curves.append(
            {
                "epoch": epoch,
                "losses": self._losses(),
                "validation_loss": validated.loss if validated else None,
                "metric_name": validated.metric_name if validated else "",
                "metric": validated.metric if validated else None,
                "learning_rate": learning_rate,
                "steps_seconds": self._steps_took,
                "loader_share": self._loader_share(),
            }
        )
        self._report("training", epoch, always=True)
        self._sums, self._batches = {}, 0

    def calibrating(self) -> None:
        self._report("calibrating", self._progressed.epoch, always=True)

    def finished(self) -> None:
        self._progressed.seconds = self._elapsed()
        self.steps = self._progressed.step
        self._report("finished", self._progressed.epoch, always=True)

    def _losses(self) -> dict[str, float]:
        return {name: value / max(1, self._batches) for name, value in self._sums.items()}

    def _loader_share(self) -> float | None:
        return (self._waited - self._waited_before) / self._steps_took if self._steps_took > 0 else None

    def _elapsed(self) -> float:
        return self._before + time.monotonic() - self._began

    def _report(
        self, phase: Phase, epoch: int, *, step: int | None = None, steps: int | None = None, always: bool = False
    ) -> None:
        now = time.monotonic()
        if not always and now - self._told < _SECONDS_BETWEEN_REPORTS:
            return
        self._told = now
        done = self._progressed.step
        eta = None
        if phase == "finished":
            eta = 0.0
        elif self._first_step is not None and done > self._first_step[0]:
            first, began = self._first_step
            eta = (now - began) / (done - first) * (self.steps - done)
        last = self._progressed.curves[-1] if self._progressed.curves else None
        self._tell(
            TrainProgress(
                phase=phase,
                epoch=epoch,
                epochs=self._epochs,
                step=done if step is None else step,
                steps=self.steps if steps is None else steps,
                share=None if phase == "preparing" else done / self.steps,
                losses=self._losses() if self._batches or last is None else dict(last["losses"]),
                metric_name=last["metric_name"] if last else "",
                metric=last["metric"] if last else None,
                eta_seconds=eta,
                elapsed_seconds=self._elapsed(),
                loader_share=self._loader_share(),
                notes=tuple(self._progressed.notes),
            )
        )
