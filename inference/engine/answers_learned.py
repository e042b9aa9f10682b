"""How answers about labels (there, not there, not known) are learned and judged, whatever network gives them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from inference.engine.calibrate import Calibration, choose_threshold, fit_calibration
from inference.engine.errors import DataError
from inference.engine.operating_point import OperatingPoint
from inference.engine.recipe import Outcome
from inference.engine.sample import Sample
from inference.engine.statistics import weighted_auc


def present_of(sample: Sample, labels: Sequence[str]) -> Tensor:
    """Return what is known of a case's labels, float32 [L]: 1, 0, or NaN."""
    states = [sample.present.get(label) for label in labels]
    return torch.tensor([float("nan") if state is None else float(state) for state in states], dtype=torch.float32)


def rarity_of(samples: Sequence[Sample], labels: Sequence[str]) -> NDArray[np.float64]:
    """Return how rare each known state is, [N, L]: one over the cases that have it; NaN where nothing is known."""
    present = np.stack([present_of(sample, labels).numpy() for sample in samples]).astype(np.float64)
    rarity = np.full(present.shape, np.nan)
    for state in (0.0, 1.0):
        count = (present == state).sum(axis=0)
        rarity = np.where(present == state, 1.0 / np.maximum(count, 1), rarity)
    return rarity


def answers_loss(logits: Tensor, present: Tensor, weight: Tensor, smoothing: float) -> Tensor:
    """Return the cross-entropy of the known labels, each by its weight; all [B, L]."""
    known = ~torch.isnan(present)
    soft = torch.where(known, present, 0.5) * (1 - smoothing) + smoothing / 2
    each = functional.binary_cross_entropy_with_logits(logits.float(), soft, reduction="none")
    return weighted_mean(each, known * weight)


def weighted_mean(values: Tensor, weight: Tensor) -> Tensor:
    """Return the mean of ``values`` by ``weight``; 0 where nothing weighs."""
    weight = weight.to(values.dtype)
    return (values * weight).sum() / weight.sum().clamp(min=1e-6)


def mean_auc(logits: NDArray[np.float64], truth: NDArray[np.float64], trust: NDArray[np.float64]) -> float | None:
    """Return the mean ROC AUC over the labels that have both states, None where none has; all [N, L]."""
    columns = zip(logits.T, truth.T, trust.T, strict=True)
    each = np.array([weighted_auc(said, there, weights[None])[0] for said, there, weights in columns])
    found = each[np.isfinite(each)]
    return float(found.mean()) if len(found) else None


def every_label_is_taught(samples: Sequence[Sample], labels: Sequence[str]) -> None:
    """Raise DataError where no case says anything about a label."""
    missing = [label for label in labels if not any(sample.present.get(label) is not None for sample in samples)]
    if missing:
        raise DataError(
            "label_without_cases", f"No training case says anything about {', '.join(missing)}.", labels=missing
        )


def decide_answers(calibrating: Outcome, deciding: Outcome, point: OperatingPoint) -> tuple[Calibration, float]:
    """Calibrate with a temperature and a bias; the threshold is where the operating point asks for it."""
    calibration = fit_calibration(calibrating.logits, calibrating.truth, with_bias=True)
    return calibration, choose_threshold(calibration.probability(deciding.logits), deciding.truth, point)
