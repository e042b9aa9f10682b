"""Who may already see what was said of a study, by a model and by people. Lists and single rows use the same words.

A reader sees model findings as the protocol said when they claimed the case (``Reading.reveal``): after their own
answer, always, or never. Reviewers and admins see them when there is something to review. Whoever might still read
the study first does not, and sees no other reader's open work either. Objects of the archive that a model may have made
(segmentations, maps, reports by algorithms) are held back as long as models' findings are.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.db.models import Exists, OuterRef, Q, QuerySet

from annotations.models import Finding, Glimpse, Reading, ReadingProtocol, Step, Workitem
from annotations.rules.lifecycle import ANSWERED, SIGNED_OFF
from annotations.rules.second_reading import told_before
from core.access import projects_of
from imaging.contents import may_be_a_models
from imaging.models import Instance
from imaging.selectors import shown

if TYPE_CHECKING:
    from core.models import User
    from imaging.models import Study

_Reveal = ReadingProtocol.Reveal
_ABANDONED = Reading.State.ABANDONED
_MANUAL = Finding.AlgorithmType.MANUAL


def _own_reading(user: User, workitem: str, **facts: Any) -> Exists:
    """Whether the user has a reading of the work item that was not abandoned."""
    mine = Reading.objects.filter(workitem=OuterRef(workitem), reader=user, **facts)
    return Exists(mine.exclude(state=_ABANDONED))


def ai_revealed(user: User) -> Q:
    """Return the condition on work items under which ``user`` may see model findings, scores and their number."""
    protocol = "project__reading_protocol__reveal"
    default = Q(project__reading_protocol__isnull=True) | Q(**{protocol: _Reveal.AFTER_OWN_ANSWER})
    reviewing = Q(project__in=projects_of(user, "finding.review").values("pk"), state__in=ANSWERED)
    as_reader = Q(_own_reading(user, "pk", reveal=_Reveal.ALWAYS)) | Q(
        _own_reading(user, "pk", reveal=_Reveal.AFTER_OWN_ANSWER, submitted_at__isnull=False)
    )
    as_other = Q(**{protocol: _Reveal.ALWAYS}) | reviewing | (default & Q(state__in=SIGNED_OFF))
    return as_reader | (~Q(_own_reading(user, "pk")) & as_other)


def ai_told_in_lists(user: User) -> Q:
    """Return the condition on work items under which a list tells ``user`` what models say of them.

    Of a case that somebody else has read and signed, who merely looks through the worklist is told nothing before they
    open it: a glance at a list would make everybody unfit to read it a second time.
    """
    opened = Glimpse.objects.filter(workitem=OuterRef("pk"), person=user, what=Glimpse.What.MODEL)
    reviewing = Q(project__in=projects_of(user, "finding.review").values("pk"))
    always = Q(project__reading_protocol__reveal=_Reveal.ALWAYS)
    return ai_revealed(user) & (Q(_own_reading(user, "pk")) | reviewing | always | Q(Exists(opened)))


def ai_hidden_from(user: User, workitem: Workitem) -> bool:
    """Say whether model findings of this work item must stay unknown to ``user``."""
    return not Workitem.objects.filter(ai_revealed(user), pk=workitem.pk).exists()


def ai_hidden_in(user: User, study: Study) -> bool:
    """Say whether some case of the study keeps models' findings from ``user``: objects by algorithms then stay unknown.

    The archive's own objects obey the same rule as this house's models: a segmentation by somebody else's algorithm
    unblinds a reader as well as ours.
    """
    return _hiding(user, study=study).exists()


def studies_hiding_ai(user: User) -> QuerySet[Workitem, Any]:
    """Return the keys of the studies of which some case keeps models' findings from ``user``."""
    return _hiding(user).values_list("study", flat=True)


def _hiding(user: User, **of: Any) -> QuerySet[Workitem]:
    cases = Workitem.objects.filter(project__in=projects_of(user, "workitem.read").values("pk"), **of)
    return cases.exclude(pk__in=Workitem.objects.filter(ai_revealed(user), **of).values("pk"))


def people_revealed(user: User) -> Q:
    """Return the condition on people's findings under which ``user`` may see them.

    One's own; for reviewers what was ever handed in and what was added in review; for the reader the latter once they
    have answered; for everybody what is signed off. What an abandoned reading said only as the protocol allows.
    """
    signed = Q(workitem__state__in=SIGNED_OFF)
    reading_it = Q(_own_reading(user, "workitem"))
    reviewing = Q(workitem__project__in=projects_of(user, "finding.review").values("pk")) & ~reading_it
    answered = Q(_own_reading(user, "workitem", submitted_at__isnull=False))
    added = Q(reading__isnull=True) & (Q(author=user) | reviewing | answered | signed)
    handed_in = reviewing & Q(reading__submitted_at__isnull=False)
    read = Q(reading__isnull=False) & ~Q(reading__state=_ABANDONED) & (Q(reading__reader=user) | handed_in | signed)
    kept = Q(reading__state=_ABANDONED, workitem__project__reading_protocol__show_abandoned=True)
    return added | read | (kept & (reading_it | reviewing))


def findings_revealed(user: User, workitem: Workitem, *, ai_hidden: bool | None = None) -> QuerySet[Finding]:
    """Return the findings of a work item that ``user`` may know of.

    Args:
        ai_hidden: what ``ai_hidden_from`` said of it just now; None: it is asked here.
    """
    hidden = ai_hidden_from(user, workitem) if ai_hidden is None else ai_hidden
    return Finding.objects.filter(revealed(user, ai_hidden=hidden), workitem=workitem)


def revealed(user: User, *, ai_hidden: bool) -> Q:
    """Return the condition on the findings of one case under which ``user`` may know of them.

    Args:
        ai_hidden: what ``ai_hidden_from`` said of the case.
    """
    people = Q(algorithm_type=_MANUAL) & people_revealed(user)
    return people if ai_hidden else people | ~Q(algorithm_type=_MANUAL)


def models_spoke(workitem: Workitem) -> bool:
    """Say whether there is anything of a model to be seen in a case: a finding, a score, an object of the archive."""
    theirs = Finding.objects.filter(workitem=workitem).exclude(algorithm_type=_MANUAL)
    if workitem.ai_score is not None or theirs.exists():
        return True
    others = Instance.objects.filter(series__study=workitem.study_id).exclude(pk__in=shown(Instance.objects.all()))
    return any(may_be_a_models(one) for one in others)


def seen_ai(author: User, workitem: Workitem, reading: Reading | None) -> bool:
    """Say whether ``author`` says what they say now with something of a model seen: sent to them, or open to them.

    A reading that was sent back goes on with the words of a reviewer, to whom it was open.

    Args:
        reading: in which they speak; None: as a reviewer, to whom everything is open.
    """
    if reading is None:
        return not ai_hidden_from(author, workitem)
    if not reading.blind or reading.sights.exists():
        return True
    sent_back = Step.objects.filter(reading=reading, kind=Step.Kind.REJECTED).exists()
    return (sent_back or not ai_hidden_from(author, workitem)) and models_spoke(workitem)


def could_have_seen_ai(user: User, workitem: Workitem, reveal: str, *, reviews: bool) -> bool:
    """Say whether ``user``, who is about to claim the case, could have seen before what a model said of it.

    Args:
        reveal: the protocol's rule now.
        reviews: the user may review in this project.
    """
    if Glimpse.What.MODEL in told_before([user.pk], [workitem.pk])[user.pk, workitem.pk]:
        return True
    if reveal == _Reveal.ALWAYS and models_spoke(workitem):
        return True
    answered = workitem.readings.filter(submitted_at__isnull=False)
    return (answered if reviews else answered.filter(reader=user).exclude(reveal=_Reveal.NEVER)).exists()
