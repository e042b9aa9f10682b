"""The card of the classification recipe."""

from __future__ import annotations

from typing import Final

from inference.engine.recipe_card import MemoryUse, RecipeCard
from inference.engine.recipes.classification.explanations import EXPLANATIONS

CARD: Final = RecipeCard(
    name="classification",
    title="Classification",
    description="Says of each image whether the labels are present, and where.",
    application="diagnosis",
    question="classification",
    graded="labels",
    licence="Apache-2.0",
    runs="inference.engine.recipes.classification.recipe:Classification",
    reads="flat_images",
    dimensions=(2,),
    fit="letterbox",
    presets={
        ("tiny", 2): {"image_shape": (128, 128), "epochs": 20, "batch_size": 16, "learning_rate": 2e-3},
        ("standard", 2): {"image_shape": (224, 224), "epochs": 30, "batch_size": 16, "learning_rate": 3e-4},
    },
    seconds_per_megapixel={"tiny": 0.8, "standard": 8.0},
    explanations=EXPLANATIONS,
    unused=frozenset({"spacing_mm", "whole_picture", "marked_share"}),
    memory={
        ("tiny", 2): MemoryUse(weights=134_114, bytes_per_pixel=156, recomputed=1.3, fixed_mib=100),
        ("standard", 2): MemoryUse(weights=6_949_634, bytes_per_pixel=2988, recomputed=0.7, fixed_mib=60),
    },
)
