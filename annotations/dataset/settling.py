"""What is taught of a label where several people and models spoke of it: trust decides, never the latest stamp.

Those that agree take the best provenance among them. Those that do not agree make the label unknown: a contradiction
is for people to decide about, one by one.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from annotations.dataset.statements import Statement
from annotations.dataset.teaching import ACTS, PROVENANCE, Act, Trust


class Unsettled(StrEnum):
    """Why a label of an image is not taught, or may not stand in the locked test."""

    CONTRADICTED = "contradicted"
    UNDECIDABLE = "undecidable"
    TEST_ASSISTED = "test_assisted"
    TEST_NODDED_AT = "test_nodded_at"
    TEST_BY_HABIT = "test_by_habit"


#: What a blind reading would mend: somebody said it, but not blind.
NOT_BLIND: Final = frozenset({Unsettled.TEST_ASSISTED, Unsettled.TEST_NODDED_AT, Unsettled.TEST_BY_HABIT})


@dataclass(frozen=True, slots=True)
class Settled:
    """What is known of one label.

    Attributes:
        state: 1 present, 0 absent, None: ``why`` says why it is not known.
        provenance: of the best trusted statement; "" where the state is not known.
        why: why there is no state; None where there is one.
    """

    state: int | None
    provenance: str
    trust: Trust
    why: Unsettled | None = None

    @property
    def not_for_test(self) -> Unsettled | None:
        """Why it may not stand in the locked test; None where it may: read blind, or adjudicated."""
        if self.state is None or self.trust >= Trust.BLIND:
            return self.why
        return _UNFIT[self.trust]


_UNFIT: Final = {
    Trust.ASSISTED: Unsettled.TEST_ASSISTED,
    Trust.NOD: Unsettled.TEST_NODDED_AT,
    Trust.BY_HABIT: Unsettled.TEST_BY_HABIT,
}


def settled(statements: Iterable[Statement]) -> Settled | None:
    """Return what is known of one label of one image from all that was said of it; None where nothing was."""
    said = _most_exact(statements)
    if any(one.state is None and not one.is_place for one in said):
        return Settled(None, "", Trust.STRUCK, Unsettled.UNDECIDABLE)
    claims = [one for one in said if one.state is not None and one.trust > Trust.STRUCK]
    if not claims:
        return None
    struck = [one for one in said if one.state is not None and one.trust is Trust.STRUCK]
    weighed = claims if max(one.trust for one in claims) > Trust.NOD else claims + struck
    if len({one.state for one in weighed}) > 1:
        return Settled(None, "", Trust.STRUCK, Unsettled.CONTRADICTED)
    best = max(claims, key=lambda one: (one.trust, *PROVENANCE[one.provenance][1::-1], one.provenance))
    independent = {one.by for one in claims if one.trust is Trust.BLIND and one.by is not None}
    if len(independent) > 1 and best.trust is Trust.BLIND:
        twice = ACTS[Act.READ_TWICE].answer
        return Settled(best.state, twice.provenance, twice.trust)
    return Settled(best.state, best.provenance, best.trust)


def _most_exact(statements: Iterable[Statement]) -> list[Statement]:
    """Leave out what a person answered about the whole study where they answered about this image too."""
    said = list(statements)
    exact = {
        (one.by, one.is_ai) for one in said if one.image is not None and not one.is_place and one.state is not None
    }
    return [one for one in said if one.image is not None or (one.by, one.is_ai) not in exact or one.is_ai]


def settled_by_label(statements: Iterable[Statement]) -> dict[str, Settled]:
    """Return what is known of each label that something was said of."""
    by_label: dict[str, list[Statement]] = defaultdict(list)
    for one in statements:
        by_label[one.label_key].append(one)
    found = {key: settled(said) for key, said in by_label.items()}
    return {key: one for key, one in found.items() if one is not None}
