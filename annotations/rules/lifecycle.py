"""The lives of a work item and of a reading, as tables."""

from __future__ import annotations

from typing import Final

from annotations.models import Reading, Workitem
from core.lifecycle import Lifecycle

_State = Workitem.State
_Read = Reading.State

#: accepted and corrected are signed off: nothing below such a work item may change until an admin reopens it.
SIGNED_OFF: Final = frozenset({_State.ACCEPTED.value, _State.CORRECTED.value})
#: A reading was handed in: there is something to review, or there was.
ANSWERED: Final = SIGNED_OFF | {_State.SUBMITTED.value, _State.REJECTED.value}

WORKITEM: Final = Lifecycle(
    "work item",
    {
        (_State.OPEN.value, "claim"): _State.CLAIMED.value,
        (_State.OPEN.value, "assign"): _State.CLAIMED.value,
        (_State.CLAIMED.value, "release"): _State.OPEN.value,
        (_State.CLAIMED.value, "assign"): _State.CLAIMED.value,
        (_State.CLAIMED.value, "submit"): _State.SUBMITTED.value,
        (_State.SUBMITTED.value, "withdraw"): _State.CLAIMED.value,
        (_State.SUBMITTED.value, "accept"): _State.ACCEPTED.value,
        (_State.SUBMITTED.value, "correct"): _State.CORRECTED.value,
        (_State.SUBMITTED.value, "reject"): _State.REJECTED.value,
        (_State.REJECTED.value, "claim"): _State.CLAIMED.value,
        (_State.REJECTED.value, "release"): _State.OPEN.value,
        (_State.REJECTED.value, "assign"): _State.CLAIMED.value,
        # A second reading that was given up: what was read before waits for a reviewer.
        (_State.CLAIMED.value, "fall_back"): _State.SUBMITTED.value,
        (_State.REJECTED.value, "fall_back"): _State.SUBMITTED.value,
        (_State.ACCEPTED.value, "reopen"): _State.SUBMITTED.value,
        (_State.CORRECTED.value, "reopen"): _State.SUBMITTED.value,
        (_State.ACCEPTED.value, "read_again"): _State.CLAIMED.value,
        (_State.CORRECTED.value, "read_again"): _State.CLAIMED.value,
    },
)

READING: Final = Lifecycle(
    "reading",
    {
        (_Read.CLAIMED.value, "submit"): _Read.SUBMITTED.value,
        (_Read.SUBMITTED.value, "withdraw"): _Read.CLAIMED.value,
        (_Read.SUBMITTED.value, "return"): _Read.RETURNED.value,
        (_Read.RETURNED.value, "claim"): _Read.CLAIMED.value,
        (_Read.CLAIMED.value, "abandon"): _Read.ABANDONED.value,
        (_Read.RETURNED.value, "abandon"): _Read.ABANDONED.value,
    },
)
