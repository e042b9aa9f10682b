"""The recipes there are, by their cards. Knows no torch; ``recipes.registry`` runs them.

Each folder of ``recipes`` has a ``card`` with a ``CARD``. Any package that is installed can bring more: its entry
points of the group ``overread.recipes`` name such cards ("package.card:CARD").
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping
from importlib import import_module, metadata
from pkgutil import iter_modules
from types import MappingProxyType
from typing import Final

from inference.engine import recipes
from inference.engine.errors import ConfigError
from inference.engine.recipe_card import RecipeCard

GROUP: Final = "overread.recipes"


def _built_in() -> Iterator[RecipeCard]:
    for folder in sorted(iter_modules(recipes.__path__), key=lambda one: one.name):
        if folder.ispkg:
            yield import_module(f"{recipes.__name__}.{folder.name}.card").CARD


def _installed() -> Iterator[RecipeCard]:
    """Yield the cards of other packages; one that cannot be read is told to the log, and the others go on."""
    for entry in sorted(metadata.entry_points(group=GROUP), key=lambda one: one.name):
        try:
            card = entry.load()
        except Exception:
            logging.getLogger(__name__).exception("The recipe %s cannot be read.", entry.value)
            continue
        if isinstance(card, RecipeCard):
            yield card
        else:
            logging.getLogger(__name__).error("The recipe %s is no RecipeCard.", entry.value)


def _by_name() -> Mapping[str, RecipeCard]:
    found = {card.name: card for card in _built_in()}
    for card in _installed():
        if card.name in found:
            logging.getLogger(__name__).error("Another recipe is called %s; the first is kept.", card.name)
        else:
            found[card.name] = card
    return MappingProxyType(found)


RECIPE_CARDS: Final[Mapping[str, RecipeCard]] = _by_name()
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
