"""The image's values under a drawing: mean, deviation, range and count, in the unit that the image proves."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any

from annotations.geometry.kinds import AREAS
from annotations.geometry.measures import Intensities, Measures
from annotations.geometry.rasters import runs_to_mask
from core.errors import OverreadError
from imaging.models import Instance
from imaging.selectors import frame_values

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    import numpy as np
    from numpy.typing import NDArray


def shape_intensities(kind: str, points: NDArray[np.float64], instance: Instance, frame_number: int) -> Measures:
    """Return the values under an area (points in pixels), or nothing where it has none.

    A kind that encloses nothing, a colour image, and pixels that cannot be decoded have no values.
    """
    area = AREAS.get(kind)
    if area is None or not instance.rows or not instance.columns:
        return {}
    found = _values(str(instance.pk), instance.blob_digest, frame_number)
    if found is None or found[0].shape != (instance.rows, instance.columns):
        return {}
    inside = Intensities.under(found[0], area.mask(points, (instance.rows, instance.columns)))
    return inside.measures(found[1]) if inside else {}


def mask_intensities(frames: Iterable[tuple[Instance, int, Sequence[int]]]) -> Measures:
    """Return the values under a mask's runs on several frames; nothing where a frame has none, or another unit."""
    total: Intensities | None = None
    units = set()
    for instance, number, runs in frames:
        found = _under_runs(str(instance.pk), instance.blob_digest, number, tuple(runs))
        if found is None:
            return {}
        inside, unit = found
        units.add(unit)
        if inside is not None:
            total = total.joined(inside) if total else inside
    return total.measures(units.pop()) if total and len(units) == 1 else {}


@lru_cache(maxsize=4)
def _values(instance_id: str, blob_digest: str, frame_number: int) -> tuple[NDArray[Any], str] | None:
    """Return the frame's values; the file's digest is in the key because an instance may get a better one."""
    try:
        return frame_values(Instance.objects.get(pk=instance_id), frame_number)
    except OverreadError:
        return None


@lru_cache(maxsize=4096)
def _under_runs(
    instance_id: str, blob_digest: str, frame_number: int, runs: tuple[int, ...]
) -> tuple[Intensities | None, str] | None:
    """Return what one frame's runs hold, so that a stroke on one image of many costs one image."""
    found = _values(instance_id, blob_digest, frame_number)
    if found is None:
        return None
    values, unit = found
    return Intensities.under(values, runs_to_mask(runs, (values.shape[0], values.shape[1]))), unit
