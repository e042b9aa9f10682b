"""What the archive knows of the space of one frame: size, plane, proven spacing. The seam to the floor below."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from annotations.geometry.measures import Scale
from imaging.dicom.geometry import FrameFacts, frame_facts
from imaging.dicom.plane import Plane
from imaging.models import Instance
from imaging.selectors import header_of_digest


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


@lru_cache(maxsize=256)
def _facts(header_digest: str) -> tuple[FrameFacts, ...]:
    return tuple(frame_facts(header_of_digest(header_digest)))


def frame_space(instance: Instance, frame_number: int) -> FrameSpace:
    """Return the space of frame ``frame_number`` (from 1) of an instance."""
    facts = next((one for one in _facts(instance.header_digest) if one.frame_number == frame_number), None)
    if facts is None:
        return FrameSpace(instance.rows or 0, instance.columns or 0, "", None, Scale())
    placed = facts.position is not None and facts.orientation is not None and facts.spacing_mm is not None
    plane = (
        Plane(facts.position, facts.orientation, facts.spacing_mm)
        if placed and facts.position and facts.orientation and facts.spacing_mm
        else None
    )
    if facts.length_unit != "mm" or facts.spacing_mm is None:
        scale = Scale()
    else:
        series = instance.series.geometry
        between = series.get("slice_spacing_mm") if series.get("slice_spacing_regular") else None
        scale = Scale(facts.spacing_mm, facts.spacing_source, between)
    return FrameSpace(facts.rows, facts.columns, facts.frame_of_reference_uid, plane, scale)
