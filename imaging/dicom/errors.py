"""Errors of the pure chamber: coded like the house's, so that the rooms above can pass them on."""

from __future__ import annotations

from core.errors import Invalid


class PixelsUnreadable(Invalid):
    """The pixels of this image cannot be read here; the code says why."""


class NotOneSpace(Invalid):
    """The images cannot be put into one volume; the code says why."""
