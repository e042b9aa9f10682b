"""What was found of each kind of map on one marked test case."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from inference.engine.map_report import FixedPlaceName
from inference.engine.removal import Removal
from inference.engine.sample import Sample

Json = dict[str, Any]


@dataclass
class MapCase:
    """A marked test case. What is said of a kind of map stands under its method's name; it is missing if not asked.

    Args:
        sample: the case.
        frame: the frame k that is asked about: the one with most of the mark.
        fixed: whether answers without a model point at the mark.
        area: share of the picture that the mark covers.
        prior_energy: share of the training marks' mean that lies in the mark.
        hits: whether the strongest place lies in the mark.
        energy: share of the map that lies in the mark.
        outside: share of the map, and of the picture, that lies outside the body.
        twin: whether the random twin's map points at the mark, and how alike the two maps are.
        repeat: how alike the maps of two runs are.
        removed: mean probabilities while the places are blurred away, or brought back, in the map's order.
        at_random: the same in random order.
    """

    sample: Sample
    frame: int
    fixed: Mapping[FixedPlaceName, bool]
    area: float
    prior_energy: float | None
    hits: dict[str, bool] = field(default_factory=dict)
    energy: dict[str, float] = field(default_factory=dict)
    outside: dict[str, tuple[float, float]] = field(default_factory=dict)
    twin: dict[str, tuple[bool, float]] = field(default_factory=dict)
    repeat: dict[str, float] = field(default_factory=dict)
    removed: dict[str, Removal] = field(default_factory=dict)
    at_random: Removal | None = None

    def to_json(self) -> Json:
        """Return what was found as JSON values, for whoever wants to count again."""
        return {
            "case_id": self.sample.sample_id,
            "patient_key": self.sample.patient_key,
            "fixed": dict(self.fixed),
            "area": self.area,
            "hits": self.hits,
            "energy": self.energy,
            "outside": {name: list(pair) for name, pair in self.outside.items()},
            "twin": {name: list(pair) for name, pair in self.twin.items()},
            "repeat": self.repeat,
            "removed": {name: [one.deletion, one.insertion] for name, one in self.removed.items()},
            "at_random": [self.at_random.deletion, self.at_random.insertion] if self.at_random else None,
        }


def mean(values: Sequence[float]) -> float | None:
    """Return the mean, or None of nothing."""
    return float(np.mean(values)) if len(values) else None
