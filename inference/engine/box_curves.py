"""FROC and precision: how many true boxes are found at how many false ones a case, in the cases and in replicates.

The mean sensitivity at ⅛, ¼, ½, 1, 2, 4 and 8 false boxes a case is the CPM of LUNA16 (Niemeijer 2011; Setio 2017). At
each rate the lowest threshold counts that does not give more false boxes than that; nothing is interpolated.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final, Literal, Self

import numpy as np
from numpy.typing import NDArray

from inference.engine.box_score import AGAIN, BESIDE, FOUND, BoxScore
from inference.engine.case_result import CaseResult
from inference.engine.statistics import Array, Interval
from inference.engine.unseen import EACH, Weights

RATES: Final = (0.125, 0.25, 0.5, 1.0, 2.0, 4.0, 8.0)
#: So many numbers are held at once.
_AT_ONCE: Final = 4_000_000
_ROUNDING: Final = 1e-9

End = Literal["worst", "best"]


@dataclass(frozen=True, eq=False)
class Curve:
    """All boxes of a label on some cases, the best first.

    Args:
        found, beside: [D], whether each box is a hit or is false; a further one on what was found is neither.
        case: [D], the place of its case.
        ends: [E], places of the last box of each score: boxes of one score count together.
        scores: [E], those.
        truths: [N], true boxes of each case.
        known: [N], whether the true boxes of a case are known.
    """

    found: Array
    beside: Array
    case: NDArray[np.int64]
    ends: NDArray[np.int64]
    scores: Array
    truths: Array
    known: Array

    @classmethod
    def of(cls, cases: Sequence[CaseResult], label: str, overlap: float | None = None) -> Self:
        """Put the boxes of a label together; with an ``overlap`` a box hits by it, and hits once (of precision)."""
        scores = [case.boxes.get(label) for case in cases]
        outcomes = [_outcome(score, overlap) for score in scores]
        said = [np.array(score.scores if score else ()) for score in scores]
        every, outcome = np.concatenate([*said, np.zeros(0)]), np.concatenate([*outcomes, np.zeros(0)])
        case = np.repeat(np.arange(len(cases)), [len(one) for one in said])
        order = np.argsort(-every, kind="stable")
        every, outcome, case = every[order], outcome[order], case[order]
        ends = np.flatnonzero(np.concatenate([np.diff(every) != 0, [True]])) if len(every) else np.zeros(0, np.int64)
        false = outcome == BESIDE if overlap is None else (outcome == BESIDE) | (outcome == AGAIN)
        return cls(
            (outcome == FOUND).astype(np.float64),
            false.astype(np.float64),
            case,
            ends,
            every[ends],
            np.array([len(score.truth) if score else 0 for score in scores], dtype=np.float64),
            np.array([score is not None for score in scores], dtype=np.float64),
        )

    @property
    def has_truth(self) -> bool:
        """Whether there is anything to find."""
        return bool(self.truths.any())

    def points(self, most: int = 200) -> list[tuple[float, float, float]]:
        """Return (threshold, false boxes a case, sensitivity) of the curve, at most so many points."""
        if not len(self.ends) or not self.has_truth:
            return []
        false = np.cumsum(self.beside)[self.ends] / self.known.sum()
        found = np.cumsum(self.found)[self.ends] / self.truths.sum()
        chosen = np.unique(np.linspace(0, len(self.ends) - 1, most).round().astype(int))
        return [(float(self.scores[one]), float(false[one]), float(found[one])) for one in chosen]

    def sensitivities(self, weights: Array | None = None) -> Array:
        """Return the sensitivity at each of ``RATES`` in each replicate, [R, 7]; NaN without anything to find.

        Args:
            weights: [R, N], or None for the cases as they are.
        """
        weights = np.ones((1, len(self.known))) if weights is None else weights
        return np.concatenate(
            [self._at_rates(*self._sums(some), some @ self.truths, some @ self.known) for some in self._parts(weights)]
        )

    def precision(self, weights: Array | None = None) -> Array:
        """Return the average precision in each replicate, [R]: area under the interpolated curve (Everingham 2010)."""
        weights = np.ones((1, len(self.known))) if weights is None else weights
        found: list[Array] = []
        for some in self._parts(weights):
            right, wrong = self._sums(some)
            with np.errstate(invalid="ignore", divide="ignore"):
                precise = np.nan_to_num(right / (right + wrong))
                recall = right / (some @ self.truths)[:, None]
            best = np.maximum.accumulate(precise[:, ::-1], axis=1)[:, ::-1]
            found.append(np.asarray((np.diff(recall, axis=1, prepend=0.0) * best).sum(axis=1)))
        return np.where(
            np.concatenate([some @ self.truths for some in self._parts(weights)]) > 0, np.concatenate(found), np.nan
        )

    def bounded(self, weights: Weights, end: End) -> Array:
        """Return the sensitivity at each of ``RATES`` in each draw of the patients' weights, [draws, 7].

        One more patient is thought of, who was not seen.

        Args:
            weights: of the patients.
            end: "worst": nothing is found in the unseen patient, and as much lies beside as in the worst one seen, at
                every threshold; "best": all is found, and nothing lies beside.
        """
        patients = len(weights.names)
        marks, cases = self.truths.sum() / patients, self.known.sum() / patients
        worst = self._worst(weights)
        found = []
        drawn, unseen = weights.of_cases(), weights.of_unseen()
        for start, some in zip(self._starts(drawn), self._parts(drawn), strict=True):
            own = unseen[start : start + len(some)]
            right, wrong = self._sums(some)
            if end == "best":
                right = right + (own * marks)[:, None]
            else:
                wrong = wrong + own[:, None] * worst[None]
            rates = self._at_rates(right, wrong, some @ self.truths + own * marks, some @ self.known + own * cases)
            found.append(rates)
        return np.concatenate(found)

    def _worst(self, weights: Weights) -> Array:
        """Return the most false boxes that a patient has, at each end."""
        worst = np.zeros(len(self.ends))
        for patient in range(len(weights.names)):
            own = weights.member[self.case] == patient
            worst = np.maximum(worst, np.cumsum(self.beside * own)[self.ends])
        return worst

    def _starts(self, weights: Array) -> range:
        return range(0, len(weights), max(1, _AT_ONCE // max(1, len(self.case))))

    def _parts(self, weights: Array) -> Iterator[Array]:
        starts = self._starts(weights)
        return (weights[start : start + starts.step] for start in starts)

    def _sums(self, weights: Array) -> tuple[Array, Array]:
        """Return weights of the hits and of the false boxes down to each end, [R, E] both."""
        each = weights[:, self.case]
        right, wrong = (np.cumsum(each * one, axis=1)[:, self.ends] for one in (self.found, self.beside))
        return np.asarray(right), np.asarray(wrong)

    @staticmethod
    def _at_rates(right: Array, wrong: Array, truths: Array, cases: Array) -> Array:
        right = np.concatenate([np.zeros((len(right), 1)), right], axis=1)
        # Down to which end there are not more false boxes than that; there are ever more of them.
        last = np.stack([(wrong <= rate * cases[:, None] + _ROUNDING).sum(axis=1) for rate in RATES], axis=1)
        with np.errstate(invalid="ignore", divide="ignore"):
            return np.asarray(np.take_along_axis(right, last, axis=1) / truths[:, None])


def _outcome(score: BoxScore | None, overlap: float | None) -> Array:
    if score is None:
        return np.zeros(0)
    return np.asarray(score.outcome if overlap is None else score.outcome_at(overlap), dtype=np.float64)


def cpm(cases: Sequence[CaseResult], label: str) -> float | None:
    """Return the CPM of a label; None where there is nothing to find."""
    curve = Curve.of(cases, label)
    return float(curve.sensitivities().mean()) if curve.has_truth else None


def interval_of(low: Array, high: Array) -> Interval:
    """Return the interval between draws of a lower bound and of an upper one."""
    return float(np.nanquantile(low, EACH)), float(np.nanquantile(high, 1 - EACH))
