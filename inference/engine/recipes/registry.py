"""Runs recipes: what a card names is imported when it is first asked for."""

from __future__ import annotations

from functools import cache
from pkgutil import resolve_name

from inference.engine.errors import ConfigError
from inference.engine.recipe import Recipe
from inference.engine.recipe_cards import recipe_card


@cache
def recipe_named(name: str) -> Recipe:
    """Return the recipe of that name.

    Raises:
        ConfigError: there is none, or it cannot be imported.
    """
    card = recipe_card(name)
    try:
        made: Recipe = resolve_name(card.runs)()
    except (ImportError, AttributeError, ValueError) as error:
        raise ConfigError("recipe_broken", f"{card.title} cannot be imported: {error}.") from error
    return made
