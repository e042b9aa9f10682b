"""Values over pictures: parametric maps (PS3.3 A.75) and radiotherapy dose (PS3.3 C.8.8.3)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from imaging.dicom.frame_facts import FrameFacts
from imaging.dicom.frame_space import frame_space
from imaging.dicom.frames import StoredImage
from imaging.dicom.geometry import normal_of
from imaging.dicom.header_values import FrameHeader, frame_headers, number, numbers, whole, word
from imaging.dicom.json_model import Json, items
from imaging.dicom.layers.layer import Layer, LayerFrame, LayerKind, plane_of, sources_of, thickness_mm
from imaging.dicom.pixels import image_values
from imaging.dicom.plane import Plane
from imaging.dicom.real_world import real_world_maps


def maps_of(header: Json) -> list[Layer]:
    """Return the quantities of a parametric map, each a layer with the frames that hold it.

    Args:
        header: DICOM JSON model of the instance.
    """
    layers: dict[tuple[str, str], Layer] = {}
    for at, one in enumerate(frame_headers(header), 1):
        known = real_world_maps(one)
        named = (_quantity_words(one) or word(header, "00700081"), known[0].unit if known else "")
        frame = LayerFrame(at, plane_of(frame_space(one)), sources_of(one))
        layer = layers.get(named) or Layer(
            number=len(layers) + 1,
            kind=LayerKind.MAP,
            label=named[0] or word(header, "0008103E") or "Parametric map",
            color="",
            unit=named[1],
            algorithm_type="",
            maker=word(header, "00081090") or word(header, "00080070"),
            frame_of_reference_uid=word(header, "00200052"),
            rows=whole(header, "00280010") or 0,
            columns=whole(header, "00280011") or 0,
            slab_mm=thickness_mm(one),
        )
        layers[named] = replace(layer, frames=(*layer.frames, frame))
    return list(layers.values())


def _quantity_words(header: FrameHeader) -> str:
    """Return what a frame's values are, by the map's definition of the quantity, its explanation, or its label."""
    for group in (*header.groups, header.instance):
        for item in items(group, "00409096"):
            for definition in items(item, "00409220"):
                for code in items(definition, "0040A168"):
                    if word(code, "00080104"):
                        return word(code, "00080104")
            return word(item, "00283003") or word(item, "00409210")
    return ""


def quantity_values(image: StoredImage, header: Json, facts: FrameFacts) -> NDArray[np.float32]:
    """Return a map's values ``[J, I]`` in its unit; NaN where there is none.

    Raises:
        PixelsUnreadable: see ``decode_frame``.
    """
    values = image_values(image, facts.frame_number, facts)
    one = next(one for at, one in enumerate(frame_headers(header), 1) if at == facts.frame_number)
    known = real_world_maps(one)
    if known:
        stored = (values - facts.values.intercept) / facts.values.slope
        inside = (stored >= known[0].first) & (stored <= known[0].last)
        values = np.where(inside, stored * known[0].slope + known[0].intercept, np.nan)
    return np.where(np.isfinite(values), values, np.nan).astype(np.float32)


def doses_of(header: Json) -> list[Layer]:
    """Return the dose grid; its frames lie by Grid Frame Offset Vector along the normal of its plane.

    Args:
        header: DICOM JSON model of the instance.
    """
    scaled = bool(number(header, "3004000E"))
    unit = {"GY": "Gy"}.get(word(header, "30040002").upper(), "")
    what = " ".join(filter(None, (word(header, "30040004").lower(), word(header, "3004000A").lower())))
    frames = tuple(LayerFrame(at, plane) for at, plane in enumerate(_dose_planes(header), 1))
    return [
        Layer(
            number=1,
            kind=LayerKind.DOSE,
            label=f"Dose, {what}" if what else "Dose",
            color="",
            unit=unit if scaled else "",
            algorithm_type="",
            maker=word(header, "00081090") or word(header, "00080070"),
            frame_of_reference_uid=word(header, "00200052"),
            rows=whole(header, "00280010") or 0,
            columns=whole(header, "00280011") or 0,
            frames=frames,
            slab_mm=_step(header),
        )
    ]


def _offsets(header: Json) -> list[float]:
    return numbers(header.get("3004000C", {}).get("Value") or [])


def _step(header: Json) -> float:
    """Return the usual distance of the planes of a dose grid, mm; its thickness where it has one plane."""
    steps = np.abs(np.diff(_offsets(header)))
    if len(steps) and float(np.median(steps)) > 0:
        return float(np.median(steps))
    return number(header, "00180050") or 1.0


def _dose_planes(header: Json) -> Iterator[Plane | None]:
    """Yield the plane of each frame: offsets begin at 0, or are the z of axial planes (PS3.3 C.8.8.3.2)."""
    count = max(1, whole(header, "00280008") or 1)
    first = plane_of(frame_space(next(frame_headers(header))))
    offsets = _offsets(header) if count > 1 else [0.0]
    if first is None or len(offsets) != count:
        yield from [None] * count
        return
    normal = normal_of(first.orientation)
    # Offsets that do not begin at 0 are positions on the axis of the patient, written for axial planes only.
    start = offsets[0]
    up = -1.0 if start != 0 and normal[2] < 0 else 1.0
    for offset in offsets:
        position = np.asarray(first.position) + normal * (offset - start) * up
        yield replace(first, position=(float(position[0]), float(position[1]), float(position[2])))
