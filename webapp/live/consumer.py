"""The one WebSocket: tells a client what changed in the projects its user may read, never the data."""

from __future__ import annotations

import asyncio
import contextlib
import json
import time
from typing import Any

import structlog
from channels.db import database_sync_to_async
from channels.generic.websocket import AsyncWebsocketConsumer

from core import access
from core.models import User
from webapp.api.authentication import user_of_session
from webapp.live.feed import Feed, events_after

log = structlog.get_logger(__name__)
_feeds: dict[int, Feed] = {}
RECHECK_SECONDS = 3.0
PING_SECONDS = 20.0
MESSAGES_PER_SECOND = 20
LONGEST_MESSAGE = 64 * 1024
#: How many missed events are repeated; a client that missed more is told to fetch everything again.
REPLAYED = 1000
#: Event ids a socket remembers, so that what it caught up with does not come again.
REMEMBERED = 2000


def _feed() -> Feed:
    loop = id(asyncio.get_running_loop())
    return _feeds.setdefault(loop, Feed())


class LiveConsumer(AsyncWebsocketConsumer):  # type: ignore[misc]  # channels carries no types
    """Client: ``{"type": "subscribe", "after": id | null}``. Server: events, pings, and ``{"type": "resync"}``.

    An event may be committed after one with a higher id: a client asks for its last ids again, and drops doubles.

    Close codes: 4401 not logged in (any more), 1008 too many messages, 1009 too long, 1003 not understood.
    """

    async def connect(self) -> None:
        self.user_id = None
        user = self.scope.get("user")
        if not isinstance(user, User) or user.must_change_password:
            await self.accept()
            await self.close(code=4401)
            return
        self.user_id = user.pk
        self.projects: set[str] = set()
        self.checked_at = 0.0
        self.subscribed = False
        self.heard: dict[int, None] = {}
        self.messages: list[float] = []
        self.outbox: asyncio.Queue[dict[str, Any]] = asyncio.Queue(maxsize=5000)
        await self.accept()
        self.sender = asyncio.create_task(self._send_all())

    async def disconnect(self, code: int) -> None:
        if self.user_id is not None:
            _feed().leave(self._hear)
            self.sender.cancel()

    async def receive(self, text_data: str | None = None, bytes_data: bytes | None = None) -> None:
        now = time.monotonic()
        self.messages = [at for at in self.messages if now - at < 1.0] + [now]
        if len(self.messages) > MESSAGES_PER_SECOND:
            await self.close(code=1008)
        elif text_data is None or len(text_data) > LONGEST_MESSAGE:
            await self.close(code=1009)
        else:
            await self._understand(text_data)

    async def _understand(self, text: str) -> None:
        try:
            message = json.loads(text)
            after = message.get("after")
            understood = message["type"] == "subscribe" and (after is None or isinstance(after, int))
        except (ValueError, KeyError, TypeError, AttributeError):
            understood = False
        if not understood:
            await self.close(code=1003)
            return
        if not self.subscribed:
            self.subscribed = True
            await _feed().listen(self._hear)
        if after is not None:
            missed = await events_after(after, limit=REPLAYED + 1)
            if len(missed) > REPLAYED:
                # Rather than a part of what was missed: the page fetches everything again.
                self._put({"type": "resync"})
            else:
                for event in missed:
                    self._hear(event)

    def _hear(self, event: dict[str, Any]) -> None:
        if event["id"] in self.heard:
            return
        self.heard[event["id"]] = None
        if len(self.heard) > REMEMBERED:
            self.heard.pop(next(iter(self.heard)))
        self._put(event)

    def _put(self, message: dict[str, Any]) -> None:
        if self.outbox.full():
            self.sender.cancel()
            asyncio.create_task(self.close(code=1008))  # noqa: RUF006  (the loop keeps it until the socket is closed)
        else:
            self.outbox.put_nowait(message)

    @database_sync_to_async
    def _projects_now(self) -> set[str] | None:
        user = user_of_session(str(self.scope["session"].session_key))
        if user is None or user.pk != self.user_id:
            return None
        return set(access.projects_of(user).values_list("slug", flat=True))

    async def _still_welcome(self) -> bool:
        """Look again, every few seconds, whether the user is logged in and which projects they may read."""
        if time.monotonic() - self.checked_at > RECHECK_SECONDS:
            projects = await self._projects_now()
            if projects is None:
                await self.close(code=4401)
                return False
            self.projects, self.checked_at = projects, time.monotonic()
        return True

    def _is_for_me(self, message: dict[str, Any]) -> bool:
        if message["type"] == "resync":
            return True
        return message["project"] in self.projects or message["user"] == str(self.user_id)

    async def _send_all(self) -> None:
        try:
            await self._send_while_welcome()
        except OSError:  # the client has gone, and ``disconnect`` follows
            return
        except Exception:  # a fault here must not leave a socket that looks alive and stays silent
            log.exception("live.failed")
            await self.close(code=1011)

    async def _send_while_welcome(self) -> None:
        pinged = time.monotonic()
        while True:
            event = None
            with contextlib.suppress(TimeoutError):
                event = await asyncio.wait_for(self.outbox.get(), RECHECK_SECONDS)
            if not await self._still_welcome():
                return
            if event is not None and self._is_for_me(event):
                await self.send(text_data=json.dumps({name: event[name] for name in event if name != "user"}))
            if time.monotonic() - pinged > PING_SECONDS:
                pinged = time.monotonic()
                await self.send(text_data='{"type": "ping"}')
