"""The real application on a real port, for tests with real clients."""

from __future__ import annotations

import threading
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import uvicorn

from tests.patience import SECONDS
from webapp.server import OPTIONS

if TYPE_CHECKING:
    from collections.abc import Iterator


@contextmanager
def served(application: Any = None) -> Iterator[str]:
    """Serve ``webapp.asgi`` (or an application around it) from a thread; yields its URL."""
    if application is None:
        from webapp.asgi import application

    server = uvicorn.Server(
        uvicorn.Config(application, host="127.0.0.1", port=0, log_config=None, lifespan="off", **OPTIONS)
    )
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    deadline = time.monotonic() + SECONDS
    while not (server.started and server.servers):
        if time.monotonic() > deadline:
            raise RuntimeError("the server did not start")
        time.sleep(0.01)
    port = server.servers[0].sockets[0].getsockname()[1]
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        server.should_exit = True
        thread.join(timeout=10)
