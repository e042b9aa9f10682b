"""Who is asking, from where, in which request: set at the door, read by the audit trail and the logs."""

from __future__ import annotations

from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from uuid import uuid4

if TYPE_CHECKING:
    from collections.abc import Iterator


@dataclass(frozen=True)
class RequestContext:
    """Facts of the request (or job) that is being served; empty outside of one."""

    request_id: str = field(default_factory=lambda: uuid4().hex)
    source: str = ""


_current: ContextVar[RequestContext | None] = ContextVar("overread_request", default=None)


def current() -> RequestContext:
    """Return the context of this request; a fresh one with a new id where none was set."""
    return _current.get() or RequestContext()


@contextmanager
def entered(context: RequestContext) -> Iterator[RequestContext]:
    """Make ``context`` the current one inside the with-block."""
    token = _current.set(context)
    try:
        yield context
    finally:
        _current.reset(token)
