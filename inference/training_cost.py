"""How long a training takes, from earlier trainings; pure arithmetic, no torch."""

from __future__ import annotations

import math
from statistics import median
from typing import Any, Final

from core.numbers import how_many
from inference.engine.config import RecipeConfig
from inference.engine.recipe_cards import recipe_card
from inference.models import TrainingRun

#: Seconds to read, decode and prepare one training case.
_LOADING: Final = 0.05
_RUNS_LOOKED_AT: Final = 5


def training_work(config: RecipeConfig, *, training_cases: int, validation_cases: int) -> float:
    """Return how many megapixels a whole training computes.

    A validation case costs a third of a training case, and so does going through the network once more: for the parts
    of a batch, and for gradient checkpointing.
    """
    each = 1 + ((config.accumulation > 1) + config.gradient_checkpointing) / 3
    return (training_cases * each + validation_cases / 3) * config.epochs * math.prod(config.image_shape) / 1e6


def _measured(run: TrainingRun) -> tuple[float, float] | None:
    """Return (seconds a megapixel, seconds a case for loading) of a finished training, where it was measured."""
    cost = run.environment.get("cost") or {}
    seconds, loading = cost.get("seconds_per_megapixel"), cost.get("loading_seconds_per_case")
    if not isinstance(seconds, int | float) or not isinstance(loading, int | float):
        return None
    return float(seconds), float(loading)


def _alike(config: RecipeConfig) -> list[tuple[float, float]]:
    rows = TrainingRun.objects.filter(
        config__recipe=config.recipe, config__preset=config.preset, config__dimensions=config.dimensions
    )
    found = [_measured(run) for run in rows.exclude(environment={}).order_by("-created_at")[: 4 * _RUNS_LOOKED_AT]]
    return [one for one in found if one is not None][:_RUNS_LOOKED_AT]


def time_estimate(config: RecipeConfig, *, training_cases: int, validation_cases: int) -> dict[str, Any]:
    """Return seconds (expected, low, high), steps, cases, how many runs were measured, and sentences that say so.

    The range is wide (half to three times) until trainings of this recipe have been measured here, then it is
    the spread of the last five with a quarter on either side.
    """
    work = training_work(config, training_cases=training_cases, validation_cases=validation_cases)
    cases = training_cases + validation_cases
    steps = math.ceil(training_cases / config.batch_size) * config.epochs
    runs = _alike(config)
    if runs:
        each = [work * seconds + cases * loading for seconds, loading in runs]
        expected, low, high = median(each), min(each) * 0.75, max(each) * 1.25
        basis = f"Measured in {how_many(len(runs), 'earlier training', 'earlier trainings')} of this kind here."
    else:
        typical = recipe_card(config.recipe).seconds_per_megapixel[config.preset]
        each_megapixel = typical * (1.5 if config.dimensions == 3 else 1.0)
        expected = work * each_megapixel / min(config.threads, 8) ** 0.7 + cases * _LOADING
        low, high = expected * 0.5, expected * 3.0
        basis = "A rough guess: nothing of this kind was trained here yet."
    sentences = [basis]
    if config.patience:
        none = how_many(config.patience, "epoch", "epochs")
        sentences.append(f"It may be over earlier: it stops after {none} in a row that brought nothing better.")
    return {
        "seconds": round(expected + 2, 1),
        "seconds_low": round(low + 1, 1),
        "seconds_high": round(high + 5, 1),
        "steps": steps,
        "training_cases": training_cases,
        "validation_cases": validation_cases,
        "measured_runs": len(runs),
        "sentences": sentences,
    }
