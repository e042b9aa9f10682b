"""Whether reader and model say the same of a label: their answers, and what they drew, laid over each other."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

from annotations.content.pixels_taken import Frame, pixels_taken
from annotations.content.revision_json import whole_content
from annotations.geometry.overlap import Overlap, overlap, runs_joined
from annotations.models import Finding, Revision, Workitem
from annotations.rules.reveal import ai_hidden_from
from annotations.rules.standing import Standing, standing_of

if TYPE_CHECKING:
    from core.models import User

Json = dict[str, Any]
_Drawn = dict[Frame, list[int]]
#: Two drawings that share less than this (Dice) are not called the same; 0.7 is the usual mark of a good overlap.
SAME_DRAWING: Final = 0.7
_EXTENTS: Final = ("volume", "area")


def agreement_json(user: User, workitem: Workitem, model_says: Mapping[str, bool]) -> list[Json]:
    """Return per label what people and models say of a case, and how far what they drew agrees.

    Args:
        model_says: what live models answered about the case by label key, also where they propose nothing.

    Returns:
        Rows with ``label_key``, ``reader`` and ``model`` (``present`` and ``extent``), ``dice`` of what both drew
        (None unless both did) and ``verdict``: ``agree``; ``disagree`` (one says present, the other absent);
        ``drawn_differently`` and ``drawn_apart`` (both present, the drawings share little, or nothing);
        ``one_drew`` (both present, only one of them shows where); None where one of them says nothing.
        Nothing at all while the model's findings are hidden from the user.
    """
    if ai_hidden_from(user, workitem):
        return []
    sides: dict[str, tuple[list[Standing], list[Standing]]] = {}
    for one in standing_of([workitem]).values():
        head = one.finding.head
        if head is None or one.finding.deleted or head.content["label_key"] is None:
            continue
        # What a retired version said, and nobody decided about, is no opinion of today.
        if not (one.is_ai and (one.below_threshold or one.is_superseded)):
            sides.setdefault(str(head.content["label_key"]), ([], []))[int(one.is_ai)].append(one)
    return [_row(key, people, models, model_says.get(key)) for key, (people, models) in sorted(sides.items())]


def _row(key: str, people: list[Standing], models: list[Standing], answer: bool | None) -> Json:
    reader, model = _present(people), _present(models)
    if model is None:
        model = answer
    drawn = _drawn(people), _drawn(models)
    shared = overlap(drawn[0], drawn[1]) if all(drawn) else None
    return {
        "label_key": key,
        "reader": {"present": reader, "extent": _extent(people)},
        "model": {"present": model, "extent": _extent(models)},
        "dice": round(shared.dice, 4) if shared and shared.dice is not None else None,
        "verdict": _verdict(reader, model, drawn, shared),
    }


def _verdict(
    reader: bool | None, model: bool | None, drawn: tuple[_Drawn, _Drawn], shared: Overlap | None
) -> str | None:
    if reader is None or model is None:
        return None
    if reader is not model:
        return "disagree"
    if shared is not None:
        dice = shared.dice or 0.0
        return "agree" if dice >= SAME_DRAWING else "drawn_differently" if dice > 0 else "drawn_apart"
    return "one_drew" if any(drawn) else "agree"


def _present(side: list[Standing]) -> bool | None:
    """Return whether a side says that the label is there; whoever draws it says so."""
    said = [one.finding.head.content["present"] is not False for one in side if one.finding.head]
    return any(said) if said else None


def _drawn(side: list[Standing]) -> _Drawn:
    by_frame: dict[Frame, list[list[int]]] = {}
    for one in side:
        if one.finding.head_id and one.finding.kind != Finding.Kind.IMAGE_LABEL:
            for frame, runs in _taken(one.finding.head_id).items():
                by_frame.setdefault(frame, []).append(runs)
    return {frame: runs_joined(lists) for frame, lists in by_frame.items()}


@lru_cache(maxsize=512)
def _taken(revision_id: UUID) -> _Drawn:
    """Return the pixels of a revision; it never changes."""
    return pixels_taken(whole_content(Revision.objects.get(pk=revision_id)))


def _extent(side: list[Standing]) -> Json | None:
    """Return the stored size of what a side drew, several drawings together, where they were measured alike."""
    heads = [one.finding.head for one in side if one.finding.head and one.finding.kind != Finding.Kind.IMAGE_LABEL]
    for what in _EXTENTS:
        found = [_measure(head, what) for head in heads]
        known = [one for one in found if one]
        if known and len(known) == len(heads) and len({one["unit"] for one in known}) == 1:
            return {"measure": what, "value": sum(one["value"] for one in known), "unit": known[0]["unit"]}
    return None


def _measure(head: Revision, what: str) -> Json | None:
    rows = head.content.get("measures", {}).items()
    return next((dict(measure) for name, measure in rows if name.split("_")[0] == what), None)
