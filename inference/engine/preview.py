"""What a network is shown: some training cases as they are prepared, and as batches change them.

Made by what the training itself uses (``Cases``, ``Preprocessing``, ``Augmenter``), and named by the digest of the
batch that a training with these settings and cases takes first on a CPU.
"""

from __future__ import annotations

import math
from base64 import b64encode
from collections.abc import Callable, Sequence
from hashlib import sha256
from typing import Any, Final

import numpy as np
import torch
from torch import Tensor

from inference.engine.cases import Cases, taught
from inference.engine.config import RecipeConfig
from inference.engine.errors import DataError
from inference.engine.places import REJECTED
from inference.engine.preprocess import BLANK, Preprocessing
from inference.engine.recipe import Batch
from inference.engine.recipes.registry import recipe_named
from inference.engine.sample import Sample
from inference.engine.train import reproducible

Json = dict[str, Any]
#: How many cases are shown, each with so many random changes.
PICTURES: Final = 4
DRAWS: Final = 3
#: A picture is shown with at most so many pixels a side.
_LARGEST_SIDE: Final = 384
#: In the places of a tile: 0 none, a label's number from 1, or this.
REJECTED_PLACE: Final = 255


def batch_digest(batch: Batch) -> str:
    """Return the SHA-256 over every tensor of a batch: name, type, shape and values."""
    found = sha256()
    for name in sorted(batch):
        values = batch[name].detach().cpu().contiguous()
        found.update(f"{name} {values.dtype} {list(values.shape)}\n".encode())
        found.update(values.numpy().tobytes())
    return found.hexdigest()


def preview_of(config: RecipeConfig, samples: Sequence[Sample], ask: Callable[[float], None]) -> Json:
    """Return what the network would see of the first batch of a training.

    Args:
        config: settings of the training.
        samples: its training cases.
        ask: told the share that is done, before each case; may raise.

    Returns:
        ``batch_digest``, ``preprocessing_digest``, ``cases`` (all), ``batch`` (how many in the first batch) and
        ``pictures``: each with ``sample_id``, ``prepared`` and ``draws``, of tiles ``{rows, columns, channels, slice,
        slices, image, places}``; image and places are base64 of bytes, row by row.

    Raises:
        DataError: there is nothing to learn from.
    """
    if not samples:
        raise DataError("no_training_cases", "There are no cases to learn from.")
    recipe = recipe_named(config.recipe)
    samples = taught(config, samples)
    recipe.check(samples, config)
    cases = Cases(samples, recipe, config)
    with reproducible(config):
        indices = cases.batches(0)[0]
        for done, index in enumerate(indices):
            ask(done / len(indices))
            _ = cases[index]
        batches = [cases.batch(indices, epoch=0, step=step) for step in range(DRAWS)]
    names = recipe.targets(config)
    pictures = []
    for place in _shown(cases, indices, names):
        prepared = cases[indices[place]]
        pictures.append(
            {
                "sample_id": cases.samples[indices[place]].sample_id,
                "prepared": _tile({name: prepared[name] for name in ("image", *names)}, names),
                "draws": [_tile({name: one[name][place] for name in ("image", *names)}, names) for one in batches],
            }
        )
    return {
        "batch_digest": batch_digest(batches[0]),
        "preprocessing_digest": Preprocessing.of(config).digest,
        "cases": len(cases),
        "batch": len(indices),
        "pictures": pictures,
    }


def _shown(cases: Cases, indices: Sequence[int], names: Sequence[str]) -> list[int]:
    """Return places in the batch: each case once, those with marked places first, in the batch's order."""
    first = {index: place for place, index in reversed(list(enumerate(indices)))}
    marked = {index: bool(names) and bool((cases[index][names[0]] > 0).any()) for index in first}
    order = sorted(first, key=lambda index: (not marked[index], first[index]))
    return [first[index] for index in order[:PICTURES]]


def _tile(tensors: dict[str, Tensor], names: Sequence[str]) -> Json:
    image = tensors["image"]
    where = tensors[names[0]] if names else None
    slices = int(image.shape[1]) if image.ndim == 4 else 1
    middle = slices // 2
    if image.ndim == 4:
        if where is not None and bool((where > 0).any()):
            middle = int((where > 0).sum(dim=(0, 2, 3)).argmax())
        image = image[:, middle]
    step = math.ceil(max(image.shape[1:]) / _LARGEST_SIDE)
    grey = ((image - BLANK) * (255 / (-2 * BLANK))).round().clamp(0, 255).to(torch.uint8)[:, ::step, ::step]
    places = torch.zeros(grey.shape[1:], dtype=torch.uint8)
    if where is not None:
        known = tensors[names[-1]]
        if where.ndim == 4:
            where, known = where[:, middle], known[:, middle]
        for number, (mask, sure) in enumerate(zip(where, known, strict=True), start=1):
            places[(sure == REJECTED)[::step, ::step] & (places == 0)] = REJECTED_PLACE
            # 1 of a mask, numbers of boxes, or up to 255 where a share of the pixel is marked.
            least = 64 if mask.max() >= 128 else 1
            places[(mask >= least)[::step, ::step]] = number
    return {
        "rows": int(grey.shape[1]),
        "columns": int(grey.shape[2]),
        "channels": int(grey.shape[0]),
        "slice": middle,
        "slices": slices,
        "reduced": step,
        "image": _base64(grey.permute(1, 2, 0).contiguous().numpy()),
        "places": _base64(places.numpy()),
    }


def _base64(values: np.ndarray[Any, np.dtype[np.uint8]]) -> str:
    return b64encode(values.tobytes()).decode()
