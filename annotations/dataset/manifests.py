"""Manifests of frozen datasets, read once: they never change."""

from __future__ import annotations

import json
from functools import lru_cache
from typing import NamedTuple

from core import blobs


class Taught(NamedTuple):
    """One image of a frozen dataset: of which study, in which split, and whose work it is (None: not kept then)."""

    study_instance_uid: str
    split: str
    read_by: frozenset[str] | None


@lru_cache(maxsize=64)
def manifest_index(manifest_digest: str) -> tuple[Taught, ...]:
    """Return what a manifest has, image by image; raises NotFound where it is lost."""
    rows = (json.loads(line) for line in blobs.get(manifest_digest).splitlines())
    return tuple(
        Taught(row["study_instance_uid"], row["split"], frozenset(row["read_by"]) if "read_by" in row else None)
        for row in rows
    )


def splits_of_manifest(manifest_digest: str) -> dict[str, str]:
    """Return by Study Instance UID in which split a frozen dataset has it."""
    return {row.study_instance_uid: row.split for row in manifest_index(manifest_digest)}
