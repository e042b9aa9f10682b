"""The recipes there are."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from inference.engine.recipe import Recipe
from inference.engine.recipe_cards import recipe_card
from inference.engine.recipes.classification.recipe import Classification
from inference.engine.recipes.segmentation.recipe import Segmentation

RECIPES: Final[Mapping[str, Recipe]] = MappingProxyType(
    {recipe.card.name: recipe for recipe in (Classification(), Segmentation())}
)


def recipe_named(name: str) -> Recipe:
    """Return the recipe of that name.

    Raises:
        ConfigError: there is none.
    """
    return RECIPES[recipe_card(name).name]
