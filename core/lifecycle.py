"""Lifecycles as tables: (state, event) → state. What the table does not hold cannot happen."""

from __future__ import annotations

from typing import TYPE_CHECKING

from core.errors import Conflict

if TYPE_CHECKING:
    from collections.abc import Mapping


class Lifecycle:
    """The table of one kind of row.

    Args:
        kind: what the row is called in messages, e.g. ``"work item"``.
        table: maps (state, event) to the next state.
    """

    def __init__(self, kind: str, table: Mapping[tuple[str, str], str]) -> None:
        self.kind = kind
        self.table = dict(table)

    def next(self, state: str, event: str) -> str:
        """Return the state after ``event``; raises Conflict when the table has no such step."""
        try:
            return self.table[(state, event)]
        except KeyError:
            raise Conflict(
                "wrong_state",
                f"This {self.kind} is {state}, so it cannot be changed by '{event}'. Reload to see its state.",
                state=state,
                event=event,
                possible=self.events(state),
            ) from None

    def events(self, state: str) -> list[str]:
        """Return the events that ``state`` allows, sorted."""
        return sorted(event for known, event in self.table if known == state)
