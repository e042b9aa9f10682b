"""Whether a training fits into memory, disk and time, and what would: asked before it is queued; no torch."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from django.conf import settings

from core.numbers import how_many
from inference.engine.config import RecipeConfig, settings_of
from inference.engine.memory import checkpoint_bytes, checkpointing_helps, training_bytes
from inference.engine.proposed_settings import value_in
from inference.machine import training_memory, training_room
from inference.training_cost import time_estimate

Json = dict[str, Any]
_DAY: Final = 86_400
#: A picture made smaller again and again: each time by about a fifth of a side.
_SMALLER: Final = 0.8


@dataclass(frozen=True)
class Cases:
    """How many cases a training has, and of how many pixels one is as it is kept; None: as large as the shape."""

    training: int
    validation: int
    pixels: float | None = None


def resources_of(config: RecipeConfig, cases: Cases) -> list[Json]:
    """Return what a training needs and what there is: memory and disk in bytes, time in seconds (the low estimate).

    Each has ``name``, ``needed`` (None where nobody knows), ``available``, ``fits`` and ``sentence``.
    """
    every = cases.training + cases.validation
    memory = training_bytes(config, cases=every, case_pixels=cases.pixels)
    low = time_estimate(config, training_cases=cases.training, validation_cases=cases.validation)["seconds_low"]
    disk, most = checkpoint_bytes(config), settings.OVERREAD_TRAINING_DAYS * _DAY
    return [
        _resource("memory", memory, training_memory(), _gigabytes),
        _resource("disk", disk, training_room(), _gigabytes),
        _resource("time", low, most, _hours),
    ]


def _resource(name: str, needed: float | None, available: float, words: Any) -> Json:
    fits = needed is None or needed <= available
    said = f"{words(needed)} of {words(available)}" if needed is not None else "not known of this recipe"
    return {"name": name, "needed": needed, "available": available, "fits": fits, "sentence": said}


def what_would_fit(config: RecipeConfig, cases: Cases) -> Json | None:
    """Return ``{changes, sentence}`` of settings that fit and change as little as may be; None where nothing does."""
    for smaller in _smaller(config, cases):
        if all(one["fits"] for one in resources_of(smaller, cases)):
            return _changes(config, smaller)
    return None


def _smaller(config: RecipeConfig, cases: Cases) -> Iterator[RecipeConfig]:
    """Yield settings that take less and less: first what the model hardly notices, last what it does."""
    for network in _networks(config):
        for smaller in _in_less_memory(network):
            yield smaller
            yield from _in_less_time(smaller, cases)


def _networks(config: RecipeConfig) -> Iterator[RecipeConfig]:
    yield config
    if config.preset != "tiny":
        yield config.model_copy(update={"preset": "tiny"})


def _in_less_memory(config: RecipeConfig) -> Iterator[RecipeConfig]:
    """Yield the settings; then in more parts, checkpointed, with a smaller batch; then with smaller pictures."""
    yield config
    parts = 2 * config.accumulation
    while parts < 2 * config.batch_size:
        config = config.model_copy(update={"accumulation": min(parts, config.batch_size)})
        yield config
        parts *= 2
    if not config.gradient_checkpointing and checkpointing_helps(config):
        config = config.model_copy(update={"gradient_checkpointing": True})
        yield config
    while config.batch_size > 4:
        half = config.batch_size // 2
        config = config.model_copy(update={"batch_size": half, "accumulation": half})
        yield config
    while max(config.image_shape) > 32:
        shape = tuple(max(32, math.floor(n * _SMALLER / 16) * 16) for n in config.image_shape)
        config = config.model_copy(update={"image_shape": shape})
        yield config


def _in_less_time(config: RecipeConfig, cases: Cases) -> Iterator[RecipeConfig]:
    time = resources_of(config, cases)[2]
    epochs = math.floor(config.epochs * time["available"] / time["needed"] * 0.95)
    if not time["fits"] and epochs >= 1:
        yield config.model_copy(update={"epochs": epochs})


def _changes(config: RecipeConfig, smaller: RecipeConfig) -> Json:
    before, after = config.to_json(), smaller.to_json()
    titles = {one["name"]: one["title"] for one in settings_of(config.recipe).entries()}
    names = [name for name in titles if value_in(before, name) != value_in(after, name)]
    said = [f"{titles[name].lower()} {_word(after[name])}" for name in names]
    return {"changes": {name: after[name] for name in names}, "sentence": f"It would fit with {', '.join(said)}."}


def _word(value: Any) -> str:
    if isinstance(value, list):
        return " × ".join(map(str, value))
    return {True: "on", False: "off"}[value] if isinstance(value, bool) else str(value)


def _gigabytes(value: float) -> str:
    return f"{value / 1e9:.1f} GB" if value >= 1e8 else f"{value / 1e6:.0f} MB"


def _hours(seconds: float) -> str:
    if seconds >= 2 * _DAY:
        return how_many(round(seconds / _DAY), "day", "days")
    return f"{seconds / 3600:.1f} h" if seconds >= 5400 else f"{seconds / 60:.0f} min"
