"""Whether reader and model say the same of each label, in the API's shape."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

from annotations.models import Revision, Workitem
from annotations.rules.agreement import Side, agreements_of
from annotations.rules.reveal import ai_hidden_from
from annotations.rules.standing import standing_of

if TYPE_CHECKING:
    from core.models import User

Json = dict[str, Any]
_EXTENTS: Final = ("volume", "area")


def agreement_json(user: User, workitem: Workitem, model_says: Mapping[str, bool]) -> list[Json]:
    """Return per label what people and models say of a case, how far what they drew agrees, and what waits for it.

    Args:
        model_says: what live models answered about the case by label key, also where they propose nothing.

    Returns:
        The rows of ``annotations.rules.agreement`` that have a label; nothing at all while the model's findings are
        hidden from the user.
    """
    if ai_hidden_from(user, workitem):
        return []
    return [
        {
            "label_key": row.label_key,
            "reader": _side_json(row.reader),
            "model": _side_json(row.model),
            "dice": round(row.dice, 4) if row.dice is not None else None,
            "verdict": row.verdict,
            "words": row.words,
            "disagrees": row.disagrees,
            "waiting": list(row.waiting),
        }
        for row in agreements_of(standing_of([workitem]).values(), model_says)
        if row.label_key is not None
    ]


def _side_json(side: Side) -> Json:
    return {"present": side.present, "extent": _extent(side)}


def _extent(side: Side) -> Json | None:
    """Return the stored size of what a side drew, several drawings together, where they were measured alike."""
    heads = [one.finding.head for one in side.drawings if one.finding.head]
    for what in _EXTENTS:
        found = [_measure(head, what) for head in heads]
        known = [one for one in found if one]
        if known and len(known) == len(heads) and len({one["unit"] for one in known}) == 1:
            return {"measure": what, "value": sum(one["value"] for one in known), "unit": known[0]["unit"]}
    return None


def _measure(head: Revision, what: str) -> Json | None:
    rows = head.content.get("measures", {}).items()
    return next((dict(measure) for name, measure in rows if name.split("_")[0] == what), None)
