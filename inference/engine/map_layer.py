"""A layer of a network that maps are made from, and where its cells lie on the image."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class MapLayer:
    """One layer.

    Args:
        name: in the network; its values stand under it in the network's outputs.
        stride: pixels from the centre of one cell to the next.
        centre: the pixel on which its first cell is centred.
    """

    name: str
    stride: float
    centre: float
