"""What is kept of an answer to a test case: one judge for each of ``inference.engine.gradings``."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final, Protocol, get_args

import numpy as np

from inference.engine.box_floors import UsualBoxes
from inference.engine.box_report import BoxFloorName
from inference.engine.box_score import BoxScore
from inference.engine.boxes import Box, as_tuples
from inference.engine.boxes_learned import boxes_known
from inference.engine.map_licence import place_withheld
from inference.engine.mask_score import score_segmentation
from inference.engine.place_score import score_places
from inference.engine.report import SIMPLE_WORDS, TrivialName
from inference.engine.simple_answers import SimpleFacts
from inference.engine.trivial import Prior, trivial_scores
from inference.jobs.floors import simple_of, usual_boxes
from inference.judged import boxes_keep, masks_keep

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from annotations.models import DatasetSnapshot
    from inference.engine.loaded_model import LoadedModel
    from inference.engine.results import Prediction
    from inference.engine.sample import Image, Sample

Fields = dict[str, Any]
"""Of a ``CaseResult``, by name."""


@dataclass(frozen=True, eq=False)
class Setting:
    """What an evaluation is about.

    Args:
        snapshot: whose test part is judged; its training part teaches the answers without a model.
        labels: of the version.
        dimensions: of the network.
        priors: where labels lie in the training cases.
        tolerance: of surfaces, in mm.
    """

    snapshot: DatasetSnapshot
    labels: Sequence[str]
    dimensions: int
    priors: Mapping[str, Prior]
    tolerance: float


class JudgedCase(Protocol):
    """A test case with its truth."""

    def fields(self, model: LoadedModel, said: Prediction) -> Fields:
        """Return how a model's answer fits the truth."""
        ...

    def kept(self, model: LoadedModel, said: Prediction) -> str:
        """Keep what a report shows of the judged version's answer; returns a blob's digest, or ""."""
        ...

    def floor(self) -> Iterator[tuple[str, Fields]]:
        """Yield the name and the result of each answer that needs no model."""
        ...


Judge = Callable[["Sample", "Image"], JudgedCase]
"""Takes a test case; made once for an evaluation."""


class _Labels:
    def __init__(self, sample: Sample, image: Image, floor: Callable[[SimpleFacts], Mapping[str, Any]]) -> None:
        self._sample, self._image, self._floor = sample, image, floor

    def fields(self, model: LoadedModel, said: Prediction) -> Fields:
        """How outlines lie, of the labels whose places it learned and the truth knows."""
        learned = [label for label in said.labels if place_withheld(model.card, label) is None]
        truths = {label: true_mask(self._sample, label, self._image) for label in learned}
        places = {
            label: score_places([region for region in said.regions if region.label == label], truth)
            for label, truth in truths.items()
            if truth is not None
        }
        return {"places": places}

    def kept(self, model: LoadedModel, said: Prediction) -> str:
        """Nothing."""
        return ""

    def floor(self) -> Iterator[tuple[str, Fields]]:
        """Simple answers: probabilities."""
        said = self._floor(SimpleFacts.of(self._image, self._sample.groups))
        for name in SIMPLE_WORDS:
            answers = {label: one[name] for label, one in said.items() if name in one}
            if answers:
                yield name, {"probabilities": answers}


def _of_labels(setting: Setting) -> Judge:
    simple = simple_of(setting.snapshot, setting.labels)

    def said(facts: SimpleFacts) -> Mapping[str, Any]:
        return {label: one.said(facts) for label, one in simple.items()}

    return lambda sample, image: _Labels(sample, image, said)


class _Masks:
    def __init__(self, sample: Sample, image: Image, setting: Setting) -> None:
        self._sample, self._image, self._setting = sample, image, setting

    @cached_property
    def _truths(self) -> dict[str, NDArray[np.bool_]]:
        every = {label: true_mask(self._sample, label, self._image) for label in self._setting.labels}
        return {label: truth for label, truth in every.items() if truth is not None}

    def _pairs(self, said: Prediction) -> dict[str, tuple[NDArray[np.bool_], NDArray[np.bool_]]]:
        return {
            label: (said.masks_kji[label] > 0, truth)
            for label, truth in self._truths.items()
            if label in said.masks_kji
        }

    def fields(self, model: LoadedModel, said: Prediction) -> Fields:
        """How masks fit."""
        scores = {
            label: score_segmentation(painted, truth, self._image.grid, self._setting.tolerance)
            for label, (painted, truth) in self._pairs(said).items()
        }
        return {"segmentation": scores}

    def kept(self, model: LoadedModel, said: Prediction) -> str:
        """What was painted, and the truth."""
        return masks_keep(self._sample, self._pairs(said))

    def floor(self) -> Iterator[tuple[str, Fields]]:
        """What is painted without a model."""
        scored = {
            label: trivial_scores(truth, self._image.grid, self._setting.priors.get(label))
            for label, truth in self._truths.items()
        }
        for name in get_args(TrivialName):
            yield name, {"segmentation": {label: one[name] for label, one in scored.items() if name in one}}


def _of_masks(setting: Setting) -> Judge:
    return lambda sample, image: _Masks(sample, image, setting)


class _Boxes:
    def __init__(self, sample: Sample, image: Image, setting: Setting, usual: Mapping[str, UsualBoxes]) -> None:
        self._sample, self._image, self._setting, self._usual = sample, image, setting, usual

    @cached_property
    def _truths(self) -> dict[str, tuple[Box, ...]]:
        every = {label: boxes_known(self._sample, label) for label in self._setting.labels}
        return {label: as_tuples(boxes) for label, boxes in every.items() if boxes is not None}

    def fields(self, model: LoadedModel, said: Prediction) -> Fields:
        """Boxes beside the true ones."""
        scores = {}
        for label, truth in self._truths.items():
            own = [one for one in said.boxes or () if one.label == label]
            scores[label] = BoxScore(truth, tuple(one.box for one in own), tuple(one.probability for one in own))
        return {"boxes": scores}

    def kept(self, model: LoadedModel, said: Prediction) -> str:
        """The boxes that reach the threshold, and the true ones."""
        proposed = [one for one in said.boxes or () if one.probability >= model.thresholds[one.label]]
        pairs = {
            label: ([one.box for one in proposed if one.label == label], truth) for label, truth in self._truths.items()
        }
        return boxes_keep(self._sample, self._image.shape_kji, pairs)

    def floor(self) -> Iterator[tuple[str, Fields]]:
        """Boxes without a model."""
        for name in get_args(BoxFloorName):
            scores: dict[str, BoxScore] = {}
            for label, truth in self._truths.items():
                if (usual := self._usual.get(label)) is None:
                    continue
                shape = self._image.shape_kji
                boxes, shares = usual.places(shape) if name == "usual_places" else usual.blobs(self._image)
                scores[label] = BoxScore(truth, as_tuples(boxes), tuple(np.round(shares, 6).tolist()))
            if scores:
                yield name, {"boxes": scores}


def _of_boxes(setting: Setting) -> Judge:
    usual = usual_boxes(setting.snapshot, setting.labels, setting.dimensions)
    return lambda sample, image: _Boxes(sample, image, setting, usual)


JUDGES: Final[Mapping[str, Callable[[Setting], Judge]]] = {"labels": _of_labels, "masks": _of_masks, "boxes": _of_boxes}


def true_mask(sample: Sample, label: str, image: Image) -> NDArray[np.bool_] | None:
    """Return mask_kji of the truth, empty where the label is known to be absent; None where no mask is known."""
    region = sample.regions.get(label)
    if region is not None:
        return region()
    return np.zeros(image.shape_kji, np.bool_) if sample.present.get(label) == 0 else None
