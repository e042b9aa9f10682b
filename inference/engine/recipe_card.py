"""What anybody may know of a recipe without running it. Knows no torch: web processes read it too."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Literal

from inference.engine.methods import Method

Preset = Literal["tiny", "standard"]
Fit = Literal["letterbox", "resample", "frames"]
Application = Literal["diagnosis", "segmentation", "detection", "registration", "synthesis", "biomarkers"]


@dataclass(frozen=True)
class MemoryUse:
    """What the network of a preset takes, as measured on a CPU in single precision.

    Args:
        weights: how many.
        bytes_per_pixel: of activations and gradients, for each pixel of each image that goes through at once.
        recomputed: which share of it is left with gradient checkpointing.
        fixed_mib: what a first step takes besides, whatever its size.
    """

    weights: int
    bytes_per_pixel: int
    recomputed: float
    fixed_mib: int


@dataclass(frozen=True, kw_only=True)
class RecipeCard:
    """What a recipe is, what it reads and what it may be set to.

    Args:
        name: key; stands in families, datasets and configurations.
        title: what a person sees.
        description: one sentence.
        application: what it is for, in the field's word.
        modalities: which it is made for (DICOM's codes); empty: any.
        question: what a dataset asks that it learns from (``annotations.dataset.questions``).
        graded: how its answers are judged: name of one of ``inference.engine.gradings``.
        licence: of its code and of the weights it begins with, as SPDX writes it.
        runs: "module:class" of the recipe itself; imported by what runs it only.
        settings: "module:class" of its settings, a ``RecipeConfig``.
        reads: every flat single image of a series for itself, a whole series as one volume, or each flat image for
            itself and what else a series has as one volume.
        dimensions: of the network: 2, or 2 and 3.
        fit: how an image becomes the network's input: fitted into its shape, resampled to a grid, or each of its frames
            fitted and, where there are more than the shape has, neighbours averaged; or that for each dimension.
        presets: (size, dimensions) → the settings one starts from.
        seconds_per_megapixel: size → training time of one CPU core (torch 2.13, forward and backward); between a
            quiet and a busy machine lies a factor of four.
        explanations: ways to explain a prediction, the quickest first.
        unused: names of settings that change nothing for it, so that nobody is asked for them.
        memory: (size, dimensions) → what its network takes; without it nobody can tell whether a training fits.
    """

    name: str
    title: str
    description: str
    application: Application
    modalities: tuple[str, ...] = ()
    question: str
    graded: str
    licence: str
    runs: str
    settings: str = "inference.engine.config:RecipeConfig"
    reads: Literal["flat_images", "volume", "pictures_or_volume"]
    dimensions: tuple[int, ...]
    fit: Fit | Mapping[int, Fit]
    presets: Mapping[tuple[Preset, int], Mapping[str, Any]]
    seconds_per_megapixel: Mapping[Preset, float]
    explanations: tuple[Method, ...]
    unused: frozenset[str] = frozenset()
    memory: Mapping[tuple[Preset, int], MemoryUse] = field(default_factory=lambda: MappingProxyType({}))

    def fit_in(self, dimensions: int) -> Fit:
        """Return how an image becomes the input of a network of so many dimensions."""
        return self.fit if isinstance(self.fit, str) else self.fit[dimensions]

    def has_grid(self, dimensions: int) -> bool:
        """Say whether a grid in mm may be chosen."""
        return self.fit_in(dimensions) == "resample"
