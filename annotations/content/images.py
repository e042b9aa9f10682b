"""Which images a study has now: what a reading has seen, and what a sign-off signs."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING
from uuid import UUID

from core import blobs
from core.digest import canonical_json, sha256_hex
from imaging.models import Instance
from imaging.selectors import shown

if TYPE_CHECKING:
    from collections.abc import Iterable


def images_of(study_id: UUID) -> list[str]:
    """Return the SOP Instance UIDs of the study's pictures, sorted."""
    rows = shown(Instance.objects.filter(series__study=study_id))
    return sorted(rows.values_list("sop_instance_uid", flat=True))


def _encoded(uids: Iterable[str]) -> bytes:
    return canonical_json(list(uids))


def digest_of_images(images: Iterable[str]) -> str:
    """Return the digest of a list of pictures as ``images_of`` gives it."""
    return sha256_hex(_encoded(images))


def images_digest(study_id: UUID) -> str:
    """Return the digest of the list of pictures that the study has now."""
    return digest_of_images(images_of(study_id))


def images_stored(study_id: UUID) -> str:
    """Keep the list of pictures that the study has now as a blob, and return its digest (as ``images_digest``)."""
    return blobs.put(_encoded(images_of(study_id)))


def images_kept(digest: str) -> frozenset[str] | None:
    """Return the pictures of a list that was kept, or None where none was (readings from before lists were kept)."""
    return frozenset(json.loads(blobs.get(digest))) if digest else None
