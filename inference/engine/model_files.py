"""The two files a model is, by name. Knows no torch."""

from __future__ import annotations

from typing import Final

WEIGHTS_NAME: Final = "weights.safetensors"
CARD_NAME: Final = "card.json"
