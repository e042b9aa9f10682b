"""Two models on the same cases: their differences, paired, each with an interval that holds on few patients."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from inference.engine.case_result import CaseResult, columns
from inference.engine.errors import DataError
from inference.engine.statistics import Array, Interval
from inference.engine.unseen import EACH, Weights

if TYPE_CHECKING:
    from inference.engine.gradings.grading import Grading


@dataclass(frozen=True, eq=False)
class Pairs:
    """Both models on the same cases.

    Args:
        champion: what the live model says, case by case.
        challenger: what the new model says of the same cases in the same order.
        labels: that are judged.
        grading: how.
        weights: of the patients.
    """

    champion: Sequence[CaseResult]
    challenger: Sequence[CaseResult]
    labels: tuple[str, ...]
    grading: Grading
    weights: Weights

    @property
    def patients(self) -> list[str]:
        """The patient of each case."""
        return [case.patient_key for case in self.challenger]

    def difference(self, labels: Sequence[str]) -> tuple[float, Interval] | None:
        """Return the mean difference of the metric, new minus old, and its interval; None where there is none."""
        return self.grading.difference(self, labels) if labels else None

    def change(self, values: Array, *, each: float = EACH) -> tuple[float, Interval] | None:
        """Return the mean of changes (-1…1, [N] or [L, N]; NaN is left out) and its interval."""
        return self.weights.mean(values, -1.0, 1.0, each=each)

    def decisions(
        self, labels: Sequence[str], old: Mapping[str, float], new: Mapping[str, float], state: float
    ) -> Array:
        """Return how decisions changed in the cases whose truth is ``state``: [L, N].

        1 where a wrong one became right, -1 where a right one became wrong, 0 where it stayed; NaN where the truth
        is the other state or not known.
        """
        changes = []
        for label in labels:
            was, now, truth = self.right(label, old, new)
            changes.append(np.where(truth == state, now - was, np.nan))
        return np.stack(changes)

    def right(self, label: str, old: Mapping[str, float], new: Mapping[str, float]) -> tuple[Array, Array, Array]:
        """Return whether the old and the new decision were right, each [N] (NaN: not known), and the truth."""
        before, truth = columns(self.champion, label)
        after, _ = columns(self.challenger, label)
        known = ~np.isnan(truth) & ~np.isnan(before) & ~np.isnan(after)
        was = np.where(known, (before >= old[label]) == (truth > 0.5), np.nan)
        now = np.where(known, (after >= new[label]) == (truth > 0.5), np.nan)
        return was, now, truth


def pair(
    champion: Sequence[CaseResult],
    challenger: Sequence[CaseResult],
    labels: tuple[str, ...],
    grading: Grading,
    weights: Weights,
) -> Pairs:
    """Put the results of both models side by side; raises DataError where cases or truths differ."""
    by_id = {case.case_id: case for case in champion}
    if set(by_id) != {case.case_id for case in challenger} or len(by_id) != len(champion):
        raise DataError("cases_differ", "The two models were not asked about the same cases.")
    aligned = [by_id[case.case_id] for case in challenger]
    for old, new in zip(aligned, challenger, strict=True):
        if any(old.truth.get(label) != new.truth.get(label) for label in labels if label in old.probabilities):
            raise DataError("truth_differs", "The two models were compared with different truths.")
    known = tuple(label for label in labels if all(label in case.probabilities for case in aligned))
    return Pairs(aligned, challenger, known, grading, weights)
