"""The ways to explain a prediction, as a table. Knows no torch: the web process offers them from here."""

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
        recipes: the recipes it applies to.
        description: one sentence on what the map shows.
    """

    name: str
    label: str
    cost: Literal["instant", "seconds", "minutes"]
    recipes: tuple[str, ...]
    description: str


METHODS: dict[str, Method] = {
    method.name: method
    for method in (
        Method(
            "hirescam",
            "HiResCAM",
            "instant",
            ("classification",),
            "Where the last features raised the label's score (Draelos & Carin 2020); faithful at that layer.",
        ),
        Method(
            "gradcam",
            "Grad-CAM",
            "instant",
            ("classification",),
            "Last features weighted by their mean gradient (Selvaraju 2017); may mark places that were not used.",
        ),
        Method(
            "occlusion",
            "Occlusion",
            "seconds",
            ("classification",),
            "How much the label's score falls where the image is blurred away (Zeiler & Fergus 2014).",
        ),
        Method(
            "integrated_gradients",
            "Integrated gradients",
            "seconds",
            ("classification",),
            "What each pixel adds on the way from a blurred image (Sundararajan 2017); fine-grained and noisy.",
        ),
        Method(
            "location",
            "Location head",
            "instant",
            ("classification",),
            "Where the model itself says the finding is; learned from readers' boxes and masks.",
        ),
        Method(
            "uncertainty",
            "Uncertainty",
            "seconds",
            ("segmentation",),
            "Entropy of each voxel: bright where the model does not know to which side it belongs.",
        ),
    )
}


def methods_for(recipe: str) -> tuple[Method, ...]:
    """Return the methods that apply to a recipe, the quickest first."""
    order = ("instant", "seconds", "minutes")
    return tuple(sorted((m for m in METHODS.values() if recipe in m.recipes), key=lambda m: order.index(m.cost)))
