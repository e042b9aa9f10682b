"""Numbers as people and programs write them in addresses, headers and sentences. Nothing else reads them from text."""

from __future__ import annotations

from typing import Final

#: Whole numbers up to here are the same in every program that reads JSON (RFC 7493, section 2.2).
EXACT: Final = (1 << 53) - 1
#: The digits of 10**18 - 1, which every database's 64 bits hold.
_DIGITS: Final = 18


def whole(text: object, *, least: int = 0, most: int = 10**_DIGITS - 1) -> int | None:
    """Return the whole number that a text is, or None: other than ASCII digits, too many of them, or out of range.

    ``str.isdigit`` says yes to a superscript two, at which ``int`` fails, as it does at 5,000 digits.
    """
    if not (isinstance(text, str) and text.isascii() and text.isdigit() and len(text) <= _DIGITS):
        return None
    number = int(text)
    return number if least <= number <= most else None


def how_many(count: int, one: str, many: str) -> str:
    """Return how many there are, in words that fit: 1 patient, 1,200 patients."""
    return f"{count:,} {one if count == 1 else many}"
