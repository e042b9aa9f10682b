"""Reads new events once for all sockets of this process, woken by a doorbell or by the clock."""

from __future__ import annotations

import asyncio
import contextlib
import time
from typing import TYPE_CHECKING, Any

import structlog
from asgiref.sync import async_to_sync
from channels.db import database_sync_to_async
from channels.layers import get_channel_layer
from django.conf import settings
from django.db.models import Q

from core.models import Event

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

log = structlog.get_logger(__name__)
GROUP = "doorbell"
#: At its start the reader looks for gaps in so many of the last ids.
_LOOK_BACK = 200
#: A gap is looked at again for so long, and so many at a time.
_GAP_SECONDS = 600.0
_MOST_GAPS = 500
_PATIENCE_SECONDS = 1.0


def ring() -> None:
    """Ring the doorbell from synchronous code. Losing a ring is harmless: the feed looks by itself too."""
    if not settings.OVERREAD_REDIS_URL:
        return
    layer = get_channel_layer()
    with contextlib.suppress(Exception):
        async_to_sync(layer.group_send)(GROUP, {"type": "ring"})


def _as_message(event: Event) -> dict[str, Any]:
    return {
        "type": "event",
        "id": event.pk,
        "kind": event.kind,
        "object_id": event.object_id,
        "version": event.version,
        "project": event.project.slug if event.project else None,
        "user": str(event.user_id) if event.user_id else None,
        "detail": event.detail,
    }


@database_sync_to_async
def events_after(last: int, *, among: Sequence[int] = (), limit: int = 1000) -> list[dict[str, Any]]:
    """Return events with an id above ``last``, and those ``among`` lower ids, oldest first, as messages."""
    wanted = Q(pk__gt=last) | Q(pk__in=among) if among else Q(pk__gt=last)
    rows = Event.objects.filter(wanted).select_related("project").order_by("pk")[:limit]
    return [_as_message(event) for event in rows]


@database_sync_to_async
def latest_id() -> int:
    """Return the highest event id, 0 when there is none."""
    newest = Event.objects.order_by("-pk").values_list("pk", flat=True).first()
    return newest or 0


class Feed:
    """One reader of the event table for all listeners of this process and event loop."""

    def __init__(self) -> None:
        self.listeners: set[Callable[[dict[str, Any]], None]] = set()
        self._task: asyncio.Task[None] | None = None
        self._rung = asyncio.Event()
        self._begun = asyncio.Event()

    async def listen(self, listener: Callable[[dict[str, Any]], None]) -> None:
        """Add a listener; the first one starts the reader. Every event committed after the return is heard."""
        self.listeners.add(listener)
        if self._task is None or self._task.done():
            self._begun.clear()
            self._task = asyncio.create_task(self._run())
        await self._begun.wait()

    def leave(self, listener: Callable[[dict[str, Any]], None]) -> None:
        """Remove a listener; the last one stops the reader."""
        self.listeners.discard(listener)
        if not self.listeners and self._task is not None:
            self._task.cancel()
            self._task = None

    async def _answer_doorbell(self) -> None:
        layer = get_channel_layer()
        channel = await layer.new_channel()
        await layer.group_add(GROUP, channel)
        while True:
            await layer.receive(channel)
            self._rung.set()

    async def _run(self) -> None:
        """Read for ever: while the database is away the reader waits, then goes on from where it was."""
        doorbell = asyncio.create_task(self._answer_doorbell()) if settings.OVERREAD_REDIS_URL else None
        place: _Place | None = None
        try:
            while True:
                try:
                    place = place or await self._first_place()
                    self._begun.set()
                    listening = doorbell is not None and not doorbell.done()
                    with contextlib.suppress(TimeoutError):
                        await asyncio.wait_for(self._rung.wait(), 1.0 if listening else 0.2)
                    self._rung.clear()
                    for event in place.fresh_of(await events_after(place.last, among=place.missing())):
                        for listener in list(self.listeners):
                            listener(event)
                except Exception as error:  # whatever the database says, the sockets must not stay open and deaf
                    log.warning("live.feed_waits", error=type(error).__name__)
                    await asyncio.sleep(_PATIENCE_SECONDS)
        finally:
            if doorbell is not None:
                doorbell.cancel()

    async def _first_place(self) -> _Place:
        last = await latest_id()
        known = {event["id"] for event in await events_after(last - _LOOK_BACK)}
        return _Place(last, known)


class _Place:
    """How far the reader is: the highest id it has seen, and the ids below it that it has not.

    Transactions may commit out of the order of their ids, so a gap may still be filled; one that stays for
    ``_GAP_SECONDS`` was rolled back.
    """

    def __init__(self, last: int, known: set[int]) -> None:
        self.last = last
        now = time.monotonic()
        self._gaps = {gap: now for gap in range(max(1, last - _LOOK_BACK + 1), last + 1) if gap not in known}

    def missing(self) -> list[int]:
        """Return the ids that may still come, the youngest first and no more than ``_MOST_GAPS``."""
        now = time.monotonic()
        self._gaps = {gap: since for gap, since in self._gaps.items() if now - since < _GAP_SECONDS}
        return sorted(self._gaps, reverse=True)[:_MOST_GAPS]

    def fresh_of(self, events: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """Take note of what was read, and return it."""
        now = time.monotonic()
        for event in events:
            self._gaps.pop(event["id"], None)
            for gap in range(max(self.last + 1, event["id"] - _MOST_GAPS), event["id"]):
                self._gaps[gap] = now
            self.last = max(self.last, event["id"])
        return events
