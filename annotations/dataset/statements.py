"""What signed-off work says of images: statements with where they come from and how much they weigh.

What people read blind or agreed upon counts most, what a model said and a person only nodded at counts least, and
what a model got wrong is shown to it more often (the table ``PROVENANCE``).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, NamedTuple
from uuid import UUID

from annotations.content.image_space import frame_space
from annotations.content.revision_json import whole_content
from annotations.models import Finding, Review, Revision, Workitem
from annotations.rules.standing import Decided, Standing
from imaging.models import Instance

Json = dict[str, Any]


class Provenance(NamedTuple):
    """How much a statement weighs in the loss, and how often its image is drawn."""

    weight: float
    sampling: int


PROVENANCE: Final[dict[str, Provenance]] = {
    "consensus": Provenance(1.5, 1),
    "blind_read": Provenance(1.0, 1),
    "assisted_read": Provenance(1.0, 1),
    "ai_corrected": Provenance(1.0, 1),
    "human_added": Provenance(1.0, 3),
    "ai_rejected": Provenance(1.0, 2),
    "ai_accepted": Provenance(0.5, 1),
    "ai_accepted_by_habit": Provenance(0.2, 1),
}
_HABIT_REVIEWS, _HABIT_SHARE = 50, 0.98
#: A rejection for another reason does not say that the thing is absent.
_ABSENT: Final = frozenset({Review.Reason.NOT_PRESENT, Review.Reason.WRONG_LABEL, Review.Reason.OTHER})


@dataclass(frozen=True, slots=True)
class Statement:
    """One thing that holds of an image (or of every image of the study).

    Attributes:
        state: 1 present, 0 absent, None for a region that was rejected (it says where nothing is, not more).
        at: when it was said; the latest statement about a label wins.
        image: (SOP Instance UID, frame number), or None for the whole study.
        revision: that drew it; None for an image label.
        blind: no reader could have copied it from a model.
    """

    label_key: str
    state: int | None
    provenance: str
    at: datetime
    image: tuple[str, int] | None
    revision: Revision | None
    is_ai: bool
    blind: bool


def habitual_reviewers(project_id: UUID) -> set[UUID]:
    """Return reviewers who accept nearly every model finding: their nod says little."""
    rows = Review.objects.filter(finding__workitem__project=project_id).exclude(
        finding__algorithm_type=Finding.AlgorithmType.MANUAL
    )
    total: Counter[UUID] = Counter()
    accepted: Counter[UUID] = Counter()
    for reviewer_id, decision in rows.values_list("reviewer", "decision"):
        total[reviewer_id] += 1
        accepted[reviewer_id] += decision == Review.Decision.ACCEPTED
    return {who for who, n in total.items() if n >= _HABIT_REVIEWS and accepted[who] / n > _HABIT_SHARE}


def workitem_statements(workitem: Workitem, standings: Iterable[Standing], *, habitual: set[UUID]) -> list[Statement]:
    """Return what a signed-off work item states; findings nobody judged state nothing.

    Whether the reader was blind is a fact of the reading, as it was then, not of today's protocol.
    """
    reading = workitem.reading
    reader_id = reading.reader_id if reading else None
    live = [one for one in standings if not one.finding.deleted and one.finding.head is not None]
    proposed = {_first_label(one) for one in live if one.is_ai}
    agreed = {_label(one) for one in live if one.is_ai and one.decided in (Decided.ACCEPTED, Decided.CORRECTED)}
    own = [one.finding.head for one in live if one.finding.head and one.finding.head.author_id == reader_id]
    read_blind = reading is not None and reading.blind and not any(head.ai_visible for head in own)
    looked = workitem.ai_score is not None or bool(proposed)
    result: list[Statement] = []
    for one in live:
        if one.is_ai:
            result += _of_model(one, habitual, read_blind=read_blind)
        else:
            result += _of_person(one, proposed, agreed, looked=looked)
    return result


def _label(one: Standing) -> str:
    return str(one.finding.head.content["label_key"]) if one.finding.head else ""


def _first_label(one: Standing) -> str:
    judged = one.review.revision if one.review else one.finding.head
    return str(judged.content["label_key"]) if judged else ""


def _images(revision: Revision) -> list[tuple[str, int] | None]:
    content = revision.content
    if content["kind"] == Finding.Kind.MASK:
        return [(frame["sop_instance_uid"], frame["frame_number"]) for frame in content["mask"]["frames"]]
    place = content["geometry"]
    return [(place["sop_instance_uid"], place["frame_number"])] if place else [None]


def _said(
    revision: Revision, state: int | None, provenance: str, at: datetime, *, is_ai: bool, blind: bool
) -> list[Statement]:
    key = revision.content["label_key"]
    if key is None:
        return []
    drawn = None if revision.content["kind"] == Finding.Kind.IMAGE_LABEL else revision
    return [Statement(key, state, provenance, at, image, drawn, is_ai, blind) for image in _images(revision)]


def _of_person(one: Standing, proposed: set[str], agreed: set[str], *, looked: bool) -> list[Statement]:
    head = one.finding.head
    if head is None or one.decided is Decided.REJECTED:
        return []
    judged = one.review is not None and not one.review.at_sign_off
    key, present = head.content["label_key"], head.content["present"] is not False
    if judged or (key in agreed and present and not head.ai_visible):
        provenance = "consensus"
    elif head.ai_visible and key in agreed and present:
        provenance = "ai_accepted"
    elif looked and present and key not in proposed:
        provenance = "human_added"
    else:
        provenance = "assisted_read" if head.ai_visible else "blind_read"
    at = one.review.created_at if judged and one.review else head.created_at
    blind = not head.ai_visible or judged or one.finding.reading_id is None
    return _said(head, int(present), provenance, at, is_ai=False, blind=blind)


def _of_model(one: Standing, habitual: set[UUID], *, read_blind: bool) -> list[Statement]:
    head, review = one.finding.head, one.review
    if head is None or review is None:
        return []
    at = review.created_at
    if one.decided is Decided.ACCEPTED and head.author_id is not None and head.parent is not None:
        # Corrected in an earlier round of review, and this correction was accepted now.
        return _corrected(head, head.parent, at)
    if one.decided is Decided.ACCEPTED or review.reason == Review.Reason.RIGHT_FOR_WRONG_REASON:
        provenance = "ai_accepted_by_habit" if review.reviewer_id in habitual else "ai_accepted"
        said = int(head.content["present"] is not False)
        return _said(head, said, provenance, at, is_ai=True, blind=read_blind)
    if one.decided is Decided.CORRECTED:
        return _corrected(head, review.revision, at)
    return _absent(review.revision, at) if review.reason in _ABSENT else []


def _corrected(head: Revision, before: Revision, at: datetime) -> list[Statement]:
    said = int(head.content["present"] is not False)
    result = _said(head, said, "ai_corrected", at, is_ai=True, blind=True)
    if before.content["label_key"] != head.content["label_key"]:
        result += _absent(before, at)
    return result


def _absent(revision: Revision, at: datetime) -> list[Statement]:
    state = 0 if revision.content["kind"] == Finding.Kind.IMAGE_LABEL else None
    return _said(revision, state, "ai_rejected", at, is_ai=True, blind=True)


def region_json(statement: Statement, instance: Instance, frame_number: int) -> Json:
    """Return a drawn statement for one image, its points in pixels (column, row), its mask as runs of this frame."""
    revision = statement.revision
    if revision is None:
        raise ValueError("an image label draws nothing")
    content = whole_content(revision)
    region: Json = {
        "label_key": statement.label_key,
        "revision_digest": revision.digest,
        "kind": content["kind"],
        "provenance": statement.provenance,
        "geometry": content["geometry"],
        "points_px": None,
        "mask": None,
    }
    if content["geometry"]:
        points: Sequence[Sequence[float]] = content["geometry"]["points"]
        if content["geometry"]["space"] == "patient":
            plane = frame_space(instance, frame_number).plane
            points = plane.to_pixels(points).tolist() if plane else []
        region["points_px"] = [[round(value, 4) for value in point] for point in points]
    if content["mask"]:
        frames = content["mask"]["frames"]
        wanted = (instance.sop_instance_uid, frame_number)
        runs = [one["runs"] for one in frames if (one["sop_instance_uid"], one["frame_number"]) == wanted]
        size = {"rows": content["mask"]["rows"], "columns": content["mask"]["columns"]}
        region["mask"] = {**size, "runs": runs[0] if runs else []}
    return region
