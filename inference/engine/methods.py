"""What a way to explain a prediction is. Knows no torch; each recipe's card lists its own."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class Method:
    """One way to explain a prediction.

    Args:
        name: key.
        label: what a reader sees.
        cost: "instant" (about one forward pass), "seconds" or "minutes" on a CPU.
        description: one sentence on what the map shows.
    """

    name: str
    label: str
    cost: Literal["instant", "seconds", "minutes"]
    description: str
