"""How stored samples lie in their words (PS3.5 8.1.1), and which of them say "no image here" (PS3.3 C.7.5.1.1.2)."""

from __future__ import annotations

from dataclasses import dataclass

from imaging.dicom.header_values import number, whole
from imaging.dicom.json_model import Json


@dataclass(frozen=True, slots=True)
class BitLayout:
    """How a stored sample lies in its word (PS3.5 8.1.1), and whether colours lie plane by plane (C.7.6.3.1.3)."""

    allocated: int
    stored: int
    high: int
    signed: bool
    floating: bool
    planar: bool

    @property
    def lowest(self) -> int:
        """The smallest value that a stored sample can have."""
        return -(1 << (self.stored - 1)) if self.signed else 0

    @property
    def highest(self) -> int:
        """The largest value that a stored sample can have."""
        return (1 << (self.stored - 1)) - 1 if self.signed else (1 << self.stored) - 1

    def as_sample(self, value: float) -> float:
        """Return a stored value of the header in the pixels' own type: its VR (US or SS) is often written wrongly."""
        if self.floating:
            return value
        if self.signed and value >= 1 << (self.allocated - 1):
            return value - (1 << self.allocated)
        if not self.signed and value < 0:
            return value + (1 << self.allocated)
        return value


@dataclass(frozen=True, slots=True)
class PaddingRange:
    """Stored values, both inclusive, that say "no image here" (PS3.3 C.7.5.1.1.2)."""

    low: float
    high: float


def as_mapped(value: int, *, signed: bool) -> int:
    """Return the first value that a table maps (16 bits) with the sign of what is looked up, whatever its VR."""
    if signed and value >= 1 << 15:
        return value - (1 << 16)
    return value + (1 << 16) if not signed and value < 0 else value


def bit_layout(header: Json) -> BitLayout:
    """Return how the samples of an instance lie in their words.

    Args:
        header: the instance's DICOM JSON model, as stored.
    """
    allocated = whole(header, "00280100") or 8
    stored = whole(header, "00280101") or allocated
    stored = min(max(stored, 1), allocated)
    high = whole(header, "00280102")
    high = stored - 1 if high is None or not stored - 1 <= high < allocated else high
    # Float Pixel Data has neither Bits Stored nor Pixel Representation (PS3.3 C.7.6.24).
    floating = whole(header, "00280101") is None and whole(header, "00280103") is None and allocated >= 32
    signed, planar = whole(header, "00280103") == 1, whole(header, "00280006") == 1
    return BitLayout(allocated, stored, high, signed, floating, planar)


def padding_range(header: Json, bits: BitLayout) -> PaddingRange | None:
    """Return the stored values that are no image, or None where the instance names none."""
    low = _first_number(header, "00280120", "00280122", "00280123")
    if low is None:
        return None
    high = _first_number(header, "00280121", "00280124", "00280125")
    ends = bits.as_sample(low), bits.as_sample(low if high is None else high)
    return PaddingRange(min(ends), max(ends))


def _first_number(header: Json, *tags: str) -> float | None:
    return next((found for tag in tags if (found := number(header, tag)) is not None), None)
