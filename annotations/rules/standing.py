"""Where a finding stands: what the last review of its present head said, if any, and whether it needs one.

A decision counts in its own round of review: a reopening begins a new one and so voids all that were made before.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID

from annotations.models import Finding, Reading, Review, Workitem


class Decided(StrEnum):
    """What the last decision about the present head was."""

    NO = "no"
    ACCEPTED = "accepted"
    CORRECTED = "corrected"
    REJECTED = "rejected"


@dataclass(frozen=True, slots=True)
class Standing:
    """One finding with the review that counts.

    Attributes:
        review: the last review of the head (or that made the head) in this round; None when it has not been judged.
    """

    finding: Finding
    review: Review | None

    @property
    def decided(self) -> Decided:
        """The decision that counts."""
        return Decided(self.review.decision) if self.review else Decided.NO

    @property
    def judged(self) -> Review | None:
        """The decision of its own, if there is one: not one that came with the whole case."""
        return self.review if self.review and not self.review.at_sign_off else None

    @property
    def is_ai(self) -> bool:
        """A model made it."""
        return self.finding.algorithm_type != Finding.AlgorithmType.MANUAL

    @property
    def is_superseded(self) -> bool:
        """Nobody has judged it, and a newer answer of the model took its place."""
        return self.finding.superseded_at is not None and self.decided is Decided.NO

    @property
    def below_threshold(self) -> bool:
        """The model itself does not claim it."""
        probability, threshold = self.finding.probability, self.finding.threshold
        return threshold is not None and probability is not None and probability < threshold

    @property
    def stands(self) -> bool:
        """It was not deleted, not rejected, and no newer answer took its place."""
        return not self.finding.deleted and not self.is_superseded and self.decided is not Decided.REJECTED

    @property
    def says(self) -> tuple[str, bool] | None:
        """Return (label key, present) of an image label that stands; None for everything else."""
        head = self.finding.head
        if head is None or not self.stands or self.finding.kind != Finding.Kind.IMAGE_LABEL:
            return None
        return str(head.content["label_key"]), head.content["present"] is not False

    def changes_the_reading(self, reader_id: UUID | None) -> bool:
        """A reader's finding that was corrected or rejected, or one that was added in review."""
        if self.is_ai or self.finding.deleted:
            return False
        head = self.finding.head
        if self.finding.reading_id is None or self.finding.author_id != reader_id:
            return True
        if head is not None and head.cause == "calibration" and head.parent is not None:
            head = head.parent  # measured anew, not said anew
        return self.decided is Decided.REJECTED or (head is not None and head.author_id != reader_id)


def standing_of(workitems: Iterable[Workitem]) -> dict[UUID, Standing]:
    """Return where each finding (deleted ones too) of the work items stands, by finding id, oldest first.

    What abandoned readings said is left out: it stands nowhere.
    """
    ids = [workitem.pk for workitem in workitems]
    rows = Finding.objects.filter(workitem__in=ids).exclude(reading__state=Reading.State.ABANDONED)
    rows = rows.select_related("head__author", "head__parent", "author", "reading", "workitem__project")
    findings = {finding.pk: finding for finding in rows}
    last: dict[UUID, Review] = {}
    reviews = Review.objects.filter(finding__workitem__in=ids).select_related("reviewer").order_by("created_at", "id")
    for review in reviews:
        finding = findings.get(review.finding_id)
        if finding is None or review.round != finding.workitem.round:
            continue
        if finding.head_id in (review.revision_id, review.corrected_revision_id):
            last[review.finding_id] = review
    return {key: Standing(finding, last.get(key)) for key, finding in findings.items()}


def _same_place(one: Finding, other: Finding) -> bool:
    """Two image labels speak of the same images: one of them of the whole study, or both of one image."""
    places = [finding.head.content.get("geometry") if finding.head else None for finding in (one, other)]
    if None in places:
        return True
    return all(places[0][key] == places[1][key] for key in ("sop_instance_uid", "frame_number"))  # type: ignore[index]


def contradicted(standings: Iterable[Standing], model_says: Mapping[str, bool]) -> set[UUID]:
    """Return the people's image labels that a model contradicts and that have no decision of their own.

    Args:
        standings: of one case.
        model_says: what live models answered about the case by label key, also where they propose nothing.

    A model's finding that was rejected, or lies below its threshold, contradicts nobody; its answer "absent" does.
    """
    every = list(standings)
    proposed = [one for one in every if one.is_ai and one.says is not None and not one.below_threshold]
    found: set[UUID] = set()
    for one in every:
        if one.is_ai or one.says is None:
            continue
        key, present = one.says
        same = [other for other in proposed if other.says and other.says[0] == key]
        against = [other for other in same if other.says and other.says[1] != present]
        against = [other for other in against if _same_place(one.finding, other.finding)]
        accepted = any(other.decided in (Decided.ACCEPTED, Decided.CORRECTED) for other in against)
        silent = present and not same and model_says.get(key) is False
        if accepted or (one.judged is None and (silent or _denied(one, every))):
            found.add(one.finding.pk)
    return found


def _denied(one: Standing, every: Iterable[Standing]) -> bool:
    """The reviewer said of the model's equal answer that there is no such thing."""
    head = one.finding.head
    for other in every:
        if not other.is_ai or other.review is None or other.finding.head is None or head is None:
            continue
        denied = other.decided is Decided.REJECTED and other.review.reason == Review.Reason.NOT_PRESENT
        keys = ("kind", "label_key", "present")
        if denied and all(other.finding.head.content[key] == head.content[key] for key in keys):
            return _same_place(one.finding, other.finding)
    return False


def must_be_decided(standings: Iterable[Standing], model_says: Mapping[str, bool]) -> set[UUID]:
    """Return the findings that need a decision (or another one) before the case can be signed off.

    A model's finding at or above its threshold that nobody has judged and no newer answer has superseded, and a
    person's image label that a model contradicts.
    """
    every = list(standings)
    open_ai = {
        one.finding.pk
        for one in every
        if one.is_ai and one.stands and one.decided is Decided.NO and not one.below_threshold
    }
    return open_ai | contradicted(every, model_says)
