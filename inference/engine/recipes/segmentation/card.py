"""The card of the segmentation recipe."""

from __future__ import annotations

from typing import Final

from inference.engine.methods import Method
from inference.engine.recipe_card import MemoryUse, RecipeCard

CARD: Final = RecipeCard(
    name="segmentation",
    title="Segmentation",
    description="Paints the labels as masks, slice by slice or in the volume.",
    application="segmentation",
    question="segmentation",
    graded="masks",
    licence="Apache-2.0",
    runs="inference.engine.recipes.segmentation.recipe:Segmentation",
    reads="volume",
    dimensions=(2, 3),
    fit="resample",
    presets={
        ("tiny", 2): {"image_shape": (96, 96), "epochs": 20, "batch_size": 8, "learning_rate": 3e-3},
        ("standard", 2): {"image_shape": (256, 256), "epochs": 60, "batch_size": 8, "learning_rate": 1e-3},
        ("tiny", 3): {"image_shape": (32, 64, 64), "epochs": 20, "batch_size": 2, "learning_rate": 3e-3},
        ("standard", 3): {"image_shape": (64, 96, 96), "epochs": 100, "batch_size": 2, "learning_rate": 1e-3},
    },
    seconds_per_megapixel={"tiny": 1.3, "standard": 5.0},
    explanations=(
        Method(
            "uncertainty",
            "Uncertainty",
            "seconds",
            "Entropy of each voxel: bright where the model does not know to which side it belongs.",
            low="sure",
            high="undecided",
            caption="How undecided the model is, over all its labels: entropy of 0 to 1 bit. Not where a finding is.",
            scale="bits",
            unit="bits",
            of_label=False,
        ),
    ),
    unused=frozenset({"location_weight", "label_smoothing"}),
    memory={
        ("tiny", 2): MemoryUse(weights=176_054, bytes_per_pixel=674, recomputed=0.7, fixed_mib=100),
        ("standard", 2): MemoryUse(weights=4_347_838, bytes_per_pixel=1320, recomputed=0.7, fixed_mib=110),
        ("tiny", 3): MemoryUse(weights=512_998, bytes_per_pixel=352, recomputed=0.7, fixed_mib=85),
        ("standard", 3): MemoryUse(weights=12_861_646, bytes_per_pixel=514, recomputed=0.7, fixed_mib=60),
    },
)
