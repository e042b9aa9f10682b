"""What strangers send, and how every answer to it is looked at."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, Any, TypeVar

from tests.webapp.test_error_shape import assert_shape
from tests.webapp.test_permission_matrix import LIVE_CELLS

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_Value = TypeVar("_Value")

NUMBERS = ["\xb2", "9" * 5000, "9" * 19, "٣", "-1", "+1", "1e3", "0x1", "1_0", " ", "", "\x00", "½", "1.5", "nan"]

#: The addresses below one project are the same views again.
CELLS = [cell for cell in LIVE_CELLS if not cell[0].startswith("dicomweb/projects")]
LISTS = sorted({route for route, method in CELLS if method == "GET"})
#: A few of every kind, for what is read before the address is.
SOME = [
    "api/v1/auth/me", "api/v1/audit", "api/v1/schema", "api/v1/projects/<slug:slug>", "api/v1/workitems/<uuid:id>",
    "dicomweb/studies", "dicomweb/studies/<str:study>/metadata",
]  # fmt: skip


class Faults:
    """Lets a test go through its whole table, and then fail with all that was wrong."""

    def __init__(self) -> None:
        self.found: list[str] = []

    def look(self, answer: Any, what: str) -> None:
        """Note an answer that is neither a success nor a refusal in the one shape."""
        if answer.status_code >= 400:
            try:
                assert_shape(answer, what[:300])
            except (AssertionError, KeyError, ValueError) as error:
                self.found.append(f"{what[:200]}: {answer.status_code} {str(error)[:100]}")


def dealt(values: Sequence[_Value], turn: int, count: int) -> Iterator[_Value]:
    """Return ``count`` of the values, other ones at each turn: over many turns all of them come up everywhere."""
    begin = turn * count % len(values)
    return islice([*values[begin:], *values[:begin]], count)
