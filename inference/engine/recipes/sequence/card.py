"""The card of the sequence recipe."""

from __future__ import annotations

from typing import Final

from inference.engine.methods import Method
from inference.engine.recipe_card import MemoryUse, RecipeCard

CARD: Final = RecipeCard(
    name="sequence",
    title="Sequence",
    description="Says of a whole series whether the labels are present: slices in order, or frames of a clip.",
    application="diagnosis",
    question="series",
    graded="labels",
    licence="Apache-2.0",
    runs="inference.engine.recipes.sequence.recipe:SequenceRecipe",
    reads="volume",
    dimensions=(3,),
    fit="frames",
    presets={
        ("tiny", 3): {"image_shape": (32, 64, 64), "epochs": 30, "batch_size": 4, "learning_rate": 2e-3},
        ("standard", 3): {"image_shape": (64, 160, 160), "epochs": 60, "batch_size": 4, "learning_rate": 5e-4},
    },
    seconds_per_megapixel={"tiny": 1.0, "standard": 4.0},
    explanations=(
        Method(
            "left_out_frames",
            "Frame by frame",
            "seconds",
            "How much the label's score falls where a slice or frame is replaced by the mean of its neighbours.",
            caption="Which slices or frames decided, not which pixels of them; scaled to the one that decided most.",
        ),
    ),
    unused=frozenset({"spacing_mm", "location_weight", "rejected_places", "whole_picture", "marked_share"}),
    memory={
        ("tiny", 3): MemoryUse(weights=133_857, bytes_per_pixel=220, recomputed=0.7, fixed_mib=70),
        ("standard", 3): MemoryUse(weights=2_159_041, bytes_per_pixel=232, recomputed=0.7, fixed_mib=90),
    },
)
