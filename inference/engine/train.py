"""THE training loop."""

from __future__ import annotations

import math
import random
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
import torch
from torch import nn

from core.digest import digest_of
from inference.engine.calibrate import Calibration, choose_threshold, fit_calibration
from inference.engine.cases import Cases
from inference.engine.checkpoint import WEIGHTS_NAME, library_versions, load_model, save_model, tensors_from
from inference.engine.config import RecipeConfig
from inference.engine.errors import CheckpointError, DataError, TrainingStopped
from inference.engine.recipe import Batch, Example, Recipe, Validation, recipe_named
from inference.engine.sample import Sample
from inference.engine.training_state import Progressed, load_epoch, load_state, save_state

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
        losses: mean of the parts of the loss in this epoch so far.
        metric_name: of the validation, "" before the first.
        metric: of the last validation, or None.
        eta_seconds: until the end, or None while nothing can be said.
        elapsed_seconds: of the training, over all starts.
    """

    phase: Phase
    epoch: int
    epochs: int
    step: int
    steps: int
    losses: Mapping[str, float]
    metric_name: str
    metric: float | None
    eta_seconds: float | None
    elapsed_seconds: float

    def to_json(self) -> dict[str, Any]:
        """Return it as JSON values."""
        return {**asdict(self), "losses": dict(self.losses)}


@dataclass(frozen=True)
class TrainResult:
    """A finished training.

    Args:
        folder: the model: ``weights.safetensors`` and ``card.json``.
        card: the card's content.
        weights_digest: SHA-256 of the weights.
        best_epoch: whose weights were kept.
        metric_name: of the validation, "" without validation cases.
        metric: of the best epoch, or None.
        curves: for each epoch {epoch, losses, validation_loss, metric_name, metric, learning_rate}.
        steps: of the optimiser.
        seconds: of work, over all starts.
        environment: device, threads, seed, library versions, what the weights began with.
    """

    folder: Path
    card: Mapping[str, Any]
    weights_digest: str
    best_epoch: int
    metric_name: str
    metric: float | None
    curves: tuple[Mapping[str, Any], ...]
    steps: int
    seconds: float
    environment: Mapping[str, Any]


@dataclass(frozen=True)
class Estimate:
    """How long a training will take, from a dry run on this machine.

    Args:
        seconds_low: if all goes as in the dry run.
        seconds_high: with a margin for a busy machine.
        steps: of the optimiser.
    """

    seconds_low: float
    seconds_high: float
    steps: int

    def to_json(self) -> dict[str, Any]:
        """Return it as JSON values."""
        return asdict(self)


def train(
    config: RecipeConfig,
    *,
    training: Sequence[Sample],
    validation: Sequence[Sample],
    workdir: Path,
    initial_weights: Path | None = None,
    resume: bool = False,
    on_progress: Callable[[TrainProgress], None] = lambda _: None,
    should_stop: Callable[[], bool] = lambda: False,
) -> TrainResult:
    """Train a model, or go on with a training.

    On a CPU the same config, cases and number of threads give the same weights to the last bit, whether the
    training ran through or was killed and resumed.

    Args:
        config: all settings.
        training: cases to learn from.
        validation: cases to choose the best epoch, the calibration and the thresholds by; of other patients.
        workdir: of this training; checkpoints and the finished model are written here.
        initial_weights: folder of an earlier model (or its file of weights, with the card beside it); used where
            ``config.warm_start`` is set.
        resume: go on from the last checkpoint in ``workdir``, if there is one; else begin anew.
        on_progress: told about twice a second and at the end of each epoch.
        should_stop: asked before every batch and every case that is read.

    Returns:
        The finished model and how it came about.

    Raises:
        TrainingStopped: ``should_stop`` said so; the checkpoint stays.
        DataError: nothing to learn from, patients in both splits, or the loss is no longer a number.
        CheckpointError: what to resume or to start from does not fit.
    """
    recipe = recipe_named(config.recipe)
    cases, held_out = _cases(recipe, config, training, validation)
    checkpoints = workdir / "checkpoints"
    with reproducible(config):
        device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
        network = recipe.build(config)
        began_with = _warm_start(network, config, initial_weights)
        network.to(device)
        optimiser, scaler = _optimiser(network, config), _scaler(config, device)
        run_digest = digest_of([config.digest, recipe.version, cases.digest, held_out.digest, began_with])
        progressed = None
        if resume:
            progressed = load_state(
                checkpoints, run_digest=run_digest, network=network, optimiser=optimiser, scaler=scaler
            )
        if progressed is None:
            _forget(checkpoints)
            progressed = Progressed()
        reporter = _Reporter(config, progressed, steps=config.epochs * len(cases.batches(0)), tell=on_progress)

        def ask() -> None:
            if should_stop():
                raise TrainingStopped(progressed.epoch + 1)

        def before_reading(index: int) -> None:
            ask()
            reporter.reading(index, len(cases) + len(held_out))

        cases.read_all(before_reading)
        held_out.read_all(lambda index: before_reading(len(cases) + index))

        for epoch in range(progressed.epoch, config.epochs):
            network.train()
            for step, indices in enumerate(cases.batches(epoch)):
                ask()
                batch = _to_device(cases.batch(indices, epoch=epoch, step=step), device)
                _set_learning_rate(optimiser, config, progressed.step, reporter.steps)
                losses = _step(recipe, network, batch, config, optimiser, scaler)
                progressed.step += 1
                reporter.trained(epoch + 1, losses)

            reporter.validating(epoch + 1)
            validated = _validate(recipe, network, held_out, config, ask)
            progressed.epoch = epoch + 1
            if validated is None or validated.rank > progressed.best_rank:
                progressed.best_epoch = epoch + 1
                progressed.best_rank = validated.rank if validated else progressed.best_rank
            reporter.finish_epoch(epoch + 1, validated, _learning_rate(config, progressed.step, reporter.steps))
            save_state(
                checkpoints,
                progressed,
                run_digest=run_digest,
                network=network,
                optimiser=optimiser,
                scaler=scaler,
            )

        reporter.calibrating()
        load_epoch(checkpoints, progressed.best_epoch, network)
        validated = _validate(recipe, network, held_out, config, ask)
        calibration, thresholds = _calibrate(config, validated)
        best = progressed.curves[progressed.best_epoch - 1]
        environment = {
            "device": str(device),
            "threads": config.threads,
            "seed": config.seed,
            "libraries": library_versions(),
            "initial_weights": began_with,
            "run_digest": run_digest,
        }
        facts = {
            "cases": len(cases),
            "validation_cases": len(held_out),
            "located_cases": {label: _located(training, label) for label in config.labels},
            "best_epoch": progressed.best_epoch,
            "epochs": config.epochs,
            "metric_name": best["metric_name"],
            "metric": best["metric"],
            "run_digest": run_digest,
            "initial_weights": began_with,
        }
        folder = workdir / "model"
        card = save_model(
            folder,
            network=network,
            config=config,
            calibration=calibration,
            thresholds=thresholds,
            training=facts,
        )
        reporter.finished()
    return TrainResult(
        folder=folder,
        card=card,
        weights_digest=card["weights_sha256"],
        best_epoch=progressed.best_epoch,
        metric_name=best["metric_name"],
        metric=best["metric"],
        curves=tuple(progressed.curves),
        steps=progressed.step,
        seconds=progressed.seconds,
        environment=environment,
    )


def estimate(
    config: RecipeConfig,
    training: Sequence[Sample],
    *,
    validation: Sequence[Sample] = (),
    most_steps: int = 30,
    most_seconds: float = 5.0,
) -> Estimate:
    """Say how long a training will take, from some real steps on copies; nothing is written.

    Args:
        config: the settings.
        training: the cases; a few of them are read.
        validation: the validation cases; some are measured.
        most_steps: of the dry run.
        most_seconds: about, of the dry run.

    Raises:
        DataError: there is nothing to learn from.
    """
    recipe = recipe_named(config.recipe)
    few = list(training)[: config.batch_size * 3]
    cases, held_out = _cases(recipe, config, few, list(validation)[:8])
    whole = Cases(training, recipe, config)
    with reproducible(config):
        device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
        network = recipe.build(config).to(device)
        optimiser, scaler = _optimiser(network, config), _scaler(config, device)
        began = time.monotonic()
        for split in (cases, held_out):
            split.read_all(lambda _: None)
        read_seconds = (time.monotonic() - began) / (len(cases) + len(held_out))
        step_seconds: list[float] = []
        batches = cases.batches(0)
        network.train()
        while len(step_seconds) < max(3, most_steps) and (len(step_seconds) < 3 or sum(step_seconds) < most_seconds):
            began = time.monotonic()
            number = len(step_seconds)
            batch = cases.batch(batches[number % len(batches)], epoch=0, step=number)
            _step(recipe, network, _to_device(batch, device), config, optimiser, scaler)
            step_seconds.append(time.monotonic() - began)
        began = time.monotonic()
        _validate(recipe, network, held_out, config, lambda: None)
        validate_seconds = (time.monotonic() - began) / max(1, len(held_out)) * len(validation)
    steps = config.epochs * len(whole.batches(0))
    # The first step warms the caches; the median of the rest is not moved by one slow moment.
    step_second = float(np.median(step_seconds[1:]))
    seconds = (
        step_second * steps
        + read_seconds * (len(training) + len(validation))
        + validate_seconds * (config.epochs + 1)
        + 0.05 * config.epochs
    )
    spread = 1.25 + min(1.0, float(np.std(step_seconds[1:])) / step_second)
    return Estimate(round(seconds * 0.9, 2), round(seconds * spread + 1, 2), steps)


@contextmanager
def reproducible(config: RecipeConfig) -> Iterator[None]:
    """Make torch, numpy and Python repeat themselves inside, and leave them as they were."""
    threads = torch.get_num_threads()
    strict, warn = torch.are_deterministic_algorithms_enabled(), torch.is_deterministic_algorithms_warn_only_enabled()
    states = torch.get_rng_state(), np.random.get_state(), random.getstate()
    try:
        torch.set_num_threads(config.threads)
        # On a GPU a few operations have no deterministic form; there the result holds within a tolerance only.
        torch.use_deterministic_algorithms(mode=True, warn_only=torch.cuda.is_available())
        torch.manual_seed(config.seed)
        np.random.seed(config.seed)
        random.seed(config.seed)
        yield
    finally:
        torch.set_num_threads(threads)
        torch.use_deterministic_algorithms(strict, warn_only=warn)
        torch.set_rng_state(states[0])
        np.random.set_state(states[1])
        random.setstate(states[2])


class _Reporter:
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

    def reading(self, index: int, of: int) -> None:
        self._report("preparing", 0, step=index, steps=of)

    def trained(self, epoch: int, losses: Mapping[str, float]) -> None:
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
            }
        )
        self._report("training", epoch, always=True)
        self._sums, self._batches = {}, 0

    def calibrating(self) -> None:
        self._report("calibrating", self._epochs, always=True)

    def finished(self) -> None:
        self._progressed.seconds = self._elapsed()
        self._report("finished", self._epochs, always=True)

    def _losses(self) -> dict[str, float]:
        return {name: value / max(1, self._batches) for name, value in self._sums.items()}

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
                losses=self._losses() if self._batches or last is None else dict(last["losses"]),
                metric_name=last["metric_name"] if last else "",
                metric=last["metric"] if last else None,
                eta_seconds=eta,
                elapsed_seconds=self._elapsed(),
            )
        )


def _cases(
    recipe: Recipe, config: RecipeConfig, training: Sequence[Sample], validation: Sequence[Sample]
) -> tuple[Cases, Cases]:
    if not training:
        raise DataError("no_training_cases", "There are no cases to learn from.")
    shared = {s.patient_key for s in training} & {s.patient_key for s in validation}
    if shared:
        raise DataError(
            "patients_in_both_splits", f"{len(shared)} patients are in the training and in the validation cases."
        )
    if config.recipe == "classification":
        missing = [
            label for label in config.labels if not any(sample.present.get(label) is not None for sample in training)
        ]
        if missing:
            raise DataError(
                "label_without_cases", f"No training case says anything about {', '.join(missing)}.", labels=missing
            )
    return Cases(training, recipe, config), Cases(validation, recipe, config)


def _step(
    recipe: Recipe,
    network: nn.Module,
    batch: Batch,
    config: RecipeConfig,
    optimiser: torch.optim.Optimizer,
    scaler: torch.amp.GradScaler,
) -> dict[str, float]:
    device = batch["image"].device
    half = torch.bfloat16 if device.type == "cpu" or torch.cuda.is_bf16_supported() else torch.float16
    with torch.autocast(device.type, dtype=half, enabled=device.type == "cuda" and config.mixed_precision):
        outputs = network(batch["image"])
    loss, parts = recipe.loss(outputs, batch, config)
    if not bool(torch.isfinite(loss)):
        raise DataError(
            "training_diverged", "The loss is no longer a number; try a lower learning rate or look at the images."
        )
    optimiser.zero_grad(set_to_none=True)
    scaler.scale(loss).backward()  # type: ignore[no-untyped-call]
    scaler.unscale_(optimiser)
    nn.utils.clip_grad_norm_(network.parameters(), 5.0)
    scaler.step(optimiser)
    scaler.update()
    return {"total": float(loss.detach()), **parts}


def _validate(
    recipe: Recipe, network: nn.Module, held_out: Cases, config: RecipeConfig, ask: Callable[[], None]
) -> Validation | None:
    if not len(held_out):
        return None

    def examples() -> Iterator[Example]:
        for index in range(len(held_out)):
            ask()
            yield held_out[index]

    network.eval()
    return recipe.validate(network, examples(), config)


def _calibrate(config: RecipeConfig, validated: Validation | None) -> tuple[dict[str, Calibration], dict[str, float]]:
    calibration: dict[str, Calibration] = {}
    thresholds: dict[str, float] = {}
    for index, label in enumerate(config.labels):
        if validated is None:
            calibration[label], thresholds[label] = Calibration(), 0.5
            continue
        logits, truth = validated.logits[:, index], validated.truth[:, index]
        # The border of a mask is where the network put it: its voxels get a temperature, which keeps 0.5 in place.
        outlines = config.recipe == "segmentation"
        calibration[label] = fit_calibration(logits, truth, with_bias=not outlines)
        thresholds[label] = 0.5 if outlines else choose_threshold(calibration[label].probability(logits), truth)
    return calibration, thresholds


def _optimiser(network: nn.Module, config: RecipeConfig) -> torch.optim.Optimizer:
    # Scales and biases are not pulled to zero.
    decayed = [p for p in network.parameters() if p.ndim > 1]
    others = [p for p in network.parameters() if p.ndim <= 1]
    return torch.optim.AdamW(
        [{"params": decayed, "weight_decay": config.weight_decay}, {"params": others, "weight_decay": 0.0}],
        lr=config.learning_rate,
        foreach=False,
    )


def _scaler(config: RecipeConfig, device: torch.device) -> torch.amp.GradScaler:
    needed = device.type == "cuda" and config.mixed_precision and not torch.cuda.is_bf16_supported()
    return torch.amp.GradScaler(device.type, enabled=needed)


def _learning_rate(config: RecipeConfig, step: int, steps: int) -> float:
    """Return the rate of a step: it rises over the first twentieth of the steps and falls along a cosine."""
    warm = max(1, steps // 20)
    rise = min(1.0, (step + 1) / warm)
    return config.learning_rate * rise * (0.01 + 0.99 * 0.5 * (1 + math.cos(math.pi * min(1.0, step / steps))))


def _set_learning_rate(optimiser: torch.optim.Optimizer, config: RecipeConfig, step: int, steps: int) -> None:
    for group in optimiser.param_groups:
        group["lr"] = _learning_rate(config, step, steps)


def _to_device(batch: Batch, device: torch.device) -> Batch:
    return {name: value.to(device) for name, value in batch.items()}


def _warm_start(network: nn.Module, config: RecipeConfig, initial_weights: Path | None) -> dict[str, Any] | None:
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
        if name in own
        and own[name].shape == value.shape
        and (same_labels or len(config.labels) not in value.shape[:1] or value.shape[:1] == (1,))
    }
    if earlier.config.recipe != config.recipe or len(fitting) < len(own) // 2:
        raise CheckpointError(
            "initial_weights_do_not_fit", "The earlier model has another recipe or size; start without its weights."
        )
    network.load_state_dict({**own, **fitting})
    return {"weights_sha256": earlier.weights_digest, "tensors": len(fitting), "of": len(own)}


def _located(samples: Sequence[Sample], label: str) -> int:
    return sum(1 for sample in samples if sample.regions.get(label) is not None)


def _forget(checkpoints: Path) -> None:
    for path in checkpoints.glob("epoch-*.safetensors"):
        path.unlink()
