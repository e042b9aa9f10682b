"""What one model said of one test case, beside the truth: what reports and the gate are made of."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from types import MappingProxyType
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from inference.engine.errors import DataError


@dataclass(frozen=True)
class SegmentationScore:
    """How well one mask fits the truth.

    Args:
        dice: 0…1; None where neither has a voxel.
        volume_true: of the truth, in ``extent_unit``.
        volume_predicted: of the prediction, in the same unit.
        hd95: 95th percentile of the surface distances in mm (in voxels where the spacing is not known); None where
            one of the two is empty.
        unit: of distances, "mm" or "voxel".
        extent_unit: of volumes: "ml"; "mm²" for one slice, which has an area only; "voxel" without millimetres.
    """

    dice: float | None
    volume_true: float
    volume_predicted: float
    hd95: float | None
    unit: str
    extent_unit: str = ""


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
    """

    case_id: str
    patient_key: str
    probabilities: Mapping[str, float]
    truth: Mapping[str, float | None]
    groups: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    segmentation: Mapping[str, SegmentationScore] = field(default_factory=lambda: MappingProxyType({}))

    def to_json(self) -> dict[str, Any]:
        """Return it as JSON values."""
        return {
            "case_id": self.case_id,
            "patient_key": self.patient_key,
            "probabilities": dict(self.probabilities),
            "truth": dict(self.truth),
            "groups": dict(self.groups),
            "segmentation": {label: asdict(score) for label, score in self.segmentation.items()},
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
            )
        except (KeyError, TypeError, AttributeError) as error:
            raise DataError("case_result_broken", "A stored test result cannot be read.") from error


def score_segmentation(
    predicted_kji: NDArray[np.generic],
    truth_kji: NDArray[np.generic],
    spacing_mm_kji: tuple[float, float, float] | None,
) -> SegmentationScore:
    """Compare a predicted mask with the true one.

    Args:
        predicted_kji: [K, J, I], not 0 is inside.
        truth_kji: the same shape.
        spacing_mm_kji: voxel spacing, or None where it is not known; of one slice the first figure means nothing.

    Raises:
        DataError: the shapes differ.
    """
    if predicted_kji.shape != truth_kji.shape:
        raise DataError("mask_shape", "The predicted mask does not have the shape of the true one.")
    predicted, truth = predicted_kji.astype(bool), truth_kji.astype(bool)
    sizes = int(predicted.sum()), int(truth.sum())
    flat = truth.shape[0] == 1
    if spacing_mm_kji is None:
        voxel, extent_unit = 1.0, "voxel"
    elif flat:
        voxel, extent_unit = float(np.prod(spacing_mm_kji[1:])), "mm²"
    else:
        voxel, extent_unit = float(np.prod(spacing_mm_kji)) / 1000, "ml"
    dice = 2 * int((predicted & truth).sum()) / sum(sizes) if sum(sizes) else None
    hd95 = None
    if all(sizes):
        spacing = spacing_mm_kji or (1.0, 1.0, 1.0)
        distances = np.concatenate(
            [_surface_distances(predicted, truth, spacing), _surface_distances(truth, predicted, spacing)]
        )
        hd95 = float(np.percentile(distances, 95))
    unit = "mm" if spacing_mm_kji else "voxel"
    return SegmentationScore(dice, sizes[1] * voxel, sizes[0] * voxel, hd95, unit, extent_unit)


def columns(cases: Sequence[CaseResult], label: str) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return probabilities and truth of one label, each [N]; NaN where not known."""
    probabilities = [case.probabilities.get(label) for case in cases]
    truth = [case.truth.get(label) for case in cases]
    return _numbers(probabilities), _numbers(truth)


def dices(cases: Sequence[CaseResult], label: str) -> NDArray[np.float64]:
    """Return the Dice of one label, [N]; NaN where there is none."""
    return _numbers([case.segmentation[label].dice if label in case.segmentation else None for case in cases])


def _numbers(values: Sequence[float | None]) -> NDArray[np.float64]:
    return np.array([np.nan if value is None else float(value) for value in values], dtype=np.float64)


def _surface_distances(
    one: NDArray[np.bool_], other: NDArray[np.bool_], spacing: tuple[float, ...]
) -> NDArray[np.float64]:
    """Return the distance of each surface voxel of ``one`` to the surface of ``other``."""
    flat = one.shape[0] == 1
    shape = ndimage.generate_binary_structure(2, 1)[None] if flat else ndimage.generate_binary_structure(3, 1)
    surface_one = one & ~ndimage.binary_erosion(one, shape)
    surface_other = other & ~ndimage.binary_erosion(other, shape)
    return np.asarray(ndimage.distance_transform_edt(~surface_other, sampling=spacing)[surface_one])
