"""The life of a work item, as a table."""

from __future__ import annotations

from typing import Final

from annotations.models import Workitem
from core.lifecycle import Lifecycle

_State = Workitem.State

#: accepted and corrected are signed off: nothing below such a work item may change until an admin reopens it.
SIGNED_OFF: Final = frozenset({_State.ACCEPTED.value, _State.CORRECTED.value})

WORKITEM: Final = Lifecycle(
    "work item",
    {
        (_State.OPEN.value, "claim"): _State.CLAIMED.value,
        (_State.CLAIMED.value, "release"): _State.OPEN.value,
        (_State.CLAIMED.value, "submit"): _State.SUBMITTED.value,
        (_State.SUBMITTED.value, "withdraw"): _State.CLAIMED.value,
        (_State.SUBMITTED.value, "accept"): _State.ACCEPTED.value,
        (_State.SUBMITTED.value, "correct"): _State.CORRECTED.value,
        (_State.SUBMITTED.value, "reject"): _State.REJECTED.value,
        (_State.REJECTED.value, "claim"): _State.CLAIMED.value,
        (_State.ACCEPTED.value, "reopen"): _State.SUBMITTED.value,
        (_State.CORRECTED.value, "reopen"): _State.SUBMITTED.value,
    },
)
