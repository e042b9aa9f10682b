"""Models from outside: safetensors and JSON, nothing that could run."""

from __future__ import annotations

import json
import shutil
import struct
from pathlib import Path
from typing import Any, Final

from django.db import transaction

from core import audit, bell, blobs
from core.audit_kinds import AuditKind
from core.digest import canonical_json, sha256_hex
from core.errors import TooLarge
from core.models import User
from inference import errors
from inference.access import locked_family
from inference.engine.config import RecipeConfig
from inference.engine.errors import ConfigError
from inference.models import ModelFamily, ModelVersion, Promotion
from inference.services.promotion import pointer_move
from inference.services.training import version_add

WEIGHTS_LIMIT: Final = 4 << 30
_CARD_LIMIT: Final = 4 << 20
_HEADER_LIMIT: Final = 64 << 20
_CARD_KEYS: Final = (
    "format",
    "recipe",
    "labels",
    "config",
    "preprocessing",
    "calibration",
    "thresholds",
    "weights_sha256",
)
_KINDS: Final = {"F64", "F32", "F16", "BF16", "I64", "I32", "I16", "I8", "U8", "BOOL"}


def _check_safetensors(path: Path) -> None:
    """Raise unless the file is safetensors whose header accounts for every byte (no pickle, nothing hidden)."""
    wrong = errors.model_file_wrong("The weights are not a safetensors file. Export them as safetensors and try again.")
    if not path.is_file():
        raise wrong
    size = path.stat().st_size
    if size > WEIGHTS_LIMIT:
        raise TooLarge("weights_too_large", "The weights are over 4 GiB.", limit=WEIGHTS_LIMIT)
    with path.open("rb") as stream:
        start = stream.read(8)
        length = struct.unpack("<Q", start)[0] if len(start) == 8 else 0
        if not 2 <= length <= min(size - 8, _HEADER_LIMIT):
            raise wrong
        try:
            header = json.loads(stream.read(length))
        except ValueError:
            raise wrong from None
    if not isinstance(header, dict):
        raise wrong
    tensors = [entry for name, entry in header.items() if name != "__metadata__"]
    ends = [0]
    for entry in tensors:
        offsets = entry.get("data_offsets") if isinstance(entry, dict) else None
        if not isinstance(offsets, list) or len(offsets) != 2 or entry.get("dtype") not in _KINDS:
            raise wrong
        ends.append(int(offsets[1]))
    if not tensors or max(ends) != size - 8 - length:
        raise wrong


def _checked_card(path: Path, family: ModelFamily, weights_digest: str) -> dict[str, Any]:
    if not path.is_file():
        raise errors.model_file_wrong("The card's file is missing. A model is two files: weights and card.")
    if path.stat().st_size > _CARD_LIMIT:
        raise TooLarge("card_too_large", "The card is over 4 MiB.", limit=_CARD_LIMIT)
    try:
        card = json.loads(path.read_bytes())
    except ValueError:
        raise errors.model_file_wrong("The card is not JSON.") from None
    if not isinstance(card, dict) or (missing := [key for key in _CARD_KEYS if key not in card]):
        raise errors.model_file_wrong("The card lacks entries.", missing=missing if isinstance(card, dict) else [])
    if card["weights_sha256"] != weights_digest:
        raise errors.model_file_wrong(
            "The weights are not those that the card names. Import the two that belong together."
        )
    try:
        config = RecipeConfig.from_json(card["config"])
    except ConfigError as error:
        raise errors.model_file_wrong(f"The card's settings are not understood: {error.message}") from None
    if config.recipe != family.recipe or sorted(config.labels) != sorted(family.label_keys):
        raise errors.model_file_wrong(
            "The model was made for another recipe or other labels than this family.",
            recipe=config.recipe,
            labels=list(config.labels),
        )
    return card


def model_import(*, family: ModelFamily, weights_path: Path, card_path: Path, by: User | None = None) -> ModelVersion:
    """Add a model from files: the first of a family goes live, a later one is a candidate that must pass the gate.

    The files stay where they are. Importing the same weights twice returns the first's version.

    Raises:
        Invalid: not safetensors, not the card of these weights, or another recipe or labels. TooLarge.
    """
    _check_safetensors(weights_path)
    weights_digest = sha256_hex(weights_path.read_bytes())
    card = _checked_card(card_path, family, weights_digest)
    copy = blobs.staging_file(".safetensors")
    shutil.copyfile(weights_path, copy)
    weights_digest, card_digest = blobs.put_file(copy), blobs.put(canonical_json(card))
    with transaction.atomic():
        locked = locked_family(family.pk)
        known = ModelVersion.objects.filter(family=locked, weights_digest=weights_digest, card_digest=card_digest)
        if (again := known.first()) is not None:
            return again
        version = version_add(locked, weights_digest, card_digest, card, run=None)
        audit.record(
            AuditKind.VERSION_IMPORTED, actor=by, object_kind="version", object_id=version.pk, project=locked.project,
            detail={"weights": weights_digest, "card": card_digest},
        )  # fmt: skip
        if locked.live is None:
            pointer_move(
                locked,
                version,
                event="install",
                direction=Promotion.Direction.PROMOTE,
                reason="first model of the family",
                by=by,
            )
    if version.state == ModelVersion.State.LIVE:
        bell.ring("model", "installed", version)
    return version
