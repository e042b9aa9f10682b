"""How the front door itself refuses: the one error shape, before Django is asked."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from core import context
from webapp.api.errors import describe

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from core.errors import OverreadError


def refusal(error: OverreadError) -> tuple[int, list[tuple[bytes, bytes]], bytes]:
    """Return status, headers and body of a refusal."""
    request_id = uuid4().hex
    with context.entered(context.RequestContext(request_id)):
        status, told = describe(error)
    body = json.dumps(told).encode()
    headers = [
        (b"content-type", b"application/json"),
        (b"content-length", str(len(body)).encode()),
        (b"cache-control", b"no-store"),
        (b"x-content-type-options", b"nosniff"),
        (b"x-request-id", request_id.encode()),
    ]
    if status == 401:
        headers.append((b"www-authenticate", b"Bearer"))
    return status, headers, body


async def refuse(send: Callable[[Any], Awaitable[None]], error: OverreadError, *, hang_up: bool = False) -> None:
    """Answer a refusal over ASGI; ``hang_up`` ends the connection, for what its sender still holds back."""
    status, headers, body = refusal(error)
    if hang_up:
        headers.append((b"connection", b"close"))
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
