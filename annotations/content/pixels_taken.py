"""Which pixels a drawing takes, whatever its kind: what drawings of different kinds are compared by."""

from __future__ import annotations

from typing import Any

import numpy as np

from annotations.content.image_space import frame_space
from annotations.geometry.kinds import AREAS
from annotations.geometry.rasters import mask_to_runs
from imaging.models import Instance

Json = dict[str, Any]
Frame = tuple[str, int]


def pixels_taken(content: Json) -> dict[Frame, list[int]]:
    """Return the runs of a whole content by (SOP Instance UID, frame number); empty for what encloses nothing."""
    mask, place = content["mask"], content["geometry"]
    if mask:
        return {(one["sop_instance_uid"], one["frame_number"]): one["runs"] for one in mask["frames"] if one["runs"]}
    if not place or content["kind"] not in AREAS:
        return {}
    uid, number = place["sop_instance_uid"], place["frame_number"]
    instance = Instance.objects.select_related("series").filter(sop_instance_uid=uid).first()
    if instance is None:
        return {}
    space = frame_space(instance, number)
    points = np.asarray(place["points"], np.float64)
    if place["space"] == "patient":
        if space.plane is None:
            return {}
        points = space.plane.to_pixels(points)
    runs = mask_to_runs(AREAS[content["kind"]].mask(points, (space.rows, space.columns)))
    return {(uid, number): runs} if runs else {}
