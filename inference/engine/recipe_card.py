"""What anybody may know of a recipe without running it. Knows no torch: web processes read it too."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from inference.engine.methods import Method

Preset = Literal["tiny", "standard"]


@dataclass(frozen=True, kw_only=True)
class RecipeCard:
    """What a recipe is, what it reads and what it may be set to.

    Args:
        name: key; stands in families, datasets and configurations.
        title: what a person sees.
        description: one sentence.
        label_use: which labels it learns: said of an image, or painted as a segment.
        reads: every flat single image of a series for itself, or a whole series as one volume.
        dimensions: of the network: 2, or 2 and 3.
        fit: how an image becomes the network's input: fitted into its shape, or resampled to a grid.
        needs_both_states: a dataset without cases of a label's absence cannot teach it.
        presets: (size, dimensions) → the settings one starts from.
        seconds_per_megapixel: size → training time of one CPU core (torch 2.13, forward and backward); between a
            quiet and a busy machine lies a factor of four.
        explanations: ways to explain a prediction, the quickest first.
    """

    name: str
    title: str
    description: str
    label_use: Literal["image", "segment"]
    reads: Literal["flat_images", "volume"]
    dimensions: tuple[int, ...]
    fit: Literal["letterbox", "resample"]
    needs_both_states: bool
    presets: Mapping[tuple[Preset, int], Mapping[str, Any]]
    seconds_per_megapixel: Mapping[Preset, float]
    explanations: tuple[Method, ...]

    @property
    def has_grid(self) -> bool:
        """Say whether a grid in mm may be chosen."""
        return self.fit == "resample"
