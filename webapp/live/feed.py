"""Reads new events once for all sockets of this process, woken by a doorbell or by the clock."""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING, Any

from asgiref.sync import async_to_sync
from channels.db import database_sync_to_async
from channels.layers import get_channel_layer
from django.conf import settings

from core.models import Event

if TYPE_CHECKING:
    from collections.abc import Callable

GROUP = "doorbell"
#: Transactions may commit out of the order of their ids, so this many of the last ids are looked at again.
_LOOK_BACK = 200


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
def events_after(last: int, limit: int = 1000) -> list[dict[str, Any]]:
    """Return events with an id above ``last``, oldest first, as messages."""
    rows = Event.objects.filter(pk__gt=last).select_related("project").order_by("pk")[:limit]
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
        last = await latest_id()
        sent = {event["id"] for event in await events_after(last - _LOOK_BACK)}
        self._begun.set()
        doorbell = asyncio.create_task(self._answer_doorbell()) if settings.OVERREAD_REDIS_URL else None
        try:
            while True:
                listening = doorbell is not None and not doorbell.done()
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(self._rung.wait(), 1.0 if listening else 0.2)
                self._rung.clear()
                fresh = [event for event in await events_after(last - _LOOK_BACK) if event["id"] not in sent]
                for event in fresh:
                    for listener in list(self.listeners):
                        listener(event)
                sent |= {event["id"] for event in fresh}
                last = max([last, *(event["id"] for event in fresh)])
                sent = {known for known in sent if known > last - _LOOK_BACK}
        finally:
            if doorbell is not None:
                doorbell.cancel()
