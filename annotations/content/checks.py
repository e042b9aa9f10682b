"""The content of a revision: what a finding says, checked strictly and brought into one form.

The form, as JSON::

    {"kind": one of annotations.geometry.kinds, "label_key": str | null, "name": str, "text": str,
     "color": "#rrggbb" | null, "locked": bool, "present": bool (image labels only, else null),
     "geometry": null | {"space": "patient" | "image", "frame_of_reference_uid": str | null, "sop_instance_uid": str,
                         "frame_number": int, "points": [[x, y, z], …] | [[column, row], …]},
     "mask": null | {"series_instance_uid": str, "rows": int, "columns": int,
                     "frames": [{"sop_instance_uid": str, "frame_number": int, "runs": [start, length, …]}, …]},
     "measures": {"length_mm": {"value": float, "unit": str, "source": str}, …}  (computed here)}

Geometry is in patient space (LPS mm) where the image has one, else in pixels (column, row) with (0, 0) at the centre
of the top-left pixel; a mask is runs over the row-major pixels of its images. What the points are is said by each
kind. An image label holds of the whole study, or of one image where it has a geometry without points.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from annotations.content.calibrations import calibrations_in_force, space_in
from annotations.content.image_space import FrameSpace, even_slices_mm
from annotations.content.pixel_values import mask_intensities, shape_intensities
from annotations.errors import content_wrong
from annotations.geometry.kind import Shape
from annotations.geometry.kinds import KINDS, SHAPES
from annotations.geometry.measures import Measures, mask_measures
from annotations.geometry.rasters import runs_corners, runs_fault
from annotations.geometry.winding import MOST_POINTS
from annotations.models import Finding, Label, Workitem
from core.digest import canonical_json
from core.errors import TooLarge
from imaging.models import Instance, Series

BYTE_LIMIT: Final = 8 * 1024 * 1024
TEXT_LIMIT: Final = 4_000
NAME_LIMIT: Final = 120
_MM_LIMIT: Final = 1e5
_KEYS: Final = frozenset(
    {"kind", "label_key", "name", "text", "present", "color", "locked", "geometry", "mask", "measures"}
)
#: Points lie on the plane of their image; a browser rounds to a tenth of a micrometre.
_OFF_PLANE_MM: Final = 0.05
_COLOR: Final = re.compile(r"#[0-9a-f]{6}\Z")


@dataclass(frozen=True, slots=True)
class Content:
    """A checked content.

    Attributes:
        said: the content as it is stored; of a mask only where it lies and how many pixels it has.
        mask: the whole mask with its runs, or None.
        label: the label it names, or None.
    """

    said: dict[str, Any]
    mask: dict[str, Any] | None
    label: Label | None


def _wrong(message: str, **detail: Any) -> Exception:
    return content_wrong("content_wrong", message, **detail)


def _text(raw: dict[str, Any], key: str, limit: int) -> str:
    value = raw.get(key) or ""
    if not isinstance(value, str):
        raise _wrong(f"'{key}' must be text.", field=key)
    if len(value) > limit:
        raise content_wrong("text_too_long", f"Shorten '{key}' to {limit} characters.", field=key, limit=limit)
    return value


def _is_whole(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def _label(key: Any, kind: str, workitem: Workitem, *, kept: Label | None) -> Label | None:
    if key is None:
        if KINDS[kind].use != "region":
            raise content_wrong("label_missing", "Choose a label for this.", kind=kind)
        return None
    if not isinstance(key, str):
        raise _wrong("'label_key' must be text.", field="label_key")
    label = Label.objects.filter(project=workitem.project_id, key=key).first()
    if label is None:
        raise content_wrong("label_unknown", "This label is not one of the project's. Reload the labels.", key=key)
    if label.retired_at is not None and label != kept:
        raise content_wrong("label_retired", "This label is no longer used. Choose another one.", key=key)
    use = KINDS[kind].use
    if use not in label.uses:
        raise content_wrong("label_not_for_this", "This label is not meant for this kind of finding.", key=key, use=use)
    return label


def _instance(uid: Any, workitem: Workitem) -> Instance:
    instance = None
    if isinstance(uid, str):
        found = Instance.objects.select_related("series").filter(sop_instance_uid=uid)
        instance = found.filter(series__study=workitem.study_id).first()
    if instance is None:
        raise content_wrong("image_unknown", "The finding points at an image that is not in this study. Reload it.")
    return instance


def _frame_number(value: Any, instance: Instance) -> int:
    if not _is_whole(value) or not 1 <= value <= max(1, instance.number_of_frames):
        raise content_wrong("frame_unknown", "The finding points at a frame that the image does not have.")
    return int(value)


def _points(raw: Any, dimensions: int) -> list[list[float]]:
    if not isinstance(raw, list):
        raise _wrong("'points' must be a list.", field="points")
    if len(raw) > MOST_POINTS:
        raise content_wrong(
            "too_many_points",
            f"A shape may have at most {MOST_POINTS} points. Draw it more coarsely.",
            limit=MOST_POINTS,
        )
    for point in raw:
        if not isinstance(point, list) or len(point) != dimensions or not all(map(_is_number, point)):
            raise content_wrong(
                "points_wrong", f"Each point must be {dimensions} finite numbers.", dimensions=dimensions
            )
    return [[float(value) for value in point] for point in raw]


def _in_pixels(points: list[list[float]], space: FrameSpace, *, patient: bool) -> NDArray[np.float64]:
    """Return the points as (column, row), shape (n, 2)."""
    if any(abs(value) > _MM_LIMIT for point in points for value in point):
        raise content_wrong("points_outside", "The drawing lies far outside the image. Draw it again.")
    if not patient or space.plane is None or not points:
        return np.asarray(points, np.float64).reshape(-1, 2)
    if float(np.abs(space.plane.heights(points)).max()) > _OFF_PLANE_MM:
        raise content_wrong(
            "points_off_plane", "The points do not lie in the plane of their image. Draw it again on the image."
        )
    return space.plane.to_pixels(points)


def _geometry(raw: Any, kind: str, workitem: Workitem) -> tuple[dict[str, Any], Measures]:
    if not isinstance(raw, dict):
        raise content_wrong("geometry_missing", "The finding has no place in an image. Draw it again.", kind=kind)
    instance = _instance(raw.get("sop_instance_uid"), workitem)
    frame_number = _frame_number(raw.get("frame_number", 1), instance)
    space, patient = space_in(workitem, instance, frame_number), raw.get("space") == "patient"
    if raw.get("space") not in ("patient", "image"):
        raise _wrong("'space' must be 'patient' or 'image'.", field="space")
    if patient and space.plane is None:
        raise content_wrong("no_patient_space", "This image has no patient space: send pixel coordinates instead.")
    reference = raw.get("frame_of_reference_uid") if patient else None
    if patient and (not reference or reference != space.frame_of_reference_uid):
        raise content_wrong("frame_of_reference_wrong", "The shape was drawn in another space. Reload the image.")
    points = _points(raw.get("points"), 3 if patient else 2)
    pixels = _in_pixels(points, space, patient=patient)
    measures: Measures = {}
    if kind in SHAPES:
        points, measures = _drawn(SHAPES[kind], points, pixels, space, patient=patient)
        measures |= shape_intensities(kind, SHAPES[kind].completed(pixels), instance, frame_number)
    elif points:
        raise content_wrong("points_count_wrong", "An image label has no points.", kind=kind)
    geometry = {
        "space": raw["space"],
        "frame_of_reference_uid": reference,
        "sop_instance_uid": instance.sop_instance_uid,
        "frame_number": frame_number,
        "points": points,
    }
    return geometry, measures


def _drawn(
    shape: Shape, points: list[list[float]], pixels: NDArray[np.float64], space: FrameSpace, *, patient: bool
) -> tuple[list[list[float]], Measures]:
    """Return the points as they are stored and what the shape measures."""
    whole = shape.completed(pixels)
    scale = space.scale_under(whole)
    fault = shape.fault(whole, scale, (space.rows, space.columns))
    if fault is not None:
        raise content_wrong(fault.code, fault.message, kind=shape.name)
    if len(whole) != len(points):
        stored = space.plane.to_patient(whole) if patient and space.plane is not None else whole
        points = [[float(value) for value in point] for point in stored]
    return points, shape.measures(whole, scale)


def _mask(raw: Any, workitem: Workitem) -> tuple[dict[str, Any], Measures]:
    if not isinstance(raw, dict) or not isinstance(raw.get("frames"), list):
        raise content_wrong("mask_missing", "The segmentation holds no pixels. Paint it again.")
    series = Series.objects.filter(
        study=workitem.study_id, series_instance_uid=str(raw.get("series_instance_uid"))
    ).first()
    if series is None:
        raise content_wrong("image_unknown", "The finding points at an image that is not in this study. Reload it.")
    rows, columns = raw.get("rows"), raw.get("columns")
    if not _is_whole(rows) or not _is_whole(columns):
        raise _wrong("'rows' and 'columns' of a mask must be whole numbers.", field="mask")
    instances = {row.sop_instance_uid: row for row in series.instances.select_related("series")}
    frames: dict[tuple[str, int], list[int]] = {}
    for entry in raw["frames"]:
        uid = entry.get("sop_instance_uid") if isinstance(entry, dict) else None
        instance = instances.get(uid) if isinstance(uid, str) else None
        if instance is None:
            raise content_wrong("image_unknown", "The mask points at an image that is not in its series. Reload it.")
        number = _frame_number(entry.get("frame_number", 1), instance)
        if (instance.rows, instance.columns) != (rows, columns):
            raise content_wrong(
                "mask_wrong_shape",
                "The mask does not have the image's rows and columns. Reload the image and paint again.",
                rows=instance.rows,
                columns=instance.columns,
            )
        key = (instance.sop_instance_uid, number)
        if key in frames:
            raise content_wrong("mask_frame_twice", "The mask names one frame twice.")
        frames[key] = _runs(entry.get("runs"), (instance.rows or 0) * (instance.columns or 0))
    mask: dict[str, Any] = {
        "series_instance_uid": series.series_instance_uid,
        "rows": rows,
        "columns": columns,
        "frames": [
            {"sop_instance_uid": uid, "frame_number": number, "runs": runs}
            for (uid, number), runs in sorted(frames.items())
            if runs
        ],
    }
    if not mask["frames"]:
        raise content_wrong("mask_empty", "The segmentation holds no pixel. Delete it, or paint again.")
    painted = [(instances[one["sop_instance_uid"]], one["frame_number"], one["runs"]) for one in mask["frames"]]
    in_force = calibrations_in_force(workitem)
    counted = [
        (
            sum(runs[1::2]),
            space_in(workitem, instance, number, in_force).scale_under(runs_corners(runs, int(columns or 1))),
        )
        for instance, number, runs in painted
    ]
    measures = mask_measures(counted, even_slices_mm(series))
    return mask, measures | mask_intensities(painted)


def _runs(raw: Any, size: int) -> list[int]:
    if not isinstance(raw, list) or not all(map(_is_whole, raw)) or any(abs(value) > size for value in raw):
        raise content_wrong("runs_wrong", "The mask's runs must be whole numbers inside the image.")
    fault = runs_fault(raw, size)
    if fault is not None:
        raise content_wrong(
            "runs_wrong", "The mask's runs must be pairs, sorted, not overlapping and inside the image.", fault=fault
        )
    return raw


def _summary(mask: dict[str, Any]) -> dict[str, Any]:
    frames = [
        {key: frame[key] for key in ("sop_instance_uid", "frame_number")} | {"pixels": sum(frame["runs"][1::2])}
        for frame in mask["frames"]
    ]
    return {**mask, "frames": frames}


def checked_content(raw: Any, *, workitem: Workitem, kind: str | None = None, kept: Label | None = None) -> Content:
    """Check what a client (or a model) sent and return it in the stored form, with its measures computed.

    Args:
        raw: the content as JSON.
        kind: the kind it must have, where the finding exists already.
        kept: the label the finding has now; it may be kept though it is retired.

    Raises:
        Invalid: with the code of the broken rule.
        TooLarge: above 8 MiB of JSON.
    """
    if not isinstance(raw, dict) or not set(raw) <= _KEYS:
        raise _wrong("The content must be an object with the known fields only.", known=sorted(_KEYS))
    known = raw.get("kind")
    if not isinstance(known, str) or known not in KINDS:
        raise _wrong("The kind of finding is unknown.", known=list(KINDS))
    if kind is not None and known != kind:
        raise content_wrong("kind_differs", f"A {kind} cannot become a {known}. Delete it and draw a new one.")
    said: dict[str, Any] = {
        "kind": known,
        "label_key": None,
        "name": _text(raw, "name", NAME_LIMIT),
        "text": _text(raw, "text", TEXT_LIMIT),
        "present": _present(raw.get("present"), known),
        "color": _color(raw.get("color")),
        "locked": _locked(raw.get("locked", False)),
        "geometry": None,
        "mask": None,
        "measures": {},
    }
    label = _label(raw.get("label_key"), known, workitem, kept=kept)
    said["label_key"] = label.key if label else None
    mask: dict[str, Any] | None = None
    if known == Finding.Kind.MASK:
        mask, said["measures"] = _mask(raw.get("mask"), workitem)
        said["mask"] = _summary(mask)
    elif raw.get("mask") is not None:
        raise _wrong("Only a finding of kind 'mask' has a mask.", field="mask")
    elif known != Finding.Kind.IMAGE_LABEL or raw.get("geometry") is not None:
        said["geometry"], said["measures"] = _geometry(raw.get("geometry"), known, workitem)
    if len(canonical_json(said)) + (len(canonical_json(mask)) if mask else 0) > BYTE_LIMIT:
        raise TooLarge("content_too_large", "This finding is over 8 MiB. Split it into several.", limit=BYTE_LIMIT)
    return Content(said, mask, label)


def _present(value: Any, kind: str) -> bool | None:
    if kind != Finding.Kind.IMAGE_LABEL:
        if value is not None:
            raise _wrong("Only an image label is present or absent.", field="present")
        return None
    if not isinstance(value, bool):
        raise content_wrong("present_missing", "Say whether it is present or absent.", field="present")
    return value


def _color(value: Any) -> str | None:
    if value is not None and not (isinstance(value, str) and _COLOR.match(value.lower())):
        raise _wrong("A colour is written #rrggbb.", field="color")
    return value.lower() if value else None


def _locked(value: Any) -> bool:
    if not isinstance(value, bool):
        raise _wrong("'locked' is true or false.", field="locked")
    return value
