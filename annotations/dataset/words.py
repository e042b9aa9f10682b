"""Who said a thing in which revision: what was only measured anew, or named otherwise, nobody said anew."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from uuid import UUID

    from annotations.models import Finding, Revision
    from annotations.rules.standing import Standing

#: Parts of a content that say nothing of the image.
_BESIDE: Final = frozenset({"name", "text", "color", "locked", "measures"})
#: Outlines that share this much (Dice), and ends that lie so near (px or mm), are one place: they were nudged.
SAME_OUTLINE, SAME_END = 0.98, 0.5


def words_of(head: Revision) -> Revision:
    """Return the revision in which somebody said what a finding says: a correction that corrects nothing is none."""
    while head.parent is not None and (head.cause == "calibration" or _only_reworded(head)):
        head = head.parent
    return head


def before_correction(finding: Finding) -> Revision | None:
    """Return what a finding said before the last correction that corrected something; None where none did."""
    words = words_of(finding.head) if finding.head else None
    return words.parent if words is not None and words.cause == "correction" else None


def _only_reworded(revision: Revision) -> bool:
    """A correction of name, text or colour, or a nudge: a reviewer who makes it has nodded, and no more."""
    before = revision.parent
    if revision.cause != "correction" or before is None:
        return False
    one, other = ({k: v for k, v in said.content.items() if k not in _BESIDE} for said in (before, revision))
    if one == other and before.mask_digest == revision.mask_digest:
        return True
    if any(one[name] != other[name] for name in ("label_key", "present")):
        return False
    return _is_nudge(revision.difference)


def agrees(difference: dict[str, Any]) -> bool:
    """Say whether a correction leaves label, answer and place as they were, by its ``content_difference``."""
    moved = difference.keys() - _BESIDE
    return not moved or ("label_key" not in moved and "present" not in moved and _is_nudge(difference))


def _is_nudge(difference: dict[str, Any]) -> bool:
    if "dice" in difference:
        return bool(difference["dice"] >= SAME_OUTLINE)
    ends = [far for name, far in difference.items() if name.startswith("end_distance")]
    return bool(ends) and max(ends) <= SAME_END


def taken_back(standings: Iterable[Standing]) -> frozenset[tuple[UUID, str, bool]]:
    """Return what readers said blind and took back with an opinion on the screen: (reading, label, present).

    Args:
        standings: of one case; deleted findings too.
    """
    return frozenset(_taken_back(standings))


def _taken_back(standings: Iterable[Standing]) -> Iterator[tuple[UUID, str, bool]]:
    for one in standings:
        head, reading = one.finding.head, one.finding.reading
        if head is None or reading is None or head.author_id != reading.reader_id:
            continue
        said: Revision | None = head
        while said is not None and said.ai_visible:
            said = said.parent
        if said is None or said is head or said.cause == "delete":
            continue
        if head.cause == "delete" or _answer(head) != _answer(said):
            yield reading.pk, *_answer(said)


def _answer(revision: Revision) -> tuple[str, bool]:
    return str(revision.content["label_key"]), revision.content["present"] is not False
