"""The segments of a segmentation: binary, fractional, or one label map (PS3.3 C.8.20, C.8.31)."""

from __future__ import annotations

from collections import defaultdict
from typing import Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageCms

from imaging.dicom.decoding import stored_samples
from imaging.dicom.frame_space import frame_space
from imaging.dicom.frames import StoredImage
from imaging.dicom.header_values import frame_headers, numbers, whole, word
from imaging.dicom.json_model import Json, items
from imaging.dicom.layers.layer import COLORS, Layer, LayerFrame, LayerKind, plane_of, sources_of, thickness_mm

#: Lab of the profile connection space (D50) to what screens show.
_TO_SRGB: Final = ImageCms.buildTransform(
    ImageCms.createProfile("LAB"), ImageCms.createProfile("sRGB"), "LAB", "RGB", ImageCms.Intent.RELATIVE_COLORIMETRIC
)


def srgb_of(lab: list[float]) -> str:
    """Return a Recommended Display CIELab Value (PS3.3 C.10.7.1.1, 16 bits each) as ``#rrggbb`` in sRGB."""
    lightness, a, b = (min(255, max(0, round(one / 257))) for one in lab)
    # The image library writes a and b with a sign.
    pixel = Image.frombytes("LAB", (1, 1), bytes([lightness, (a - 128) % 256, (b - 128) % 256]))
    shown = ImageCms.applyTransform(pixel, _TO_SRGB)
    return "#" + (shown.tobytes().hex() if shown is not None else "ffffff")


def segments_of(header: Json) -> list[Layer]:
    """Return the segments of a segmentation, in the order it names them; the background of a label map is none.

    Args:
        header: DICOM JSON model of the instance.
    """
    is_map = is_label_map(header)
    frames: dict[int, list[LayerFrame]] = defaultdict(list)
    slab, reference = 1.0, word(header, "00200052")
    for at, one in enumerate(frame_headers(header), 1):
        frame = LayerFrame(at, plane_of(frame_space(one)), sources_of(one))
        slab = thickness_mm(one)
        named = numbers(one.values("0062000A", "0062000B", instance_too=False))
        for value in [0] if is_map else named:
            frames[int(value)].append(frame)
    found: list[Layer] = []
    for item in items(header, "00620002"):
        segment = whole(item, "00620004")
        if segment is None or (is_map and segment == 0):
            continue
        lab = numbers(item.get("0062000D", {}).get("Value") or [])
        type_word = next((word(code, "00080104") for code in items(item, "0062000F")), "")
        found.append(
            Layer(
                number=segment,
                kind=LayerKind.SEGMENT,
                label=word(item, "00620005") or type_word or f"Segment {segment}",
                color=srgb_of(lab) if len(lab) == 3 else COLORS[len(found) % len(COLORS)],
                unit="",
                algorithm_type=word(item, "00620008").upper(),
                maker=word(item, "00620009"),
                frame_of_reference_uid=reference,
                rows=whole(header, "00280010") or 0,
                columns=whole(header, "00280011") or 0,
                frames=tuple(frames[0 if is_map else segment]),
                slab_mm=slab,
            )
        )
    return found


def is_label_map(header: Json) -> bool:
    """Say whether a sample of the segmentation is the number of its segment."""
    return word(header, "00620001").upper() == "LABELMAP" or word(header, "00080016").endswith(".66.7")


def segment_shares(image: StoredImage, header: Json, segment: int, frame_number: int) -> NDArray[np.uint8]:
    """Return how much of each pixel of a frame belongs to a segment, ``[J, I]``, 0 (nothing) to 255 (all).

    Raises:
        PixelsUnreadable: see ``decode_frame``.
    """
    samples = stored_samples(image, frame_number)
    if is_label_map(header):
        return np.where(samples == segment, 255, 0).astype(np.uint8)
    if word(header, "00620001").upper() == "FRACTIONAL":
        most = whole(header, "0062000E") or 255
        return np.clip(np.rint(samples.astype(np.float64) * 255 / most), 0, 255).astype(np.uint8)
    return np.where(samples != 0, 255, 0).astype(np.uint8)
