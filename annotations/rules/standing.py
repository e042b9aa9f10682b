"""Where a finding stands: what the last review of its present head said, if any."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID

from annotations.models import Finding, Review, Workitem


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
        review: the last review of the head (or that made the head); None when the head has not been judged.
    """

    finding: Finding
    review: Review | None

    @property
    def decided(self) -> Decided:
        """The decision that counts."""
        return Decided(self.review.decision) if self.review else Decided.NO

    @property
    def is_ai(self) -> bool:
        """A model made it."""
        return self.finding.algorithm_type != Finding.AlgorithmType.MANUAL

    @property
    def is_superseded(self) -> bool:
        """Nobody has judged it, and a newer answer of the model took its place."""
        return self.finding.superseded_at is not None and self.decided is Decided.NO

    @property
    def must_be_decided(self) -> bool:
        """A model's finding at or above its threshold that nobody has judged and no newer answer has superseded."""
        below = (
            self.finding.threshold is not None
            and self.finding.probability is not None
            and self.finding.probability < self.finding.threshold
        )
        stands = not self.finding.deleted and not self.is_superseded
        return self.is_ai and stands and self.decided is Decided.NO and not below

    def changes_the_reading(self, reader_id: UUID | None) -> bool:
        """A reader's finding that was corrected or rejected, or one that the reviewer added."""
        if self.is_ai or self.finding.deleted:
            return False
        return self.finding.author_id != reader_id or self.decided in (Decided.CORRECTED, Decided.REJECTED)


def standing_of(workitems: Iterable[Workitem]) -> dict[UUID, Standing]:
    """Return where each finding (deleted ones too) of the work items stands, by finding id, oldest first."""
    ids = [workitem.pk for workitem in workitems]
    rows = Finding.objects.filter(workitem__in=ids).select_related("head__author", "author", "workitem__project")
    findings = {finding.pk: finding for finding in rows}
    last: dict[UUID, Review] = {}
    reviews = Review.objects.filter(finding__workitem__in=ids).select_related("reviewer").order_by("created_at", "id")
    for review in reviews:
        head_id = findings[review.finding_id].head_id
        if head_id in (review.revision_id, review.corrected_revision_id):
            last[review.finding_id] = review
    return {key: Standing(finding, last.get(key)) for key, finding in findings.items()}
