"""What the archive knows of the space of one frame: size, plane, distance of pixels. The seam to the floor below."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from annotations.geometry.measures import Scale
from imaging.dicom.plane import Plane
from imaging.dicom.spacing import WORDS, Spacing
from imaging.models import Instance, Series
from imaging.selectors import facts_of_digest

_UNKNOWN: Final = Spacing(None, "none", WORDS["none"], (1.0, 1.0))


@dataclass(frozen=True, slots=True)
class FrameSpace:
    """The space of one frame.

    Attributes:
        plane: None where the image has no patient space.
        spacing: the distance of its pixels, and what proves it.
    """

    rows: int
    columns: int
    frame_of_reference_uid: str
    plane: Plane | None
    spacing: Spacing

    @property
    def scale(self) -> Scale:
        """How pixels become lengths anywhere on the frame; ``scale_under`` knows it for a shape."""
        return _scale(self.spacing)

    def scale_under(self, points: Any) -> Scale:
        """Return how pixels become lengths under a shape: an ultrasound region has its own way.

        Args:
            points: (column, row) in pixels, shape (n, 2).
        """
        return _scale(self.spacing.under([(float(column), float(row)) for column, row in points]))


def _scale(spacing: Spacing) -> Scale:
    return Scale(spacing.mm, spacing.source, spacing.aspect, spacing.words)


def frame_space(instance: Instance, frame_number: int) -> FrameSpace:
    """Return the space of frame ``frame_number`` (from 1) of an instance."""
    facts = next((one for one in facts_of_digest(instance.header_digest) if one.frame_number == frame_number), None)
    if facts is None:
        return FrameSpace(instance.rows or 0, instance.columns or 0, "", None, _UNKNOWN)
    space = facts.space
    plane = (
        Plane(space.position, space.orientation, space.spacing_mm)
        if space.position and space.orientation and space.spacing_mm
        else None
    )
    return FrameSpace(facts.rows, facts.columns, space.frame_of_reference_uid, plane, space.spacing)


def even_slices_mm(series: Series) -> float | None:
    """Return the distance of slices of a series that fills space evenly: each place once, no gap. Else None."""
    known = series.geometry
    if known.get("kind") != "volume" or not known.get("slice_spacing_regular"):
        return None
    between = known.get("slice_spacing_mm")
    return float(between) if between else None
