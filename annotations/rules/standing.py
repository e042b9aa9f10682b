"""Where a finding stands: what the last review of its present head said, if any.

A decision counts in its own round of review: a reopening begins a new one and so voids all that were made before.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Final
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
        """Return (label key, present) of what stands; whoever draws a label says that it is there."""
        head = self.finding.head
        if head is None or not self.stands or head.content["label_key"] is None:
            return None
        return str(head.content["label_key"]), head.content["present"] is not False

    @property
    def is_drawn(self) -> bool:
        """It shows where."""
        return self.finding.kind != Finding.Kind.IMAGE_LABEL

    @property
    def added_in_review(self) -> bool:
        """A reviewer said it: it is a decision itself."""
        return not self.is_ai and self.finding.reading_id is None

    @property
    def is_open(self) -> bool:
        """It stands, and nobody has judged it; what a reviewer added was judged as it was said."""
        return self.stands and self.decided is Decided.NO and not self.added_in_review

    @property
    def changes_the_reading(self) -> bool:
        """A reader's finding that was corrected or rejected, or one that was added in review."""
        if self.is_ai or self.finding.deleted:
            return False
        head, reading = self.finding.head, self.finding.reading
        if reading is None or self.finding.author_id != reading.reader_id:
            return True
        if head is not None and head.cause == "calibration" and head.parent is not None:
            head = head.parent  # measured anew, not said anew
        return self.decided is Decided.REJECTED or (head is not None and head.author_id != reading.reader_id)


#: What of a finding and of a review decides whether it is counted, and as what.
_COUNTED: Final = (
    *("workitem_id", "reading_id", "head_id", "algorithm_type"),
    *("deleted", "superseded_at", "probability", "threshold", "kind"),
)
_JUDGED: Final = ("finding_id", "revision_id", "corrected_revision_id", "round", "decision", "at_sign_off")


def standing_of(workitems: Iterable[Workitem], *, counting: bool = False) -> dict[UUID, Standing]:
    """Return where each finding (deleted ones too) of the work items stands, by finding id, oldest first.

    What abandoned readings said is left out: it stands nowhere.

    Args:
        counting: only how many stand, are open or superseded will be asked: what was said, and who said it, is not
            fetched with them.
    """
    cases = {workitem.pk: workitem for workitem in workitems}
    rows = Finding.objects.filter(workitem__in=cases).exclude(reading__state=Reading.State.ABANDONED)
    reviews = Review.objects.filter(finding__workitem__in=cases).order_by("created_at", "id")
    if counting:
        rows, reviews = rows.only(*_COUNTED), reviews.only(*_JUDGED)
    else:
        rows = rows.select_related("head__author", "head__parent", "author", "reading")
        reviews = reviews.select_related("reviewer")
    findings = list(rows)
    for finding in findings:
        finding.workitem = cases[finding.workitem_id]
    return standings_among(findings, reviews)


def standings_among(findings: Iterable[Finding], reviews: Iterable[Review]) -> dict[UUID, Standing]:
    """Return where each of these findings stands.

    Args:
        findings: none that an abandoned reading said, each with its work item.
        reviews: theirs, oldest first.
    """
    known = {finding.pk: finding for finding in findings}
    last: dict[UUID, Review] = {}
    for review in reviews:
        found = known.get(review.finding_id)
        if found is None or review.round != found.workitem.round:
            continue
        if found.head_id in (review.revision_id, review.corrected_revision_id):
            last[review.finding_id] = review
    return {key: Standing(finding, last.get(key)) for key, finding in known.items()}
