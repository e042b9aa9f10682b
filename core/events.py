"""Live events: what changed, never the data. Rows in a table, so that a client that was away can catch up."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from django.db import transaction
from django.utils import timezone

from core.event_kinds import DETAILS, EventDetail, EventKind
from core.models import Event, Project, User

if TYPE_CHECKING:
    from collections.abc import Callable

_doorbells: list[Callable[[], None]] = []


def on_publish(ring: Callable[[], None]) -> None:
    """Register what wakes the sockets after an event was committed; losing a ring is harmless."""
    _doorbells.append(ring)


def _ring() -> None:
    for ring in _doorbells:
        ring()


def publish(
    kind: EventKind,
    object_id: object,
    *,
    project: Project | None = None,
    user: User | None = None,
    version: object = "",
    detail: EventDetail | None = None,
) -> Event:
    """Publish that ``object_id`` changed, to the members of ``project`` and to ``user``, after commit.

    Args:
        detail: of the class that the kind says (``core.event_kinds``).

    Raises:
        TypeError: the detail is another kind's.
    """
    if detail is not None and type(detail) is not DETAILS[kind]:
        raise TypeError(f"{kind} says {DETAILS[kind].__name__}, not {type(detail).__name__}")
    event = Event.objects.create(
        kind=EventKind(kind).value,
        object_id=str(object_id),
        project=project,
        user=user,
        version=str(version),
        detail=detail.model_dump(mode="json") if detail else {},
    )
    transaction.on_commit(_ring)
    return event


def forget_old(*, hours: int = 48) -> int:
    """Delete events older than ``hours``: a client that was away longer reloads everything anyway."""
    deleted, _ = Event.objects.filter(occurred_at__lt=timezone.now() - timedelta(hours=hours)).delete()
    return deleted
