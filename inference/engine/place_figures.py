"""The figures of a classifier's outlines: which marked places they lie on, and how many lie beside."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from inference.engine.case_result import CaseResult
from inference.engine.figures import mean_figure, share_figure
from inference.engine.place_score import PlaceScore
from inference.engine.report import PlaceFigures
from inference.engine.statistics import Array


def place_figures(cases: Sequence[CaseResult], label: str, weights: Array) -> PlaceFigures | None:
    """Return how the outlines of a label lie; None where no case has a marked place to compare with.

    Args:
        cases: of the test.
        label: to report on.
        weights: [R, N] of the patient-cluster bootstrap.
    """
    scores = [case.places.get(label) for case in cases]
    there = [score for score in scores if score is not None]
    if not any(score.marked for score in there):
        return None

    def column(of: Callable[[PlaceScore], int]) -> Array:
        return np.array([np.nan if score is None else of(score) for score in scores], dtype=np.float64)

    return PlaceFigures(
        n=len(there),
        with_place=sum(score.marked > 0 for score in there),
        without_place=sum(case.truth.get(label) == 1 and label not in case.places for case in cases),
        marked=sum(score.marked for score in there),
        outlines=sum(score.outlines for score in there),
        found=share_figure(column(lambda s: s.found), column(lambda s: s.marked), weights),
        on=share_figure(column(lambda s: s.on), column(lambda s: s.outlines), weights),
        beside=mean_figure(column(lambda s: s.outlines - s.on), weights),
    )
