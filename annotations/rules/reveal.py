"""Who may already see what a model said of a study. Written once; lists and single rows use the same expression.

Readers see model findings as the project's ``ReadingProtocol`` says: after their own answer, always, or never.
Reviewers and admins see them when there is something to review. Whoever might still read the study first does not.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db.models import Q

from annotations.models import ReadingProtocol, Workitem
from core.access import projects_of

if TYPE_CHECKING:
    from core.models import User

_Reveal = ReadingProtocol.Reveal
_State = Workitem.State
_ANSWERED = [_State.SUBMITTED, _State.ACCEPTED, _State.CORRECTED, _State.REJECTED]
_SIGNED_OFF = [_State.ACCEPTED, _State.CORRECTED]


def ai_revealed(user: User) -> Q:
    """Return the condition on work items under which ``user`` may see model findings, scores and their number."""
    reveal = "project__reading_protocol__reveal"
    reviewing = Q(project__in=projects_of(user, "finding.review").values("pk"), state__in=_ANSWERED)
    after_answer = Q(reader=user, submitted_at__isnull=False) | Q(state__in=_SIGNED_OFF)
    default = Q(project__reading_protocol__isnull=True) | Q(**{reveal: _Reveal.AFTER_OWN_ANSWER})
    return Q(**{reveal: _Reveal.ALWAYS}) | (reviewing & ~Q(reader=user)) | (default & after_answer)


def ai_hidden_from(user: User, workitem: Workitem) -> bool:
    """Say whether model findings of this work item must stay unknown to ``user``."""
    return not Workitem.objects.filter(ai_revealed(user), pk=workitem.pk).exists()
