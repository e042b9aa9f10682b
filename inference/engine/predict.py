"""What a model says of one image, in the image's own grid."""

from __future__ import annotations

from collections.abc import Callable

from inference.engine.loaded_model import LoadedModel
from inference.engine.recipes.registry import recipe_named
from inference.engine.results import Prediction
from inference.engine.sample import Image


def predict(
    model: LoadedModel,
    image: Image,
    *,
    largest_component: bool = False,
    on_progress: Callable[[float], None] | None = None,
) -> Prediction:
    """Predict all labels of an image.

    Args:
        model: a loaded model.
        image: the image; a 2D model reads its frames one by one.
        largest_component: segmentation: keep only the largest connected part of each label.
        on_progress: told the share done, 0…1.

    Returns:
        Decisions with calibrated probabilities, proposed regions, and for a segmentation masks, probabilities and
        uncertainty on the image's grid.
    """
    recipe = recipe_named(model.config.recipe)
    return recipe.predict(model, image, largest_component=largest_component, on_progress=on_progress)
