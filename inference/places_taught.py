"""Which places a version learned from, in words: marked ones, and those where a reviewer said that it is not."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from core.numbers import how_many
from inference.engine.map_licence import place_withheld
from inference.models import ModelVersion


def places_sentence(version: ModelVersion, label: str) -> str:
    """Say from how many images with a marked, and with a rejected, place of a label a version learned."""
    card: Mapping[str, Any] = version.card
    training, name = card.get("training", {}), f"Version {version.number}"
    if place_withheld(card, label) is not None:
        return f"{name} learned from no marked place: it outlines nothing."
    learned = f"{name} learned from {how_many(training['located_cases'][label], 'image', 'images')} with a marked place"
    rejected = training.get("rejected_cases", {}).get(label)
    if rejected is None:
        return f"{learned}."
    if not card.get("config", {}).get("rejected_places", True):
        return f"{learned}; rejected places were left out by its settings."
    return f"{learned} and {how_many(rejected, 'image', 'images') if rejected else 'none'} with a rejected one."
