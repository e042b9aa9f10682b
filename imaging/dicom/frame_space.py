"""Where the pixels of one frame lie and how far apart they are, from its header."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final, Literal

import numpy as np

from imaging.dicom.header_values import FrameHeader, number, numbers, pair, vector, whole
from imaging.dicom.json_model import Json, first_value, items

LengthUnit = Literal["mm", "px"]
SpacingSource = Literal[
    "pixel_spacing",
    "pixel_spacing_calibrated",
    "imager_pixel_spacing",
    "imager_pixel_spacing_magnification",
    "nominal_scanned_pixel_spacing",
    "ultrasound_region",
    "none",
]
Vector = tuple[float, float, float]

_PROJECTION: Final = frozenset({"CR", "DX", "DR", "MG", "XA", "RF", "PX", "IO", "RG", "DG", "RTIMAGE", "XR"})
_SECONDARY_CAPTURE: Final = "1.2.840.10008.5.1.4.1.1.7"
_CENTIMETRES: Final = 3
_SPATIAL_REGION: Final = 1


@dataclass(frozen=True, slots=True)
class UltrasoundRegion:
    """A calibrated rectangle of an ultrasound image (PS3.3 C.8.5.5).

    Attributes:
        x0, y0, x1, y1: corners in pixels, column and row, inclusive.
        spacing_mm: (row, column) distance of pixels, or None where the region is not a picture of space.
    """

    x0: int
    y0: int
    x1: int
    y1: int
    spacing_mm: tuple[float, float] | None


@dataclass(frozen=True, slots=True)
class FrameSpace:
    """What one frame's header says about space.

    Attributes:
        position: of the centre of the top-left pixel, LPS mm.
        orientation: direction of a row, then of a column (six direction cosines), LPS.
        spacing_mm: (between rows, between columns), in the plane that ``spacing_source`` names.
        aspect: height and width of a pixel, for drawing.
    """

    position: Vector | None
    orientation: tuple[float, ...] | None
    spacing_mm: tuple[float, float] | None
    spacing_source: SpacingSource
    length_unit: LengthUnit
    aspect: tuple[float, float]
    frame_of_reference_uid: str
    regions: tuple[UltrasoundRegion, ...] = ()
    warnings: tuple[str, ...] = ()


def frame_space(header: FrameHeader) -> FrameSpace:
    """Return what a frame's header proves about its space."""
    whole_header = header.instance
    regions = _ultrasound_regions(whole_header)
    # One position for many frames (ultrasound loops, NM) places none of them.
    position = vector(header.values("00209113", "00200032", instance_too=header.is_placed))
    orientation = numbers(header.values("00209116", "00200037"))
    measured = numbers(header.values("00289110", "00280030"))
    spacing, source, unit, warnings = _spacing(whole_header, measured, position, regions)
    return FrameSpace(
        position=position,
        orientation=_unit_orientation(orientation),
        spacing_mm=spacing,
        spacing_source=source,
        length_unit=unit,
        aspect=_aspect(whole_header, spacing),
        frame_of_reference_uid=str(first_value(whole_header, "00200052") or ""),
        regions=regions,
        warnings=warnings,
    )


def _unit_orientation(values: list[float]) -> tuple[float, ...] | None:
    if len(values) != 6:
        return None
    row, column = np.array(values[:3]), np.array(values[3:])
    lengths = float(np.linalg.norm(row)), float(np.linalg.norm(column))
    if min(lengths) < 0.5 or abs(float(row @ column)) / (lengths[0] * lengths[1]) > 0.02:
        return None
    return tuple(float(value) for value in (*(row / lengths[0]), *(column / lengths[1])))


def _aspect(header: Json, spacing: tuple[float, float] | None) -> tuple[float, float]:
    if spacing is not None:
        return spacing
    ratio = numbers(header.get("00280034", {}).get("Value") or [])
    return (ratio[0], ratio[1]) if len(ratio) == 2 and min(ratio) > 0 else (1.0, 1.0)


def _spacing(
    header: Json,
    measured: list[float],
    position: Vector | None,
    regions: tuple[UltrasoundRegion, ...],
) -> tuple[tuple[float, float] | None, SpacingSource, LengthUnit, tuple[str, ...]]:
    """Decide what the distance of pixels is, and whether it is a distance in the patient (PS3.3 10.7.1.3)."""
    warnings: tuple[str, ...] = ()
    spatial = [region.spacing_mm for region in regions if region.spacing_mm is not None]
    if spatial:
        alike = all(
            math.isclose(one, other, rel_tol=1e-3)
            for spacing in spatial
            for one, other in zip(spacing, spatial[0], strict=True)
        )
        if alike:
            return spatial[0], "ultrasound_region", "mm", ()
        return None, "ultrasound_region", "px", ("several_ultrasound_calibrations",)
    spacing = pair(measured)
    if measured and spacing is None:
        warnings = ("pixel_spacing_invalid",)
    imager = pair(header.get("00181164", {}).get("Value") or [])
    calibrated = str(first_value(header, "00280A02") or "") in ("GEOMETRY", "FIDUCIAL")
    projection = str(first_value(header, "00080060") or "") in _PROJECTION
    if spacing is not None:
        if calibrated:
            return spacing, "pixel_spacing_calibrated", "mm", warnings
        if projection and position is None:
            differs = imager is not None and not all(
                math.isclose(one, other, rel_tol=1e-4) for one, other in zip(spacing, imager, strict=True)
            )
            if differs:
                return spacing, "pixel_spacing_calibrated", "mm", warnings
            if imager is None:
                return spacing, "pixel_spacing", "px", (*warnings, "projection_not_calibrated")
        elif position is None and str(first_value(header, "00080016") or "").startswith(_SECONDARY_CAPTURE):
            return spacing, "pixel_spacing", "px", (*warnings, "secondary_capture_not_calibrated")
        else:
            return spacing, "pixel_spacing", "mm", warnings
    if imager is not None:
        factor = number(header, "00181114")
        if factor and factor > 0:
            at_patient = (imager[0] / factor, imager[1] / factor)
            return at_patient, "imager_pixel_spacing_magnification", "mm", warnings
        return imager, "imager_pixel_spacing", "px", (*warnings, "spacing_at_detector")
    scanned = pair(header.get("00182010", {}).get("Value") or [])
    if scanned is not None:
        return scanned, "nominal_scanned_pixel_spacing", "px", (*warnings, "spacing_of_scanned_film")
    return None, "none", "px", (*warnings, "no_pixel_spacing")


def _ultrasound_regions(header: Json) -> tuple[UltrasoundRegion, ...]:
    regions = []
    for item in items(header, "00186011"):
        corners = [whole(item, tag) for tag in ("00186018", "0018601A", "0018601C", "0018601E")]
        if any(corner is None for corner in corners):
            continue
        x_step, y_step = number(item, "0018602C"), number(item, "0018602E")
        in_space = (
            whole(item, "00186024") == _CENTIMETRES
            and whole(item, "00186026") == _CENTIMETRES
            and whole(item, "00186012") in (_SPATIAL_REGION, None)
        )
        spacing = (abs(y_step) * 10, abs(x_step) * 10) if in_space and x_step and y_step else None
        x0, y0, x1, y1 = (int(corner or 0) for corner in corners)
        regions.append(UltrasoundRegion(x0, y0, x1, y1, spacing))
    return tuple(regions)
