"""What one model said of one test case, beside the truth: what reports and the gate are made of."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from types import MappingProxyType
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from inference.engine.box_score import BoxScore
from inference.engine.errors import DataError
from inference.engine.mask_score import SegmentationScore
from inference.engine.place_score import PlaceScore


@dataclass(frozen=True)
class CaseResult:
    """One test case.

    Args:
        case_id: names the case; the same in every model's results.
        patient_key: pseudonym; cases of one patient are drawn together by the bootstrap.
        probabilities: label key → calibrated probability.
        truth: label key → 1, 0 or None (not known).
        groups: e.g. {"sex": "F"}; dimension → value.
        segmentation: label key → score, for a segmentation.
        places: label key → how outlines lie, for a classifier that learned places, where the truth's are known.
        boxes: label key → a detector's boxes beside the true ones, where these are known.
    """

    case_id: str
    patient_key: str
    probabilities: Mapping[str, float]
    truth: Mapping[str, float | None]
    groups: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    segmentation: Mapping[str, SegmentationScore] = field(default_factory=lambda: MappingProxyType({}))
    places: Mapping[str, PlaceScore] = field(default_factory=lambda: MappingProxyType({}))
    boxes: Mapping[str, BoxScore] = field(default_factory=lambda: MappingProxyType({}))

    def to_json(self) -> dict[str, Any]:
        """Return it as JSON values."""
        return {
            "case_id": self.case_id,
            "patient_key": self.patient_key,
            "probabilities": dict(self.probabilities),
            "truth": dict(self.truth),
            "groups": dict(self.groups),
            "segmentation": {label: asdict(score) for label, score in self.segmentation.items()},
            "places": {label: asdict(score) for label, score in self.places.items()},
            "boxes": {label: asdict(score) for label, score in self.boxes.items()},
        }

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> Self:
        """Read it back.

        Raises:
            DataError: not written by ``to_json``.
        """
        try:
            scores = {label: SegmentationScore(**score) for label, score in values["segmentation"].items()}
            return cls(
                case_id=str(values["case_id"]),
                patient_key=str(values["patient_key"]),
                probabilities=dict(values["probabilities"]),
                truth=dict(values["truth"]),
                groups=dict(values["groups"]),
                segmentation=scores,
                places={label: PlaceScore(**score) for label, score in values.get("places", {}).items()},
                boxes={label: BoxScore.from_json(score) for label, score in values.get("boxes", {}).items()},
            )
        except (KeyError, TypeError, AttributeError) as error:
            raise DataError("case_result_broken", "A stored test result cannot be read.") from error


TrivialResults = Mapping[str, Sequence[CaseResult]]
"""What answers without a model paint or say, by their names, each on the same test cases in the same order."""

NO_TRIVIAL: TrivialResults = MappingProxyType({})


def columns(cases: Sequence[CaseResult], label: str) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return probabilities and truth of one label, each [N]; NaN where not known."""
    probabilities = [case.probabilities.get(label) for case in cases]
    truth = [case.truth.get(label) for case in cases]
    return _numbers(probabilities), _numbers(truth)


def segmentation_column(
    cases: Sequence[CaseResult], label: str, of: Callable[[SegmentationScore], float | None]
) -> NDArray[np.float64]:
    """Return a figure of each case's mask, [N]; NaN where there is none."""
    scores = [case.segmentation.get(label) for case in cases]
    return _numbers([None if score is None else of(score) for score in scores])


def dices(cases: Sequence[CaseResult], label: str) -> NDArray[np.float64]:
    """Return the Dice of the cases whose truth has a mask, [N]: 0 for a miss, NaN for the other cases.

    Where there is nothing to find, Dice says only whether anything was painted: ``painted`` asks that.
    """
    return segmentation_column(cases, label, lambda score: score.dice if score.has_mask else None)


def painted(cases: Sequence[CaseResult], label: str, *, has_mask: bool) -> NDArray[np.float64]:
    """Return whether anything was painted, [N]: 1 or 0 of the cases whose truth has a mask, or of those without."""
    return segmentation_column(cases, label, lambda score: float(score.painted) if score.has_mask == has_mask else None)


def _numbers(values: Sequence[float | None]) -> NDArray[np.float64]:
    return np.array([np.nan if value is None else float(value) for value in values], dtype=np.float64)
