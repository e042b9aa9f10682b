"""Which reasons a rejection can have: those about a place are offered only where a place was said or shown."""

from __future__ import annotations

from typing import Final

from annotations.models import Finding, Review

#: These say that the label is not there.
DENIALS: Final = frozenset({Review.Reason.NOT_PRESENT, Review.Reason.WRONG_LABEL})
_OF_A_DRAWING: Final = frozenset({Review.Reason.WRONG_PLACE, Review.Reason.WRONG_EXTENT})


def rejections_offered(kind: str, *, by_model: bool) -> list[str]:
    """Return the reasons that are offered for a rejection, in the order in which they are shown.

    A plain answer has no place and no outline. A model's may still be right for a wrong reason: its map shows where it
    looked.
    """
    plain = kind == Finding.Kind.IMAGE_LABEL
    left_out = set(_OF_A_DRAWING) if plain else set()
    if plain and not by_model:
        left_out.add(Review.Reason.RIGHT_FOR_WRONG_REASON)
    return [str(reason) for reason in Review.Reason if reason not in left_out]


def rejections_in_words() -> list[dict[str, str]]:
    """Return every reason with what it says to people, in the order of the keys that choose one."""
    return [{"reason": str(reason), "words": str(reason.label)} for reason in Review.Reason]
