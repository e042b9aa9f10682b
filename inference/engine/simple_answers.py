"""Answers to a label that need no model: the same to everybody, or one simple thing about the image or the patient.

Where the sick were imaged on another scanner, or their images are brighter, such an answer ranks test cases well
without having seen a finding. What each thing means is learned from training cases, as a model learns it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Self

import numpy as np

from inference.engine.calibrate import choose_threshold
from inference.engine.report import SIMPLE_GROUPS, SimpleName
from inference.engine.sample import Image
from inference.engine.statistics import Array, auc_of


@dataclass(frozen=True)
class SimpleFacts:
    """What an answer without a model may know of a case.

    Args:
        brightness: mean of the image's values.
        contrast: their standard deviation.
        size: pixels of the image.
        groups: e.g. {"scanner": "…"}.
    """

    brightness: float
    contrast: float
    size: float
    groups: Mapping[str, str]

    @classmethod
    def of(cls, image: Image, groups: Mapping[str, str]) -> Self:
        """Measure an image."""
        values = image.pixels_kji
        return cls(float(values.mean()), float(values.std()), float(np.prod(image.shape_kji)), dict(groups))


_MEASURED: Final[tuple[SimpleName, ...]] = ("brightness", "contrast", "size")
_PULL: Final = 1.0
"""Cases by which the share of a group's positives is pulled to that of everybody."""


@dataclass(frozen=True)
class _Scale:
    """From a number to 0…1, rising with how likely the label is, with 0.5 where training cases are divided best."""

    seen: Array
    sign: float
    threshold: float

    @classmethod
    def of(cls, values: Array, truth: Array) -> Self:
        auc = auc_of(values, truth)
        sign = -1.0 if auc is not None and auc < 0.5 else 1.0
        seen = np.sort(sign * values)
        ranks = cls(seen, sign, 0.5)._rank(values)
        return cls(seen, sign, choose_threshold(ranks, truth))

    def _rank(self, values: Array) -> Array:
        low, high = (np.searchsorted(self.seen, self.sign * values, side) for side in ("left", "right"))
        return np.asarray((low + high + 1) / (2 * len(self.seen) + 2), dtype=np.float64)

    def said(self, value: float) -> float:
        rank = float(self._rank(np.array([value]))[0])
        if rank < self.threshold:
            return 0.5 * rank / self.threshold
        return 0.5 + 0.5 * (rank - self.threshold) / (1 - self.threshold)


@dataclass(frozen=True)
class SimpleAnswers:
    """The simple answers to one label, as training cases teach them.

    Args:
        prevalence: share of the training cases that have it.
        shares: of each group's values, by dimension.
        scales: of each answer that is ranked.
    """

    prevalence: float
    shares: Mapping[str, Mapping[str, float]]
    scales: Mapping[SimpleName, _Scale]

    @classmethod
    def of(cls, facts: Sequence[SimpleFacts], truth: Sequence[float]) -> Self | None:
        """Learn them from training cases; None where these are all in one state.

        Args:
            facts: of each case.
            truth: 1 or 0.
        """
        y = np.asarray(truth, dtype=np.float64)
        if not len(y) or y.min() == y.max():
            return None
        prevalence = float(y.mean())
        shares: dict[str, dict[str, float]] = {}
        for dimension in SIMPLE_GROUPS:
            values = [one.groups.get(dimension) for one in facts]
            known = sorted({value for value in values if value is not None})
            if len(known) > 1:
                inside = {v: y[np.array([value == v for value in values])] for v in known}
                shares[dimension] = {
                    v: float((own.sum() + _PULL * prevalence) / (len(own) + _PULL)) for v, own in inside.items()
                }
        untaught = cls(prevalence, shares, {})
        scales = {}
        for name in (*_MEASURED, *SIMPLE_GROUPS):
            values_of = np.array([untaught._value(name, one) for one in facts])
            if values_of.min() < values_of.max():
                scales[name] = _Scale.of(values_of, y)
        return cls(prevalence, shares, scales)

    def said(self, facts: SimpleFacts) -> dict[SimpleName, float]:
        """Return what each answer says of a case, 0…1; positive from 0.5 on."""
        found: dict[SimpleName, float] = {"positive": 1.0, "negative": 0.0, "prevalence": self.prevalence}
        return found | {name: scale.said(self._value(name, facts)) for name, scale in self.scales.items()}

    def _value(self, name: SimpleName, facts: SimpleFacts) -> float:
        if name in _MEASURED:
            return float(getattr(facts, name))
        return self.shares.get(name, {}).get(facts.groups.get(name, ""), self.prevalence)
