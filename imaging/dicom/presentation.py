"""What an image asks for beyond windows and tables: bright or dark, colours of its own, and what is not done here."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

from imaging.dicom.bit_layout import BitLayout, as_mapped
from imaging.dicom.header_values import FrameHeader, frame_type, numbers, word
from imaging.dicom.json_model import Json, items

Inversion = Literal["none", "monochrome1", "presentation_lut", "pet"]

GREY: Final = ("MONOCHROME1", "MONOCHROME2")
_DESCRIPTORS: Final = ("00281101", "00281102", "00281103")
_ENTRIES: Final = (("00281201", "00281221"), ("00281202", "00281222"), ("00281203", "00281223"))

#: What an image may ask for that no picture here shows, as a reader is told it.
UNDRAWN: Final[dict[str, str]] = {
    "own_colors": "the image's own colours are not drawn: their table is missing or broken",
    "presentation_table": "the image's presentation table is not applied",
    "presentation_shape": "the image's presentation shape is not applied: it is meant for film",
    "display_shutter": "the image's display shutter is not drawn",
    "mask_subtraction": "the image asks for a subtraction that is not done here",
}


@dataclass(frozen=True, slots=True)
class Undrawn:
    """Something the image asks for that no picture here shows: a code, a key of ``UNDRAWN``, and its words."""

    code: str
    words: str


@dataclass(frozen=True, slots=True)
class OwnColors:
    """Stored values that the image wants in colour (Supplemental Palette, PS3.3 C.7.6.19 and C.8.16.2.1.1.1).

    They are shown in colour only: a value stays the modality value that it is, under the cursor, in statistics and for
    models.

    Attributes:
        first: the first stored value in colour; smaller ones go through the grey levels.
        entries: how many colours there are; values beyond the last have the last one.
    """

    first: int
    entries: int


def inversion_of(header: Json, photometric: str) -> Inversion:
    """Say why small values are bright. MONOCHROME1 with the shape INVERSE says it twice and means it once (C.11.6)."""
    if photometric not in GREY:
        return "none"
    if photometric == "MONOCHROME1":
        return "monochrome1"
    if word(header, "20500020").upper() == "INVERSE":
        return "presentation_lut"
    return "pet" if word(header, "00080060").upper() == "PT" else "none"


def own_colors_of(frame: FrameHeader, bits: BitLayout, *, table: bool) -> tuple[OwnColors | None, bool]:
    """Return which stored values of a grey frame are in colour, and whether it asks for colours that cannot be drawn.

    Args:
        frame: the header as the frame sees it.
        bits: of its samples.
        table: its values come from a table, from which nobody finds the stored value again.
    """
    if "COLOR" not in frame_type(frame, "00089205", "00089205"):
        return None, False
    said = [numbers(frame.instance.get(tag, {}).get("Value") or []) for tag in _DESCRIPTORS]
    there = all(any(tag in frame.instance for tag in tags) for tags in _ENTRIES)
    if table or bits.floating or not there or len(said[0]) != 3 or said.count(said[0]) != 3:
        return None, True
    entries = int(said[0][0]) % (1 << 16) or 1 << 16
    return OwnColors(as_mapped(int(said[0][1]), signed=bits.signed), entries), False


def undrawn_of(header: Json, photometric: str, *, without_colors: bool) -> tuple[Undrawn, ...]:
    """Return what an instance asks for that no picture here shows.

    Args:
        header: of the instance.
        photometric: its Photometric Interpretation.
        without_colors: it asks for colours of its own that cannot be drawn.
    """
    grey = photometric in GREY
    said = {
        "own_colors": without_colors,
        "presentation_table": grey and next(items(header, "20500010"), None) is not None,
        "presentation_shape": grey and word(header, "20500020").upper() not in ("", "IDENTITY", "INVERSE"),
        "display_shutter": bool(word(header, "00181600")),
        "mask_subtraction": word(header, "00281090").upper() == "SUB",
    }
    return tuple(Undrawn(code, UNDRAWN[code]) for code, holds in said.items() if holds)
