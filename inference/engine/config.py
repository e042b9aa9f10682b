"""The settings of one training: frozen, JSON there and back, with a digest."""

from __future__ import annotations

import re
from functools import cache
from typing import Annotated, Any, Final, Literal, Self

from pydantic import AfterValidator, Field, model_validator

from core.digest import digest_of
from inference.engine.recipe_card import Preset
from inference.engine.recipe_cards import RECIPE_CARDS, recipe_card
from inference.engine.settings import Settings

Intensity = Literal["percentile", "window"]

#: Settings that were not there from the beginning: without them the digest of older settings is what it was.
_CAME_LATER: Final = frozenset({"loaders", "accumulation", "gradient_checkpointing", "ema_decay", "patience"})

_KEY = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.:-]{0,63}")


def _recipe(name: str) -> str:
    if name not in RECIPE_CARDS:
        raise ValueError(f"is {' or '.join(RECIPE_CARDS)}")
    return name


def _label_keys(keys: tuple[str, ...]) -> tuple[str, ...]:
    if not all(_KEY.fullmatch(key) for key in keys):
        raise ValueError("holds label keys of letters, digits and - _ . : only")
    if len(set(keys)) != len(keys):
        raise ValueError("names each label once")
    return keys


def _network_sizes(sizes: tuple[int, ...]) -> tuple[int, ...]:
    if not all(32 <= size <= 2048 and size % 16 == 0 for size in sizes):
        raise ValueError("holds multiples of 16 between 32 and 2048")
    return sizes


class Augmentation(Settings):
    """Which random changes the training images get.

    Args:
        flip_left_right: mirror the image's columns; off by default because it swaps the patient's sides.
        affine: small rotations, shifts and zooms.
        intensity: contrast, brightness and gamma.
        noise: Gaussian noise.
    """

    flip_left_right: bool = False
    affine: bool = True
    intensity: bool = True
    noise: bool = True


class RecipeConfig(Settings):
    """Everything that decides what a training learns, apart from its cases.

    Args:
        recipe: what the model does.
        labels: keys of the coded labels, in the order of the model's outputs.
        dimensions: of the network, as the recipe's card allows.
        preset: size of the network.
        image_shape: (rows, columns) the image is fitted into, or the patch, (rows, columns) or (slices, rows, columns).
            Multiples of 16.
        channels: 1 (colour becomes luminance) or 3 (grey is repeated).
        spacing_mm: for recipes with a grid: what the image is resampled to, in the order of ``image_shape``; None
            keeps the image's own grid.
        intensity: scale between the 0.5th and 99.5th percentile of the image, or inside ``window``.
        window: (centre, width) in modality values, e.g. HU.
        epochs: passes over the training cases.
        batch_size: images (or patches) in one step.
        learning_rate: its peak; it warms up and then falls along a cosine.
        weight_decay: of AdamW.
        location_weight: weight of the location loss beside the loss of the labels.
        rejected_places: learn from the places where a reviewer said that a label is not.
        label_smoothing: 0…0.5; pulls the labels 1 and 0 together.
        augmentation: the random changes.
        seed: start of every random number.
        threads: CPU threads of torch; another number may change the last bits of the result.
        mixed_precision: half precision where a GPU is present.
        warm_start: begin with the weights of an earlier version, where given.
        loaders: threads that read and change the next batches beside the training; they change nothing of the result.
        accumulation: in how many parts a batch goes through the network; one that normalises over the batch then
            normalises over a part.
        gradient_checkpointing: keep nothing inside of the network's stages for the way back, compute it once more.
        ema_decay: how much of the average of the weights stays at a step; the average is judged and kept. 0: none.
        patience: stop after so many epochs in a row that were no better than the best; 0: never.

    Raises:
        ConfigError: a value is out of its range; the message is a sentence that says which.
    """

    recipe: Annotated[str, AfterValidator(_recipe)]
    labels: Annotated[tuple[str, ...], Field(min_length=1, max_length=64), AfterValidator(_label_keys)]
    dimensions: Annotated[int, Field(ge=2, le=3)] = 2
    preset: Preset = "tiny"
    image_shape: Annotated[tuple[int, ...], AfterValidator(_network_sizes)] = (128, 128)
    channels: Literal[1, 3] = 1
    spacing_mm: tuple[Annotated[float, Field(ge=0.01, le=50)], ...] | None = None
    intensity: Intensity = "percentile"
    window: tuple[Annotated[float, Field(ge=-1e6, le=1e6)], Annotated[float, Field(ge=1e-3, le=1e6)]] | None = None
    epochs: Annotated[int, Field(ge=1, le=1000)] = 20
    batch_size: Annotated[int, Field(ge=1, le=256)] = 16
    learning_rate: Annotated[float, Field(ge=1e-7, le=1)] = 2e-3
    weight_decay: Annotated[float, Field(ge=0, le=1)] = 1e-2
    location_weight: Annotated[float, Field(ge=0, le=10)] = 0.5
    rejected_places: bool = True
    label_smoothing: Annotated[float, Field(ge=0, le=0.5)] = 0.02
    augmentation: Augmentation = Augmentation()
    seed: Annotated[int, Field(ge=0, le=2**31 - 1)] = 0
    threads: Annotated[int, Field(ge=1, le=64)] = 1
    mixed_precision: bool = True
    warm_start: bool = False
    loaders: Annotated[int, Field(ge=0, le=16)] = 1
    accumulation: Annotated[int, Field(ge=1, le=256)] = 1
    gradient_checkpointing: bool = False
    ema_decay: Annotated[float, Field(ge=0, le=0.9999)] = 0.0
    patience: Annotated[int, Field(ge=0, le=1000)] = 0

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        card = recipe_card(self.recipe)
        if self.dimensions not in card.dimensions:
            raise ValueError(f"dimensions is {' or '.join(map(str, card.dimensions))} for {self.recipe}")
        if len(self.image_shape) != self.dimensions:
            raise ValueError(f"image_shape holds {self.dimensions} sizes")
        if self.spacing_mm is not None and not card.has_grid:
            raise ValueError(f"spacing_mm is not for {self.recipe}: it fits the image into its shape")
        if self.spacing_mm is not None and len(self.spacing_mm) != self.dimensions:
            raise ValueError(f"spacing_mm holds {self.dimensions} distances")
        if (self.window is not None) != (self.intensity == "window"):
            raise ValueError("window is set for intensity window only")
        if self.accumulation > self.batch_size:
            raise ValueError("accumulation is at most batch_size: a part holds at least one image")
        return self

    @classmethod
    @cache
    def limits(cls) -> dict[str, dict[str, float]]:
        """Return what the numbers among the settings may be: name → {"minimum", "maximum"}, both allowed."""
        properties = cls.model_json_schema()["properties"]
        return {
            name: {"minimum": entry["minimum"], "maximum": entry["maximum"]}
            for name, entry in properties.items()
            if "minimum" in entry and "maximum" in entry
        }

    @property
    def digest(self) -> str:
        """SHA-256 of the canonical JSON of these settings; of a later setting only what is not its default."""
        fields, values = type(self).model_fields, self.to_json()
        return digest_of({k: v for k, v in values.items() if k not in _CAME_LATER or v != fields[k].default})

    @classmethod
    def for_preset(
        cls,
        recipe: str,
        labels: tuple[str, ...],
        *,
        preset: Preset = "tiny",
        dimensions: int = 2,
        **changes: Any,
    ) -> Self:
        """Return the settings we start from for a recipe and size, with ``changes`` on top."""
        values: dict[str, Any] = {"recipe": recipe, "labels": labels, "preset": preset, "dimensions": dimensions}
        values |= recipe_card(recipe).presets.get((preset, dimensions), {})
        return cls(**(values | changes))
