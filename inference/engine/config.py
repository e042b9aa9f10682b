"""The settings of one training: frozen, JSON there and back, with a digest."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pkgutil import resolve_name
from typing import Annotated, Any, Final, Literal, Self, cast

from pydantic import AfterValidator, Field, model_validator

from core.digest import digest_of
from inference.engine.recipe_card import Preset
from inference.engine.recipe_cards import RECIPE_CARDS, recipe_card
from inference.engine.settings import Settings

Intensity = Literal["percentile", "window"]

#: Settings that were not there from the beginning: without them the digest of older settings is what it was.
_CAME_LATER: Final = frozenset(
    {"loaders", "accumulation", "gradient_checkpointing", "ema_decay", "patience", "whole_picture", "marked_share",
     "move_strength"}
)  # fmt: skip

_NOT_CHOSEN: Final[dict[str, Any]] = {"chosen": False}
_USUAL: Final[dict[str, Any]] = {"usual": True}
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
    """Which random changes the training images get."""

    flip_left_right: bool = Field(
        False,
        title="Mirror left and right",
        description="Off where a side means something: it swaps the patient's sides.",
    )
    affine: bool = Field(True, title="Turn, shift and zoom", description="Small random moves of the whole picture.")
    intensity: bool = Field(True, title="Change the greys", description="Random contrast, brightness and gamma.")
    noise: bool = Field(True, title="Add noise", description="Random Gaussian noise.")


class RecipeConfig(Settings):
    """Everything that decides what a training learns, apart from its cases.

    The titles and descriptions are what the page shows; they are said here only. What carries ``usual`` is asked first,
    what carries ``chosen: False`` follows from the family and the machine.

    Args:
        recipe: what the model does.
        labels: keys of the coded labels, in the order of the model's outputs.
        threads: CPU threads of torch; another number may change the last bits of the result.

    Raises:
        ConfigError: a value is out of its range; the message is a sentence that says which.
    """

    recipe: Annotated[str, AfterValidator(_recipe)] = Field(json_schema_extra=_NOT_CHOSEN)
    labels: Annotated[tuple[str, ...], Field(min_length=1, max_length=64), AfterValidator(_label_keys)] = Field(
        json_schema_extra=_NOT_CHOSEN
    )
    dimensions: Annotated[int, Field(ge=2, le=3)] = Field(
        2, title="Dimensions", description="2 reads slice by slice, 3 the volume.", json_schema_extra=_USUAL
    )
    preset: Preset = Field(
        "tiny",
        title="Network",
        description="Tiny learns in minutes on a CPU. Standard sees more and wants a GPU.",
        json_schema_extra=_USUAL,
    )
    image_shape: Annotated[tuple[int, ...], AfterValidator(_network_sizes)] = Field(
        (128, 128),
        title="Size of the picture",
        description="Rows and columns that a picture is fitted into, or the patch: (slices,) rows, columns. "
        "Multiples of 16.",
    )
    channels: Literal[1, 3] = Field(
        1, title="Channels", description="1: colour becomes luminance. 3: grey is repeated."
    )
    spacing_mm: tuple[Annotated[float, Field(ge=0.01, le=50)], ...] | None = Field(
        None,
        title="Grid in mm",
        description="What the picture is resampled to, in the order of its size. Empty keeps its own grid.",
    )
    intensity: Intensity = Field(
        "percentile",
        title="Grey scale",
        description="Percentile: from the 0.5th to the 99.5th of each picture. Window: what is given below.",
    )
    window: tuple[Annotated[float, Field(ge=-1e6, le=1e6)], Annotated[float, Field(ge=1e-3, le=1e6)]] | None = Field(
        None,
        title="Window",
        description="Centre and width in modality values, such as HU. For the scale “window” only.",
    )
    epochs: Annotated[int, Field(ge=1, le=1000)] = Field(
        20, title="Epochs", description="How often every training case is seen.", json_schema_extra=_USUAL
    )
    batch_size: Annotated[int, Field(ge=1, le=256)] = Field(
        16,
        title="Batch size",
        description="Cases in one step. Lower it when memory runs out.",
        json_schema_extra=_USUAL,
    )
    learning_rate: Annotated[float, Field(ge=1e-7, le=1)] = Field(
        2e-3,
        title="Learning rate",
        description="How large the steps are at most. Lower it when the loss jumps.",
        json_schema_extra=_USUAL,
    )
    weight_decay: Annotated[float, Field(ge=0, le=1)] = Field(
        1e-2, title="Weight decay", description="How strongly large weights are held back."
    )
    location_weight: Annotated[float, Field(ge=0, le=10)] = Field(
        0.5,
        title="Weight of places",
        description="How much the readers' places count beside the labels; 0 ignores them.",
    )
    rejected_places: bool = Field(
        True,
        title="Learn from rejected places",
        description="Where reviewers said that an outline was in the wrong place.",
        json_schema_extra=_USUAL,
    )
    label_smoothing: Annotated[float, Field(ge=0, le=0.5)] = Field(
        0.02, title="Label smoothing", description="Pulls present and absent a little together."
    )
    augmentation: Augmentation = Augmentation()
    seed: Annotated[int, Field(ge=0, le=2**31 - 1)] = Field(
        0,
        title="Seed",
        description="The same seed, snapshot and settings give the same model on a CPU.",
        json_schema_extra=_USUAL,
    )
    threads: Annotated[int, Field(ge=1, le=64)] = Field(1, json_schema_extra=_NOT_CHOSEN)
    mixed_precision: bool = Field(
        True,
        title="Half precision on a GPU",
        description="Faster and in less memory there; a CPU always computes in full.",
    )
    warm_start: bool = Field(
        False,
        title="Start from the live version",
        description="Faster; keeps its habits too. Needs a live version of the same network.",
        json_schema_extra=_USUAL,
    )

    loaders: Annotated[int, Field(ge=0, le=16)] = Field(
        1,
        title="Loader threads",
        description="Prepare the next images meanwhile. The result is the same with any number.",
    )
    accumulation: Annotated[int, Field(ge=1, le=256)] = Field(
        1,
        title="Parts of a batch",
        description="More parts need less memory and a third more time; the batch stays what it is.",
    )
    gradient_checkpointing: bool = Field(
        False,
        title="Gradient checkpointing",
        description="Computes more often instead of remembering: less memory, a third more time.",
    )
    ema_decay: Annotated[float, Field(ge=0, le=0.9999)] = Field(
        0.0,
        title="Average of the weights",
        description="How much of it stays at each step, e.g. 0.99; steadier from epoch to epoch. 0: none.",
    )
    patience: Annotated[int, Field(ge=0, le=1000)] = Field(
        0,
        title="Stop early after",
        description="Epochs in a row that brought nothing better; 0: all epochs are run.",
    )

    whole_picture: bool = Field(
        False,
        title="The whole picture at once",
        description="Fits it into the size instead of cutting patches. For structures that fill much of it.",
    )
    marked_share: Annotated[float, Field(ge=0, le=1)] = Field(
        0.5,
        title="Patches on marked places",
        description="How many are centred on what readers marked; the others lie anywhere.",
    )

    move_strength: Annotated[float, Field(ge=0.1, le=4)] = Field(
        1.0,
        title="How far pictures are moved",
        description="1: turned up to 9°, zoomed and shifted by up to a tenth. More helps where cases are few.",
    )

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        card = recipe_card(self.recipe)
        if self.dimensions not in card.dimensions:
            raise ValueError(f"dimensions is {' or '.join(map(str, card.dimensions))} for {self.recipe}")
        if len(self.image_shape) != self.dimensions:
            raise ValueError(f"image_shape holds {self.dimensions} sizes")
        if self.spacing_mm is not None and not card.has_grid(self.dimensions):
            raise ValueError(f"spacing_mm is not for {self.recipe}: it fits the image into its shape")
        if self.spacing_mm is not None and len(self.spacing_mm) != self.dimensions:
            raise ValueError(f"spacing_mm holds {self.dimensions} distances")
        if self.whole_picture and not card.has_grid(self.dimensions):
            raise ValueError(f"whole_picture is not for {self.recipe}: it always sees the whole picture")
        if self.whole_picture and self.spacing_mm is not None:
            raise ValueError("spacing_mm is empty with whole_picture: the picture is fitted into image_shape")
        if (self.window is not None) != (self.intensity == "window"):
            raise ValueError("window is set for intensity window only")
        if self.accumulation > self.batch_size:
            raise ValueError("accumulation is at most batch_size: a part holds at least one image")
        return self

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> Self:
        """Read settings from JSON values, as the settings of the recipe that they name."""
        name = values.get("recipe")
        kind = settings_of(name) if isinstance(name, str) and name in RECIPE_CARDS else cls
        return super().from_json(values) if kind is cls else cast("Self", kind.from_json(values))

    @classmethod
    def choices(cls) -> tuple[str, ...]:
        """Return the names of what a person may choose; the rest follows from the family and the machine."""
        fixed = {name for name, field in cls.model_fields.items() if field.json_schema_extra == _NOT_CHOSEN}
        return tuple(name for name in cls.model_fields if name not in fixed)

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
        dimensions: int | None = None,
        **changes: Any,
    ) -> Self:
        """Return the settings we start from for a recipe and size, with ``changes`` on top; as flat as it can be."""
        dimensions = dimensions or recipe_card(recipe).dimensions[0]
        values: dict[str, Any] = {"recipe": recipe, "labels": labels, "preset": preset, "dimensions": dimensions}
        values |= recipe_card(recipe).presets.get((preset, dimensions), {})
        return cast("Self", settings_of(recipe)(**(values | changes)))


def settings_of(recipe: str) -> type[RecipeConfig]:
    """Return the settings of a recipe.

    Raises:
        ConfigError: there is no such recipe.
    """
    kind: type[RecipeConfig] = resolve_name(recipe_card(recipe).settings)
    return kind
