"""Whether reader and model say the same of a label, and which findings need a decision because they do not.

One rule for every kind: an answer about the image, a shape and a mask all say whether a label is there; what both
drew is laid over each other, pixel by pixel.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from typing import Final
from uuid import UUID

from annotations.content.pixels_taken import Frame, pixels_taken
from annotations.content.revision_json import whole_content
from annotations.geometry.overlap import overlap, runs_joined
from annotations.models import Revision
from annotations.rules.rejecting import DENIALS
from annotations.rules.standing import Decided, Standing

_Drawn = dict[Frame, list[int]]
#: Two drawings that share less than this (Dice) are not called the same; 0.7 is the usual mark of a good overlap.
SAME_DRAWING: Final = 0.7


class Verdict(StrEnum):
    """What comes of comparing reader and model about one label."""

    AGREE = "agree"
    DISAGREE = "disagree"
    DRAWN_DIFFERENTLY = "drawn_differently"
    DRAWN_APART = "drawn_apart"
    ONE_DREW = "one_drew"
    MODEL_ALONE = "model_alone"


#: Both say that it is there, and show it at places that are not the same.
_DRAWN_UNLIKE: Final = (Verdict.DRAWN_DIFFERENTLY, Verdict.DRAWN_APART)


@dataclass(frozen=True, slots=True)
class Side:
    """What the reader, or the models, say of a label.

    Attributes:
        present: None where they say nothing of it.
        said: their findings of it; a reviewer's additions are nobody's here.
    """

    present: bool | None
    said: tuple[Standing, ...]

    @property
    def drawings(self) -> list[Standing]:
        """What of it shows where."""
        return [one for one in self.said if one.is_drawn]


@dataclass(frozen=True, slots=True)
class Agreement:
    """Reader and model about one label.

    Attributes:
        label_key: None gathers what was drawn without a label.
        dice: of what both drew, 0..1; None unless both did.
        verdict: None where the models never looked for it, or it has no label.
        contradictory: people say both that it is there and that it is not, and both stand.
        waiting: findings of it without which the case cannot be signed off, the reader's first.
    """

    label_key: str | None
    reader: Side
    model: Side
    dice: float | None
    verdict: Verdict | None
    contradictory: bool
    waiting: tuple[UUID, ...]

    @property
    def disagrees(self) -> bool:
        """They do not say the same, or do not show the same; nor does who contradicts himself."""
        if self.contradictory:
            return True
        if self.verdict is Verdict.ONE_DREW:
            return not self.reader.drawings
        return self.verdict not in (None, Verdict.AGREE)

    @property
    def words(self) -> str:
        """The verdict as a sentence that says where it holds only for what a reviewer corrected; "" without one."""
        if self.contradictory:
            return _CONTRADICTORY
        corrected = any(one.decided is Decided.CORRECTED for one in self._said)
        plain = self._plain_words
        return f"As corrected: {plain[0].lower()}{plain[1:]}" if plain and corrected else plain

    @property
    def _said(self) -> tuple[Standing, ...]:
        return (*self.reader.said, *self.model.said)

    @property
    def _half_rejected(self) -> str:
        """Of two equal findings one was rejected: as not there it contradicts the other, which stands."""
        denied = any(_denied(one, [other]) for one in self._said for other in self._said if one.stands)
        return _HALF_DENIED if denied else _SAID_THE_SAME

    @property
    def _both_accepted(self) -> bool:
        """Nobody is left to decide about, and still it cannot be signed."""
        return bool(self.waiting) and all(one.decided is Decided.ACCEPTED for one in self._said)

    @property
    def _plain_words(self) -> str:
        if self.verdict is Verdict.DISAGREE:
            said = ["present" if side.present else "absent" for side in (self.reader, self.model)]
            words = f"The reader says {said[0]}, the model says {said[1]}."
            return f"{words} {_BOTH_ACCEPTED}" if self._both_accepted else words
        if self.verdict is Verdict.ONE_DREW:
            return f"Both say present; only the {'reader' if self.reader.drawings else 'model'} shows where."
        if self.verdict is Verdict.AGREE and any(one.decided is Decided.REJECTED for one in self._said):
            return _SAID_THE_SAME if all(one.decided is Decided.REJECTED for one in self._said) else self._half_rejected
        return _WORDS[self.verdict] if self.verdict else ""


_CONTRADICTORY: Final = (
    "People say both that it is there and that it is absent: correct or reject the one or the other."
)
_SAID_THE_SAME: Final = "Reader and model said the same."
_HALF_DENIED: Final = (
    "Reader and model said the same; one is rejected as not there, the other stands: together they teach nothing."
)
_BOTH_ACCEPTED: Final = "Both are accepted: correct or reject the one or the other."
_WORDS: Final = {
    Verdict.AGREE: "Reader and model agree.",
    Verdict.DRAWN_DIFFERENTLY: "Both say present, but what they drew has too little in common.",
    Verdict.DRAWN_APART: "Both say present, but at different places.",
    Verdict.MODEL_ALONE: "The model says present; the reader said nothing of it.",
}


def agreements_of(standings: Iterable[Standing], model_says: Mapping[str, bool]) -> list[Agreement]:
    """Return how reader and model stand to each other, label by label in the order of their keys.

    Args:
        standings: of one case.
        model_says: what live models answered about the case by label key, also where they propose nothing.
    """
    labels: dict[str, list[Standing]] = {}
    for one in standings:
        # What a retired version said, and nobody decided about, is no opinion of today.
        passed_over = one.is_ai and (one.below_threshold or one.is_superseded)
        if one.finding.head is not None and not one.finding.deleted and not passed_over:
            labels.setdefault(str(one.finding.head.content["label_key"] or ""), []).append(one)
    return [_agreement(key or None, said, model_says.get(key)) for key, said in sorted(labels.items())]


def must_be_decided(standings: Iterable[Standing], model_says: Mapping[str, bool]) -> set[UUID]:
    """Return the findings that need a decision (or another one) before the case can be signed off.

    A model's finding that nobody has judged, and a reader's that a model, a reviewer or the reader contradicts. One
    that was rejected, superseded, or lies below its threshold contradicts nobody; a model's answer "absent" does.
    """
    return {pk for row in agreements_of(standings, model_says) for pk in row.waiting}


def _agreement(key: str | None, said: Sequence[Standing], answer: bool | None) -> Agreement:
    people = tuple(one for one in said if not one.is_ai and not one.added_in_review)
    models = tuple(one for one in said if one.is_ai)
    reader = Side(_present(people), people)
    found = _present(models)
    model = Side(answer if found is None else found, models)
    dice = _dice(reader.drawings, model.drawings)
    verdict = _verdict(reader, model, dice) if key else None
    waiting = [one for one in people if _needs_decision(one, said, verdict, answer)]
    waiting += [one for one in models if one.stands and one.decided is Decided.NO]
    both = any(_opposite(one, other) for one in said for other in said if not one.is_ai and not other.is_ai)
    return Agreement(key, reader, model, dice, verdict, both, tuple(one.finding.pk for one in waiting))


def _verdict(reader: Side, model: Side, dice: float | None) -> Verdict | None:
    if reader.present is None:
        return Verdict.MODEL_ALONE if model.present and model.said else None
    if model.present is None:
        return None
    if reader.present is not model.present:
        return Verdict.DISAGREE
    if dice is not None:
        if dice >= SAME_DRAWING:
            return Verdict.AGREE
        return Verdict.DRAWN_DIFFERENTLY if dice > 0 else Verdict.DRAWN_APART
    return Verdict.ONE_DREW if reader.drawings or model.drawings else Verdict.AGREE


def _needs_decision(one: Standing, said: Sequence[Standing], verdict: Verdict | None, answer: bool | None) -> bool:
    """Say whether signing off waits for a decision about what a reader said."""
    if one.says is None:
        return False
    _, present = one.says
    against = [other for other in said if _opposite(one, other)]
    if any(not other.is_ai or other.decided in (Decided.ACCEPTED, Decided.CORRECTED) for other in against):
        return True  # of two opposite answers only one can be signed
    if one.judged is not None:
        return False
    models = [other for other in said if other.is_ai]
    drawn_by_model = any(other.is_drawn and other.stands for other in models)
    unlike = one.is_drawn and drawn_by_model and verdict in _DRAWN_UNLIKE
    looked_and_found_none = present and answer is False and not any(other.stands for other in models)
    found_and_proposed_none = not present and answer is True and not models
    return unlike or looked_and_found_none or found_and_proposed_none or _denied(one, models)


def _opposite(one: Standing, other: Standing) -> bool:
    """One says that it is there, the other that it is not, of the same images; both stand."""
    return bool(one.says and other.says) and one.says != other.says and _same_place(one, other)


def _denied(one: Standing, models: Iterable[Standing]) -> bool:
    """The reviewer said of the model's equal finding that it is not that, or nothing."""
    return any(
        other.decided is Decided.REJECTED
        and other.review is not None
        and other.review.reason in DENIALS
        and _the_same(one, other)
        for other in models
    )


def _the_same(one: Standing, other: Standing) -> bool:
    if one.is_drawn and other.is_drawn:
        return (_dice([one], [other]) or 0.0) >= SAME_DRAWING
    heads = one.finding.head, other.finding.head
    if one.is_drawn or other.is_drawn or None in heads:
        return False
    answers = {head.content["present"] is not False for head in heads if head}
    return len(answers) == 1 and _same_place(one, other)


def _same_place(one: Standing, other: Standing) -> bool:
    """Two findings speak of the same images: one of them of the whole study, or both of one image."""
    places = [side.finding.head.content.get("geometry") if side.finding.head else None for side in (one, other)]
    if None in places:
        return True
    return all(places[0][key] == places[1][key] for key in ("sop_instance_uid", "frame_number"))  # type: ignore[index]


def _present(side: Iterable[Standing]) -> bool | None:
    """Return whether a side says that the label is there; whoever draws it says so."""
    said = [one.finding.head.content["present"] is not False for one in side if one.finding.head]
    return any(said) if said else None


def _dice(one: Iterable[Standing], other: Iterable[Standing]) -> float | None:
    drawn = _drawn(one), _drawn(other)
    return overlap(drawn[0], drawn[1]).dice if all(drawn) else None


def _drawn(side: Iterable[Standing]) -> _Drawn:
    by_frame: dict[Frame, list[list[int]]] = {}
    for one in side:
        if one.finding.head_id and one.is_drawn:
            for frame, runs in _taken(one.finding.head_id).items():
                by_frame.setdefault(frame, []).append(runs)
    return {frame: runs_joined(lists) for frame, lists in by_frame.items()}


@lru_cache(maxsize=512)
def _taken(revision_id: UUID) -> _Drawn:
    """Return the pixels of a revision; it never changes."""
    return pixels_taken(whole_content(Revision.objects.get(pk=revision_id)))
