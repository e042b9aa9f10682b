"""One error shape for every door: code, message (what to do), detail, request_id. Never a stack trace."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import structlog
from django.core.exceptions import PermissionDenied, RequestDataTooBig
from django.db import OperationalError
from django.http import Http404, HttpRequest, JsonResponse
from rest_framework import exceptions
from rest_framework.response import Response

from core import context
from core.errors import OverreadError

if TYPE_CHECKING:
    from collections.abc import Mapping

log = structlog.get_logger("overread.error")

_OF_FRAMEWORK: list[tuple[type[Exception], int, str, str]] = [
    (exceptions.NotAuthenticated, 401, "not_authenticated", "Log in first, or send an API token."),
    (exceptions.AuthenticationFailed, 401, "not_authenticated", "The API token is unknown, revoked or expired."),
    (exceptions.PermissionDenied, 403, "not_permitted", "You are not permitted to do this."),
    (PermissionDenied, 403, "not_permitted", "You are not permitted to do this."),
    (exceptions.MethodNotAllowed, 405, "method_not_allowed", "This address does not take that method."),
    (exceptions.NotAcceptable, 406, "not_acceptable", "None of the accepted media types can be sent. Ask for JSON."),
    (exceptions.UnsupportedMediaType, 415, "unsupported_media_type", "Send JSON (or multipart for files)."),
    (exceptions.ParseError, 400, "not_json", "The body is not valid JSON."),
    (exceptions.Throttled, 429, "too_many_requests", "Too many requests. Wait a moment and try again."),
    (RequestDataTooBig, 413, "body_too_large", "The body is over 8 MiB. Send less at once."),
    (exceptions.NotFound, 404, "not_found", "There is nothing at this address."),
    (Http404, 404, "not_found", "There is nothing at this address."),
    (OperationalError, 503, "database_unavailable", "The database does not answer. Try again in a moment."),
]


def error_body(code: str, message: str, detail: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """Return the one error shape."""
    request_id = context.current().request_id
    return {"code": code, "message": message, "detail": dict(detail or {}), "request_id": request_id}


def describe(error: Exception) -> tuple[int, dict[str, Any]]:
    """Return (HTTP status, body) for any exception; an unknown one is logged and says nothing of itself."""
    if isinstance(error, OverreadError):
        return error.status, error_body(error.code, error.message, error.detail)
    if isinstance(error, exceptions.ValidationError):
        message = "Some fields are missing or wrong. See detail.fields."
        return 422, error_body("fields_wrong", message, {"fields": error.detail})
    for kind, status, code, message in _OF_FRAMEWORK:
        if isinstance(error, kind):
            return status, error_body(code, message)
    log.error("unexpected_error", exc_info=error, kind=type(error).__name__)
    message = "Something went wrong on the server. Try again; if it happens again, give the admin this request id."
    return 500, error_body("server_error", message)


def exception_handler(error: Exception, _context: dict[str, Any]) -> Response:
    """DRF's exception handler."""
    status, body = describe(error)
    response = Response(body, status=status, content_type="application/json")
    if status == 401:
        response["WWW-Authenticate"] = "Bearer"
    return response


def error_response(error: Exception) -> JsonResponse:
    """The same shape for views that are not DRF's."""
    status, body = describe(error)
    return JsonResponse(body, status=status)


def csrf_failure(_request: HttpRequest, reason: str = "") -> JsonResponse:
    """Answer a missing or stale CSRF token."""
    message = "The page is out of date. Reload it and try again."
    return JsonResponse(error_body("csrf_failed", message), status=403)


def not_found(_request: HttpRequest, exception: Exception | None = None) -> JsonResponse:
    """Handler 404."""
    return JsonResponse(error_body("not_found", "There is nothing at this address."), status=404)


def server_error(_request: HttpRequest) -> JsonResponse:
    """Handler 500."""
    message = "Something went wrong on the server. Try again; if it happens again, give the admin this request id."
    return JsonResponse(error_body("server_error", message), status=500)


def bad_request(_request: HttpRequest, exception: Exception | None = None) -> JsonResponse:
    """Handler 400 (a suspicious host, path, query or body)."""
    return JsonResponse(error_body("bad_request", "The server does not take this request."), status=400)
