"""From logits to probabilities that mean what they say, and the threshold of the decision; on validation cases.

Temperature scaling (Guo 2017) per label; a bias is fitted with it (Platt 1999) where both states are there often
enough, because drawing rare labels more often while training moves the logits.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize

from inference.engine.errors import CheckpointError
from inference.engine.operating_point import BALANCED, OperatingPoint

_FEW = 10  # cases of each state below which only the temperature is fitted
FEWEST = 4  # below which nothing is chosen


@dataclass(frozen=True)
class Calibration:
    """``probability = sigmoid(logit / temperature + bias)``."""

    temperature: float = 1.0
    bias: float = 0.0

    def probability(self, logit: NDArray[np.floating] | float) -> NDArray[np.float64]:
        """Return calibrated probabilities of logits of any shape."""
        scaled = np.asarray(logit, dtype=np.float64) / self.temperature + self.bias
        return np.asarray(1.0 / (1.0 + np.exp(-np.clip(scaled, -60, 60))))

    def to_json(self) -> dict[str, float]:
        """Return it as JSON values."""
        return {"temperature": self.temperature, "bias": self.bias}

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> Self:
        """Read it back.

        Raises:
            CheckpointError: not a positive temperature and a bias.
        """
        try:
            calibration = cls(float(values["temperature"]), float(values["bias"]))
        except (KeyError, TypeError, ValueError) as error:
            raise CheckpointError("calibration_broken", "The model's card has no usable calibration.") from error
        if not (0 < calibration.temperature < 1e6 and abs(calibration.bias) < 1e6):
            raise CheckpointError("calibration_broken", "The model's card has a calibration out of range.")
        return calibration


def fit_calibration(
    logits: NDArray[np.floating], truth: NDArray[np.floating], *, with_bias: bool = True
) -> Calibration:
    """Fit one label.

    Args:
        logits: [N].
        truth: [N], 1, 0 or NaN (left out).
        with_bias: fit the bias too, where there are enough cases.

    Returns:
        The calibration; temperature 1 and bias 0 where there are too few cases to say.
    """
    known = ~np.isnan(truth)
    z, y = logits[known].astype(np.float64), truth[known].astype(np.float64)
    fewest = min((y > 0.5).sum(), (y <= 0.5).sum())
    if fewest < FEWEST:
        return Calibration()
    bias_too = with_bias and fewest >= _FEW

    def cost(x: NDArray[np.float64]) -> float:
        scaled = z * np.exp(-x[0]) + (x[1] if bias_too else 0.0)
        # A weak pull to temperature 1 and bias 0 keeps few, perfectly separated cases from promising certainty.
        return float(np.mean(np.logaddexp(0, scaled) - y * scaled) + 0.5 * float(x @ x) / len(z))

    best = minimize(
        cost, np.zeros(2 if bias_too else 1), method="L-BFGS-B", bounds=[(-4, 4), (-10, 10)][: 1 + bias_too]
    )
    return Calibration(float(np.exp(best.x[0])), float(best.x[1]) if bias_too else 0.0)


def choose_threshold(
    probabilities: NDArray[np.floating], truth: NDArray[np.floating], point: OperatingPoint = BALANCED
) -> float:
    """Choose the probability from which a label counts as seen.

    Args:
        probabilities: calibrated, [N].
        truth: [N], 1, 0 or NaN (left out).
        point: what is asked of the decisions; of thresholds that are equally good the one nearest to 0.5 is taken.

    Returns:
        The threshold, half way to the next case and however small the probabilities of a rare label are. 0.5 where a
        state has fewer than four cases.
    """
    known = ~np.isnan(truth)
    p, y = probabilities[known].astype(np.float64), truth[known] > 0.5
    if min(y.sum(), (~y).sum()) < FEWEST:
        return 0.5
    levels = np.unique(p)
    between = np.concatenate([[levels[0]], (levels[1:] + levels[:-1]) / 2, [(levels[-1] + 1) / 2]])
    sensitivity = np.array([(p[y] >= t).mean() for t in between])
    specificity = np.array([(p[~y] < t).mean() for t in between])
    goodness = _goodness(point, sensitivity, specificity, int(y.sum()), int((~y).sum()))
    ties = np.flatnonzero(goodness >= goodness.max() - 1e-12)
    return float(between[ties[np.abs(between[ties] - 0.5).argmin()]])


def _goodness(
    point: OperatingPoint, sensitivity: NDArray[np.float64], specificity: NDArray[np.float64], yes: int, no: int
) -> NDArray[np.float64]:
    """Return how good each threshold is by what was asked; higher is better."""
    if point.value is None:
        return sensitivity + specificity
    if point.kind == "cost":
        return -(point.value * yes * (1 - sensitivity) + no * (1 - specificity))
    asked, other = (sensitivity, specificity) if point.kind == "sensitivity" else (specificity, sensitivity)
    reached = asked >= point.value - 1e-12
    # Where no threshold reaches it (probabilities of exactly 1), what comes nearest.
    return np.where(reached, 1 + other, asked - 1) if reached.any() else asked
