"""What signed-off work says of images: statements with where they come from and how far they are trusted.

Each finding is one act of the table in ``annotations.dataset.teaching``; the table says what the act teaches.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from annotations.content.image_space import frame_space
from annotations.content.revision_json import whole_content
from annotations.dataset.teaching import (
    ACTS,
    MODEL_REJECTED,
    PERSON_REJECTED,
    PROVENANCE,
    Act,
    Cell,
    Place,
    Row,
    Says,
    Trust,
)
from annotations.dataset.words import before_correction, taken_back, words_of
from annotations.models import Finding, Review, Revision, Workitem
from annotations.rules.rejecting import DENIALS
from annotations.rules.standing import Decided, Standing
from imaging.models import Instance

Json = dict[str, Any]
_Reason = Review.Reason
#: A rejection for one of these reasons decides nothing about what reader and model disagree on.
_BESIDE_THE_POINT: Final = frozenset({_Reason.POOR_IMAGE, _Reason.DUPLICATE, _Reason.OTHER})


@dataclass(frozen=True, slots=True)
class Statement:
    """One thing that holds of an image (or of every image of the study).

    Attributes:
        state: 1 present, 0 absent; None with a revision: its place is where the label is not; None without one: the
            image does not allow to say.
        provenance: "" for what was struck, which gives no state.
        at: when it was said.
        image: (SOP Instance UID, frame number), or None for the whole study.
        revision: that drew it; None for an image label.
        by: whose word it is; None for a model's.
    """

    label_key: str
    state: int | None
    provenance: str
    trust: Trust
    at: datetime
    image: tuple[str, int] | None
    revision: Revision | None
    is_ai: bool
    by: UUID | None

    @property
    def is_place(self) -> bool:
        """It says where the label is, or where it is not."""
        return self.revision is not None


@dataclass(frozen=True, slots=True)
class _Models:
    """What the models said of a case.

    Attributes:
        looked_for: labels that one has answered, whatever it said of them.
        proposed: labels of which one says that they are there.
        accepted: labels of its findings that were accepted or corrected.
        disputed: labels of its findings that a reviewer corrected, or rejected for a reason that decides something.
        denied: those of them of which the reviewer said that the model's answer itself is wrong, not only its place.
        taken_back: what a reader had said blind (reading, label, present) and took back with an opinion on the screen:
            who had said both, and then chose, chose with the model in view.
    """

    looked_for: frozenset[str]
    proposed: frozenset[str]
    accepted: frozenset[str]
    disputed: frozenset[str]
    denied: frozenset[str]
    taken_back: frozenset[tuple[UUID, str, bool]]

    def opinion(self, key: str) -> bool | None:
        """Return whether they say that the label is there; None where none looked for it."""
        return key in self.proposed if key in self.looked_for else None

    def missed(self, key: str, *, present: bool) -> bool:
        """They looked for it, and have not seen what is there."""
        return present and self.opinion(key) is False

    def overruled(self, key: str, *, present: bool, drawn: bool) -> bool:
        """A reviewer decided between them and a person, for the person.

        Where both answer alike nothing was decided unless the model's answer was called wrong. Where the person
        draws, it is the place that was decided about.
        """
        return key in self.denied or (key in self.disputed and (drawn or self.opinion(key) is not present))


def _models_of(workitem: Workitem, live: Sequence[Standing], taken_back: frozenset[tuple[UUID, str, bool]]) -> _Models:
    theirs = [one for one in live if one.is_ai]
    proposed = {_first_label(one) for one in theirs if not one.below_threshold}
    accepted = {_label(one) for one in theirs if one.decided in (Decided.ACCEPTED, Decided.CORRECTED)}
    disputed = {key for one in theirs if _is_disputed(one) for key in (_label(one), _first_label(one))}
    denied = {key for one in theirs if _is_denied(one) for key in (_label(one), _first_label(one))}
    looked_for = frozenset((*workitem.looked_for, *map(_label, theirs), *map(_first_label, theirs)))
    judged = (frozenset(accepted), frozenset(disputed), frozenset(denied))
    return _Models(looked_for, frozenset(proposed), *judged, taken_back)


def _is_disputed(one: Standing) -> bool:
    if one.decided is Decided.REJECTED and one.review is not None:
        return one.review.reason not in _BESIDE_THE_POINT
    return one.decided is Decided.CORRECTED and before_correction(one.finding) is not None


def _is_denied(one: Standing) -> bool:
    """The reviewer says that the answer itself is wrong: by a reason, or by correcting it to another one."""
    if one.decided is Decided.REJECTED and one.review is not None:
        return one.review.reason in DENIALS
    head, before = one.finding.head, before_correction(one.finding)
    if head is None or before is None:
        return False
    return _label(one) != before.content["label_key"] or _is_present(head) is not _is_present(before)


def workitem_statements(workitem: Workitem, standings: Iterable[Standing], *, habitual: set[UUID]) -> list[Statement]:
    """Return what a signed-off work item states; findings nobody judged state nothing.

    Whether a person was blind is a fact of what they said, as it was then (``Revision.ai_visible``).
    """
    known = [one for one in standings if one.finding.head is not None]
    live = [one for one in known if not one.finding.deleted]
    models = _models_of(workitem, live, taken_back(known))
    result: list[Statement] = []
    for one in live:
        result += _of_model(one, habitual) if one.is_ai else _of_person(one, models)
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


def _is_answer(revision: Revision) -> bool:
    return bool(revision.content["kind"] == Finding.Kind.IMAGE_LABEL)


def _is_present(revision: Revision) -> bool:
    return revision.content["present"] is not False


def _taught(revision: Revision, row: Row, at: datetime, *, is_ai: bool) -> list[Statement]:
    """Return what an act that the table has as ``row`` states with a revision."""
    return _by_cell(revision, row.answer if _is_answer(revision) else row.drawing, at, is_ai=is_ai)


def _by_cell(revision: Revision, cell: Cell, at: datetime, *, is_ai: bool) -> list[Statement]:
    key = revision.content["label_key"]
    if key is None:
        return []
    by = None if is_ai else words_of(revision).author_id

    def said(state: int | None, image: tuple[str, int] | None, place: Revision | None) -> Statement:
        return Statement(key, state, cell.provenance, cell.trust, at, image, place, is_ai, by)

    result: list[Statement] = []
    for image in _images(revision):
        if cell.says is Says.AS_SAID:
            result.append(said(int(_is_present(revision)), image, revision if cell.place is Place.TAUGHT else None))
        elif cell.says is not Says.NOTHING:
            result.append(said(0 if cell.says is Says.ABSENT else None, image, None))
        if cell.place is Place.REJECTED:
            result.append(said(None, image, revision))
    return result


def _struck(revision: Revision, at: datetime) -> list[Statement]:
    """A person's answer that a reviewer struck without saying the contrary: it stands in the way of nods only."""
    if not _is_answer(revision):
        return []
    return _by_cell(revision, Cell(Says.AS_SAID, Place.NOTHING, "", Trust.STRUCK), at, is_ai=False)


def _of_person(one: Standing, models: _Models) -> list[Statement]:
    head, review, reading = one.finding.head, one.review, one.finding.reading
    if head is None or (reading is not None and reading.submitted_at is None):
        return []
    at = review.created_at if review and one.judged else head.created_at
    if one.decided is Decided.REJECTED and review is not None:
        return _person_rejected(head, review, _as_read(one, head, models))
    before = before_correction(one.finding)
    if before is not None and (one.decided is Decided.CORRECTED or reading is not None):
        # Now, or in an earlier round of review, and accepted now.
        return _corrected(head, before, at, is_ai=False)
    return _taught(head, ACTS[_as_read(one, head, models)], at, is_ai=False)


def _as_read(one: Standing, head: Revision, models: _Models) -> Act:
    key, present = str(head.content["label_key"]), _is_present(head)
    missed = models.missed(key, present=present)
    overruled = models.overruled(key, present=present, drawn=not _is_answer(head))
    if one.added_in_review:
        if missed:
            return Act.ADDED_FIND
        return Act.ADDED_ECHO if models.opinion(key) is present and not overruled else Act.ADDED
    if one.judged and one.decided is Decided.ACCEPTED and (missed or overruled):
        return Act.UPHELD_FIND if missed else Act.UPHELD
    if not words_of(head).ai_visible and (one.finding.reading_id, key, not present) not in models.taken_back:
        return Act.FOUND_BLIND if missed else Act.READ_BLIND
    if key in models.accepted:
        return Act.READ_ECHO
    return Act.FOUND_ASSISTED if missed else Act.READ_ASSISTED


def _person_rejected(head: Revision, review: Review, read: Act) -> list[Statement]:
    row, at = PERSON_REJECTED[review.reason], review.created_at
    if review.reason in DENIALS and not _is_present(head):
        return _struck(head, at)
    if review.reason == _Reason.RIGHT_FOR_WRONG_REASON:
        kept = ACTS[read].answer
        return _by_cell(head, Cell(kept.says, _place(row, head), kept.provenance, kept.trust), at, is_ai=False)
    struck = [] if review.reason == _Reason.DUPLICATE else _struck(head, at)
    return _taught(head, row, at, is_ai=False) or struck


def _place(row: Row, revision: Revision) -> Place:
    return (row.answer if _is_answer(revision) else row.drawing).place


def _of_model(one: Standing, habitual: set[UUID]) -> list[Statement]:
    head, review = one.finding.head, one.review
    if head is None or review is None:
        return []
    at = review.created_at
    if one.decided is not Decided.REJECTED:
        # Corrected in an earlier round of review, and accepted now, it is as corrected.
        if (before := before_correction(one.finding)) is not None:
            return _corrected(head, before, at, is_ai=True)
        act = Act.MODEL_ACCEPTED_BY_HABIT if review.reviewer_id in habitual else Act.MODEL_ACCEPTED
        return _taught(head, ACTS[act], at, is_ai=True)
    if review.reason in DENIALS and not _is_present(review.revision):
        return _taught(review.revision, ACTS[Act.MODEL_DENIAL_REJECTED], at, is_ai=True)
    return _taught(review.revision, MODEL_REJECTED[review.reason], at, is_ai=True)


def _corrected(head: Revision, before: Revision, at: datetime, *, is_ai: bool) -> list[Statement]:
    """Return what a correction states: what holds now, and that what was said before does not."""
    away = ACTS[Act.MODEL_CORRECTED_AWAY if is_ai else Act.CORRECTED_AWAY]
    same_label = before.content["label_key"] == head.content["label_key"]
    turned = same_label and _is_answer(head) and _is_present(before) and not _is_present(head)
    if turned and not is_ai:
        return _taught(head, ACTS[Act.TURNED_ABSENT], at, is_ai=False)
    result = _taught(head, ACTS[Act.MODEL_CORRECTED if is_ai else Act.CORRECTED], at, is_ai=is_ai)
    if _is_present(before) and (not same_label or _moved_away(head)):
        result += _taught(before, away, at, is_ai=is_ai)
    return result


def _moved_away(head: Revision) -> bool:
    """What was drawn shares nothing with what had been drawn before."""
    difference = words_of(head).difference
    return not _is_answer(head) and (difference.get("dice") == 0 or bool(difference.get("moved_to_other_image")))


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
        "weight": PROVENANCE[statement.provenance].weight,
        "sampling": PROVENANCE[statement.provenance].sampling,
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
