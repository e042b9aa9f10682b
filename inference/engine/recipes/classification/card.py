"""The card of the classification recipe."""

from __future__ import annotations

from typing import Final

from inference.engine.methods import Method
from inference.engine.recipe_card import RecipeCard

CARD: Final = RecipeCard(
    name="classification",
    title="Classification",
    description="Says of each image whether the labels are present, and where.",
    label_use="image",
    reads="flat_images",
    dimensions=(2,),
    fit="letterbox",
    needs_both_states=True,
    presets={
        ("tiny", 2): {"image_shape": (128, 128), "epochs": 20, "batch_size": 16, "learning_rate": 2e-3},
        ("standard", 2): {"image_shape": (224, 224), "epochs": 30, "batch_size": 16, "learning_rate": 3e-4},
    },
    seconds_per_megapixel={"tiny": 0.8, "standard": 8.0},
    explanations=(
        Method(
            "hirescam",
            "HiResCAM",
            "instant",
            "Where the last features raised the label's score (Draelos & Carin 2020); faithful at that layer.",
        ),
        Method(
            "gradcam",
            "Grad-CAM",
            "instant",
            "Last features weighted by their mean gradient (Selvaraju 2017); may mark places that were not used.",
        ),
        Method(
            "location",
            "Location head",
            "instant",
            "Where the model itself says the finding is; learned from readers' boxes and masks.",
            low="0 %",
            high="100 %",
            caption="How probable the model holds it that the finding is here.",
            scale="probability",
            unit="probability",
            learned_from="places",
        ),
        Method(
            "occlusion",
            "Occlusion",
            "seconds",
            "How much the label's score falls where the image is blurred away (Zeiler & Fergus 2014).",
        ),
        Method(
            "integrated_gradients",
            "Integrated gradients",
            "seconds",
            "What each pixel adds on the way from a blurred image (Sundararajan 2017); fine-grained and noisy.",
        ),
    ),
)
