"""What anybody may know of the recipe; imports no torch."""

from inference.engine.methods import Method
from inference.engine.recipe_card import RecipeCard

CARD = RecipeCard(
    name="grey_levels",
    title="Grey levels",
    description="Says of each picture whether the labels are present, by how much of it is bright.",
    application="diagnosis",
    question="classification",
    graded="labels",
    licence="Apache-2.0",
    runs="overread_grey_levels.recipe:GreyLevels",
    settings="overread_grey_levels.settings:GreyLevelSettings",
    reads="flat_images",
    dimensions=(2,),
    fit="letterbox",
    presets={("tiny", 2): {"image_shape": (64, 64), "epochs": 20, "batch_size": 16, "learning_rate": 3e-2}},
    seconds_per_megapixel={"tiny": 0.1, "standard": 0.1},
    explanations=(
        Method("occlusion", "Occlusion", "seconds", "How much the label's score falls where the picture is blurred."),
    ),
    unused=frozenset(
        {"preset", "channels", "spacing_mm", "location_weight", "rejected_places", "whole_picture", "marked_share"}
    ),
)
