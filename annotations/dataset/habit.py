"""Who accepts nearly everything a model says: from how much, how fast, and against whom. The one home of that rule.

A nod by such a reviewer weighs less (``ai_accepted_by_habit``). Nothing else follows from it, and it is shown: to the
project's admins, and to the reviewer.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import datetime
from itertools import pairwise
from statistics import median
from typing import Final
from uuid import UUID

from django.db.models import F

from annotations.dataset.teaching import PROVENANCE
from annotations.dataset.words import agrees
from annotations.models import Finding, Reading, Review, Revision
from core.models import Project, User

_Decision = Review.Decision
#: Fewer decisions than this prove nothing.
ENOUGH: Final = 50
#: A share above this is nearly everything; above that it is much, and too much where it goes too fast to have looked.
NEARLY_ALL, MUCH = 0.98, 0.9
#: Seconds between two decisions, in the middle, below which nobody can have looked; of decisions in one sitting.
TOO_FAST, SITTING = 3.0, 600.0
#: Proposals against what a reader had said blind are the checks: who looks does not accept nearly all of them.
CHECKS, PASSED, FAILED = 10, 0.5, 0.8


@dataclass
class Reviewing:
    """How one person decides about models' findings, one by one: each counts once, by the last word.

    Attributes:
        seconds: median between the first words about two findings in one sitting; None where there are too few.
        checks: how many of the proposals said the contrary of what a reader had answered blind.
        checks_accepted: … and were accepted all the same.
    """

    reviewer: User
    decisions: int = 0
    accepted: int = 0
    checks: int = 0
    checks_accepted: int = 0
    seconds: float | None = None
    at: list[datetime] = field(default_factory=list, repr=False)

    @property
    def share(self) -> float:
        """Share of the decisions that accepted."""
        return self.accepted / self.decisions if self.decisions else 0.0

    @property
    def reasons(self) -> list[str]:
        """Why this is called a habit, in sentences; empty where it is not."""
        if self.decisions < ENOUGH:
            return []
        checked = self.checks >= CHECKS
        found = []
        if self.share > NEARLY_ALL and not (checked and self.checks_accepted < PASSED * self.checks):
            found.append(f"Accepted {self.accepted} of {self.decisions} model findings.")
        if self.share > MUCH and self.seconds is not None and self.seconds < TOO_FAST:
            found.append(f"Half of the decisions took no longer than {max(self.seconds, 0.1):.1f} s.")
        if checked and self.checks_accepted >= FAILED * self.checks:
            found.append(
                f"Accepted {self.checks_accepted} of {self.checks} findings that say the contrary of a blind reading."
            )
        return found

    @property
    def by_habit(self) -> bool:
        """Whether what they accept counts as a nod by habit."""
        return bool(self.reasons)

    @property
    def words(self) -> str:
        """The verdict, and what follows from it."""
        if self.by_habit:
            low, usual = (PROVENANCE[name].weight for name in ("ai_accepted_by_habit", "ai_accepted"))
            return (
                f"Accepts by habit. {' '.join(self.reasons)} What they accept weighs {low} instead of {usual} in the "
                "next dataset; what they correct or reject counts in full."
            )
        if self.decisions < ENOUGH:
            return f"Not enough to say: {self.decisions} of {ENOUGH} decisions about model findings."
        return "Decides case by case: what they accept counts as usual."


def reviewing_of(project: Project | UUID) -> list[Reviewing]:
    """Return how each reviewer of a project decides about models' findings, those with most decisions first.

    What counts is what was said of a model's own words: who accepts their own correction nods at no model.
    """
    reviews = Review.objects.filter(finding__workitem__project=project, at_sign_off=False, revision__author=None)
    theirs = reviews.exclude(finding__algorithm_type=Finding.AlgorithmType.MANUAL).order_by("created_at", "id")
    blind = _blind_answers(project)
    people = {person.pk: person for person in User.objects.filter(pk__in=theirs.order_by().values("reviewer"))}
    found: dict[UUID, Reviewing] = {}
    last: dict[tuple[UUID, UUID], tuple[str, tuple[UUID, str], bool]] = {}
    fields = ("reviewer", "finding", "decision", "difference", "created_at", "finding__workitem")
    rows = theirs.values_list(*fields, "revision__label__key", "revision__content__present")
    for who, finding, decision, difference, at, case, key, present in rows:
        if (who, finding) not in last:
            found.setdefault(who, Reviewing(people[who])).at.append(at)
        if decision == _Decision.CORRECTED and agrees(difference):
            # Reworded, it is what it was before: accepted, where nothing else was decided.
            decision = last[who, finding][0] if (who, finding) in last else _Decision.ACCEPTED
        last[who, finding] = (decision, (case, key), present is not False)
    for (who, _), (decision, asked, present) in last.items():
        one, accepted = found[who], decision == _Decision.ACCEPTED
        one.decisions += 1
        one.accepted += accepted
        if asked in blind and present not in blind[asked]:
            one.checks += 1
            one.checks_accepted += accepted
    for one in found.values():
        one.seconds = _seconds(one.at)
    return sorted(found.values(), key=lambda one: (-one.decisions, one.reviewer.username))


def _seconds(at: list[datetime]) -> float | None:
    gaps = [(later - earlier).total_seconds() for earlier, later in pairwise(at)]
    sitting = [gap for gap in gaps if gap <= SITTING]
    return float(median(sitting)) if len(sitting) >= ENOUGH // 2 else None


def _blind_answers(project: Project | UUID) -> dict[tuple[UUID, str], set[bool]]:
    """Return what readers answered blind, by case and label; of each reader the last word, of abandoned ones none."""
    counting = Revision.objects.exclude(finding__reading__state=Reading.State.ABANDONED)
    rows = counting.filter(
        finding__workitem__project=project,
        finding__kind=Finding.Kind.IMAGE_LABEL,
        finding__deleted=False,
        finding__reading__submitted_at__isnull=False,
        author=F("finding__reading__reader"),
        ai_visible=False,
    ).order_by("number")
    last: dict[UUID, tuple[UUID, str, bool]] = {}
    for finding, case, key, present in rows.values_list(
        "finding", "finding__workitem", "label__key", "content__present"
    ):
        last[finding] = (case, key, present is not False)
    found: dict[tuple[UUID, str], set[bool]] = defaultdict(set)
    for case, key, present in last.values():
        found[case, key].add(present)
    return dict(found)


def habitual_reviewers(project_id: UUID) -> set[UUID]:
    """Return the reviewers whose nod says little."""
    return {one.reviewer.pk for one in reviewing_of(project_id) if one.by_habit}
