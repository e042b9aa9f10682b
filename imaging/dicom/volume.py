"""One array in one space from the images of a series."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from imaging.dicom.decoding import decode_frame
from imaging.dicom.errors import NotOneSpace, PixelsUnreadable
from imaging.dicom.frame_facts import FrameFacts, frame_facts
from imaging.dicom.frames import ImageSource, StoredImage, open_image
from imaging.dicom.geometry import SeriesGeometry, normal_of, series_geometry, sorted_frames, without_localizers
from imaging.dicom.json_model import header_model
from imaging.dicom.pixels import brighter_is_larger, eight_bit, facts_of, modality_values, padding_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

_MAX_VOXELS = 1 << 30


@dataclass(frozen=True, slots=True)
class Volume:
    """Frames of a series in one array.

    Attributes:
        pixels_kji: float32 ``[K, J, I]`` (slice, row, column), modality values, larger is brighter (MONOCHROME1 is
            mirrored); padding holds the smallest value that is image. Where every frame is in colour ``[K, J, I, 3]``,
            RGB 0..255; a colour frame among grey ones is its luma.
        padding_kji: True where there is no image, or None when all is image.
        affine_lps: ``[4, 4]``, takes ``(k, j, i, 1)`` to ``(x, y, z, 1)`` in LPS mm; None without patient space. Exact
            only for evenly spaced slices; ``geometry`` tells.
        spacing_mm_kji: distance of slices, rows, columns in mm; None where the images do not prove millimetres. The
            distance of slices is the usual one, and None where there are no neighbours in space (one slice, a clip,
            several images at one place).
        even_slices: every slice is that far from the next; else no volume can be counted from voxels.
        aspect_ji: (height, width) of a pixel in any common unit.
        frames: (SOP Instance UID, frame number from 1) of each slice.
        geometry: what the series proves about its space.
    """

    pixels_kji: NDArray[np.float32]
    padding_kji: NDArray[np.bool_] | None
    affine_lps: NDArray[np.float64] | None
    spacing_mm_kji: tuple[float | None, float, float] | None
    even_slices: bool
    aspect_ji: tuple[float, float]
    frames: list[tuple[str, int]]
    geometry: SeriesGeometry

    @property
    def sop_instance_uids(self) -> list[tuple[str, int]]:
        """The same as ``frames``."""
        return self.frames


def load_volume(sources: Sequence[ImageSource]) -> Volume:
    """Load the images of one series as one array, sorted along their normal (else by instance and frame number).

    Localizers are left out where there are other images.

    Args:
        sources: file paths, bytes, or data sets, in any order; multi-frame images give one slice a frame.

    Raises:
        NotOneSpace: no images (``no_images``), or images of several sizes (``several_image_sizes``).
        PixelsUnreadable: a frame cannot be decoded.
    """
    opened: dict[str, StoredImage] = {}
    facts: list[FrameFacts] = []
    for number, source in enumerate(sources):
        image = open_image(source)
        found = frame_facts(header_model(image.dataset))
        image.facts = tuple(found)
        key = found[0].sop_instance_uid if found else ""
        if not found or key in opened:
            continue
        opened[key or str(number)] = image
        facts.extend(found)
    if not facts:
        raise NotOneSpace("no_images", "This series has no images that could be loaded.")
    facts = without_localizers(facts)
    if len({(frame.rows, frame.columns) for frame in facts}) > 1:
        raise NotOneSpace("several_image_sizes", "The images of this series have several sizes; open them one by one.")
    ordered = sorted_frames(facts)
    rows, columns = ordered[0].rows, ordered[0].columns
    samples = 3 if all(frame.color for frame in ordered) else 1
    if len(ordered) * rows * columns * samples > _MAX_VOXELS:
        raise NotOneSpace("volume_too_large", "This series is too large to be loaded as one volume.")
    colour = samples == 3
    pixels_kji = np.empty((len(ordered), rows, columns, 3) if colour else (len(ordered), rows, columns), np.float32)
    padding_kji: NDArray[np.bool_] | None = None
    for k, frame in enumerate(ordered):
        values, padding = _slice(opened[frame.sop_instance_uid], frame.frame_number, colour)
        if values.shape[:2] != (rows, columns):
            raise PixelsUnreadable("image_header_incomplete", "A frame has another size than its header says.")
        pixels_kji[k] = values
        if padding is not None:
            padding_kji = np.zeros(pixels_kji.shape, np.bool_) if padding_kji is None else padding_kji
            padding_kji[k] = padding
    if padding_kji is not None and not padding_kji.all():
        pixels_kji[padding_kji] = pixels_kji[~padding_kji].min()
    geometry = series_geometry(facts)
    return Volume(
        pixels_kji,
        padding_kji,
        affine_of(ordered, geometry),
        _spacing(geometry),
        geometry.kind == "volume" and geometry.slice_spacing_regular,
        geometry.pixel_aspect,
        [(frame.sop_instance_uid, frame.frame_number) for frame in ordered],
        geometry,
    )


def _slice(image: StoredImage, number: int, colour: bool) -> tuple[NDArray[np.float32], NDArray[np.bool_] | None]:
    frame, facts = decode_frame(image, number), facts_of(image, number)
    if colour:
        return eight_bit(frame).astype(np.float32), None
    values = modality_values(image, frame, facts)
    return brighter_is_larger(values, facts).astype(np.float32), padding_of(frame, facts.padding)


def _spacing(geometry: SeriesGeometry) -> tuple[float | None, float, float] | None:
    if geometry.length_unit != "mm" or geometry.pixel_spacing_mm is None:
        return None
    between = geometry.slice_spacing_mm if geometry.kind == "volume" else None
    return (between, *geometry.pixel_spacing_mm)


def affine_of(ordered: Sequence[FrameFacts], geometry: SeriesGeometry) -> NDArray[np.float64] | None:
    """Return the matrix from ``(k, j, i, 1)`` to LPS mm of sorted frames, or None without one patient space.

    The step along k goes from the first slice to the last in equal parts, so gantry tilt (a shear) is kept.
    """
    first, last = ordered[0], ordered[-1]
    parallel = len(geometry.orientation_groups) == 1 and geometry.orientation_groups[0].frames == len(ordered)
    if (
        not parallel
        or geometry.kind not in ("volume", "single")
        or first.space.orientation is None
        or first.space.position is None
        or last.space.position is None
        or first.space.spacing_mm is None
    ):
        return None
    row, column = np.array(first.space.orientation[:3]), np.array(first.space.orientation[3:])
    origin = np.array(first.space.position)
    step: NDArray[Any] = normal_of(first.space.orientation)
    if len(ordered) > 1:
        step = (np.array(last.space.position) - origin) / (len(ordered) - 1)
    affine = np.eye(4)
    affine[:3, 0] = step
    affine[:3, 1] = column * first.space.spacing_mm[0]
    affine[:3, 2] = row * first.space.spacing_mm[1]
    affine[:3, 3] = origin
    return affine
