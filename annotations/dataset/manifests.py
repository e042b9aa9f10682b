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


@lru_cache(maxsize=64)
def labels_marked(manifest_digest: str, split: str) -> frozenset[str]:
    """Return the keys of the labels whose place is marked on any image of a split; raises NotFound where it is lost."""
    rows = (json.loads(line) for line in blobs.get(manifest_digest).splitlines())
    return frozenset(one["label_key"] for row in rows if row["split"] == split for one in row.get("regions", ()))


def splits_of_manifest(manifest_digest: str) -> dict[str, str]:
    """Return by Study Instance UID in which split a frozen dataset has it."""
    return {row.study_instance_uid: row.split for row in manifest_index(manifest_digest)}
