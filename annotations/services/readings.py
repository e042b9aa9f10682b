"""Readings that end before they count: given back, given to somebody else, or left by their reader.

What was said in them stays with them, and is nobody's answer.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from django.db import transaction
from django.utils import timezone

from annotations.access import locked_workitem
from annotations.models import Reading, Step, Workitem
from annotations.rules.lifecycle import READING, WORKITEM
from annotations.services.steps import state_move
from core import audit
from core.audit_kinds import AuditKind

if TYPE_CHECKING:
    from core.models import Project, User

_State = Reading.State
_IN_HAND = (_State.CLAIMED, _State.RETURNED)


def reading_move(reading: Reading, event: str) -> Reading:
    """Bring a reading (its work item is locked) into its next state."""
    reading.state = READING.next(reading.state, event)
    reading.version += 1
    reading.save()
    return reading


def reading_abandon(*, reading: Reading, ending: str, by: User | None) -> Reading:
    """End a reading before it counts; the work item is locked by the caller, and moved by them."""
    reading.abandoned_at, reading.ending = timezone.now(), ending
    reading_move(reading, "abandon")
    audit.record(
        AuditKind.READING_ABANDONED,
        actor=by,
        object_kind="reading",
        object_id=reading.pk,
        project=reading.workitem.project,
        detail={"workitem": reading.workitem_id, "reader": reading.reader_id, "ending": ending},
    )
    return reading


def readings_in_hand(reader: User, *, projects: Iterable[Project] | None = None) -> list[Reading]:
    """Return what a person has in hand: being read by them, or sent back to them."""
    rows = Reading.objects.filter(reader=reader, state__in=_IN_HAND)
    if projects is not None:
        rows = rows.filter(workitem__project__in=list(projects))
    return list(rows.select_related("workitem__project", "workitem__study__patient").order_by("claimed_at", "id"))


def readings_free(*, reader: User, by: User | None, projects: Iterable[Project] | None = None) -> list[Workitem]:
    """Put what a person has in hand back on the worklist, since they left, or may do something else now.

    Args:
        projects: only there; None: everywhere.

    Returns:
        The work items that are open again.
    """
    freed = []
    with transaction.atomic():
        for found in readings_in_hand(reader, projects=projects):
            workitem = locked_workitem(found.workitem_id)
            reading = workitem.reading
            if reading is None or reading.pk != found.pk or reading.state not in _IN_HAND:
                continue
            freed.append(workitem_free(workitem=workitem, ending=Reading.Ending.READER_LEFT, by=by))
    return freed


def workitem_free(*, workitem: Workitem, ending: str, by: User | None) -> Workitem:
    """Open a locked work item again: the reading that was in hand is abandoned.

    Where somebody had read it before, it is that reading which waits for a reviewer now.
    """
    readings = workitem.readings_that_count
    reading = readings[-1] if readings else None
    state = WORKITEM.next(workitem.state, "fall_back" if len(readings) > 1 else "release")
    if reading is not None:
        reading_abandon(reading=reading, ending=ending, by=by)
    return state_move(workitem, state, Step.Kind.RELEASED, by, detail={"ending": ending}, reading=reading)
