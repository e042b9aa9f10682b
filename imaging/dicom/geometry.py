"""What a series proves about its own space: kind, spacing, gaps, tilt, and whether lengths are millimetres."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Final, Literal

import numpy as np

from imaging.dicom.frame_facts import FrameFacts
from imaging.dicom.frame_space import Vector
from imaging.dicom.json_model import Json
from imaging.dicom.spacing import LengthUnit, SpacingSource, UltrasoundRegion

Kind = Literal["volume", "stack", "single", "cine"]
_PARALLEL: Final = 1e-3


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
        length_unit: "mm" only where the images say them; else lengths are counted in widths of a pixel.
        pixel_spacing_mm: (between rows, between columns), where ``pixel_spacing_source`` says that it holds.
        pixel_aspect: height and width of a pixel, for drawing.
        slice_spacing_mm: the usual distance of neighbouring slices along the normal.
        localizers: SOP Instance UIDs of images that only show where the others lie. What is said of space is said of
            the others, wherever there are any; models neither learn from localizers nor are asked about them.
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
    localizers: tuple[str, ...] = ()

    def as_json(self) -> Json:
        """Return the JSON form (lists, numbers, strings) with the attribute names as keys."""
        return {key: _listed(value) for key, value in asdict(self).items()}


def _listed(value: Any) -> Any:
    if isinstance(value, tuple | list):
        return [_listed(item) for item in value]
    if isinstance(value, dict):
        return {key: _listed(item) for key, item in value.items()}
    return value


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
        if frame.space.orientation is None or frame.space.position is None:
            continue
        own = np.asarray(frame.space.orientation)
        for known, members in groups:
            if float(np.abs(known - own).max()) < _PARALLEL:
                members.append(index)
                break
        else:
            groups.append((own, [index]))
    return sorted((members for _, members in groups), key=len, reverse=True)


def without_localizers(facts: Sequence[FrameFacts]) -> list[FrameFacts]:
    """Return the frames that are no localizers; all where there are no others."""
    return [frame for frame in facts if not frame.localizer] or list(facts)


def reading_order(facts: Sequence[FrameFacts]) -> list[FrameFacts]:
    """Return frames in the order in which they are read on a screen: localizers first, then the others.

    Slices at places of their own lie along their normal, in the direction in which the scanner numbered them. Several
    frames at one place (time series, echoes), and frames without one space, go by number.
    """
    own = without_localizers(facts)
    localizers = [frame for frame in facts if frame.localizer] if len(own) < len(facts) else []
    along = sorted_frames(own)
    if _places(along) < len(along):
        along = sorted(own, key=_by_number)
    elif along and _numbers(along[0]) > _numbers(along[-1]):
        along.reverse()
    return [*sorted(localizers, key=_by_number), *along]


def _places(along: Sequence[FrameFacts]) -> int:
    """Return at how many places frames lie that all share one orientation; 0 where they do not."""
    groups = orientation_indices(along)
    if len(groups) != 1 or len(groups[0]) < len(along):
        return 0
    normal = normal_of(along[0].space.orientation or ())
    return len({round(float(np.dot(normal, frame.space.position or (0, 0, 0))), 3) for frame in along})


def _numbers(frame: FrameFacts) -> tuple[int, int]:
    return frame.instance_number or 0, frame.frame_number


def _by_number(frame: FrameFacts) -> tuple[bool, int, str, int]:
    number = frame.instance_number
    return number is None, number or 0, frame.sop_instance_uid, frame.frame_number


def sorted_frames(facts: Sequence[FrameFacts]) -> list[FrameFacts]:
    """Return frames in the order of a volume: along the normal where all share one orientation, else by number."""
    groups = orientation_indices(facts)
    if len(groups) == 1 and len(groups[0]) == len(facts):
        normal = normal_of(facts[0].space.orientation or ())
        return sorted(
            facts,
            key=lambda frame: (
                round(float(np.dot(normal, frame.space.position or (0, 0, 0))), 4),
                frame.instance_number or 0,
                frame.frame_number,
            ),
        )
    return sorted(facts, key=_by_number)


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
    every, facts = facts, without_localizers(facts)
    ordered = sorted_frames(facts)
    warnings = {code for frame in facts for code in frame.space.warnings}
    first = ordered[0]
    if len({(frame.rows, frame.columns) for frame in facts}) > 1:
        warnings.add("several_image_sizes")
    spacings = {frame.space.spacing_mm for frame in facts}
    one_spacing = len({_rounded(spacing) for spacing in spacings}) == 1
    if not one_spacing:
        warnings.add("several_pixel_spacings")
    units = {frame.space.length_unit for frame in facts}
    references = Counter(frame.space.frame_of_reference_uid for frame in facts if frame.space.frame_of_reference_uid)
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
        frames=len(every),
        rows=first.rows,
        columns=first.columns,
        length_unit="mm" if units == {"mm"} else "px",
        pixel_spacing_mm=first.space.spacing_mm if one_spacing else None,
        pixel_spacing_source=first.space.spacing_source,
        pixel_aspect=first.space.aspect,
        slice_spacing_mm=steps.usual if steps else None,
        slice_spacing_regular=bool(steps and steps.regular),
        gaps=steps.gaps if steps else (),
        orientation=groups[0].orientation if groups else None,
        orientation_groups=groups,
        tilt_degrees=steps.tilt if steps else 0.0,
        frame_of_reference_uid=references.most_common(1)[0][0] if len(references) == 1 else None,
        frame_time_ms=first.frame_time_ms,
        ultrasound_regions=first.space.regions,
        warnings=tuple(sorted(warnings)),
        localizers=tuple(sorted({frame.sop_instance_uid for frame in every if frame.localizer})),
    )


def _rounded(spacing: tuple[float, float] | None) -> tuple[float, float] | None:
    return None if spacing is None else (round(spacing[0], 4), round(spacing[1], 4))


def _group(members: Sequence[FrameFacts]) -> OrientationGroup:
    orientation = members[0].space.orientation or ()
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
    normal = normal_of(ordered[0].space.orientation or ())
    positions = np.array([frame.space.position for frame in ordered], np.float64)
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
