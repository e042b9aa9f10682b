"""What the training cases of a frozen dataset teach an answer that needs no model: where labels lie, whom they meet."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

import numpy as np

from annotations.models import DatasetSnapshot
from core.errors import Conflict
from inference.engine.box_floors import UsualBoxes
from inference.engine.boxes import Boxes
from inference.engine.boxes_learned import boxes_known
from inference.engine.sample import Sample
from inference.engine.simple_answers import SimpleAnswers, SimpleFacts
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


def simple_of(snapshot: DatasetSnapshot, labels: Sequence[str]) -> Mapping[str, SimpleAnswers]:
    """Return the simple answers to each label that training cases know in both states; none as of ``priors_of``."""
    try:
        samples = snapshot_samples(snapshot, "train", labels=labels, dimensions=2)
        chosen = np.random.default_rng(0).permutation(len(samples))[: 2 * MOST]
        seen = [samples[place] for place in np.sort(chosen)]
        facts = [SimpleFacts.of(sample.load(), sample.groups) for sample in seen]
    except Conflict:
        return {}
    found = {}
    for label in labels:
        known = [(one, sample.present.get(label)) for one, sample in zip(facts, seen, strict=True)]
        told = [(one, state) for one, state in known if state is not None]
        found[label] = SimpleAnswers.of([one for one, _ in told], [state for _, state in told])
    return {label: one for label, one in found.items() if one is not None}


def usual_boxes(snapshot: DatasetSnapshot, labels: Sequence[str], dimensions: int) -> Mapping[str, UsualBoxes]:
    """Return where boxes of each label lie in the training cases, of those that have any; none as of ``priors_of``."""
    try:
        samples = snapshot_samples(snapshot, "train", labels=labels, dimensions=dimensions)
        found = {label: UsualBoxes.of(_boxes(samples, label)) for label in labels}
    except Conflict:
        return {}
    return {label: one for label, one in found.items() if one is not None}


def _boxes(samples: Sequence[Sample], label: str) -> Iterator[tuple[Boxes, tuple[int, int, int]]]:
    there = [sample for sample in samples if sample.regions.get(label) is not None]
    for place in np.sort(np.random.default_rng(0).permutation(len(there))[:MOST]):
        boxes = boxes_known(there[place], label)
        if boxes is not None and len(boxes):
            yield boxes, there[place].load().shape_kji
