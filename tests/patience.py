"""How long a test waits for what must happen: long, since nothing here measures speed and machines may be very busy.

A test waits for the thing itself and goes on at once when it is there; this is only the moment it gives up.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Callable

SECONDS: Final = 300.0
MILLISECONDS: Final = 1000 * SECONDS


def eventually(true: Callable[[], Any], seconds: float = SECONDS) -> Any:
    """Ask again and again until the answer holds; returns it, or the last one when patience ends."""
    deadline = time.monotonic() + seconds
    while not (answer := true()) and time.monotonic() < deadline:
        time.sleep(0.05)
    return answer
