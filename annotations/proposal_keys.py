"""The key by which a proposal is known: which prediction made it, and which of its findings it is."""

from __future__ import annotations

from uuid import UUID

from core.digest import sha256_hex


def proposal_key(prediction_id: UUID, *place: object) -> str:
    """Return a key of 64 characters; ``place`` tells the prediction's findings apart: label, image, rank, …"""
    return f"{prediction_id.hex}-{sha256_hex(repr(place).encode())[:31]}"


def prediction_id_of(key: str) -> str | None:
    """Return the prediction's id that a key begins with, or None for a key of another make."""
    if len(key) != 64 or key[32] != "-":
        return None
    try:
        return str(UUID(key[:32]))
    except ValueError:
        return None
