"""Where the pixels of one frame lie, how far apart they are, and where its edges point to."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from imaging.dicom.header_values import FrameHeader, numbers, vector, word
from imaging.dicom.orientation import EdgeLetters, edges_of, laterality_of
from imaging.dicom.spacing import LengthUnit, Spacing, SpacingSource, UltrasoundRegion, spacing_of

Vector = tuple[float, float, float]


@dataclass(frozen=True, slots=True)
class FrameSpace:
    """What one frame's header says about space.

    Attributes:
        position: of the centre of the top-left pixel, LPS mm.
        orientation: direction of a row, then of a column (six direction cosines), LPS.
        spacing: the distance of pixels, and what proves it.
        edges: what the edges of the stored picture point to, or None.
        laterality: R, L, B or U of a paired body part; empty where it is not said.
    """

    position: Vector | None
    orientation: tuple[float, ...] | None
    spacing: Spacing
    edges: EdgeLetters | None
    laterality: str
    frame_of_reference_uid: str

    @property
    def spacing_mm(self) -> tuple[float, float] | None:
        """(between rows, between columns), where one spacing holds for the whole frame."""
        return self.spacing.mm

    @property
    def spacing_source(self) -> SpacingSource:
        """What proves the spacing."""
        return self.spacing.source

    @property
    def length_unit(self) -> LengthUnit:
        """``mm`` or ``px``."""
        return self.spacing.unit

    @property
    def aspect(self) -> tuple[float, float]:
        """Height and width of a pixel, for drawing."""
        return self.spacing.aspect

    @property
    def regions(self) -> tuple[UltrasoundRegion, ...]:
        """Ultrasound regions."""
        return self.spacing.regions

    @property
    def warnings(self) -> tuple[str, ...]:
        """Stable codes."""
        return self.spacing.warnings


def frame_space(header: FrameHeader) -> FrameSpace:
    """Return what a frame's header proves about its space."""
    # One position for many frames (ultrasound loops, NM) places none of them.
    position = vector(header.values("00209113", "00200032", instance_too=header.is_placed))
    orientation = _unit_orientation(numbers(header.values("00209116", "00200037")))
    return FrameSpace(
        position=position,
        orientation=orientation,
        spacing=spacing_of(header, placed=position is not None and orientation is not None),
        edges=edges_of(header, orientation),
        laterality=laterality_of(header),
        frame_of_reference_uid=word(header.instance, "00200052"),
    )


def _unit_orientation(values: list[float]) -> tuple[float, ...] | None:
    if len(values) != 6:
        return None
    row, column = np.array(values[:3]), np.array(values[3:])
    lengths = float(np.linalg.norm(row)), float(np.linalg.norm(column))
    if min(lengths) < 0.5 or abs(float(row @ column)) / (lengths[0] * lengths[1]) > 0.02:
        return None
    return tuple(float(value) for value in (*(row / lengths[0]), *(column / lengths[1])))
