"""What models, and answers without a model, say of test cases, beside the truth."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, get_args

import numpy as np

from inference.engine.case_result import CaseResult
from inference.engine.map_licence import place_withheld
from inference.engine.mask_score import SegmentationScore, score_segmentation
from inference.engine.place_score import PlaceScore, score_places
from inference.engine.predict import predict
from inference.engine.report import SIMPLE_WORDS, SimpleName, TrivialName
from inference.engine.simple_answers import SimpleAnswers, SimpleFacts
from inference.engine.trivial import Prior, trivial_scores
from inference.judged import masks_keep

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from inference.engine.loaded_model import LoadedModel
    from inference.engine.results import Prediction
    from inference.engine.sample import Image, Sample

Json = dict[str, Any]


class Tested:
    """Asks models about test cases, one case after the other.

    Args:
        models: the one that is judged, then the one that it is compared with.
        priors: where labels lie in the training cases, for what needs no model and paints.
        simple: of each label: answers that need no model and paint nothing.
        tolerance: of surfaces, in mm.

    Attributes:
        results: of each model, in the order of the cases.
        trivial: of each answer without a model, in the same order.
        masks: case id → blob of what the first model painted and the truth, where there is either.
    """

    def __init__(
        self,
        models: Sequence[LoadedModel],
        *,
        priors: Mapping[str, Prior],
        simple: Mapping[str, SimpleAnswers],
        tolerance: float,
    ) -> None:
        self._models, self._priors, self._simple, self._tolerance = models, priors, simple, tolerance
        self.results: list[list[CaseResult]] = [[] for _ in models]
        self.trivial: dict[TrivialName | SimpleName, list[CaseResult]] = {}
        self.masks: dict[str, str] = {}

    def ask(self, sample: Sample) -> None:
        """Ask each model about a case."""
        image = sample.load()
        for place, model in enumerate(self._models):
            said = predict(model, image)
            truths = {label: true_mask(sample, label, image) for label in said.masks_kji}
            masks = {label: (said.masks_kji[label] > 0, truth) for label, truth in truths.items() if truth is not None}
            scores = {
                label: score_segmentation(painted, truth, image.grid, self._tolerance)
                for label, (painted, truth) in masks.items()
            }
            places = {} if said.masks_kji else _places(model, said, sample, image)
            self.results[place].append(_result(sample, _probabilities(said), scores, places))
            if place == 0 and said.masks_kji:
                self._keep(sample, image, masks)
        if self._simple:
            self._keep_simple(sample, image)

    def outputs(self) -> Json:
        """Return everything that was said as JSON, for whoever wants to compute anything again."""
        return {
            "version": [one.to_json() for one in self.results[0]],
            "compared_with": [one.to_json() for one in self.results[1]] if len(self.results) > 1 else [],
            "trivial": {name: [one.to_json() for one in cases] for name, cases in self.trivial.items()},
            "masks": self.masks,
        }

    def _keep(
        self, sample: Sample, image: Image, masks: Mapping[str, tuple[NDArray[np.bool_], NDArray[np.bool_]]]
    ) -> None:
        digest = masks_keep(sample, masks)
        if digest:
            self.masks[sample.sample_id] = digest
        scored = {
            label: trivial_scores(truth, image.grid, self._priors.get(label)) for label, (_, truth) in masks.items()
        }
        for name in get_args(TrivialName):
            scores = {label: one[name] for label, one in scored.items() if name in one}
            self.trivial.setdefault(name, []).append(_result(sample, {}, scores))

    def _keep_simple(self, sample: Sample, image: Image) -> None:
        facts = SimpleFacts.of(image, sample.groups)
        said = {label: one.said(facts) for label, one in self._simple.items()}
        for name in SIMPLE_WORDS:
            answers = {label: one[name] for label, one in said.items() if name in one}
            if answers:
                self.trivial.setdefault(name, []).append(_result(sample, answers, {}))


def true_mask(sample: Sample, label: str, image: Image) -> NDArray[np.bool_] | None:
    """Return mask_kji of the truth, empty where the label is known to be absent; None where no mask is known."""
    region = sample.regions.get(label)
    if region is not None:
        return region()
    return np.zeros(image.shape_kji, np.bool_) if sample.present.get(label) == 0 else None


def _places(model: LoadedModel, said: Prediction, sample: Sample, image: Image) -> dict[str, PlaceScore]:
    """Return how a classifier's outlines lie, of the labels whose places it learned and the truth knows."""
    learned = [label for label in said.labels if place_withheld(model.card, label) is None]
    truths = {label: true_mask(sample, label, image) for label in learned}
    return {
        label: score_places([region for region in said.regions if region.label == label], truth)
        for label, truth in truths.items()
        if truth is not None
    }


def _result(
    sample: Sample,
    probabilities: Mapping[str, float],
    scores: Mapping[str, SegmentationScore],
    places: Mapping[str, PlaceScore] = MappingProxyType({}),
) -> CaseResult:
    return CaseResult(
        case_id=sample.sample_id,
        patient_key=sample.patient_key,
        probabilities=probabilities,
        truth=dict(sample.present),
        groups=dict(sample.groups),
        segmentation=scores,
        places=places,
    )


def _probabilities(said: Prediction) -> dict[str, float]:
    return {key: label.probability for key, label in said.labels.items()}
