"""The outermost door of Django: a correlation id for each request, and one log line when it is over."""

from __future__ import annotations

import re
import time
from typing import TYPE_CHECKING
from uuid import uuid4

import structlog

from core import context
from webapp.api.errors import bad_request

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.http import HttpRequest, HttpResponse

log = structlog.get_logger("overread.request")
_REQUEST_ID = re.compile(r"[A-Za-z0-9_-]{8,64}")


def _holds_nul(request: HttpRequest) -> bool:
    """PostgreSQL fails at a NUL in text, so an address with one is refused for all."""
    return "\x00" in request.path_info or "%00" in request.META.get("QUERY_STRING", "")


class RequestContextMiddleware:
    """Enter the request's context; answer its id as ``X-Request-ID``; keep the log free of paths with UIDs."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        given = request.headers.get("X-Request-ID", "")
        request_id = given if _REQUEST_ID.fullmatch(given) else uuid4().hex
        started = time.monotonic()
        with context.entered(context.RequestContext(request_id, request.META.get("REMOTE_ADDR", ""))):
            response = bad_request(request) if _holds_nul(request) else self.get_response(request)
            match = request.resolver_match
            log.info(
                "request",
                method=request.method,
                route=match.route if match else "static",
                status=response.status_code,
                seconds=round(time.monotonic() - started, 4),
            )
        response["X-Request-ID"] = request_id
        return response
