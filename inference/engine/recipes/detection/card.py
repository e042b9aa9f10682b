"""The card of the detection recipe."""

from __future__ import annotations

from typing import Final

from inference.engine.methods import Method
from inference.engine.recipe_card import RecipeCard

CARD: Final = RecipeCard(
    name="detection",
    title="Detection",
    description="Puts a box round each thing, in single pictures or in the volume; learns from rejected boxes too.",
    application="detection",
    question="places",
    graded="boxes",
    licence="Apache-2.0",
    runs="inference.engine.recipes.detection.recipe:Detection",
    reads="pictures_or_volume",
    dimensions=(2, 3),
    fit={2: "letterbox", 3: "resample"},
    presets={
        ("tiny", 2): {"image_shape": (256, 256), "epochs": 30, "batch_size": 8, "learning_rate": 3e-3},
        ("standard", 2): {"image_shape": (512, 512), "epochs": 80, "batch_size": 8, "learning_rate": 1e-3},
        ("tiny", 3): {"image_shape": (32, 64, 64), "epochs": 40, "batch_size": 4, "learning_rate": 3e-3},
        ("standard", 3): {"image_shape": (64, 128, 128), "epochs": 120, "batch_size": 4, "learning_rate": 1e-3},
    },
    seconds_per_megapixel={"tiny": 0.8, "standard": 4.0},
    explanations=(
        Method(
            "centres",
            "Where it sees centres",
            "instant",
            "How likely a box is centred at each place: what the boxes are made of.",
            low="0 %",
            high="100 %",
            caption="How likely the centre of a box is here, calibrated as the boxes are. Not how far it reaches.",
            scale="probability",
            unit="probability",
            learned_from="places",
            needs_both=False,
        ),
        Method(
            "best_box",
            "What the best box hangs on",
            "seconds",
            "How much the score of the most likely box hangs on each pixel, over noisy copies (SmoothGrad).",
            caption="What the most likely box of the label hangs on, not what it is; scaled to the strongest value.",
            learned_from="places",
            is_random=True,
            needs_both=False,
        ),
    ),
    unused=frozenset({"location_weight", "label_smoothing", "whole_picture"}),
)
