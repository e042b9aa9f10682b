"""Where the edges of a picture point to in the patient (PS3.3 C.7.6.1.1.1, C.7.6.2.1.1)."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from imaging.dicom.header_values import FrameHeader, word
from imaging.dicom.json_model import Json

_BIPED: Final = (("R", "L"), ("A", "P"), ("F", "H"))
_QUADRUPED: Final = (("RT", "LE"), ("V", "D"), ("CD", "CR"))
_BIPED_OPPOSITE: Final = {one: other for pair in _BIPED for one, other in (pair, pair[::-1])}
_QUADRUPED_OPPOSITE: Final = {
    "RT": "LE", "LE": "RT", "V": "D", "D": "V", "CD": "CR", "CR": "CD", "R": "CD", "M": "L", "L": "M",
    "PR": "DI", "DI": "PR", "PA": "D", "PL": "D",
}  # fmt: skip
#: A direction counts from a quarter of the whole on: about 15 degrees off the others.
_SMALL: Final = 0.25


@dataclass(frozen=True, slots=True)
class EdgeLetters:
    """What the edges of the stored picture point to; empty where it is not said."""

    left: str
    right: str
    top: str
    bottom: str


def direction_letters(direction: Sequence[float], *, quadruped: bool = False) -> str:
    """Return a patient direction (LPS) as one to three letters, strongest first."""
    length = math.sqrt(sum(part * part for part in direction)) or 1.0
    names = _QUADRUPED if quadruped else _BIPED
    axes = sorted(
        ((abs(part) / length, names[index][int(part > 0)]) for index, part in enumerate(direction)),
        key=lambda axis: -axis[0],
    )
    return "".join(letter for index, (size, letter) in enumerate(axes) if size > (_SMALL if index else 0))


def _split(text: str, known: dict[str, str]) -> list[str] | None:
    """Return the letters of a direction word such as FR (quadruped: two letters at a time where they are one)."""
    found: list[str] = []
    at = 0
    while at < len(text):
        size = next((size for size in (2, 1) if text[at : at + size] in known), 0)
        if not size:
            return None
        found.append(text[at : at + size])
        at += size
    return found or None


def _towards(text: str, known: dict[str, str]) -> tuple[str, str]:
    """Return (direction, opposite direction) of a direction word; empty where it is not one."""
    letters = _split(text, known)
    if letters is None:
        return "", ""
    return "".join(letters), "".join(known[letter] for letter in letters)


def is_quadruped(header: Json) -> bool:
    """Say whether the patient is a quadruped (Anatomical Orientation Type)."""
    return word(header, "00102210").upper() == "QUADRUPED"


def edges_of(header: FrameHeader, orientation: Sequence[float] | None = None) -> EdgeLetters | None:
    """Return the letters of the four edges of the picture as stored, or None where nothing says them.

    Args:
        header: of the frame.
        orientation: six direction cosines of the frame's plane; without them Patient Orientation says it.
    """
    quadruped = is_quadruped(header.instance)
    if orientation is not None and len(orientation) == 6:
        row, column = orientation[:3], orientation[3:]
        return EdgeLetters(
            direction_letters([-part for part in row], quadruped=quadruped),
            direction_letters(row, quadruped=quadruped),
            direction_letters([-part for part in column], quadruped=quadruped),
            direction_letters(column, quadruped=quadruped),
        )
    said = [str(value).strip().upper() for value in header.values("00209450", "00200020")]
    if len(said) != 2:
        return None
    known = _QUADRUPED_OPPOSITE if quadruped else _BIPED_OPPOSITE
    (right, left), (bottom, top) = _towards(said[0], known), _towards(said[1], known)
    return EdgeLetters(left, right, top, bottom) if right or bottom else None


def laterality_of(header: FrameHeader) -> str:
    """Return the side of the paired body part: R, L, B (both), U (unpaired); empty where it is not said."""
    anatomy = header.macro("00209071")
    for place, tag in ((anatomy, "00209072"), (header.instance, "00200062"), (header.instance, "00200060")):
        side = word(place, tag).upper()
        if side in ("R", "L", "B", "U"):
            return side
    return ""
