"""What a correction changed: overlap for areas and masks, distance for lines, points and outlines, words for words."""

from __future__ import annotations

from typing import Any

import numpy as np

from annotations.content.calibrations import space_in
from annotations.content.image_space import FrameSpace
from annotations.geometry.agreement import edge_points, surface_distances
from annotations.geometry.kinds import SHAPES
from annotations.geometry.rasters import runs_to_mask
from annotations.models import Workitem
from imaging.models import Instance

Json = dict[str, Any]


def _space(workitem: Workitem, uid: str, frame_number: int) -> FrameSpace:
    instance = Instance.objects.select_related("series").get(sop_instance_uid=uid)
    return space_in(workitem, instance, frame_number)


def _pixels(geometry: Json, space: FrameSpace) -> Any:
    if geometry["space"] == "patient" and space.plane is not None:
        return space.plane.to_pixels(geometry["points"])
    return np.asarray(geometry["points"], np.float64)


def _shapes(workitem: Workitem, kind: str, before: Json, after: Json) -> Json:
    if (before["sop_instance_uid"], before["frame_number"]) != (after["sop_instance_uid"], after["frame_number"]):
        return {"moved_to_other_image": True}
    space = _space(workitem, after["sop_instance_uid"], after["frame_number"])
    one, other = _pixels(before, space), _pixels(after, space)
    return dict(SHAPES[kind].compared(one, other, space.scale_under(np.concatenate([one, other]))))


def _masks(workitem: Workitem, before: Json, after: Json) -> Json:
    shape = (after["rows"], after["columns"])
    if (before["rows"], before["columns"]) != shape:
        return {"moved_to_other_image": True}
    one, other = (
        {(frame["sop_instance_uid"], frame["frame_number"]): frame["runs"] for frame in mask["frames"]}
        for mask in (before, after)
    )
    both = either = total = 0
    farthest: list[float] = []
    nearby: list[float] = []
    unit = "px"
    for uid, number in sorted(set(one) | set(other)):
        a, b = (runs_to_mask(mask.get((uid, number), []), shape) for mask in (one, other))
        both, either, total = both + int((a & b).sum()), either + int((a | b).sum()), total + int(a.sum() + b.sum())
        if a.any() and b.any():
            edges = edge_points(a), edge_points(b)
            scale = _space(workitem, uid, number).scale_under(np.concatenate(edges))
            unit = scale.unit
            found = surface_distances(scale.scaled(edges[0]), scale.scaled(edges[1]))
            farthest.append(found["hausdorff"])
            nearby.append(found["mean"])
    result: Json = {
        "iou": round(both / either, 4) if either else 1.0,
        "dice": round(2 * both / total, 4) if total else 1.0,
        "pixels_changed": either - both,
    }
    if farthest:
        result[f"hausdorff_{unit}"] = round(max(farthest), 3)
        result[f"mean_distance_{unit}"] = round(float(np.mean(nearby)), 3)
    return result


def content_difference(before: Json, after: Json, workitem: Workitem) -> Json:
    """Return what ``after`` changed of ``before``, two whole contents of one kind in a case.

    Returns:
        For areas and masks ``iou``, ``dice`` and outline distances per frame in the plane; for lines and points
        ``end_distance_mm`` (or ``_px``); for label, presence, name and text ``{"from": …, "to": …}``. Measures are
        in mm only where the image proves its spacing.
    """
    result: Json = {
        key: {"from": before[key], "to": after[key]}
        for key in ("label_key", "present", "name", "text")
        if before[key] != after[key]
    }
    if before["mask"] and after["mask"] and before["mask"] != after["mask"]:
        result |= _masks(workitem, before["mask"], after["mask"])
    places = before["geometry"], after["geometry"]
    if all(places) and places[0] != places[1] and places[1]["points"]:
        result |= _shapes(workitem, after["kind"], *places)
    return result
