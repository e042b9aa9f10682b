"""From ASGI to Django under WSGI: a thread for each request that is whole, and none for a client that dawdles.

A few requests are worked on at once. One whose answer is not taken as fast as it is made gives its place to the next
until the client has caught up; a client that takes nothing at all for a while is left.
"""

from __future__ import annotations

import asyncio
import contextvars
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any, BinaryIO, Final, cast
from urllib.parse import quote

from a2wsgi.wsgi import WSGIResponder, build_environ
from django.conf import settings

from core.errors import OverreadError
from webapp.doors.answers import refuse
from webapp.doors.bodies import BodyRoom, SenderGone, announce_length

if TYPE_CHECKING:
    from core.models import User

Scope = dict[str, Any]
Receive = Callable[[], Awaitable[Any]]
Send = Callable[[Any], Awaitable[None]]

WORKING: Final = 16
#: Threads in all: those that work, and those whose clients dawdle.
_THREADS: Final = 96


class ClientGone(Exception):
    """The client takes nothing of its answer any more."""


class DjangoBridge:
    """The ASGI application around Django's WSGI handler.

    Args:
        application: the WSGI application.
        authenticate: returns the user of an ASGI scope, or None; blocking.
    """

    def __init__(self, application: Any, *, authenticate: Callable[[Scope], User | None]) -> None:
        self._application = application
        self._bodies = BodyRoom(authenticate=authenticate)
        self._threads = ThreadPoolExecutor(max_workers=_THREADS, thread_name_prefix="django")
        self._places: dict[int, asyncio.Semaphore] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one HTTP request."""
        try:
            body, length = await self._bodies.take_in(scope, receive)
        except SenderGone:
            return
        except OverreadError as error:
            await refuse(send, error, hang_up=error.status == 408)
            return
        try:
            # Tests run several loops in one process; a semaphore belongs to the loop it first waited in.
            places = self._places.setdefault(id(asyncio.get_running_loop()), asyncio.Semaphore(WORKING))
            responder = _Responder(self._application, self._threads, places)
            await responder.answer(announce_length(scope, length), body, send)
        finally:
            body.close()


def _query_in_ascii(scope: Scope) -> Scope:
    """Return the scope with raw bytes of the query percent-encoded, which is what their sender meant."""
    raw: bytes = scope.get("query_string", b"")
    return scope if raw.isascii() else {**scope, "query_string": quote(raw, safe="!$&'()*+,;=:@/?%").encode()}


class _Responder(WSGIResponder):
    """One request on its way through WSGI; the answer goes back piece by piece through a short queue."""

    def __init__(self, application: Any, threads: ThreadPoolExecutor, places: asyncio.Semaphore) -> None:
        super().__init__(application, threads, send_queue_size=8)
        self._places = places
        self._gone = False

    async def answer(self, scope: Scope, body: BinaryIO, send: Send) -> None:
        """Run the application in a thread and pass on what it answers."""
        # A file has what WSGI asks of its input.
        environ = build_environ(_query_in_ascii(scope), cast("Any", body))  # type: ignore[arg-type]
        async with self._places:
            sender = self.loop.create_task(self._pass_on(send))
            try:
                run = contextvars.copy_context().run
                await self.loop.run_in_executor(self.executor, run, self.wsgi, environ, self.start_response)
            except ClientGone:
                return
            finally:
                await self.send_queue.put(None)
                await sender
        if self.exc_info is not None:
            raise self.exc_info[0].with_traceback(self.exc_info[1], self.exc_info[2])

    def send(self, message: Any) -> None:
        """Put a message into the queue, from the application's thread; raises ClientGone."""
        asyncio.run_coroutine_threadsafe(self._queue(message), loop=self.loop).result()
        if self._gone:
            raise ClientGone

    async def _queue(self, message: Any) -> None:
        if not self.send_queue.full():
            self.send_queue.put_nowait(message)
            return
        self._places.release()
        try:
            await self.send_queue.put(message)
        finally:
            await self._places.acquire()

    async def _pass_on(self, send: Send) -> None:
        """Send what comes through the queue; whatever happens, the queue is emptied, so that no thread waits for it."""
        fault: Exception | None = None
        while (message := await self.send_queue.get()) is not None:
            if self._gone:
                continue
            try:
                async with asyncio.timeout(settings.OVERREAD_BODY_PATIENCE_SECONDS):
                    await send(message)
            except TimeoutError:
                self._gone = True
            except Exception as error:
                self._gone, fault = True, error
        if fault is not None:
            raise fault
