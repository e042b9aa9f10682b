"""A segmentation: pixels painted on the images of one series."""

from __future__ import annotations

from typing import Final

from annotations.geometry.kind import Kind


class PaintedMask(Kind):
    """Painted pixels; measured in ``annotations.geometry.measures.mask_measures``."""

    name = "mask"
    word = "Segmentation"
    use = "segment"
    holds = "mask"


KIND: Final = PaintedMask()
