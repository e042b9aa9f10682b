"""From logits to probabilities that mean what they say, and the threshold of the decision; both on validation cases.

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

_FEW = 10  # cases of each state below which only the temperature is fitted
_FEWEST = 4  # below which nothing is


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
    if fewest < _FEWEST:
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
    probabilities: NDArray[np.floating], truth: NDArray[np.floating], *, sensitivity: float | None = None
) -> float:
    """Choose the probability from which a label counts as seen.

    Args:
        probabilities: calibrated, [N].
        truth: [N], 1, 0 or NaN (left out).
        sensitivity: choose the highest threshold that reaches it; None takes Youden's (sensitivity + specificity).

    Returns:
        The threshold, 0.001…0.999; half way to the next case. 0.5 where a state has fewer than four cases.
    """
    known = ~np.isnan(truth)
    p, y = probabilities[known].astype(np.float64), truth[known] > 0.5
    if min(y.sum(), (~y).sum()) < _FEWEST:
        return 0.5
    levels = np.unique(p)
    between = np.concatenate([[levels[0]], (levels[1:] + levels[:-1]) / 2])
    true = np.array([(p[y] >= t).mean() for t in between])
    false = np.array([(p[~y] >= t).mean() for t in between])
    if sensitivity is not None:
        best = int(np.flatnonzero(true >= sensitivity)[-1])
    else:
        gain = true - false
        ties = np.flatnonzero(gain >= gain.max() - 1e-12)
        best = int(ties[np.abs(between[ties] - 0.5).argmin()])
    return float(np.clip(between[best], 0.001, 0.999))
