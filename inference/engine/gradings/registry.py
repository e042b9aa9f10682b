"""The gradings there are, by name. A new kind of answer is judged by a new object here."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Final

from inference.engine.case_result import CaseResult
from inference.engine.gradings.boxes import Boxes
from inference.engine.gradings.grading import Grading
from inference.engine.gradings.labels import Labels
from inference.engine.gradings.masks import Masks

#: Those that say more of an answer come later: the last one that knows a case judges it.
_ALL: Final[tuple[Grading, ...]] = (Labels(), Masks(), Boxes())
GRADINGS: Final[Mapping[str, Grading]] = MappingProxyType({one.card.name: one for one in _ALL})


def gradings_of(cases: Sequence[CaseResult]) -> list[Grading]:
    """Return those that have something to say of results, by what these hold; there is always one."""
    return [one for one in _ALL if any(one.knows(case) for case in cases)]


def grading_of(cases: Sequence[CaseResult]) -> Grading:
    """Return the one that judges results."""
    return gradings_of(cases)[-1]
