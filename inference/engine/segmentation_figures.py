"""The figures of a segmentation: of the cases whose truth has a mask, and of those where there is nothing to find."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence

import numpy as np

from inference.engine.case_result import NO_TRIVIAL, CaseResult, TrivialResults, dices, painted, segmentation_column
from inference.engine.examples import examples_of
from inference.engine.figures import mean_figure, proportion, share_figure
from inference.engine.mask_score import SegmentationScore
from inference.engine.report import TRIVIAL_WORDS, Figure, SegmentationFigures, TrivialAnswer
from inference.engine.statistics import Array


def segmentation_figures(
    cases: Sequence[CaseResult], label: str, weights: Array, repeated: bool, trivial: TrivialResults = NO_TRIVIAL
) -> SegmentationFigures | None:
    """Return how the masks of a label fit; None where no case has one to compare.

    Args:
        cases: of the test.
        label: to report on.
        weights: [R, N] of the patient-cluster bootstrap.
        repeated: patients have several cases.
        trivial: what answers without a model score on the same cases in the same order.
    """
    there = [case.segmentation[label] for case in cases if label in case.segmentation]
    if not there:
        return None
    unit, extent_unit = _units(there)

    def column(of: Callable[[SegmentationScore], float | None]) -> Array:
        return segmentation_column(cases, label, of)

    def in_unit(score: SegmentationScore) -> bool:
        return score.unit == unit and score.extent_unit == extent_unit

    bias = column(lambda s: s.volume_predicted - s.volume_true if s.has_mask and in_unit(s) else None)
    healthy = column(lambda s: None if s.has_mask or not in_unit(s) else s.volume_predicted)
    tolerance = next((score.tolerance for score in there if score.tolerance is not None), None)
    return SegmentationFigures(
        n=len(there),
        with_mask=sum(score.has_mask for score in there),
        missed=sum(score.missed for score in there),
        unpainted=sum(score.has_mask and not score.painted for score in there),
        lesions=sum(score.lesions_true for score in there),
        other_unit=sum(not in_unit(score) for score in there),
        without_place=sum(case.truth.get(label) == 1 and label not in case.segmentation for case in cases),
        dice=mean_figure(dices(cases, label), weights),
        nsd=mean_figure(column(lambda s: s.nsd if s.has_mask and in_unit(s) else None), weights),
        tolerance=tolerance,
        hd95=mean_figure(column(lambda s: s.distance if in_unit(s) else None), weights),
        volume_error=mean_figure(np.abs(bias), weights),
        volume_bias=mean_figure(bias, weights),
        sensitivity=_share(painted(cases, label, has_mask=True), weights, repeated),
        specificity=_share(1 - painted(cases, label, has_mask=False), weights, repeated),
        false_volume=mean_figure(healthy, weights),
        lesion_sensitivity=share_figure(
            column(lambda s: float(s.lesions_found)), column(lambda s: float(s.lesions_true)), weights
        ),
        false_lesions=mean_figure(column(lambda s: float(s.lesions_false)), weights),
        trivial=_trivial(trivial, label, weights, repeated),
        examples=examples_of(cases, label),
        unit=unit,
        extent_unit=extent_unit,
    )


def _trivial(trivial: TrivialResults, label: str, weights: Array, repeated: bool) -> tuple[TrivialAnswer, ...]:
    answers = [
        TrivialAnswer(
            name=name,
            words=words,
            dice=mean_figure(dices(trivial[name], label), weights),
            specificity=_share(1 - painted(trivial[name], label, has_mask=False), weights, repeated),
        )
        for name, words in TRIVIAL_WORDS.items()
        if name in trivial
    ]
    return tuple(sorted(answers, key=lambda one: -(one.dice.value or 0.0)))


def _units(scores: Sequence[SegmentationScore]) -> tuple[str, str]:
    """Millilitres, areas and voxels have no common mean: the figures are those of the unit that most cases have."""
    return Counter((score.unit, score.extent_unit) for score in scores).most_common(1)[0][0]


def _share(answers: Array, weights: Array, repeated: bool) -> Figure:
    there = np.isfinite(answers)
    return proportion(answers[there], weights[:, there] if repeated else None)
