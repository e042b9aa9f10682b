"""One family of errors: a stable code, an HTTP status, and a message that is safe to show and says what to do."""

from __future__ import annotations

from typing import Any


class OverreadError(Exception):
    """Base of every error that may reach a client.

    Args:
        code: stable, snake_case; clients branch on it.
        message: one or two sentences without patient data: what is wrong and what to do.
        detail: JSON-ready facts for the client (limits, the current version, …).
    """

    status = 500

    def __init__(self, code: str, message: str, **detail: Any) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.detail = detail


class Malformed(OverreadError):
    """The request itself is broken: not HTTP, not its media type, too large a head."""

    status = 400


class RequestTimeout(OverreadError):
    """The sender did not send the rest in time."""

    status = 408


class Invalid(OverreadError):
    """The request was understood and cannot be carried out as it is."""

    status = 422


class Unauthenticated(OverreadError):
    """Nobody is logged in, or the token is unknown or expired."""

    status = 401


class Forbidden(OverreadError):
    """The user may see the object but not do this."""

    status = 403


class NotFound(OverreadError):
    """There is no such object, or the user may not know that there is."""

    status = 404


class Conflict(OverreadError):
    """The object is in a state in which this cannot be done."""

    status = 409


class PreconditionFailed(OverreadError):
    """Somebody changed the object since the client read it (If-Match does not match)."""

    status = 412


class TooLarge(OverreadError):
    """Over a stated limit."""

    status = 413


class Unsupported(OverreadError):
    """A media type or transfer syntax that is not read here."""

    status = 415


class PreconditionRequired(OverreadError):
    """If-Match is missing."""

    status = 428


class TooManyRequests(OverreadError):
    """Too many tries in a short time."""

    status = 429


class Unavailable(OverreadError):
    """A part that is needed does not answer now."""

    status = 503
