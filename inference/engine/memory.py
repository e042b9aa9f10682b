"""How much memory a training takes, before anything runs. Knows no torch; a test measures it against real steps."""

from __future__ import annotations

import math
from typing import Final

from inference.engine.config import RecipeConfig
from inference.engine.recipe_cards import recipe_card

#: Python, Django, torch and MONAI, before there is a network.
_PROCESS: Final = 560 * 2**20
#: At most so much of the cases is kept in memory (``inference.engine.cases``).
_MOST_KEPT: Final = 3 * 2**30
#: Weights, their gradients, and the two moments of AdamW; once more while a checkpoint is written.
_COPIES_OF_THE_WEIGHTS: Final = 4 + 4
#: A batch of which is told less than all: images and places, as they were, as they are moved, and in the queue.
_BATCHES_AT_ONCE: Final = 4


def training_bytes(config: RecipeConfig, *, cases: int, case_pixels: float | None = None) -> int | None:
    """Return how many bytes a training has at most at once; None where its recipe does not say.

    Args:
        config: its settings.
        cases: training and validation cases together, which are kept while there is room.
        case_pixels: of a case as it is kept: where patches are cut of it, more than a patch; None: as many.
    """
    use = recipe_card(config.recipe).memory.get((config.preset, config.dimensions))
    if use is None:
        return None
    pixels = math.prod(config.image_shape)
    batch = min(config.batch_size, max(1, cases))
    together = math.ceil(batch / config.accumulation)
    steps = use.bytes_per_pixel * (use.recomputed if config.gradient_checkpointing else 1.0) * pixels * together
    example = pixels * example_bytes(config)
    kept = cases * max(pixels, case_pixels or 0) * example_bytes(config)
    batches = _BATCHES_AT_ONCE * batch * example
    weights = 4 * use.weights * (_COPIES_OF_THE_WEIGHTS + (1 if config.ema_decay else 0))
    return round(_PROCESS + use.fixed_mib * 2**20 + steps + batches + weights + min(_MOST_KEPT, kept))


def example_bytes(config: RecipeConfig) -> int:
    """Return the bytes of a pixel of a case: float32 for each channel, two bytes for each label's places."""
    return 4 * config.channels + 2 * len(config.labels)


def checkpoint_bytes(config: RecipeConfig) -> int | None:
    """Return how many bytes a training writes at most at once: three checkpoints, one that is written, the model."""
    use = recipe_card(config.recipe).memory.get((config.preset, config.dimensions))
    if use is None:
        return None
    one = 4 * use.weights * (3 + (1 if config.ema_decay else 0)) + 2**20
    return 4 * one + 4 * use.weights


def checkpointing_helps(config: RecipeConfig) -> bool:
    """Say whether computing again instead of remembering takes less memory with this network."""
    use = recipe_card(config.recipe).memory.get((config.preset, config.dimensions))
    return use is not None and use.recomputed < 1
