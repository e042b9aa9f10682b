"""The reading half of a case's life: opened, claimed, given back, assigned, submitted, withdrawn."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.db import transaction
from django.utils import timezone

from annotations import errors
from annotations.access import locked_workitem
from annotations.content.images import images_digest, images_stored
from annotations.models import Reading, ReadingProtocol, Step, Workitem
from annotations.rules.lifecycle import WORKITEM
from annotations.rules.may import Act, require_act
from annotations.rules.protocol import answers_of, protocol_of, says_nothing
from annotations.rules.reveal import could_have_seen_ai
from annotations.rules.second_reading import second_reading_refusal, told_before
from annotations.selectors.projects import label_names
from annotations.services.readings import reading_abandon, reading_move, workitem_free
from annotations.services.steps import state_move, step_take, version_check
from core import audit, bell, events
from core.access import may
from core.audit_kinds import AuditKind
from core.errors import Invalid
from core.event_kinds import EventKind
from core.models import Project, User

if TYPE_CHECKING:
    from imaging.models import Study

_Kind = Step.Kind


def workitem_open(*, project: Project, study: Study, priority: int = 0) -> Workitem:
    """Put a study on the worklist of a project; opening twice is once, and notices images that came since."""
    with transaction.atomic():
        workitem, made = Workitem.objects.get_or_create(project=project, study=study, defaults={"priority": priority})
        if made:
            audit.record(
                AuditKind.WORKITEM_OPENED, actor=None, object_kind="workitem", object_id=workitem.pk, project=project
            )
            events.publish(EventKind.WORKITEM_CHANGED, workitem.pk, project=project, version=workitem.version)
        elif workitem.state != Workitem.State.OPEN:
            workitem = _images_noticed(locked_workitem(workitem.pk))
    return workitem


def _images_noticed(workitem: Workitem) -> Workitem:
    """A case that somebody holds or has read says that its images are others now: a step, and a new version."""
    digest = images_digest(workitem.study_id)
    known, workitem.images_digest = workitem.images_digest, digest
    if known and known != digest:
        step_take(workitem, _Kind.IMAGES_ARRIVED, None)
    elif not known:
        workitem.save(update_fields=["images_digest"])
    return workitem


def _locked(workitem: Workitem, version: int, act: Act, by: User) -> Workitem:
    locked = locked_workitem(workitem.pk)
    version_check(locked, version, by)
    require_act(act, by, locked)
    return locked


def images_check(workitem: Workitem, images: str | None, *, known: str) -> str:
    """Return the digest of the images that are there now; raise where the person has not seen them.

    Args:
        images: the digest that the person's page shows; None: what was known to be there counts.
        known: what the reading began with, or was made of; empty: what the work item last said. Somebody who merely
            knows the new version of a case has not seen the images that made it.
    """
    present = images_digest(workitem.study_id)
    if (images or known or workitem.images_digest or present) != present:
        raise errors.images_arrived(present)
    return present


def workitem_claim(*, workitem: Workitem, by: User, version: int) -> Workitem:
    """Take a study to read it; a rejected one goes back to its own reader only.

    Raises:
        Conflict: not open. Forbidden: rejected work of somebody else. PreconditionFailed: outdated version.
    """
    with transaction.atomic():
        locked = _locked(workitem, version, Act.CLAIM, by)
        reading = locked.reading
        if reading is not None:
            reading_move(reading, "claim")
        else:
            reading = reading_begin(locked, by)
        return _held(locked, reading, by, "claim", _Kind.CLAIMED)


def reading_begin(workitem: Workitem, reader: User) -> Reading:
    """Begin a reading of a locked work item; where others have read it, an independent one: nothing may be known.

    Raises:
        Conflict: the person has read it, or was sent what a model or somebody else said of it.
    """
    reveal = protocol_of(workitem.project).reveal
    if before := workitem.readings_that_count:
        told = told_before([reader.pk], [workitem.pk])[reader.pk, workitem.pk]
        if refusal := second_reading_refusal(reader.pk, {one.reader_id for one in before}, told):
            raise refusal
        if reveal == ReadingProtocol.Reveal.ALWAYS:
            reveal = ReadingProtocol.Reveal.AFTER_OWN_ANSWER
        return Reading.objects.create(workitem=workitem, reader=reader, reveal=reveal, blind=True)
    reviews = may(reader, "finding.review", workitem.project)
    seen = could_have_seen_ai(reader, workitem, reveal, reviews=reviews)
    return Reading.objects.create(workitem=workitem, reader=reader, reveal=reveal, blind=not seen)


def workitem_read_again(*, workitem: Workitem, reader: User, by: User, version: int, reason: str) -> Workitem:
    """Take a sign-off back and give the case to another reader, who reads it blind; an admin of the project.

    Both readings count from then on: a new round of review begins when the second is handed in. Given up, the case
    waits for a reviewer with the reading that it had.

    Raises:
        Invalid: no reason, or that person may not read here. Forbidden: not an admin.
        Conflict: not signed off, or ``second_reader_…``: the person has read it, or has seen what was said of it.
        PreconditionFailed.
    """
    if not reason.strip():
        raise Invalid("reason_missing", "Say why the study is read again.")
    with transaction.atomic():
        locked = _locked(workitem, version, Act.READ_AGAIN, by)
        _require_reader(reader, locked.project)
        reading = reading_begin(locked, reader)
        locked.reviewer = locked.decided_at = None
        locked.remark, locked.round = "", locked.round + 1
        again = _held(locked, reading, by, "read_again", _Kind.READ_AGAIN, remark=reason)
    bell.ring("workitem", "reopened", again)
    again.refresh_from_db()
    return again


def _require_reader(reader: User, project: Project) -> None:
    if not may(reader, "workitem.claim", project):
        raise Invalid("reader_cannot_read", "This person may not read in this project. Choose a member of it.")


def _held(workitem: Workitem, reading: Reading, by: User, event: str, kind: str, **step: Any) -> Workitem:
    if workitem.reviewer_id == reading.reader_id:
        workitem.reviewer = None
    workitem.images_digest = reading.images_at_claim = images_stored(workitem.study_id)
    reading.save(update_fields=["images_at_claim"])
    detail = {"reading": reading.pk, "reader": reading.reader_id, "reveal": reading.reveal, "blind": reading.blind}
    detail["images"] = reading.images_at_claim
    state = WORKITEM.next(workitem.state, event)
    return state_move(workitem, state, kind, by, detail=detail, reading=reading, **step)


def workitem_release(*, workitem: Workitem, by: User, version: int) -> Workitem:
    """Give a case back to the worklist: its reader while reading, or an admin of the project (a rejected one too).

    What was said in the reading stays with it and becomes nobody's answer.

    Raises:
        Conflict, Forbidden, PreconditionFailed.
    """
    with transaction.atomic():
        locked = _locked(workitem, version, Act.RELEASE, by)
        return workitem_free(workitem=locked, ending=Reading.Ending.RELEASED, by=by)


def workitem_assign(*, workitem: Workitem, reader: User, by: User, version: int) -> Workitem:
    """Give a case to a reader; an admin of the project. What another reader had begun is abandoned.

    Raises:
        Invalid: that person may not read here. Conflict, Forbidden, PreconditionFailed.
    """
    with transaction.atomic():
        locked = _locked(workitem, version, Act.ASSIGN, by)
        _require_reader(reader, locked.project)
        reading = locked.reading
        if reading is not None and reading.reader_id == reader.pk:
            if reading.state == Reading.State.CLAIMED:
                return locked
            reading_move(reading, "claim")
        else:
            if reading is not None:
                reading_abandon(reading=reading, ending=Reading.Ending.REASSIGNED, by=by)
            reading = reading_begin(locked, reader)
        return _held(locked, reading, by, "assign", _Kind.ASSIGNED)


def workitem_submit(
    *,
    workitem: Workitem,
    by: User,
    version: int,
    reading_seconds: int = 0,
    nothing_found: bool = False,
    images: str | None = None,
) -> Workitem:
    """Hand in the reading; from here on its reader cannot edit it until it is withdrawn or rejected.

    Args:
        reading_seconds: active seconds of this reading, added to those of earlier ones.
        nothing_found: the reader means it that nothing was said or drawn.
        images: ``images_digest`` of the work item as the reader's page shows it.

    Raises:
        Conflict: ``answers_missing`` with which, ``reading_empty``. Forbidden.
        PreconditionFailed: an outdated version, or images arrived that the reader has not seen.
    """
    with transaction.atomic():
        locked = _locked(workitem, version, Act.SUBMIT, by)
        reading = locked.reading
        assert reading is not None  # the rule book asked for one's own
        locked.images_digest = images_check(locked, images, known=reading.images_at_claim)
        answers = answers_of(reading)
        if answers.missing:
            names = label_names(locked.project, answers.missing)
            raise errors.answers_missing(answers.required, answers.answered, answers.missing, names)
        if not nothing_found and says_nothing(reading):
            raise errors.reading_empty()
        reading.submitted_at = timezone.now()
        reading.seconds += max(0, reading_seconds)
        reading.images_digest = images_stored(locked.study_id)
        reading_move(reading, "submit")
        detail = {"reading": reading.pk, "reading_seconds": reading_seconds, "images": reading.images_digest}
        state = WORKITEM.next(locked.state, "submit")
        return state_move(locked, state, _Kind.SUBMITTED, by, detail=detail, reading=reading)


def workitem_withdraw(*, workitem: Workitem, by: User, version: int) -> Workitem:
    """Take a submitted reading back to go on with it; only before it was decided, only its reader.

    Raises:
        Conflict, Forbidden, PreconditionFailed.
    """
    with transaction.atomic():
        locked = _locked(workitem, version, Act.WITHDRAW, by)
        reading = locked.reading
        assert reading is not None  # the rule book asked for one's own
        reading_move(reading, "withdraw")
        state = WORKITEM.next(locked.state, "withdraw")
        return state_move(locked, state, _Kind.WITHDRAWN, by, reading=reading)
