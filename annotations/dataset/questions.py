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
        label_use: which labels are asked for: said of an image, or painted as a segment.
        one_by_one: whether only single flat pictures answer it, and no slices or clips.
        needs_absence: whether cases where a label is absent are needed to learn it.
    """

    name: str
    title: str
    description: str
    label_use: Literal["image", "segment"]
    one_by_one: bool
    needs_absence: bool


_ALL: Final = (
    Question(
        name="classification",
        title="Labels of single pictures",
        description="Is it there? One row a picture, with what its readers said of each label, and where.",
        label_use="image",
        one_by_one=True,
        needs_absence=True,
    ),
    Question(
        name="segmentation",
        title="Painted structures",
        description="Which pixels? One row a slice or frame of each series that was painted or read as empty.",
        label_use="segment",
        one_by_one=False,
        needs_absence=False,
    ),
)
QUESTIONS: Final[Mapping[str, Question]] = MappingProxyType({one.name: one for one in _ALL})
