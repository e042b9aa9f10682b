"""What a series proves about its own space: kind, spacing, gaps, tilt, and whether lengths are millimetres."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Final, Literal

import numpy as np

from imaging.dicom.json_model import Json, first_value, items

Kind = Literal["volume", "stack", "single", "cine"]
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
_PARALLEL: Final = 1e-3
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
class FrameFacts:
    """What one frame's header says about space.

    Attributes:
        position: of the centre of the top-left pixel, LPS mm.
        orientation: direction of a row, then of a column (six direction cosines), LPS.
        spacing_mm: (between rows, between columns), in the plane that ``spacing_source`` names.
    """

    sop_instance_uid: str
    frame_number: int
    instance_number: int | None
    rows: int
    columns: int
    position: Vector | None
    orientation: tuple[float, ...] | None
    spacing_mm: tuple[float, float] | None
    spacing_source: SpacingSource
    length_unit: LengthUnit
    aspect: tuple[float, float]
    frame_of_reference_uid: str
    modality: str
    number_of_frames: int
    frame_time_ms: float | None
    regions: tuple[UltrasoundRegion, ...] = ()
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Gap:
    """A step between neighbouring slices that is larger than the usual one; ``after`` counts sorted slices from 0."""

    after: int
    distance_mm: float
    missing: int


@dataclass(frozen=True, slots=True)
class OrientationGroup:
    """Frames that lie in parallel planes."""

    orientation: str
    frames: int
    row_lps: Vector
    column_lps: Vector
    normal_lps: Vector


@dataclass(frozen=True, slots=True)
class SeriesGeometry:
    """What a series proves about its space; stored as JSON on the series.

    Attributes:
        kind: volume (parallel slices at different places), stack, single, or cine.
        length_unit: "mm" only where the image proves it; else lengths are pixels.
        pixel_spacing_mm: (between rows, between columns); may be known (say, at the detector) though the unit is px.
        pixel_aspect: height and width of a pixel, for drawing.
        slice_spacing_mm: the usual distance of neighbouring slices along the normal.
        tilt_degrees: angle between the normal and the way from slice to slice (gantry tilt), 0 when straight.
        warnings: stable codes, sorted.
    """

    kind: Kind
    frames: int
    rows: int
    columns: int
    length_unit: LengthUnit
    pixel_spacing_mm: tuple[float, float] | None
    pixel_spacing_source: SpacingSource
    pixel_aspect: tuple[float, float]
    slice_spacing_mm: float | None
    slice_spacing_regular: bool
    gaps: tuple[Gap, ...]
    orientation: str | None
    orientation_groups: tuple[OrientationGroup, ...]
    tilt_degrees: float
    frame_of_reference_uid: str | None
    frame_time_ms: float | None
    ultrasound_regions: tuple[UltrasoundRegion, ...] = ()
    warnings: tuple[str, ...] = field(default=())

    def as_json(self) -> Json:
        """Return the JSON form (lists, numbers, strings) with the attribute names as keys."""
        return {key: _listed(value) for key, value in asdict(self).items()}


def _listed(value: Any) -> Any:
    if isinstance(value, tuple | list):
        return [_listed(item) for item in value]
    if isinstance(value, dict):
        return {key: _listed(item) for key, item in value.items()}
    return value


def frame_facts(header: Json) -> list[FrameFacts]:
    """Return the facts of each frame of one instance; empty for an instance without rows and columns.

    Args:
        header: the instance's DICOM JSON model (``json_model.header_model``), as stored, not the converted one.
    """
    rows, columns = _whole(header, "00280010"), _whole(header, "00280011")
    if not rows or not columns:
        return []
    count = max(1, _whole(header, "00280008") or 1)
    shared = next(items(header, "52009229"), {})
    per_frame = list(items(header, "52009230"))
    regions = _ultrasound_regions(header)
    common: dict[str, Any] = {
        "sop_instance_uid": str(first_value(header, "00080018") or ""),
        "instance_number": _whole(header, "00200013"),
        "rows": rows,
        "columns": columns,
        "frame_of_reference_uid": str(first_value(header, "00200052") or ""),
        "modality": str(first_value(header, "00080060") or ""),
        "number_of_frames": count,
        "frame_time_ms": _frame_time(header),
        "regions": regions,
    }
    result = []
    for number in range(1, count + 1):
        own = per_frame[number - 1] if number <= len(per_frame) else {}
        groups = (own, shared)
        position = _vector(_grouped(groups, header, "00209113", "00200032", alone=count == 1 or not per_frame))
        orientation = _numbers(_grouped(groups, header, "00209116", "00200037", alone=True))
        measured = _numbers(_grouped(groups, header, "00289110", "00280030", alone=True))
        spacing, source, unit, warnings = _spacing(header, measured, position, regions)
        result.append(
            FrameFacts(
                frame_number=number,
                position=position,
                orientation=_unit_orientation(orientation),
                spacing_mm=spacing,
                spacing_source=source,
                length_unit=unit,
                aspect=_aspect(header, spacing),
                warnings=warnings,
                **common,
            )
        )
    return result


def _grouped(groups: Sequence[Json], header: Json, sequence: str, tag: str, *, alone: bool) -> list[Any]:
    for group in groups:
        for item in items(group, sequence):
            values = item.get(tag, {}).get("Value")
            if values:
                return list(values)
    return list(header.get(tag, {}).get("Value") or []) if alone else []


def _numbers(values: Sequence[Any]) -> list[float]:
    try:
        numbers = [float(value) for value in values]
    except (TypeError, ValueError):
        return []
    return numbers if all(math.isfinite(number) for number in numbers) else []


def _number(header: Json, tag: str) -> float | None:
    numbers = _numbers((header.get(tag, {}).get("Value") or [])[:1])
    return numbers[0] if numbers else None


def _whole(header: Json, tag: str) -> int | None:
    number = _number(header, tag)
    return None if number is None else int(number)


def _vector(values: Sequence[Any]) -> Vector | None:
    numbers = _numbers(values)
    return (numbers[0], numbers[1], numbers[2]) if len(numbers) == 3 else None


def _unit_orientation(values: list[float]) -> tuple[float, ...] | None:
    if len(values) != 6:
        return None
    row, column = np.array(values[:3]), np.array(values[3:])
    lengths = float(np.linalg.norm(row)), float(np.linalg.norm(column))
    if min(lengths) < 0.5 or abs(float(row @ column)) / (lengths[0] * lengths[1]) > 0.02:
        return None
    return tuple(float(value) for value in (*(row / lengths[0]), *(column / lengths[1])))


def _frame_time(header: Json) -> float | None:
    time = _number(header, "00181063")
    if time and time > 0:
        return time
    rate = _number(header, "00082144") or _number(header, "00180040")
    return 1000 / rate if rate and rate > 0 else None


def _aspect(header: Json, spacing: tuple[float, float] | None) -> tuple[float, float]:
    if spacing is not None:
        return spacing
    ratio = _numbers(header.get("00280034", {}).get("Value") or [])
    return (ratio[0], ratio[1]) if len(ratio) == 2 and min(ratio) > 0 else (1.0, 1.0)


def _pair(values: Sequence[Any]) -> tuple[float, float] | None:
    numbers = _numbers(values)
    return (numbers[0], numbers[1]) if len(numbers) == 2 and min(numbers) > 0 else None


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
    spacing = _pair(measured)
    if measured and spacing is None:
        warnings = ("pixel_spacing_invalid",)
    imager = _pair(header.get("00181164", {}).get("Value") or [])
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
        factor = _number(header, "00181114")
        if factor and factor > 0:
            at_patient = (imager[0] / factor, imager[1] / factor)
            return at_patient, "imager_pixel_spacing_magnification", "mm", warnings
        return imager, "imager_pixel_spacing", "px", (*warnings, "spacing_at_detector")
    scanned = _pair(header.get("00182010", {}).get("Value") or [])
    if scanned is not None:
        return scanned, "nominal_scanned_pixel_spacing", "px", (*warnings, "spacing_of_scanned_film")
    return None, "none", "px", (*warnings, "no_pixel_spacing")


def _ultrasound_regions(header: Json) -> tuple[UltrasoundRegion, ...]:
    regions = []
    for item in items(header, "00186011"):
        corners = [_whole(item, tag) for tag in ("00186018", "0018601A", "0018601C", "0018601E")]
        if any(corner is None for corner in corners):
            continue
        x_step, y_step = _number(item, "0018602C"), _number(item, "0018602E")
        in_space = (
            _whole(item, "00186024") == _CENTIMETRES
            and _whole(item, "00186026") == _CENTIMETRES
            and _whole(item, "00186012") in (_SPATIAL_REGION, None)
        )
        spacing = (abs(y_step) * 10, abs(x_step) * 10) if in_space and x_step and y_step else None
        x0, y0, x1, y1 = (int(corner or 0) for corner in corners)
        regions.append(UltrasoundRegion(x0, y0, x1, y1, spacing))
    return tuple(regions)


def normal_of(orientation: Sequence[float]) -> np.ndarray[Any, np.dtype[np.float64]]:
    """Return the unit normal of a plane, row direction x column direction, LPS."""
    normal = np.cross(np.asarray(orientation[:3], np.float64), np.asarray(orientation[3:6], np.float64))
    return np.asarray(normal / np.linalg.norm(normal), np.float64)


def orientation_word(orientation: Sequence[float]) -> str:
    """Return axial, coronal, sagittal, or oblique for a plane more than 20 degrees away from all three."""
    normal = np.abs(normal_of(orientation))
    axis = int(np.argmax(normal))
    return ("sagittal", "coronal", "axial")[axis] if normal[axis] >= math.cos(math.radians(20)) else "oblique"


def orientation_indices(facts: Sequence[FrameFacts]) -> list[list[int]]:
    """Return groups of indices of frames whose planes are parallel and turned alike, largest group first."""
    groups: list[tuple[np.ndarray[Any, np.dtype[np.float64]], list[int]]] = []
    for index, frame in enumerate(facts):
        if frame.orientation is None or frame.position is None:
            continue
        own = np.asarray(frame.orientation)
        for known, members in groups:
            if float(np.abs(known - own).max()) < _PARALLEL:
                members.append(index)
                break
        else:
            groups.append((own, [index]))
    return sorted((members for _, members in groups), key=len, reverse=True)


def sorted_frames(facts: Sequence[FrameFacts]) -> list[FrameFacts]:
    """Return frames in reading order: along the normal where all share one orientation, else by number."""
    groups = orientation_indices(facts)
    if len(groups) == 1 and len(groups[0]) == len(facts):
        normal = normal_of(facts[0].orientation or ())
        return sorted(
            facts,
            key=lambda frame: (
                round(float(np.dot(normal, frame.position or (0, 0, 0))), 4),
                frame.instance_number or 0,
                frame.frame_number,
            ),
        )
    return sorted(
        facts,
        key=lambda frame: (
            frame.instance_number is None,
            frame.instance_number or 0,
            frame.sop_instance_uid,
            frame.frame_number,
        ),
    )


def series_geometry(facts: Sequence[FrameFacts]) -> SeriesGeometry:
    """Find out what a series proves about its space.

    Args:
        facts: of all frames of all its instances (``frame_facts``), in any order.

    Returns:
        The geometry; for no frames a "single" of 0 frames with the warning ``no_images``.
    """
    if not facts:
        return SeriesGeometry(
            "single", 0, 0, 0, "px", None, "none", (1.0, 1.0), None, False, (), None, (), 0.0, None, None, (),
            ("no_images",),
        )  # fmt: skip
    ordered = sorted_frames(facts)
    warnings = {code for frame in facts for code in frame.warnings}
    first = ordered[0]
    if len({(frame.rows, frame.columns) for frame in facts}) > 1:
        warnings.add("several_image_sizes")
    spacings = {frame.spacing_mm for frame in facts}
    one_spacing = len({_rounded(spacing) for spacing in spacings}) == 1
    if not one_spacing:
        warnings.add("several_pixel_spacings")
    units = {frame.length_unit for frame in facts}
    references = Counter(frame.frame_of_reference_uid for frame in facts if frame.frame_of_reference_uid)
    if len(references) > 1:
        warnings.add("several_frames_of_reference")
    index_groups = orientation_indices(facts)
    groups = tuple(_group([facts[index] for index in members]) for members in index_groups)
    if len(groups) > 1:
        warnings.add("several_orientations")
    placed = sum(group.frames for group in groups)
    if 0 < placed < len(facts):
        warnings.add("positions_missing")
    steps = _slice_steps(ordered) if len(groups) == 1 and placed == len(facts) else None
    kind = _kind(facts, steps)
    if steps is not None:
        warnings |= steps.warnings
    return SeriesGeometry(
        kind=kind,
        frames=len(facts),
        rows=first.rows,
        columns=first.columns,
        length_unit="mm" if units == {"mm"} else "px",
        pixel_spacing_mm=first.spacing_mm if one_spacing else None,
        pixel_spacing_source=first.spacing_source,
        pixel_aspect=first.aspect,
        slice_spacing_mm=steps.usual if steps else None,
        slice_spacing_regular=bool(steps and steps.regular),
        gaps=steps.gaps if steps else (),
        orientation=groups[0].orientation if groups else None,
        orientation_groups=groups,
        tilt_degrees=steps.tilt if steps else 0.0,
        frame_of_reference_uid=references.most_common(1)[0][0] if len(references) == 1 else None,
        frame_time_ms=first.frame_time_ms,
        ultrasound_regions=first.regions,
        warnings=tuple(sorted(warnings)),
    )


def _rounded(spacing: tuple[float, float] | None) -> tuple[float, float] | None:
    return None if spacing is None else (round(spacing[0], 4), round(spacing[1], 4))


def _group(members: Sequence[FrameFacts]) -> OrientationGroup:
    orientation = members[0].orientation or ()
    normal = normal_of(orientation)
    return OrientationGroup(
        orientation_word(orientation),
        len(members),
        (orientation[0], orientation[1], orientation[2]),
        (orientation[3], orientation[4], orientation[5]),
        (float(normal[0]), float(normal[1]), float(normal[2])),
    )


@dataclass(frozen=True, slots=True)
class _Steps:
    usual: float | None
    regular: bool
    gaps: tuple[Gap, ...]
    tilt: float
    places: int
    warnings: frozenset[str]


def _slice_steps(ordered: Sequence[FrameFacts]) -> _Steps:
    """Measure the way from slice to slice of parallel frames that are sorted along their normal."""
    normal = normal_of(ordered[0].orientation or ())
    positions = np.array([frame.position for frame in ordered], np.float64)
    along = positions @ normal
    new_place = np.concatenate([[True], np.diff(along) > 1e-3])
    places, positions = along[new_place], positions[new_place]
    warnings: set[str] = set()
    if len(places) < len(along):
        warnings.add("repeated_positions")
    if len(places) < 2:
        return _Steps(None, False, (), 0.0, len(places), frozenset(warnings))
    distances = np.diff(places)
    usual = float(np.median(distances))
    tolerance = max(0.01, 0.02 * usual)
    regular = bool(np.all(np.abs(distances - usual) <= tolerance))
    gaps = tuple(
        Gap(int(index), round(float(distances[index]), 4), max(0, round(float(distances[index]) / usual) - 1))
        for index in np.flatnonzero(distances > 1.5 * usual)
    )
    if not regular:
        warnings.add("slice_spacing_irregular")
    if any(gap.missing for gap in gaps):
        warnings.add("slices_missing")
    way = positions[-1] - positions[0]
    cosine = abs(float(way @ normal)) / max(float(np.linalg.norm(way)), 1e-9)
    tilt = math.degrees(math.acos(min(1.0, cosine)))
    tilt = round(tilt, 2) if tilt > 0.1 else 0.0
    if tilt:
        warnings.add("tilted")
    return _Steps(round(usual, 4), regular, gaps, tilt, len(places), frozenset(warnings))


def _kind(facts: Sequence[FrameFacts], steps: _Steps | None) -> Kind:
    if len(facts) == 1:
        return "single"
    if steps is not None and steps.places >= 2:
        # Each place more than once is a time series or several echoes: slices, but no single volume.
        return "volume" if steps.places == len(facts) else "stack"
    first = facts[0]
    moving = first.number_of_frames > 1 and len({frame.sop_instance_uid for frame in facts}) == 1
    return "cine" if moving and (first.frame_time_ms is not None or first.modality in ("US", "XA", "RF")) else "stack"
