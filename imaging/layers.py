"""Reads of what can be laid over the pictures of a series: segmentations, maps, dose, outlines of the same study."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from core import blobs
from core.errors import NotFound
from imaging.dicom.errors import PixelsUnreadable
from imaging.dicom.frames import StoredImage, open_image
from imaging.dicom.geometry import normal_of
from imaging.dicom.json_model import Json
from imaging.dicom.layers.layer import Layer, LayerKind, plane_of
from imaging.dicom.layers.laying import Placing, Target, laid_contours, laid_segment, laid_values, placing
from imaging.dicom.layers.maps import doses_of, maps_of, quantity_values
from imaging.dicom.layers.outlines import regions_of
from imaging.dicom.layers.segments import segment_shares, segments_of
from imaging.dicom.object_kinds import LAYER_CLASSES, ObjectKind
from imaging.models import Instance, Series
from imaging.selectors import facts_of_digest, header_of_digest, series_frame_facts, series_frames_digest

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from imaging.dicom.frame_facts import FrameFacts

#: How a layer lies, in words; the first that holds for any picture of the series is said of all.
_WORDS: Final[dict[Placing, str]] = {
    Placing.SAME_GRID: "Lies on the images' own pixels.",
    Placing.RESAMPLED: "Made on another grid; laid onto these images in patient space",
    Placing.NAMED: "Names these images and has their size: laid pixel on pixel.",
    Placing.BESIDE: "Lies in the space of these images, and on none of them.",
    Placing.EMPTY: "Holds nothing that could be drawn.",
    Placing.OTHER_SPACE: "Lies in another frame of reference than these images: it cannot be laid over them.",
    Placing.NO_SPACE: "It, or the images, have no place in patient space: it cannot be laid over them.",
}
_RESAMPLED: Final = {
    LayerKind.SEGMENT: "by the nearest pixel.",
    LayerKind.MAP: "between its values (trilinear).",
    LayerKind.DOSE: "between its grid's points (trilinear).",
}
_OUTLINED: Final = {
    Placing.SAME_GRID: "Drawn on the images whose slices hold its lines.",
    Placing.NAMED: "Names these images, and another frame of reference: drawn where its points lie on them.",
}
_LAID: Final = (Placing.SAME_GRID, Placing.RESAMPLED, Placing.NAMED)
_READERS: Final = {
    ObjectKind.SEGMENTATION: segments_of,
    ObjectKind.PARAMETRIC_MAP: maps_of,
    ObjectKind.DOSE: doses_of,
    ObjectKind.STRUCTURE_SET: regions_of,
}
_STRUCTURE_SETS: Final = ("1.2.840.10008.5.1.4.1.1.481.3", "1.2.840.10008.5.1.4.1.1.481.11")


@dataclass(frozen=True, slots=True)
class SeriesLayer:
    """A layer as it lies over one series.

    Attributes:
        sop_instance_uid, number: name it.
        series_description: of its own series.
        low, high: the smallest and largest of its values; None for segments and outlines.
        words: how it lies on the images, or why it does not.
        places: on which frames it lies: places in the list of the series' frames, from 0.
    """

    sop_instance_uid: str
    number: int
    kind: LayerKind
    label: str
    color: str
    unit: str
    low: float | None
    high: float | None
    made_by: str
    may_be_a_models: bool
    series_description: str
    words: str
    places: list[int]


def series_layers(series: Series) -> list[SeriesLayer]:
    """Return what can be laid over the pictures of a series, in the order of its study's series."""
    targets, digest = _targets(series), series_frames_digest(series)
    rows = Instance.objects.filter(series__study=series.study_id).select_related("series")
    rows = rows.filter(sop_class_uid__in=(*LAYER_CLASSES, *_STRUCTURE_SETS))
    ordered = rows.order_by("series__series_number", "series__series_instance_uid", "instance_number")
    return [one for row in ordered for one in _laid_over(row, targets, digest)]


def layers_of(instance: Instance) -> tuple[Layer, ...]:
    """Return the layers of an object; none for what is no layer."""
    return _layers_of_digest(instance.header_digest, instance.kind)


@lru_cache(maxsize=64)
def _layers_of_digest(header_digest: str, kind: ObjectKind) -> tuple[Layer, ...]:
    read = _READERS.get(kind)
    return tuple(read(header_of_digest(header_digest))) if read else ()


_placings: OrderedDict[tuple[str, str], list[list[Placing]]] = OrderedDict()


def _placed(instance: Instance, targets: Targets, digest: str) -> list[list[Placing]]:
    """Return for each layer of an object how it lies on each frame of a series."""
    key = (instance.header_digest, digest)
    if key not in _placings:
        _placings[key] = [[placing(layer, one) for one in targets.values()] for layer in layers_of(instance)]
        if len(_placings) > 256:
            _placings.popitem(last=False)
    return _placings[key]


def _laid_over(instance: Instance, targets: Targets, digest: str) -> list[SeriesLayer]:
    found = []
    for layer, placed in zip(layers_of(instance), _placed(instance, targets, digest), strict=True):
        best = min(placed, key=list(Placing).index, default=Placing.NO_SPACE)
        words = _words(layer.kind, best)
        places = [at for at, one in enumerate(placed) if one in _LAID]
        low = high = None
        if layer.kind is not LayerKind.OUTLINES and not instance.is_decodable:
            words, places = "No decoder here reads how its pixels are stored.", []
        elif layer.kind in (LayerKind.MAP, LayerKind.DOSE) and places:
            low, high = _value_range(
                instance.blob_digest, instance.header_digest, tuple(frame.number for frame in layer.frames)
            )
            words, places = (words, places) if low is not None else ("It holds no value that can be read.", [])
        found.append(
            SeriesLayer(
                instance.sop_instance_uid,
                layer.number,
                layer.kind,
                layer.label,
                layer.color,
                layer.unit,
                low,
                high,
                layer.made_by,
                layer.may_be_a_models,
                instance.series.series_description,
                words,
                places,
            )
        )
    return found


def _words(kind: LayerKind, how: Placing) -> str:
    if how is Placing.RESAMPLED:
        return f"{_WORDS[how]} {_RESAMPLED[kind]}"
    if kind is LayerKind.OUTLINES and how in _OUTLINED:
        return _OUTLINED[how]
    return _WORDS[how]


#: Frames by (SOP Instance UID, frame number), in the order of the series' frames.
Targets = dict[tuple[str, int], Target]
_targets_of_digest: OrderedDict[str, Targets] = OrderedDict()


def _targets(series: Series) -> Targets:
    """Return the frames of a series as what layers are laid over."""
    digest = series_frames_digest(series)
    if digest not in _targets_of_digest:
        _targets_of_digest[digest] = _found_targets(series_frame_facts(series))
        if len(_targets_of_digest) > 64:
            _targets_of_digest.popitem(last=False)
    return _targets_of_digest[digest]


def _found_targets(facts: Sequence[FrameFacts]) -> Targets:
    """Return the frames as targets; a slice is as thick as slices of its direction are far apart."""
    uids = frozenset(one.sop_instance_uid for one in facts)
    heights: dict[tuple[float, ...], set[float]] = {}
    for one in facts:
        if one.space.orientation is not None and one.space.position is not None:
            height = float(np.dot(normal_of(one.space.orientation), one.space.position))
            heights.setdefault(_direction(one), set()).add(round(height, 3))
    steps = {direction: np.diff(sorted(along)) for direction, along in heights.items()}
    slabs = {direction: float(np.median(apart)) for direction, apart in steps.items() if len(apart)}
    return {
        (one.sop_instance_uid, one.frame_number): Target(
            one.sop_instance_uid,
            one.frame_number,
            one.rows,
            one.columns,
            plane_of(one.space),
            one.space.frame_of_reference_uid,
            slabs.get(_direction(one), 1.0),
            uids,
        )
        for one in facts
    }


def _direction(facts: FrameFacts) -> tuple[float, ...]:
    return tuple(round(value, 3) for value in facts.space.orientation or ())


@lru_cache(maxsize=16)
def _opened(path: str) -> StoredImage:
    return open_image(path)


def _image(blob_digest: str) -> StoredImage:
    return _opened(str(blobs.local_path(blob_digest)))


@lru_cache(maxsize=256)
def _value_range(
    blob_digest: str, header_digest: str, frames: tuple[int, ...]
) -> tuple[float, float] | tuple[None, None]:
    lowest, highest = np.inf, -np.inf
    for frame in frames:
        try:
            values = _frame_values(blob_digest, header_digest, frame)
        except PixelsUnreadable:
            return None, None
        if np.isfinite(values).any():
            lowest, highest = min(lowest, float(np.nanmin(values))), max(highest, float(np.nanmax(values)))
    return (lowest, highest) if lowest <= highest else (None, None)


def _frame_values(blob_digest: str, header_digest: str, frame_number: int) -> NDArray[np.float32]:
    header, facts = header_of_digest(header_digest), facts_of_digest(header_digest)[frame_number - 1]
    return quantity_values(_image(blob_digest), header, facts)


def _layer(series: Series, sop_instance_uid: str, number: int) -> tuple[Instance, Layer]:
    rows = Instance.objects.filter(series__study=series.study_id, sop_instance_uid=sop_instance_uid)
    instance = rows.select_related("series").first()
    found = next((one for one in layers_of(instance) if one.number == number), None) if instance else None
    if instance is None or found is None:
        raise NotFound("layer_not_found", "There is no such layer in this study.")
    return instance, found


def layer_of(series: Series, sop_instance_uid: str, number: int) -> Layer:
    """Return a layer of the study that a series belongs to; raises NotFound (``layer_not_found``)."""
    return _layer(series, sop_instance_uid, number)[1]


def layer_pixels(series: Series, facts: FrameFacts, sop_instance_uid: str, number: int) -> NDArray[Any]:
    """Return a layer on the pixels of a picture, ``[J, I]``.

    Args:
        series: of the picture.
        facts: of the picture.
        sop_instance_uid, number: of the layer.

    Returns:
        uint8 for a segment: 0 (nothing) to 255 (all of the pixel). float32 for a map or dose: NaN where it has none.

    Raises:
        NotFound: no such layer, or one of lines. PixelsUnreadable: it cannot be decoded.
    """
    instance, layer = _layer(series, sop_instance_uid, number)
    target = _targets(series)[facts.sop_instance_uid, facts.frame_number]
    blob, header_digest = instance.blob_digest, instance.header_digest
    if layer.kind is LayerKind.SEGMENT:
        header: Json = header_of_digest(header_digest)
        return laid_segment(layer, target, lambda frame: segment_shares(_image(blob), header, number, frame))
    if layer.kind is LayerKind.OUTLINES:
        raise NotFound("layer_of_lines", "This layer is lines, not pixels; ask for its contours.")
    return laid_values(layer, target, lambda frame: _frame_values(blob, header_digest, frame))


def layer_contours(
    series: Series, facts: FrameFacts, sop_instance_uid: str, number: int
) -> list[tuple[bool, NDArray[np.float64]]]:
    """Return the lines of a region on a picture: closed or not, and (column, row), shape (n, 2); raises NotFound."""
    target = _targets(series)[facts.sop_instance_uid, facts.frame_number]
    return laid_contours(layer_of(series, sop_instance_uid, number), target)
