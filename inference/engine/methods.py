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
        low, high: what the two ends of the colour bar mean.
        caption: what the colours say, and what they do not, for the legend on the image.
        scale: ``relative`` to the strongest value of this map, or absolute: ``probability`` or ``bits`` (0..1).
        of_label: it explains one label; False where the map is of all labels together.
        unit: of the map's own values, before they are scaled for the colours.
        learned_from: what its head was taught by: what readers say of images, or the places that they marked.
        kind: how it is computed; methods of one kind differ in their layer alone. By default its name.
        depth: how many layers before the network's last one its values are taken from.
        is_random: two runs with other random numbers give other maps.
        needs_grade: it is offered only where it has passed its test on marked cases; others are offered, with a word of
            it, where nothing could be graded.
        needs_both: only who learned from cases with and without the label can say what tells them apart.
    """

    name: str
    label: str
    cost: Literal["instant", "seconds", "minutes"]
    description: str
    low: str = "none"
    high: str = "strongest"
    caption: str = "Where the model looked, not what it saw; colours are scaled to the strongest value of this map."
    scale: Literal["relative", "probability", "bits"] = "relative"
    of_label: bool = True
    unit: Literal["logit", "probability", "bits"] = "logit"
    learned_from: Literal["answers", "places"] = "answers"
    kind: str = ""
    depth: int = 0
    is_random: bool = False
    needs_grade: bool = False
    needs_both: bool = True

    def __post_init__(self) -> None:
        if not self.kind:
            object.__setattr__(self, "kind", self.name)
