"""THE training loop."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn

from core.digest import digest_of
from core.numbers import how_many
from inference.engine.averaged import Averaged
from inference.engine.calibrate import Calibration
from inference.engine.cases import Cases, taught
from inference.engine.checkpoint import library_versions, save_model
from inference.engine.config import RecipeConfig
from inference.engine.device import memory_format
from inference.engine.errors import DataError, TrainingStopped
from inference.engine.gradings.cards import GRADING_CARDS
from inference.engine.held_out import parts_of
from inference.engine.loading import Loader, Maker
from inference.engine.operating_point import BALANCED, OperatingPoint
from inference.engine.optimiser import (
    half_precision,
    learning_rate,
    make_optimiser,
    make_scaler,
    set_learning_rate,
)
from inference.engine.progress import Reporter, TrainProgress
from inference.engine.recipe import Case, Recipe, Validation
from inference.engine.recipes.registry import recipe_named
from inference.engine.recomputed import recomputed
from inference.engine.sample import Sample
from inference.engine.step import Stepper
from inference.engine.strongest_maps import strongest_maps
from inference.engine.training_state import Progressed, load_epoch, load_state, save_state
from inference.engine.warm_start import warm_start


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


def train(
    config: RecipeConfig,
    *,
    training: Sequence[Sample],
    validation: Sequence[Sample],
    workdir: Path,
    operating_point: OperatingPoint = BALANCED,
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
        operating_point: what the thresholds are chosen for.
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
    training, validation = taught(config, training), taught(config, validation)
    cases, held_out = _cases(recipe, config, training, validation)
    parts = parts_of(validation, config.labels)
    checkpoints = workdir / "checkpoints"
    with reproducible(config):
        device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
        network = recipe.build(config)
        began_with = warm_start(network, config, initial_weights)
        network.to(device, memory_format=memory_format(device, config))  # type: ignore[call-overload]
        averaged = Averaged(network, config.ema_decay) if config.ema_decay else None
        judged = averaged.network if averaged else network
        optimiser, scaler = make_optimiser(network, config), make_scaler(config, device)
        run_digest = digest_of([config.digest, recipe.version, cases.digest, held_out.digest, parts.epoch, began_with])
        learning: dict[str, Any] = {
            "network": network,
            "averaged": averaged.network if averaged else None,
            "optimiser": optimiser,
            "scaler": scaler,
        }
        progressed = load_state(checkpoints, run_digest=run_digest, **learning) if resume else None
        if progressed is None:
            _forget(checkpoints)
            progressed = Progressed()
        steps = len(cases.batches(0))
        reporter = Reporter(config, progressed, steps=config.epochs * steps, tell=on_progress)
        step = Stepper(recipe, network, config, optimiser, scaler, parts=progressed.parts or config.accumulation)

        def ask() -> None:
            if should_stop():
                raise TrainingStopped(progressed.epoch + 1)

        def before_reading(index: int) -> None:
            ask()
            reporter.reading(index, len(cases) + len(held_out))

        cases.read_all(before_reading)
        held_out.read_all(lambda index: before_reading(len(cases) + index))

        makers = _makers(cases, config, progressed.epoch, device)
        with Loader(makers, config.loaders) as loader, recomputed(network, wanted=config.gradient_checkpointing):
            while progressed.epoch < config.epochs and not _had_enough(progressed, config):
                epoch = progressed.epoch + 1
                network.train()
                reporter.epoch_begins()
                for _ in range(steps):
                    ask()
                    batch = loader.take()
                    set_learning_rate(optimiser, config, progressed.step, reporter.steps)
                    losses = step(batch)
                    progressed.step += 1
                    if averaged:
                        averaged.follow(network, progressed.step)
                    if step.parts > max(progressed.parts, config.accumulation):
                        progressed.parts = step.parts
                        progressed.notes.append(_memory_sentence(progressed, len(batch["image"])))
                    reporter.trained(epoch, losses, loader.waited)

                reporter.validating(epoch)
                validated = _validate(recipe, judged, held_out, parts.epoch, config, ask)
                progressed.epoch = epoch
                if validated is None or validated.rank > progressed.best_rank:
                    progressed.best_epoch = epoch
                    progressed.best_rank = validated.rank if validated else progressed.best_rank
                if _had_enough(progressed, config):
                    progressed.notes.append(_enough_sentence(progressed, config))
                reporter.finish_epoch(epoch, validated, learning_rate(config, progressed.step, reporter.steps))
                save_state(checkpoints, progressed, run_digest=run_digest, **learning)

        reporter.calibrating()
        load_epoch(checkpoints, progressed.best_epoch, network)
        calibrating = _validate(recipe, network, held_out, parts.calibration, config, ask)
        deciding = calibrating
        if parts.threshold != parts.calibration:
            deciding = _validate(recipe, network, held_out, parts.threshold, config, ask)
        calibration, thresholds = _calibrate(recipe, config, calibrating, deciding, operating_point)
        best = progressed.curves[progressed.best_epoch - 1]
        environment = {
            "device": str(device),
            "threads": config.threads,
            "precision": str(half_precision(device, config) or torch.float32).removeprefix("torch."),
            "seed": config.seed,
            "libraries": library_versions(),
            "initial_weights": began_with,
            "run_digest": run_digest,
        }
        facts: dict[str, Any] = {
            "cases": len(cases),
            "validation_cases": len(held_out),
            "held_out": {
                "epoch": len(parts.epoch),
                "calibration": len(parts.calibration),
                "threshold": len(parts.threshold),
                "sentence": parts.sentence,
            },
            "operating_point": {
                **operating_point.to_json(),
                "sentence": GRADING_CARDS[recipe.card.graded].words(operating_point),
            },
            "located_cases": {label: _located(training, label) for label in config.labels},
            "rejected_cases": {label: sum(label in one.rejected for one in training) for label in config.labels},
            "taught_cases": {label: _taught(training, label) for label in config.labels},
            "best_epoch": progressed.best_epoch,
            "epochs": progressed.epoch,
            "notes": progressed.notes,
            "metric_name": best["metric_name"],
            "metric": best["metric"],
            "run_digest": run_digest,
            "initial_weights": began_with,
        }
        facts["strongest_maps"] = strongest_maps(network, config, facts, held_out.samples, ask)
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


@contextmanager
def reproducible(config: RecipeConfig) -> Iterator[None]:
    """Make torch, numpy and Python repeat themselves inside, and leave them as they were."""
    threads = torch.get_num_threads()
    strict, warn = torch.are_deterministic_algorithms_enabled(), torch.is_deterministic_algorithms_warn_only_enabled()
    filled = torch.utils.deterministic.fill_uninitialized_memory  # type: ignore[attr-defined]
    states = torch.get_rng_state(), np.random.get_state(), random.getstate()
    try:
        torch.set_num_threads(config.threads)
        # On a GPU a few operations have no deterministic form; there the result holds within a tolerance only.
        torch.use_deterministic_algorithms(mode=True, warn_only=torch.cuda.is_available())
        # New memory is written by whoever asked for it before it is read; filling it first only costs time.
        torch.utils.deterministic.fill_uninitialized_memory = False  # type: ignore[attr-defined]
        torch.manual_seed(config.seed)
        np.random.seed(config.seed)
        random.seed(config.seed)
        yield
    finally:
        torch.set_num_threads(threads)
        torch.use_deterministic_algorithms(strict, warn_only=warn)
        torch.utils.deterministic.fill_uninitialized_memory = filled  # type: ignore[attr-defined]
        torch.set_rng_state(states[0])
        np.random.set_state(states[1])
        random.setstate(states[2])


def _cases(
    recipe: Recipe, config: RecipeConfig, training: Sequence[Sample], validation: Sequence[Sample]
) -> tuple[Cases, Cases]:
    if not training:
        raise DataError("no_training_cases", "There are no cases to learn from.")
    shared = {s.patient_key for s in training} & {s.patient_key for s in validation}
    if shared:
        raise DataError(
            "patients_in_both_splits",
            f"{how_many(len(shared), 'patient is', 'patients are')} in the training and in the validation cases.",
        )
    recipe.check(training, config)
    return Cases(training, recipe, config), Cases(validation, recipe, config)


def _makers(cases: Cases, config: RecipeConfig, done: int, device: torch.device) -> Iterator[Maker]:
    """Return what makes each batch of the epochs that are left, in order."""
    for epoch in range(done, config.epochs):
        for step, indices in enumerate(cases.batches(epoch)):
            yield partial(cases.batch, indices, epoch=epoch, step=step, device=device)


def _had_enough(progressed: Progressed, config: RecipeConfig) -> bool:
    """Say whether so many epochs in a row were no better than the best that more of them would be in vain."""
    return 0 < config.patience <= progressed.epoch - progressed.best_epoch


def _enough_sentence(progressed: Progressed, config: RecipeConfig) -> str:
    none = how_many(config.patience, "epoch", "epochs")
    return f"Stopped after epoch {progressed.epoch} of {config.epochs}: {none} in a row brought nothing better."


def _memory_sentence(progressed: Progressed, count: int) -> str:
    return (
        f"Memory ran out in epoch {progressed.epoch + 1}: since then a batch of {count} is worked through in "
        f"{progressed.parts} parts."
    )


def _validate(
    recipe: Recipe,
    network: nn.Module,
    held_out: Cases,
    part: Sequence[int],
    config: RecipeConfig,
    ask: Callable[[], None],
) -> Validation | None:
    if not part:
        return None

    def cases() -> Iterator[Case]:
        for index in part:
            ask()
            yield held_out.samples[index], held_out[index]

    network.eval()
    return recipe.validate(network, cases(), config)


def _calibrate(
    recipe: Recipe,
    config: RecipeConfig,
    calibrating: Validation | None,
    deciding: Validation | None,
    point: OperatingPoint,
) -> tuple[dict[str, Calibration], dict[str, float]]:
    if calibrating is None or deciding is None:
        return {label: Calibration() for label in config.labels}, dict.fromkeys(config.labels, 0.5)
    decided = {
        label: recipe.decide(
            calibrating.of(index),
            deciding.of(index),
            point,
        )
        for index, label in enumerate(config.labels)
    }
    return {label: one[0] for label, one in decided.items()}, {label: one[1] for label, one in decided.items()}


def _located(samples: Sequence[Sample], label: str) -> int:
    return sum(1 for sample in samples if sample.regions.get(label) is not None)


def _taught(samples: Sequence[Sample], label: str) -> dict[str, int]:
    states = [sample.present.get(label) for sample in samples]
    return {"present": states.count(1), "absent": states.count(0)}


def _forget(checkpoints: Path) -> None:
    for path in checkpoints.glob("epoch-*.safetensors"):
        path.unlink()
