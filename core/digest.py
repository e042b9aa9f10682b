"""Digests: SHA-256 of bytes, and of JSON in its canonical form (RFC 8785)."""

from __future__ import annotations

import hashlib
from typing import Any

import rfc8785

from core.errors import Invalid


def sha256_hex(content: bytes | bytearray | memoryview) -> str:
    """Return the SHA-256 of ``content`` as 64 hexadecimal digits."""
    return hashlib.sha256(content).hexdigest()


def canonical_json(value: Any) -> bytes:
    """Return ``value`` as canonical JSON: the same value always gives the same bytes (RFC 8785).

    Raises:
        Invalid: an integer that not every reader of JSON can hold (``core.numbers.EXACT``).
        rfc8785.CanonicalizationError: not JSON, NaN or infinity.
    """
    try:
        return rfc8785.dumps(value)
    except rfc8785.IntegerDomainError:
        raise Invalid("number_too_large", "A whole number in this is beyond 2^53. Use a smaller one.") from None


def digest_of(value: Any) -> str:
    """Return the SHA-256 of the canonical JSON of ``value``."""
    return sha256_hex(canonical_json(value))
