"""The settings of one training: frozen, JSON there and back, with a digest."""

from __future__ import annotations

import dataclasses
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, Self, cast

from core.digest import digest_of
from inference.engine.errors import ConfigError

RecipeName = Literal["classification", "segmentation"]
Preset = Literal["tiny", "standard"]
Intensity = Literal["percentile", "window"]

_KEY = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.:-]{0,63}")


@dataclass(frozen=True, kw_only=True)
class Augmentation:
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


@dataclass(frozen=True, kw_only=True)
class RecipeConfig:
    """Everything that decides what a training learns, apart from its cases.

    Args:
        recipe: what the model does.
        labels: keys of the coded labels, in the order of the model's outputs.
        dimensions: 2 or 3; classification is 2.
        preset: size of the network.
        image_shape: classification: (rows, columns) the image is fitted into; segmentation: the patch, (rows,
            columns) or (slices, rows, columns). Multiples of 16.
        channels: 1 (colour becomes luminance) or 3 (grey is repeated).
        spacing_mm: segmentation only: the grid the image is resampled to, in the order of ``image_shape``; None
            keeps the image's own grid.
        intensity: scale between the 0.5th and 99.5th percentile of the image, or inside ``window``.
        window: (centre, width) in modality values, e.g. HU.
        epochs: passes over the training cases.
        batch_size: images (or patches) in one step.
        learning_rate: its peak; it warms up and then falls along a cosine.
        weight_decay: of AdamW.
        location_weight: weight of the location loss beside the loss of the labels.
        label_smoothing: 0…0.5; pulls the labels 1 and 0 together.
        augmentation: the random changes.
        seed: start of every random number.
        threads: CPU threads of torch; another number may change the last bits of the result.
        mixed_precision: half precision where a GPU is present.
        warm_start: begin with the weights of an earlier version, where given.

    Raises:
        ConfigError: a value is out of its range; the message is a sentence that says which.
    """

    recipe: RecipeName
    labels: tuple[str, ...]
    dimensions: int = 2
    preset: Preset = "tiny"
    image_shape: tuple[int, ...] = (128, 128)
    channels: int = 1
    spacing_mm: tuple[float, ...] | None = None
    intensity: Intensity = "percentile"
    window: tuple[float, float] | None = None
    epochs: int = 20
    batch_size: int = 16
    learning_rate: float = 2e-3
    weight_decay: float = 1e-2
    location_weight: float = 0.5
    label_smoothing: float = 0.02
    augmentation: Augmentation = field(default_factory=Augmentation)
    seed: int = 0
    threads: int = 1
    mixed_precision: bool = True
    warm_start: bool = False

    def __post_init__(self) -> None:
        _check(self.recipe in ("classification", "segmentation"), "recipe", "is classification or segmentation")
        _check(self.preset in ("tiny", "standard"), "preset", "is tiny or standard")
        _check(_whole(self.dimensions) and 2 <= self.dimensions <= 3, "dimensions", "is 2 or 3")
        _check(not (self.recipe == "classification" and self.dimensions == 3), "dimensions", "is 2 for classification")
        _check(0 < len(self.labels) <= 64, "labels", "names between 1 and 64 labels")
        _check(
            all(_key(key) for key in self.labels),
            "labels",
            "holds label keys of letters, digits and - _ . : only",
        )
        _check(len(set(self.labels)) == len(self.labels), "labels", "names each label once")
        _check(
            len(self.image_shape) == self.dimensions
            and all(_whole(n) and 32 <= n <= 2048 and n % 16 == 0 for n in self.image_shape),
            "image_shape",
            f"is {self.dimensions} multiples of 16 between 32 and 2048",
        )
        _check(_whole(self.channels) and self.channels in (1, 3), "channels", "is 1 or 3")
        if self.spacing_mm is not None:
            _check(self.recipe == "segmentation", "spacing_mm", "is for segmentation; a classifier fits the image")
            _check(
                len(self.spacing_mm) == self.dimensions and all(_between(s, 0.01, 50) for s in self.spacing_mm),
                "spacing_mm",
                f"is {self.dimensions} distances between 0.01 and 50 mm",
            )
        _check(self.intensity in ("percentile", "window"), "intensity", "is percentile or window")
        _check((self.window is not None) == (self.intensity == "window"), "window", "is set for intensity window only")
        if self.window is not None:
            _check(
                _is_window(self.window),
                "window",
                "is a centre and a width above 0",
            )
        _check(_whole(self.epochs) and 1 <= self.epochs <= 1000, "epochs", "is between 1 and 1000")
        _check(_whole(self.batch_size) and 1 <= self.batch_size <= 256, "batch_size", "is between 1 and 256")
        _check(_between(self.learning_rate, 1e-7, 1.0), "learning_rate", "is between 1e-7 and 1")
        _check(_between(self.weight_decay, 0, 1), "weight_decay", "is between 0 and 1")
        _check(_between(self.location_weight, 0, 10), "location_weight", "is between 0 and 10")
        _check(_between(self.label_smoothing, 0, 0.5), "label_smoothing", "is between 0 and 0.5")
        _check(_whole(self.seed) and 0 <= self.seed < 2**31, "seed", "is between 0 and 2147483647")
        _check(_whole(self.threads) and 1 <= self.threads <= 64, "threads", "is between 1 and 64")
        for name in ("mixed_precision", "warm_start"):
            _check(isinstance(getattr(self, name), bool), name, "is true or false")
        for name, value in dataclasses.asdict(self.augmentation).items():
            _check(isinstance(value, bool), f"augmentation.{name}", "is true or false")

    @property
    def digest(self) -> str:
        """SHA-256 of the canonical JSON of these settings."""
        return digest_of(self.to_json())

    def to_json(self) -> dict[str, Any]:
        """Return the settings as JSON values; ``from_json`` reads them back."""
        return {
            name: list(value) if isinstance(value, tuple) else value for name, value in dataclasses.asdict(self).items()
        }

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> Self:
        """Read settings; what is not named takes its default.

        Raises:
            ConfigError: an unknown name, a wrong type or a value out of range.
        """
        if not isinstance(values, Mapping):
            raise ConfigError("config_not_an_object", "The settings of a training are an object of names and values.")
        _known(cls, values, "")
        given: dict[str, Any] = dict(values)
        for name in ("labels", "image_shape", "spacing_mm", "window"):
            value = given.get(name)
            if isinstance(value, list):
                given[name] = tuple(value)
            elif value is not None and not isinstance(value, tuple):
                raise ConfigError("config_value", f"{name} is a list.", name=name)
        if "augmentation" in given:
            flags = given["augmentation"]
            if not isinstance(flags, Mapping):
                raise ConfigError("config_value", "augmentation is an object of flags.", name="augmentation")
            _known(Augmentation, flags, "augmentation.")
            given["augmentation"] = Augmentation(**flags)
        try:
            return cls(**given)
        except TypeError as error:
            missing = [
                f.name
                for f in dataclasses.fields(cls)
                if f.name not in given and f.default is dataclasses.MISSING and f.default_factory is dataclasses.MISSING
            ]
            sentence = (
                f"The settings need {' and '.join(missing)}." if missing else "A setting has a value of the wrong kind."
            )
            raise ConfigError("config_value", sentence, missing=missing) from error

    @classmethod
    def for_preset(
        cls,
        recipe: RecipeName,
        labels: tuple[str, ...],
        *,
        preset: Preset = "tiny",
        dimensions: int = 2,
        **changes: Any,
    ) -> Self:
        """Return the settings we start from for a recipe and size, with ``changes`` on top."""
        values: dict[str, Any] = {"recipe": recipe, "labels": labels, "preset": preset, "dimensions": dimensions}
        values |= _PRESETS.get((recipe, preset, dimensions), {})
        return cls(**cast("dict[str, Any]", values | changes))


_PRESETS: dict[tuple[str, str, int], dict[str, Any]] = {
    ("classification", "tiny", 2): {"image_shape": (128, 128), "epochs": 20, "batch_size": 16, "learning_rate": 2e-3},
    ("classification", "standard", 2): {
        "image_shape": (224, 224),
        "epochs": 30,
        "batch_size": 16,
        "learning_rate": 3e-4,
    },
    ("segmentation", "tiny", 2): {"image_shape": (96, 96), "epochs": 20, "batch_size": 8, "learning_rate": 3e-3},
    ("segmentation", "standard", 2): {
        "image_shape": (256, 256),
        "epochs": 60,
        "batch_size": 8,
        "learning_rate": 1e-3,
    },
    ("segmentation", "tiny", 3): {"image_shape": (32, 64, 64), "epochs": 20, "batch_size": 2, "learning_rate": 3e-3},
    ("segmentation", "standard", 3): {
        "image_shape": (64, 96, 96),
        "epochs": 100,
        "batch_size": 2,
        "learning_rate": 1e-3,
    },
}


def _check(holds: bool, name: str, rule: str) -> None:
    if not holds:
        raise ConfigError("config_value", f"{name} {rule}.", name=name)


def _is_window(value: tuple[object, ...]) -> bool:
    return len(value) == 2 and _between(value[0], -1e6, 1e6) and _between(value[1], 1e-3, 1e6)


def _key(value: object) -> bool:
    return isinstance(value, str) and _KEY.fullmatch(value) is not None


def _whole(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _between(value: object, low: float, high: float) -> bool:
    return (
        isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value) and low <= value <= high
    )


def _known(kind: type, values: Mapping[str, Any], prefix: str) -> None:
    unknown = sorted(set(values) - {f.name for f in dataclasses.fields(kind)})
    if unknown:
        names = ", ".join(prefix + str(name) for name in unknown)
        raise ConfigError("config_unknown_name", f"There is no setting named {names}.", names=unknown)
