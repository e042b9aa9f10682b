"""Digests: SHA-256 of bytes, and of JSON in its canonical form (RFC 8785)."""

from __future__ import annotations

import hashlib
from typing import Any

import rfc8785


def sha256_hex(content: bytes | bytearray | memoryview) -> str:
    """Return the SHA-256 of ``content`` as 64 hexadecimal digits."""
    return hashlib.sha256(content).hexdigest()


def canonical_json(value: Any) -> bytes:
    """Return ``value`` as canonical JSON: the same value always gives the same bytes (RFC 8785).

    Raises:
        rfc8785.CanonicalizationError: not JSON, NaN, infinity or an integer beyond 2**53.
    """
    return rfc8785.dumps(value)


def digest_of(value: Any) -> str:
    """Return the SHA-256 of the canonical JSON of ``value``."""
    return sha256_hex(canonical_json(value))
