"""Two versions of one instance: in what do their headers differ, and is it only the encoding (PS3.18 annex F)."""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass
from typing import Any, Final

from pydicom.datadict import dictionary_description

Json = dict[str, Any]
#: What an encoding may change by itself: character set, photometric interpretation and order of colour samples of
#: compressed pixels, and padding after the data set.
_OF_ENCODING: Final = frozenset({"00080005", "00280004", "00280006", "FFFCFFFC"})
_SHOWN_LENGTH: Final = 200


@dataclass(frozen=True, slots=True)
class Difference:
    """One attribute in which two headers differ; a value is None where the attribute is missing."""

    tag: str
    name: str
    first: str | None
    second: str | None


def header_differences(first: Json, second: Json) -> list[Difference]:
    """Return the attributes in which two DICOM JSON headers differ, in tag order, apart from what an encoding changes.

    Values that are kept outside the header (over 1 KiB) count as different: nothing proves that they are not.
    """
    found = []
    for tag in sorted(first.keys() | second.keys()):
        one, other = first.get(tag), second.get(tag)
        if tag in _OF_ENCODING or _alike(one, other):
            continue
        found.append(Difference(tag, _name(tag), _words(one), _words(other)))
    return found


def _alike(one: Json | None, other: Json | None) -> bool:
    if one is None or other is None:
        return False
    if "BulkDataURI" in one or "BulkDataURI" in other:
        return False
    if "UN" in (one.get("vr"), other.get("vr")) and one.get("vr") != other.get("vr"):
        return _text_of(one) == _text_of(other) is not None
    if one.get("vr") == other.get("vr") == "SQ":
        left, right = one.get("Value") or [], other.get("Value") or []
        return len(left) == len(right) and not any(header_differences(a, b) for a, b in zip(left, right, strict=True))
    return one.get("Value") == other.get("Value") and one.get("InlineBinary") == other.get("InlineBinary")


def _text_of(element: Json) -> str | None:
    """Return an element's value as text, also where its VR was not known to the reader; None for what is no text."""
    if "InlineBinary" in element:
        try:
            return base64.b64decode(element["InlineBinary"]).decode("ascii").strip("\0 ")
        except (UnicodeDecodeError, binascii.Error):
            return None
    values = element.get("Value") or []
    return "\\".join(str(value) for value in values).strip() if all(isinstance(v, str) for v in values) else None


def _name(tag: str) -> str:
    try:
        return dictionary_description(int(tag, 16))
    except KeyError:
        return "Private attribute" if int(tag[:4], 16) % 2 else "Unknown attribute"


def _words(element: Json | None) -> str | None:
    if element is None:
        return None
    if "BulkDataURI" in element:
        return "(a long value)"
    if "InlineBinary" in element:
        return f"(binary, {len(base64.b64decode(element['InlineBinary']))} bytes)"
    values = element.get("Value") or []
    if element.get("vr") == "SQ":
        return f"({len(values)} items)" if len(values) != 1 else "(1 item)"
    said = [
        "=".join(filter(None, (value.get(group) for group in ("Alphabetic", "Ideographic", "Phonetic"))))
        if isinstance(value, dict)
        else str(value)
        for value in values
        if value is not None
    ]
    return "\\".join(said)[:_SHOWN_LENGTH]
