"""What a dataset can ask of its pictures. Any number of recipes may learn the answers of one dataset."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final, Literal


@dataclass(frozen=True, kw_only=True)
class Question:
    """What is asked, and so which signed-off work becomes rows.

    Args:
        name: key; stands in datasets and in the cards of recipes.
        title: what a person sees.
        description: one sentence.
        label_use: which labels are asked for: said of an image, drawn as a shape, or painted as a segment.
        pictures: which answer it: single flat ones, slices and clips, or any.
        needs_absence: whether cases where a label is absent are needed to learn it.
    """

    name: str
    title: str
    description: str
    label_use: Literal["image", "region", "segment"]
    pictures: Literal["flat", "in_series", "any"]
    needs_absence: bool

    def takes(self, *, flat: bool) -> bool:
        """Say whether a picture answers it: a single flat one, or a slice or moment of a series."""
        return self.pictures == "any" or flat == (self.pictures == "flat")


_ALL: Final = (
    Question(
        name="classification",
        title="Labels of single pictures",
        description="Is it there? One row a picture, with what its readers said of each label, and where.",
        label_use="image",
        pictures="flat",
        needs_absence=True,
    ),
    Question(
        name="series",
        title="Labels of whole series",
        description="Is it there, somewhere in the slices or at some moment? One row a slice or frame of each series.",
        label_use="image",
        pictures="in_series",
        needs_absence=True,
    ),
    Question(
        name="segmentation",
        title="Painted structures",
        description="Which pixels? One row a slice or frame of each series that was painted or read as empty.",
        label_use="segment",
        pictures="any",
        needs_absence=False,
    ),
    Question(
        name="places",
        title="Places of things",
        description="Where is each one? One row a picture, slice or frame, with the shapes drawn on it.",
        label_use="region",
        pictures="any",
        needs_absence=False,
    ),
)
QUESTIONS: Final[Mapping[str, Question]] = MappingProxyType({one.name: one for one in _ALL})
