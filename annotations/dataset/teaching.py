"""What each act of each person teaches, as data: the one table, which the statements of a dataset are looked up in.

``docs/what-teaches.md`` shows it to the people who lead a study; a test holds the page to this table.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum, StrEnum
from typing import Final, NamedTuple

from annotations.models import Review

#: Raise it when the table, or how contradictions are settled, changes: a datasheet names the rules it was made by.
REVISION: Final = 4


class Provenance(NamedTuple):
    """How much a statement weighs in the loss, how often its image is drawn, and what it is in words."""

    weight: float
    sampling: int
    words: str


PROVENANCE: Final[dict[str, Provenance]] = {
    "consensus": Provenance(1.5, 1, "two people read it independently and said the same"),
    "adjudicated": Provenance(1.5, 1, "a reviewer decided about a disagreement, or said it of their own"),
    "human_rejected": Provenance(1.5, 2, "a reader saw something that a reviewer says is not there"),
    "blind_read": Provenance(1.0, 1, "a reader said it before any model's opinion was on the screen"),
    "assisted_read": Provenance(1.0, 1, "a person said it with the model's opinion on the screen"),
    "human_added": Provenance(1.0, 3, "a person found what the model missed"),
    "ai_corrected": Provenance(1.0, 1, "the model's finding, corrected by a reviewer"),
    "ai_rejected": Provenance(1.0, 2, "the model saw something that a reviewer says is not there"),
    "ai_accepted": Provenance(0.5, 1, "the model's finding, accepted unchanged, and nobody read it blind"),
    "ai_accepted_by_habit": Provenance(0.2, 1, "the same, by a reviewer who accepts nearly everything"),
}

#: What a reviewer decided by itself, or two people read alike: not signed with the whole case.
ONE_BY_ONE: Final = frozenset({"consensus", "adjudicated", "human_rejected", "ai_corrected", "ai_rejected"})


class Trust(IntEnum):
    """How far a statement is trusted. Those that agree take the best of them; those that do not make it unknown.

    What is ``BLIND`` or better may stand in the locked test. What was ``STRUCK`` gives no state, and contradicts nods.
    """

    STRUCK = 0
    BY_HABIT = 1
    NOD = 2
    ASSISTED = 3
    BLIND = 4
    CONSENSUS = 5
    ADJUDICATED = 6


class Says(StrEnum):
    """What an act says of the label."""

    AS_SAID = "as it was said"
    ABSENT = "absent"
    NOTHING = "nothing"
    UNDECIDABLE = "unknown: the image does not show it"


class Place(StrEnum):
    """What an act says of the drawn place."""

    TAUGHT = "taught"
    REJECTED = "taught as a place where it is not"
    NOTHING = "nothing"


@dataclass(frozen=True, slots=True)
class Cell:
    """What one act teaches about one kind of finding.

    Attributes:
        provenance: a key of ``PROVENANCE``; "" where nothing is taught.
    """

    says: Says
    place: Place
    provenance: str
    trust: Trust

    @property
    def tests(self) -> bool:
        """Whether what it says of the label may stand in the locked test."""
        return bool(self.provenance) and self.says is not Says.NOTHING and self.trust >= Trust.BLIND


class Act(StrEnum):
    """What somebody does with a finding."""

    NOT_SIGNED_OFF = "not_signed_off"
    ABANDONED = "abandoned"
    READ_BLIND = "read_blind"
    READ_ASSISTED = "read_assisted"
    READ_ECHO = "read_echo"
    FOUND_BLIND = "found_blind"
    FOUND_ASSISTED = "found_assisted"
    READ_TWICE = "read_twice"
    UPHELD = "upheld"
    UPHELD_FIND = "upheld_find"
    CORRECTED = "corrected"
    TURNED_ABSENT = "turned_absent"
    CORRECTED_AWAY = "corrected_away"
    DENIAL_REJECTED = "denial_rejected"
    ADDED = "added"
    ADDED_FIND = "added_find"
    ADDED_ECHO = "added_echo"
    MODEL_UNDECIDED = "model_undecided"
    MODEL_ACCEPTED = "model_accepted"
    MODEL_ACCEPTED_BY_HABIT = "model_accepted_by_habit"
    MODEL_CORRECTED = "model_corrected"
    MODEL_CORRECTED_AWAY = "model_corrected_away"
    MODEL_DENIAL_REJECTED = "model_denial_rejected"


@dataclass(frozen=True, slots=True)
class Row:
    """One act: in words, and what it teaches of an answer about the image, and of a drawing."""

    words: str
    answer: Cell
    drawing: Cell


_NOTHING: Final = Cell(Says.NOTHING, Place.NOTHING, "", Trust.STRUCK)


def _silent(words: str) -> Row:
    return Row(words, _NOTHING, _NOTHING)


def _said(words: str, provenance: str, trust: Trust) -> Row:
    answer = Cell(Says.AS_SAID, Place.NOTHING, provenance, trust)
    return Row(words, answer, Cell(Says.AS_SAID, Place.TAUGHT, provenance, trust))


def _refuted(words: str, provenance: str) -> Row:
    answer = Cell(Says.ABSENT, Place.NOTHING, provenance, Trust.ADJUDICATED)
    return Row(words, answer, Cell(Says.NOTHING, Place.REJECTED, provenance, Trust.ADJUDICATED))


ACTS: Final[dict[Act, Row]] = {
    Act.NOT_SIGNED_OFF: _silent("Being read, handed in, sent back or reopened: not signed off"),
    Act.ABANDONED: _silent("Given back, given to somebody else, or left by its reader"),
    Act.READ_BLIND: _said("Said before any model's opinion was on the screen", "blind_read", Trust.BLIND),
    Act.READ_ASSISTED: _said(
        "Said with the model's opinion on the screen, or what is left of two contrary answers since it was seen",
        "assisted_read",
        Trust.ASSISTED,
    ),
    Act.READ_ECHO: _said(
        "Said with the model's opinion on the screen, the same as the model's accepted finding",
        "ai_accepted",
        Trust.NOD,
    ),
    Act.FOUND_BLIND: _said("Found what the model missed, before its opinion was seen", "human_added", Trust.BLIND),
    Act.FOUND_ASSISTED: _said("Found what the model missed, with its opinion seen", "human_added", Trust.ASSISTED),
    Act.READ_TWICE: _said("Two readers said the same, neither knowing of the other", "consensus", Trust.CONSENSUS),
    Act.UPHELD: _said(
        "Accepted by itself, while the model's contrary answer or place was corrected or rejected",
        "adjudicated",
        Trust.ADJUDICATED,
    ),
    Act.UPHELD_FIND: _said("Accepted by itself, and the model missed it", "human_added", Trust.ADJUDICATED),
    Act.CORRECTED: _said("Corrected: what it says now", "adjudicated", Trust.ADJUDICATED),
    Act.TURNED_ABSENT: _refuted("Corrected from present to absent", "human_rejected"),
    Act.CORRECTED_AWAY: _refuted("Corrected to another label or place: what it said before", "human_rejected"),
    Act.DENIAL_REJECTED: _silent("An answer “absent”, rejected (correct it to say that it is there)"),
    Act.ADDED: _said("Added by the reviewer", "adjudicated", Trust.ADJUDICATED),
    Act.ADDED_FIND: _said("Added by the reviewer, and the model missed it", "human_added", Trust.ADJUDICATED),
    Act.ADDED_ECHO: _said(
        "Added by the reviewer beside an equal finding of the model", "assisted_read", Trust.ASSISTED
    ),
    Act.MODEL_UNDECIDED: _silent("Not decided, or superseded by a newer answer"),
    Act.MODEL_ACCEPTED: _said("Accepted, or corrected in words or by a nudge only", "ai_accepted", Trust.NOD),
    Act.MODEL_ACCEPTED_BY_HABIT: _said(
        "Accepted by a reviewer who accepts nearly everything", "ai_accepted_by_habit", Trust.BY_HABIT
    ),
    Act.MODEL_CORRECTED: _said("Corrected: what it says now", "ai_corrected", Trust.ADJUDICATED),
    Act.MODEL_CORRECTED_AWAY: _refuted("Corrected to another label or place: what it said before", "ai_rejected"),
    Act.MODEL_DENIAL_REJECTED: _silent("An answer “absent”, rejected"),
}


def _rejections(provenance: str, kept: Cell) -> dict[str, Row]:
    """Return what a rejection with each reason teaches.

    Args:
        provenance: of what the reviewer says is not there.
        kept: what is left of the answer where only the place was wrong; of a reader's, as it was read.
    """
    reason, where_not = Review.Reason, Cell(Says.NOTHING, Place.REJECTED, provenance, Trust.ADJUDICATED)
    undecidable = Cell(Says.UNDECIDABLE, Place.NOTHING, provenance, Trust.ADJUDICATED)
    found = {
        reason.NOT_PRESENT: _refuted("", provenance),
        reason.WRONG_LABEL: _refuted("", provenance),
        reason.WRONG_PLACE: Row("", _NOTHING, where_not),
        reason.WRONG_EXTENT: _silent(""),
        reason.RIGHT_FOR_WRONG_REASON: Row("", kept, Cell(kept.says, Place.REJECTED, kept.provenance, kept.trust)),
        reason.POOR_IMAGE: Row("", undecidable, undecidable),
        reason.DUPLICATE: _silent(""),
        reason.OTHER: _silent(""),
    }
    return {code: Row(str(reason(code).label), row.answer, row.drawing) for code, row in found.items()}


#: What a reviewer's rejection of a model's finding teaches, by reason.
MODEL_REJECTED: Final = _rejections("ai_rejected", Cell(Says.AS_SAID, Place.NOTHING, "ai_accepted", Trust.NOD))
#: … of a person's finding. An answer that is kept stays what it was: blind, or assisted.
PERSON_REJECTED: Final = _rejections("human_rejected", Cell(Says.AS_SAID, Place.NOTHING, "blind_read", Trust.BLIND))
