"""What the archive knows of the space of one frame: size, plane, proven spacing. The seam to the floor below."""

from __future__ import annotations

from dataclasses import dataclass

from annotations.geometry.measures import Scale
from imaging.dicom.plane import Plane
from imaging.models import Instance
from imaging.selectors import facts_of_digest


@dataclass(frozen=True, slots=True)
class FrameSpace:
    """The space of one frame.

    Attributes:
        plane: None where the image has no patient space.
        scale: of its pixels; millimetres only where the header proves them.
    """

    rows: int
    columns: int
    frame_of_reference_uid: str
    plane: Plane | None
    scale: Scale


def frame_space(instance: Instance, frame_number: int) -> FrameSpace:
    """Return the space of frame ``frame_number`` (from 1) of an instance."""
    facts = next((one for one in facts_of_digest(instance.header_digest) if one.frame_number == frame_number), None)
    if facts is None:
        return FrameSpace(instance.rows or 0, instance.columns or 0, "", None, Scale())
    space = facts.space
    plane = (
        Plane(space.position, space.orientation, space.spacing_mm)
        if space.position and space.orientation and space.spacing_mm
        else None
    )
    if space.length_unit != "mm" or space.spacing_mm is None:
        scale = Scale()
    else:
        series = instance.series.geometry
        between = series.get("slice_spacing_mm") if series.get("slice_spacing_regular") else None
        scale = Scale(space.spacing_mm, space.spacing_source, between)
    return FrameSpace(facts.rows, facts.columns, space.frame_of_reference_uid, plane, scale)
