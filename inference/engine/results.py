"""What comes out of the engine: predictions, regions, saliency maps. Knows no torch, so that any room may read it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Literal, Self

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Region:
    """A place in an image that a model proposes.

    Coordinates are pixels of the image's own grid: (0, 0) is the *centre* of the top left pixel, so that pixel
    covers -0.5…0.5. The polygon encloses the pixels' areas and is closed without repeating its first point.

    Args:
        label: key of the label.
        frame: slice or frame k it lies on, from 0.
        polygon: outline as (column, row) points, at least 3, at most 200.
        box: (left, top, right, bottom), the smallest box around the polygon.
        area_pixels: number of pixels inside.
        probability: calibrated, 0…1.
        kind: what a reader would draw for it.
    """

    label: str
    frame: int
    polygon: tuple[tuple[float, float], ...]
    box: tuple[float, float, float, float]
    area_pixels: float
    probability: float
    kind: Literal["polygon", "rectangle"] = "polygon"

    def to_json(self) -> dict[str, Any]:
        """Return it as JSON values."""
        return {
            "label": self.label,
            "frame": self.frame,
            "polygon": [[x, y] for x, y in self.polygon],
            "box": list(self.box),
            "area_pixels": self.area_pixels,
            "probability": self.probability,
            "kind": self.kind,
        }


@dataclass(frozen=True)
class FoundBox:
    """A box that a detector proposes, however unlikely.

    Args:
        label: key of the label.
        box: (k0, j0, i0, k1, j1, i1), edges in the image's own pixels (``inference.engine.boxes``).
        probability: calibrated, 0…1.
        logit: as the network gave it.
    """

    label: str
    box: tuple[float, float, float, float, float, float]
    probability: float
    logit: float


@dataclass(frozen=True)
class LabelPrediction:
    """What a model says of one label.

    Args:
        label: key of the label.
        probability: calibrated, 0…1.
        logit: as the network gave it, before calibration.
        threshold: of the decision; locked on the validation cases.
        frame: the frame k that decided (the one with the highest probability).
    """

    label: str
    probability: float
    logit: float
    threshold: float
    frame: int = 0

    @property
    def is_positive(self) -> bool:
        """Whether the probability reaches the threshold."""
        return self.probability >= self.threshold

    def to_json(self) -> dict[str, Any]:
        """Return it as JSON values."""
        return {
            "probability": self.probability,
            "logit": self.logit,
            "threshold": self.threshold,
            "positive": self.is_positive,
            "frame": self.frame,
        }


@dataclass(frozen=True, eq=False)
class Prediction:
    """What a model says of one image.

    Args:
        labels: label key → decision, in the order of the model's labels.
        regions: proposed places, the most probable first.
        case_score: 0…1, the highest probability of any label: for the order of the worklist.
        confidence: 0.5…1, probability of the least sure decision being right, as the model sees it.
        masks_kji: segmentation: label key → uint8 [K, J, I], 0 or 1, the image's own grid.
        probability_kji: segmentation: label key → float32 [K, J, I], 0…1.
        uncertainty_kji: segmentation: entropy of the voxels in bits, float32 [K, J, I], 0…1; else None.
        boxes: detection: all boxes, the most probable first, below the threshold too; else None. Those that reach it
            are regions as well.
    """

    labels: Mapping[str, LabelPrediction]
    regions: tuple[Region, ...]
    case_score: float
    confidence: float
    masks_kji: Mapping[str, NDArray[np.uint8]] = field(default_factory=lambda: MappingProxyType({}))
    probability_kji: Mapping[str, NDArray[np.float32]] = field(default_factory=lambda: MappingProxyType({}))
    uncertainty_kji: NDArray[np.float32] | None = None
    boxes: tuple[FoundBox, ...] | None = None

    @classmethod
    def of(
        cls,
        labels: Mapping[str, LabelPrediction],
        regions: Sequence[Region],
        masks_kji: Mapping[str, NDArray[np.uint8]] = MappingProxyType({}),
        probability_kji: Mapping[str, NDArray[np.float32]] = MappingProxyType({}),
        uncertainty_kji: NDArray[np.float32] | None = None,
        boxes: Sequence[FoundBox] | None = None,
    ) -> Self:
        """Put a prediction together: regions in order, the case's score and confidence from its labels."""
        every = [label.probability for label in labels.values()]
        return cls(
            labels=labels,
            regions=tuple(sorted(regions, key=lambda region: -region.probability)),
            case_score=max(every),
            confidence=min(max(p, 1 - p) for p in every),
            masks_kji=masks_kji,
            probability_kji=probability_kji,
            uncertainty_kji=uncertainty_kji,
            boxes=None if boxes is None else tuple(sorted(boxes, key=lambda one: -one.probability)),
        )

    def to_json(self) -> dict[str, Any]:
        """Return all but the arrays as JSON values."""
        return {
            "labels": {key: label.to_json() for key, label in self.labels.items()},
            "regions": [region.to_json() for region in self.regions],
            "case_score": self.case_score,
            "confidence": self.confidence,
        }


@dataclass(frozen=True, eq=False)
class Saliency:
    """Why a model said what it said of one label.

    Args:
        map_kji: float32 [K, J, I], 0…1, the image's own grid; 1 is the strongest place of this map.
        method: name of one of the explanations of the recipe's card.
        layer: of the network the map comes from; "input" for methods that ask the pixels.
        parameters: of the method.
        raw_range: lowest and highest value before scaling (in the method's own unit).
        frame: the frame k that was explained, or None where the map covers all.
    """

    map_kji: NDArray[np.float32]
    method: str
    layer: str
    parameters: Mapping[str, Any]
    raw_range: tuple[float, float]
    frame: int | None = None
