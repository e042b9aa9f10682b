"""How reviewers decide about models' findings, and what that means for what they accept."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from annotations.content.revision_json import person_json
from annotations.dataset.habit import Reviewing, reviewing_of
from core.access import may

if TYPE_CHECKING:
    from core.models import Project, User

Json = dict[str, Any]


def _row(one: Reviewing) -> Json:
    return {
        "reviewer": person_json(one.reviewer),
        "decisions": one.decisions,
        "accepted": one.accepted,
        "share_accepted": round(one.share, 4),
        "seconds": one.seconds,
        "checks": one.checks,
        "checks_accepted": one.checks_accepted,
        "by_habit": one.by_habit,
        "words": one.words,
    }


def reviewers_json(user: User, project: Project) -> list[Json]:
    """Return the reviewers of a project with their figures and the verdict: an admin sees all, others themselves."""
    all_of_them = may(user, "project.change", project)
    return [_row(one) for one in reviewing_of(project) if all_of_them or one.reviewer.pk == user.pk]
