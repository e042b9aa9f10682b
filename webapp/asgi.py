"""The front door. A path switch: single frames and the live socket raw, everything else Django under WSGI.

Measured on two cores: Django's own ASGI handler costs about ten times what it costs under WSGI, and a frame through
a view costs five times what the raw route costs (docs/decisions/0001).
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "webapp.settings")
django.setup()

from channels.auth import AuthMiddlewareStack
from channels.security.websocket import AllowedHostsOriginValidator

from imaging.dicomweb.frames_asgi import FrameApplication
from webapp.api.authentication import user_of_scope
from webapp.doors.bridge import DjangoBridge
from webapp.doors.proxies import settle_caller
from webapp.live.consumer import LiveConsumer
from webapp.wsgi import application as django_application

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

_django = DjangoBridge(django_application, authenticate=user_of_scope)
_live = AllowedHostsOriginValidator(AuthMiddlewareStack(LiveConsumer.as_asgi()))
_frames = FrameApplication(authenticate=user_of_scope)


async def application(
    scope: dict[str, Any], receive: Callable[[], Awaitable[Any]], send: Callable[[Any], Awaitable[None]]
) -> None:
    """Route one connection."""
    if scope["type"] in ("http", "websocket"):
        scope = settle_caller(scope)
    if scope["type"] == "websocket":
        if scope["path"] == "/live":
            await _live(scope, receive, send)
        else:
            await send({"type": "websocket.close", "code": 4404})
    elif scope["type"] == "http" and FrameApplication.serves(scope):
        await _frames(scope, receive, send)
    elif scope["type"] == "http":
        await _django(scope, receive, send)
    elif scope["type"] == "lifespan":
        await _lifespan(receive, send)


async def _lifespan(receive: Callable[[], Awaitable[Any]], send: Callable[[Any], Awaitable[None]]) -> None:
    while True:
        message = await receive()
        if message["type"] == "lifespan.startup":
            await send({"type": "lifespan.startup.complete"})
        else:
            await send({"type": "lifespan.shutdown.complete"})
            return
