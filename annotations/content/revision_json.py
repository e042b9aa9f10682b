"""A revision, its mask brought back from the blob store, and a decision about one, as the outside sees them."""

from __future__ import annotations

import json
import zlib
from typing import TYPE_CHECKING, Any

from core import blobs
from core.digest import canonical_json

if TYPE_CHECKING:
    from annotations.models import Review, Revision
    from core.models import User


def person_json(user: User | None) -> dict[str, Any] | None:
    """Return how a person is shown to others: id and name."""
    return {"id": str(user.pk), "display_name": user.display_name or user.username} if user else None


def mask_stored(mask: dict[str, Any]) -> str:
    """Store a mask with its runs (canonical JSON, zlib) and return the blob's digest."""
    return blobs.put(zlib.compress(canonical_json(mask), 6))


def whole_content(revision: Revision) -> dict[str, Any]:
    """Return the content with the mask's runs."""
    if not revision.mask_digest:
        return dict(revision.content)
    return {**revision.content, "mask": json.loads(zlib.decompress(blobs.get(revision.mask_digest)))}


def revision_json(revision: Revision) -> dict[str, Any]:
    """Return a revision in the API's shape (RevisionOut), ready for JSON."""
    return {
        "id": str(revision.pk),
        "number": revision.number,
        "parent": str(revision.parent_id) if revision.parent_id else None,
        "author": person_json(revision.author),
        "created_at": revision.created_at.isoformat().replace("+00:00", "Z"),
        "digest": revision.digest,
        "cause": revision.cause,
        "label_key": revision.content.get("label_key"),
        "content": whole_content(revision),
        "difference": revision.difference,
        "ai_visible": revision.ai_visible,
    }


def review_json(review: Review) -> dict[str, Any]:
    """Return a decision in the API's shape (ReviewOut), ready for JSON."""
    return {
        "id": str(review.pk),
        "decision": review.decision,
        "reason": review.reason,
        "remark": review.remark,
        "reviewer": person_json(review.reviewer),
        "created_at": review.created_at.isoformat().replace("+00:00", "Z"),
        "revision": str(review.revision_id),
        "corrected_revision": str(review.corrected_revision_id) if review.corrected_revision_id else None,
        "difference": review.difference,
        "saliency_shown": review.saliency_shown,
        "at_sign_off": review.at_sign_off,
    }
