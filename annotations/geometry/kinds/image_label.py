"""Something said of a whole study or image: present or absent, nothing drawn."""

from __future__ import annotations

from typing import Final

from annotations.geometry.kind import Kind


class ImageLabel(Kind):
    """An answer about a label."""

    name = "image_label"
    word = "Image label"
    use = "image"
    holds = "nothing"


KIND: Final = ImageLabel()
