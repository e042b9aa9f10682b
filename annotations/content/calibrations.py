"""Which calibration by hand holds for an image in a case, and what it makes of the image's spacing."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from annotations.content.image_space import FrameSpace, frame_space
from annotations.errors import content_wrong
from annotations.models import Calibration, Workitem
from imaging.dicom.spacing import Spacing

if TYPE_CHECKING:
    from collections.abc import Sequence

    from imaging.models import Instance

#: A line this short cannot carry a length: a pixel of error would be a fifth of it.
_SHORTEST_PX: Final = 5.0
_LENGTHS_MM: Final = (0.01, 5_000.0)


def calibrations_in_force(workitem: Workitem) -> list[Calibration]:
    """Return the calibrations that hold in a case: the latest of each image and each series, oldest first."""
    latest: dict[tuple[str, str], Calibration] = {}
    for row in workitem.calibrations.select_related("author"):
        latest[(row.series_instance_uid, "" if row.whole_series else row.sop_instance_uid)] = row
    return [row for row in latest.values() if row.length_mm is not None]


def calibration_among(rows: Sequence[Calibration], instance: Instance) -> Calibration | None:
    """Return the calibration that holds for an image: its own before that of its series.

    Args:
        rows: that are in force in the case.
        instance: with its series.
    """
    held = None
    for row in rows:
        if row.series_instance_uid != instance.series.series_instance_uid or frame_space(instance, 1).plane is not None:
            continue
        if not row.whole_series and row.sop_instance_uid == instance.sop_instance_uid:
            return row
        if row.whole_series and (row.rows, row.columns) == (instance.rows, instance.columns):
            held = row
    return held


def space_in(
    workitem: Workitem, instance: Instance, frame_number: int, in_force: Sequence[Calibration] | None = None
) -> FrameSpace:
    """Return the space of a frame as it counts in a case: by hand where somebody calibrated it.

    Args:
        in_force: ``calibrations_in_force`` of the case, where the spaces of many frames are asked for.
    """
    space = frame_space(instance, frame_number)
    if space.plane is not None:
        return space
    row = calibration_among(calibrations_in_force(workitem) if in_force is None else in_force, instance)
    return space if row is None else replace(space, spacing=calibrated_spacing(row))


def calibrated_spacing(row: Calibration) -> Spacing:
    """Return the spacing that a calibration gives an image."""
    mm = (row.row_mm or 0.0, row.column_mm or 0.0)
    return Spacing(mm, "manual_calibration", f"calibrated by {row.author}", mm)


def steps_of_length(space: FrameSpace, points: Sequence[Sequence[float]], length_mm: float) -> tuple[float, float]:
    """Return (row, column) distance of pixels in mm by which the line has this length.

    Args:
        space: of the image, as its header says.
        points: both ends, (column, row) in pixels.
        length_mm: what is known of the line.

    Raises:
        Invalid: the image has its own place in the patient or several scales, or the line or the length is no measure.
    """
    if space.plane is not None:
        raise content_wrong(
            "calibration_not_needed",
            "This image says where it lies in the patient: its millimetres need no calibration.",
        )
    if space.spacing.regions and space.spacing.mm is None:
        raise content_wrong(
            "calibration_of_regions", "This image has regions of different scale: one length cannot calibrate them all."
        )
    if not math.isfinite(length_mm) or not _LENGTHS_MM[0] <= length_mm <= _LENGTHS_MM[1]:
        raise content_wrong("calibration_length_wrong", "Say the known length in millimetres, from 0.01 to 5000.")
    inside = all(
        len(point) == 2 and -0.5 <= point[0] <= space.columns - 0.5 and -0.5 <= point[1] <= space.rows - 0.5
        for point in points
    )
    if len(points) != 2 or not inside:
        raise content_wrong("calibration_line_wrong", "Draw the known length from one point in the image to another.")
    high = space.spacing.aspect[0] / space.spacing.aspect[1]
    drawn = math.hypot(points[1][0] - points[0][0], (points[1][1] - points[0][1]) * high)
    if drawn < _SHORTEST_PX:
        raise content_wrong("calibration_line_short", "Draw a longer line: this one is too short to be exact.")
    column = length_mm / drawn
    return column * high, column
