"""uvicorn's HTTP protocol with a limit on how long, and how large, the head of a request may be."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from django.conf import settings
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol

from core.errors import Malformed
from webapp.doors.answers import refusal

if TYPE_CHECKING:
    import asyncio

    from uvicorn.protocols.http.httptools_impl import RequestResponseCycle

#: Request line and headers together; browsers and proxies stay far below.
HEAD_LIMIT: Final = 64 * 1024


class PatientProtocol(HttpToolsProtocol):
    """Waits some seconds for the head of each request, and takes no more of it than a limit, then hangs up.

    What still comes in after a refusal (the rest of a body that was too large) is dropped for as long.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._deadline: asyncio.TimerHandle | None = None
        self._in_head, self._head_bytes, self._upgraded = True, 0, False

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn has it
        super().connection_made(transport)
        self._wait_for_a_head()

    def connection_lost(self, exc: Exception | None) -> None:
        self._head_is_here()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        if self._upgraded or self.transport.is_closing():
            return
        if self._in_head:
            self._head_bytes += len(data)
            if self._head_bytes > HEAD_LIMIT:
                self._refuse(431, Malformed("head_too_large", "The address or the headers are too long."))
        if self._between_requests() and self._deadline is None:
            self._wait_for_a_head()

    def on_message_begin(self) -> None:
        self._in_head, self._head_bytes = True, 0
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        self._in_head = False
        self._head_is_here()
        super().on_headers_complete()

    def on_response_complete(self) -> None:
        self._head_is_here()
        super().on_response_complete()

    def handle_websocket_upgrade(self) -> None:
        """Give the connection away; it sends no more heads, and is not hung up on for that."""
        self._upgraded = True
        super().handle_websocket_upgrade()

    def send_400_response(self, msg: str) -> None:
        """Refuse what is not HTTP, in the one error shape."""
        self._refuse(400, Malformed("not_http", "The server does not understand this request."))

    def _refuse(self, status: int, error: Malformed) -> None:
        _, headers, body = refusal(error)
        head = [STATUS_LINE[status], *(b"%s: %s\r\n" % header for header in headers), b"connection: close\r\n\r\n"]
        self.transport.write(b"".join([*head, body]))
        self.transport.close()

    def _between_requests(self) -> bool:
        # None before the first request, whatever uvicorn's types say.
        cycle: RequestResponseCycle | None = self.cycle
        return cycle is None or cycle.response_complete

    def _wait_for_a_head(self) -> None:
        self._deadline = self.loop.call_later(settings.OVERREAD_HEAD_PATIENCE_SECONDS, self._hang_up)

    def _head_is_here(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None

    def _hang_up(self) -> None:
        self._deadline = None
        if self._between_requests() and not self.transport.is_closing():
            self.transport.close()
