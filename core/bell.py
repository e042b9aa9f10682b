"""The one bell of the house: a room has finished something, and the roof decides what follows.

A room rings after its transaction and asks nothing. What follows what is data in ``webapp/story.py``; a fault up there
never becomes a fault down here, because the story's recovery finds what did not follow.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import structlog

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.db.models import Model

log = structlog.get_logger(__name__)
_listener: list[Callable[[str, str, Model], None]] = []


def answer_with(listener: Callable[[str, str, Model], None]) -> None:
    """Say who answers the bell; the roof calls this once, at its start."""
    _listener[:] = [listener]


def ring(what: str, outcome: str, row: Model) -> bool:
    """Say that ``what`` has come to ``outcome``; call it when the transaction is over.

    Args:
        what: the kind of a job, or a noun: ``upload``, ``model``, ``workitem``.
        outcome: ``succeeded``, ``failed``, ``cancelled``, ``finished``, ``promoted``, …
        row: what it happened to.

    Returns:
        False when what follows failed; it is logged, and the recovery does it again.
    """
    for listener in _listener:
        try:
            listener(what, outcome, row)
        except Exception:  # whatever it is, what has happened has happened
            log.exception("story.chapter_failed", what=what, outcome=outcome, row=str(row.pk))
            return False
    return True
