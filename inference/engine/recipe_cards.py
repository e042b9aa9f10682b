"""The recipes there are, by their cards. Knows no torch; ``recipes.registry`` holds what runs."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from inference.engine.errors import ConfigError
from inference.engine.recipe_card import RecipeCard
from inference.engine.recipes.classification.card import CARD as CLASSIFICATION
from inference.engine.recipes.segmentation.card import CARD as SEGMENTATION

RECIPE_CARDS: Final[Mapping[str, RecipeCard]] = MappingProxyType(
    {card.name: card for card in (CLASSIFICATION, SEGMENTATION)}
)
#: Their names, as a choice.
RECIPES: Final = tuple(RECIPE_CARDS)


def recipe_card(name: str) -> RecipeCard:
    """Return the card of that name.

    Raises:
        ConfigError: there is none; the message names those there are.
    """
    if name not in RECIPE_CARDS:
        titles = " or ".join(card.title.lower() for card in RECIPE_CARDS.values())
        raise ConfigError("recipe_unknown", f"Choose {titles}.", known=list(RECIPE_CARDS))
    return RECIPE_CARDS[name]
