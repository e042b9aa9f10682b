"""The life of a model version, as a table."""

from __future__ import annotations

from typing import Final

from core.lifecycle import Lifecycle
from inference.models import ModelVersion

_State = ModelVersion.State

#: States whose weights may be put to work by a passed gate (a retired version after a fresh evaluation).
PROMOTABLE: Final = {_State.EVALUATED.value: "promote", _State.RETIRED.value: "restore"}

MODEL_VERSION: Final = Lifecycle(
    "model version",
    {
        (_State.CANDIDATE.value, "evaluate"): _State.EVALUATED.value,
        (_State.EVALUATED.value, "promote"): _State.LIVE.value,
        (_State.LIVE.value, "replace"): _State.RETIRED.value,
        (_State.RETIRED.value, "restore"): _State.LIVE.value,
        (_State.CANDIDATE.value, "refuse"): _State.REFUSED.value,
        (_State.EVALUATED.value, "refuse"): _State.REFUSED.value,
        # The first model of a family comes from outside and has nothing to be compared with.
        (_State.CANDIDATE.value, "install"): _State.LIVE.value,
    },
)
