"""Bodies are taken in whole, within limits of size and time, before a thread of Django's is taken for them.

A slow or silent sender so costs a socket and nothing else, and a body of unknown length (``Transfer-Encoding:
chunked``, as Orthanc and dicomweb-client send it) reaches Django with its length. Small ones stay in memory; larger
ones go to a nameless file in the staging folder, and only for somebody who is logged in.
"""

from __future__ import annotations

import asyncio
import io
import re
import tempfile
import time
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from typing import BinaryIO, Final, cast

from django.conf import settings
from django.db import close_old_connections

from core import blobs
from core.errors import RequestTimeout, TooLarge, Unauthenticated, Unavailable
from core.models import User
from imaging.dicomweb.stow import REQUEST_FACTOR
from webapp.api.parsing import BODY_LIMIT

Scope = dict[str, object]
Receive = Callable[[], Awaitable[dict[str, object]]]
Authenticate = Callable[[Scope], User | None]

#: The form around an uploaded file: boundaries, field names and the file's name.
FORM_BYTES: Final = 64 * 1024
#: More than this is only taken in for somebody who is known, and lies on the disk.
_IN_MEMORY: Final = 256 * 1024
_WRITTEN_AT_ONCE: Final = 1 << 20
#: A sender must always be ahead of this pace, counted from when their patience began.
_SLOWEST_BYTES_A_SECOND: Final = 8 * 1024
_STOW: Final = re.compile(r"/dicomweb(?:/projects/[^/]+)?/studies(?:/[^/]+)?/?")
_UPLOAD: Final = re.compile(r"/api/v1/uploads/[^/]+/files/?")


class SenderGone(Exception):
    """The sender hung up in the middle of the body: there is nobody to answer."""


def body_limit(path: str) -> int:
    """Return how many bytes the body of a request to ``path`` may have."""
    one: int = settings.OVERREAD_UPLOAD_LIMIT_BYTES
    if _STOW.fullmatch(path):
        return one * REQUEST_FACTOR
    return one + FORM_BYTES if _UPLOAD.fullmatch(path) else BODY_LIMIT


def _too_large(path: str, limit: int) -> TooLarge:
    if _UPLOAD.fullmatch(path):
        message = "The file is larger than this server takes at once. Send it in parts."
        return TooLarge("upload_too_large", message, limit_bytes=settings.OVERREAD_UPLOAD_LIMIT_BYTES)
    if _STOW.fullmatch(path):
        message = "The request is larger than this server takes. Send it in parts."
        return TooLarge("request_too_large", message, limit_bytes=limit)
    return TooLarge("body_too_large", "The body is over 8 MiB. Send less at once.", limit_bytes=limit)


def declared_length(headers: list[tuple[bytes, bytes]]) -> int | None:
    """Return what ``Content-Length`` says; 0 where no body is announced at all, None where its length is open."""
    for name, value in headers:
        if name == b"transfer-encoding":
            return None
        if name == b"content-length":
            return int(value)  # the server's parser lets nothing but digits of 64 bits through
    return 0


class BodyRoom:
    """Takes bodies in.

    Args:
        authenticate: returns the user of an ASGI scope, or None; blocking, called in a thread.
    """

    def __init__(self, *, authenticate: Authenticate) -> None:
        self._authenticate = authenticate
        self._threads = ThreadPoolExecutor(max_workers=4, thread_name_prefix="bodies")

    async def take_in(self, scope: Scope, receive: Receive) -> tuple[BinaryIO, int]:
        """Return the whole body as a file at its beginning, and its length in bytes.

        Raises:
            TooLarge: over the limit of this address, announced or found. Unauthenticated: a large body of a stranger.
            RequestTimeout: nothing came for too long, or too little. Unavailable: the disk is full.
            SenderGone: the connection ended.
        """
        path = str(scope["path"])
        limit = body_limit(path)
        announced = declared_length(cast("list[tuple[bytes, bytes]]", scope["headers"]))
        if announced is not None and announced > limit:
            raise _too_large(path, limit)
        if announced == 0:
            return io.BytesIO(), 0
        folder = str(blobs.staging_folder())
        room = tempfile.SpooledTemporaryFile(max_size=_IN_MEMORY, dir=folder)  # noqa: SIM115  (its taker closes it)
        try:
            size = await self._fill(room, scope, receive, limit)
        except BaseException:
            room.close()
            raise
        room.seek(0)
        return cast("BinaryIO", room), size

    async def _fill(
        self, room: tempfile.SpooledTemporaryFile[bytes], scope: Scope, receive: Receive, limit: int
    ) -> int:
        pace = _Pace(settings.OVERREAD_BODY_PATIENCE_SECONDS)
        size, known, held = 0, False, bytearray()
        more = True
        while more:
            piece, more = await pace.next_piece(receive)
            size += len(piece)
            held += piece
            if size > limit:
                raise _too_large(str(scope["path"]), limit)
            if size > _IN_MEMORY and not known:
                await self._require_known(scope)
                known = True
            if len(held) >= _WRITTEN_AT_ONCE or not more:
                await self._write(room, bytes(held), on_disk=size > _IN_MEMORY)
                held.clear()
        return size

    async def _write(self, room: tempfile.SpooledTemporaryFile[bytes], content: bytes, *, on_disk: bool) -> None:
        try:
            if on_disk:
                await asyncio.get_running_loop().run_in_executor(self._threads, room.write, content)
            else:
                room.write(content)
        except OSError:
            raise Unavailable(
                "storage_full", "The server has no room for this now. Tell an admin, then send it again."
            ) from None

    async def _require_known(self, scope: Scope) -> None:
        user = await asyncio.get_running_loop().run_in_executor(self._threads, self._user_of, scope)
        if user is None:
            raise Unauthenticated("not_authenticated", "Log in first, or send an API token.")

    def _user_of(self, scope: Scope) -> User | None:
        close_old_connections()
        try:
            return self._authenticate(scope)
        finally:
            close_old_connections()


class _Pace:
    """How long a sender is waited for: ``patience`` seconds of silence, and never slower than a modem for long."""

    def __init__(self, patience: float) -> None:
        self._patience = patience
        self._began = time.monotonic()
        self._received = 0

    async def next_piece(self, receive: Receive) -> tuple[bytes, bool]:
        """Return the next piece of the body, and whether more is to come."""
        allowed = 2 * self._patience + self._received / _SLOWEST_BYTES_A_SECOND
        left = min(self._patience, self._began + allowed - time.monotonic())
        try:
            async with asyncio.timeout(max(left, 0.0)):
                message = await receive()
        except TimeoutError:
            raise RequestTimeout(
                "body_too_slow", "The rest of the request did not come in time. Check the network and send it again."
            ) from None
        if message["type"] == "http.disconnect":
            raise SenderGone
        piece = cast("bytes", message.get("body", b""))
        self._received += len(piece)
        return piece, bool(message.get("more_body", False))


def announce_length(scope: Scope, length: int) -> Scope:
    """Return the scope with the body's true length in the place of how it was sent."""
    given = cast("list[tuple[bytes, bytes]]", scope["headers"])
    headers = [(name, value) for name, value in given if name not in (b"transfer-encoding", b"content-length")]
    if length or len(headers) < len(given):
        headers.append((b"content-length", str(length).encode()))
    return {**scope, "headers": headers}
