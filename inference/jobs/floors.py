"""Where the labels of a frozen dataset lie in its training cases: what an answer without a model may know."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

import numpy as np

from annotations.models import DatasetSnapshot
from core.errors import Conflict
from inference.engine.sample import Sample
from inference.engine.trivial import Prior
from inference.jobs.samples import snapshot_samples

MOST: Final = 200
"""Training masks that are read for each label; more would not move their mean."""


def priors_of(snapshot: DatasetSnapshot, labels: Sequence[str], dimensions: int) -> Mapping[str, Prior]:
    """Return the prior of each label that has masks among the training cases.

    None where images of the training part are no longer as they were frozen: the test cases can be judged without them.
    """
    try:
        samples = snapshot_samples(snapshot, "train", labels=labels, dimensions=dimensions)
        found = {label: _prior(samples, label, flat=dimensions == 2) for label in labels}
    except Conflict:
        return {}
    return {label: prior for label, prior in found.items() if prior is not None}


def _prior(samples: Sequence[Sample], label: str, *, flat: bool) -> Prior | None:
    loaders = [load for sample in samples if (load := sample.regions.get(label)) is not None]
    empty = sum(sample.present.get(label) == 0 for sample in samples)
    chosen = loaders
    if len(loaders) > MOST:
        places = np.sort(np.random.default_rng(0).choice(len(loaders), MOST, replace=False))
        chosen = [loaders[place] for place in places]
        empty = round(empty * MOST / len(loaders))
    return Prior.of((load() for load in chosen), empty, flat=flat)
