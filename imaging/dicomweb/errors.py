"""What DICOMweb refuses beyond the house's families."""

from __future__ import annotations

from core.errors import Malformed, OverreadError


class BadRequest(Malformed):
    """The address or its parameters are not what the standard says."""


class NotAcceptable(OverreadError):
    """None of the media types or transfer syntaxes the client accepts can be sent."""

    status = 406


def not_acceptable(*offered: str) -> NotAcceptable:
    """Return the error that says what could be sent instead."""
    return NotAcceptable(
        "not_acceptable", "None of the accepted media types can be sent. See detail.offered.", offered=list(offered)
    )
