"""Numbers out of a DICOM JSON header, and the functional groups of one frame (PS3.3 C.7.6.16)."""

from __future__ import annotations

import base64
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

from imaging.dicom.json_model import Json, items

Vector = tuple[float, float, float]


@dataclass(frozen=True, slots=True)
class FrameHeader:
    """The header of an instance as one of its frames sees it: its own functional groups, the shared ones, the rest.

    Attributes:
        instance: the DICOM JSON model of the instance (``json_model.header_model``), as stored.
        groups: the frame's own functional groups, then the shared ones.
        is_placed: whether Image Position (Patient) of the instance itself speaks of this frame.
    """

    instance: Json
    groups: tuple[Json, ...]
    is_placed: bool

    def macro(self, sequence: str) -> Json:
        """Return the item of a functional group, or the instance itself where it has no such group."""
        for group in self.groups:
            for item in items(group, sequence):
                return item
        return self.instance

    def values(self, sequence: str, tag: str, *, instance_too: bool = True) -> list[Any]:
        """Return the values of an attribute of a functional group, or of the instance itself; else an empty list."""
        for group in self.groups:
            for item in items(group, sequence):
                values = item.get(tag, {}).get("Value")
                if values:
                    return list(values)
        return list(self.instance.get(tag, {}).get("Value") or []) if instance_too else []


#: Frame Type functional groups of enhanced CT, MR and PET (PS3.3 C.8.15.3.1, C.8.13.5.1, C.8.22.5.1).
_FRAME_TYPES: Final = ("00189329", "00189226", "00189751")


def frame_type(frame: FrameHeader, tag: str = "00089007", instance_tag: str = "00080008") -> list[str]:
    """Return the Frame Type of a frame, else the Image Type of its instance, upper case.

    Args:
        frame: the header as the frame sees it.
        tag: another attribute of the same functional group.
        instance_tag: what says the same of an instance without the group.
    """
    for sequence in _FRAME_TYPES:
        values = frame.values(sequence, tag, instance_too=False)
        if values:
            return [str(value or "").strip().upper() for value in values]
    return words(frame.instance, instance_tag)


def is_localizer(frame: FrameHeader) -> bool:
    """Say whether a frame only shows where others were planned (Image Type value 3, PS3.3 C.8.2.1.1.1, C.8.16.1.3)."""
    return "LOCALIZER" in frame_type(frame)[2:]


def frame_headers(header: Json) -> Iterator[FrameHeader]:
    """Yield the header as each frame of an instance sees it, first frame first."""
    count = max(1, whole(header, "00280008") or 1)
    shared = next(items(header, "52009229"), {})
    per_frame = list(items(header, "52009230"))
    for index in range(count):
        own = per_frame[index] if index < len(per_frame) else {}
        yield FrameHeader(header, (own, shared), count == 1 or not per_frame)


def numbers(values: Sequence[Any]) -> list[float]:
    """Return values as finite numbers; empty where one of them is none."""
    try:
        found = [float(value) for value in values]
    except (TypeError, ValueError):
        return []
    return found if all(math.isfinite(one) for one in found) else []


def number(header: Json, tag: str) -> float | None:
    """Return the first value of an attribute as a finite number, or None."""
    found = numbers((header.get(tag, {}).get("Value") or [])[:1])
    return found[0] if found else None


def whole(header: Json, tag: str) -> int | None:
    """Return the first value of an attribute as a whole number, or None."""
    found = number(header, tag)
    return None if found is None else int(found)


def texts(header: Json, tag: str) -> list[str]:
    """Return the values of an attribute as texts, empty ones for empty values."""
    return [str(value) if value is not None else "" for value in header.get(tag, {}).get("Value") or []]


def pair(values: Sequence[Any]) -> tuple[float, float] | None:
    """Return two positive numbers, or None."""
    found = numbers(values)
    return (found[0], found[1]) if len(found) == 2 and min(found) > 0 else None


def vector(values: Sequence[Any]) -> Vector | None:
    """Return three numbers, or None."""
    found = numbers(values)
    return (found[0], found[1], found[2]) if len(found) == 3 else None


def word(header: Json, tag: str) -> str:
    """Return the first value of an attribute as text without outer blanks; empty where there is none."""
    found = header.get(tag, {}).get("Value") or [None]
    return "" if found[0] is None else str(found[0]).strip()


def words(header: Json, tag: str) -> list[str]:
    """Return the values of an attribute as upper-case texts without outer blanks."""
    return [text.strip().upper() for text in texts(header, tag)]


def private_text(header: Json, group: str, creator: str, element: str) -> str:
    """Return a private attribute's first value as text, wherever its creator reserved a block (PS3.5 7.8.1).

    Args:
        header: of the instance.
        group: four digits, such as ``7053``.
        creator: the private creator's name.
        element: the last two digits, such as ``09``.
    """
    for block in range(0x10, 0x100):
        if word(header, f"{group}00{block:02X}") != creator:
            continue
        tag = f"{group}{block:02X}{element}"
        raw = header.get(tag, {}).get("InlineBinary")
        if not raw:
            return word(header, tag)
        # A value whose representation the sender did not say (UN) is its bytes.
        try:
            return base64.b64decode(raw).decode("ascii").strip("\0 ").split("\\")[0]
        except ValueError:
            return ""
    return ""
