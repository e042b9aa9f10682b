"""Texts of every character set: what a decoder left over, and whether letters may be wrong (PS3.3 C.12.1.1.2)."""

from __future__ import annotations

import re
from typing import Any, Final

from pydicom.charset import python_encoding
from pydicom.dataset import Dataset

#: ISO 2022 escape sequences that decoders of some character sets leave in the text.
_ESCAPES: Final = re.compile("\x1b[\x20-\x2f]+[\x30-\x7e]")
_TEXTS: Final = (0x00100010, 0x00080090, 0x00081030, 0x0008103E, 0x00080050, 0x00100020)
#: Terms for the default repertoire, which has no letter above 127.
_ASCII: Final = ("", "ISO_IR 6", "ISO 2022 IR 6")
#: Why letters of a study's texts may not be those that were meant.
WORDS: Final = {
    "charset_missing": "The images name no character set; letters of names and texts may be wrong.",
    "charset_unknown": "The images name a character set that is not known here; letters of names may be wrong.",
    "charset_wrong": "Names or texts are not written in the character set that the images name; letters are wrong.",
}


def readable(text: str) -> str:
    """Return the text without the escape sequences that switched between its character sets."""
    return _ESCAPES.sub("", text) if "\x1b" in text else text


def text_code(dataset: Dataset) -> str:
    """Return why letters may be wrong (a key of ``WORDS``), or nothing.

    Args:
        dataset: as read from a file: its texts are still bytes.
    """
    raws = [_raw(dataset, tag) for tag in _TEXTS]
    if all(raw.isascii() and b"\x1b" not in raw for raw in raws):
        return ""
    try:
        value: Any = dataset.get("SpecificCharacterSet")
    except Exception:
        return "charset_unknown"
    named = [value] if isinstance(value, str) else list(value or [])
    if not any(named):
        return "charset_missing"
    terms = [str(term or "").strip() for term in named]
    if any(term not in python_encoding for term in terms):
        return "charset_unknown"
    if any("\ufffd" in _decoded(dataset, tag) for tag in _TEXTS):
        return "charset_wrong"
    return "" if all(_fits(raw, terms[0]) for raw in raws) else "charset_wrong"


def _raw(dataset: Dataset, tag: int) -> bytes:
    if tag not in dataset:
        return b""
    value = getattr(dataset.get_item(tag), "value", b"")
    return value if isinstance(value, bytes) else b""


def _decoded(dataset: Dataset, tag: int) -> str:
    try:
        return str(dataset[tag].value) if tag in dataset else ""
    except Exception:
        return "\ufffd"


def _fits(raw: bytes, first: str) -> bool:
    """Say whether bytes without escape sequences can be read in the character set that is named first."""
    if raw.isascii() or b"\x1b" in raw:
        return True
    if first in _ASCII:
        return False
    try:
        raw.decode(python_encoding[first])
    except (UnicodeDecodeError, LookupError):
        return False
    return True
