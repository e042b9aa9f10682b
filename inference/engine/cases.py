"""The training or validation cases as tensors: read once, kept while there is room, drawn in a seeded order."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import cached_property

import numpy as np
import torch

from core.digest import digest_of
from inference.engine.augment import Augmenter
from inference.engine.config import RecipeConfig
from inference.engine.draws import Draws
from inference.engine.patches import MARKED, marked_places
from inference.engine.preprocess import Preprocessing
from inference.engine.recipe import Batch, Example, Recipe
from inference.engine.sample import Sample

_CACHE_BYTES = 3 * 2**30


def taught(config: RecipeConfig, samples: Sequence[Sample]) -> Sequence[Sample]:
    """Return what a training is told of its cases: without rejected places where it is not to learn from them."""
    return samples if config.rejected_places else [replace(one, rejected={}) for one in samples]


class Cases:
    """Cases of one split.

    What an epoch sees is decided by (seed, epoch, place in the epoch) alone, never by what was drawn before: that
    is why a training that was killed goes on exactly as if it had not been.

    Args:
        samples: of the split.
        recipe: makes examples of them.
        config: settings of the training.
    """

    def __init__(self, samples: Sequence[Sample], recipe: Recipe, config: RecipeConfig) -> None:
        self.samples = tuple(samples)
        self._recipe, self._config = recipe, config
        self._preprocessing = Preprocessing.of(config)
        self._targets, self._crops = recipe.targets(config), recipe.crops(config)
        self._augmenter = Augmenter(config, targets=self._targets, crops=self._crops)
        self._kept: dict[int, Example] = {}
        self._room = _CACHE_BYTES
        self._keeping = threading.Lock()

    def __len__(self) -> int:
        return len(self.samples)

    def __getitem__(self, index: int) -> Example:
        if index in self._kept:
            return self._kept[index]
        example = self._recipe.example(self.samples[index], self._preprocessing, self._config)
        if self._crops:
            example[MARKED] = marked_places(*(example[name] for name in self._targets))
        size = sum(value.numel() * value.element_size() for value in example.values())
        with self._keeping:
            if index not in self._kept and size <= self._room:
                self._room -= size
                self._kept[index] = example
        return example

    @property
    def digest(self) -> str:
        """SHA-256 over which cases these are and what is known about them (not over their pixels)."""
        return digest_of(
            [
                {
                    "sample_id": sample.sample_id,
                    "patient_key": sample.patient_key,
                    "present": dict(sample.present),
                    "weights": dict(sample.weights),
                    "draws": dict(sample.draws),
                    "regions": sorted(label for label, load in sample.regions.items() if load is not None),
                    "rejected": dict.fromkeys(sorted(sample.rejected), sample.rejected_draws),
                }
                for sample in self.samples
            ]
        )

    @cached_property
    def draws(self) -> Draws:
        """How often each case is drawn, and how much each of its labels then counts."""
        return self._recipe.draws(self.samples, self._config)

    def read_all(self, before_each: Callable[[int], None]) -> None:
        """Read every case once (``before_each`` is called with its place), so that the epochs do not wait for it."""
        for index in range(len(self)):
            before_each(index)
            _ = self[index]

    def batches(self, epoch: int) -> list[list[int]]:
        """Return the indices of the batches of an epoch; each case comes about as often as ``draws`` says."""
        rng = np.random.default_rng([self._config.seed, epoch])
        weights = self.draws.cases
        # Systematic resampling: a case with an expected 1.4 draws comes once or twice, never not at all.
        expected = np.cumsum(weights / weights.sum() * len(self))
        drawn = np.searchsorted(expected, np.arange(len(self)) + rng.random(), side="right")
        order = rng.permutation(np.minimum(drawn, len(self) - 1))
        size = self._config.batch_size
        batches = [order[start : start + size].tolist() for start in range(0, len(order), size)]
        if len(batches) > 1 and len(batches[-1]) == 1:
            batches[-2] += batches.pop()  # batch statistics of one image say nothing
        return batches

    def batch(self, indices: Sequence[int], *, epoch: int, step: int, device: torch.device | None = None) -> Batch:
        """Return augmented examples, stacked, and how much each of their labels counts; on any thread."""
        seed = np.random.SeedSequence([self._config.seed, epoch, step]).generate_state(1)[0]
        batch = self._augmenter([self[index] for index in indices], int(seed), device)
        chosen = list(indices)
        batch["weight"] = torch.from_numpy(self.draws.labels[chosen]).to(batch["image"].device)
        batch["place_weight"] = torch.from_numpy(self.draws.places[chosen]).to(batch["image"].device)
        return batch
