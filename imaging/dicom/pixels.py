"""What a frame's pixels are: modality values, a picture, and how they may be shown."""

from __future__ import annotations

from io import BytesIO
from typing import TYPE_CHECKING, Any, Final, Literal

import numpy as np
from PIL import Image

from imaging.dicom import frames
from imaging.dicom.bit_layout import PaddingRange
from imaging.dicom.decoding import GREY, DecodedFrame, decode_frame, has_decoder
from imaging.dicom.errors import PixelsUnreadable
from imaging.dicom.frame_facts import FACTS_VERSION, FrameFacts, frame_facts
from imaging.dicom.frames import ImageSource, StoredImage, open_image, pixel_keyword, transfer_syntax_of, whole
from imaging.dicom.grey_levels import GreyLevels, GreyWindow, found_window, levels_of, window_of
from imaging.dicom.json_model import header_model
from imaging.dicom.lookup_tables import through_modality_table, voi_table
from imaging.dicom.object_kinds import is_video
from imaging.dicom.overlays import overlay_plane
from imaging.dicom.palettes import palette_rgb
from imaging.dicom.presentation import OwnColors

if TYPE_CHECKING:
    from numpy.typing import NDArray

#: What this server makes of a stored file and its facts; another second number when that is made otherwise. Part of
#: every tag and address under which something computed here may be kept.
REVISION: Final = f"{FACTS_VERSION}.1"

Display = Literal["as_stored", "converted", "no_pixels", "undecodable"]
ImageFormat = Literal["jpeg", "png"]

_JPEG_BASELINE: Final = "1.2.840.10008.1.2.4.50"
_JPEG_2000: Final = frozenset({"1.2.840.10008.1.2.4.90", "1.2.840.10008.1.2.4.91"})
#: Of a picture whose pixels had to be made square.
_LARGEST_SIDE: Final = 8192
#: Weights of luma (ITU-R BT.601), as everywhere in DICOM's YBR (PS3.3 C.7.6.3.1.2).
_LUMA: Final = np.array([0.299, 0.587, 0.114])


def facts_of(source: ImageSource, frame_number: int = 1) -> FrameFacts:
    """Return what a frame of an image means; found out once for an open image.

    Raises:
        PixelsUnreadable: the header describes no such frame.
    """
    image = open_image(source)
    if image.facts is None:
        image.facts = tuple(frame_facts(header_model(image.dataset)))
    if not 1 <= frame_number <= len(image.facts):
        raise PixelsUnreadable("no_such_frame", "The header of this image describes no such frame.")
    return image.facts[frame_number - 1]


def modality_values(image: StoredImage, frame: DecodedFrame, facts: FrameFacts) -> NDArray[np.float64]:
    """Return a decoded grey frame in modality values, ``[J, I]`` (PS3.3 C.11.1); RGB is returned as luma 0..255."""
    if frame.is_color:
        return np.asarray(eight_bit(frame).astype(np.float64) @ _LUMA, np.float64)
    if facts.values.table and frame.pixels.dtype.kind in "iu":
        return through_modality_table(image.dataset, frame.pixels)
    return np.asarray(frame.pixels, np.float64) * facts.values.slope + facts.values.intercept


def padding_of(frame: DecodedFrame, padding: PaddingRange | None) -> NDArray[np.bool_] | None:
    """Return where the image says that there is no image, ``[J, I]``, or None where all is image."""
    if padding is None or frame.is_color:
        return None
    mask: NDArray[np.bool_] = (frame.pixels >= padding.low) & (frame.pixels <= padding.high)
    return mask if bool(mask.any()) else None


def image_values(source: ImageSource, frame_number: int = 1, facts: FrameFacts | None = None) -> NDArray[np.float64]:
    """Decode one frame into modality values ``[J, I]``, NaN where the image says that there is no image.

    Raises:
        PixelsUnreadable: see ``decode_frame``.
    """
    image = open_image(source)
    facts = facts or facts_of(image, frame_number)
    frame = decode_frame(image, frame_number)
    values = modality_values(image, frame, facts)
    padding = padding_of(frame, facts.padding)
    return values if padding is None else np.where(padding, np.nan, values)


def values_bytes(source: ImageSource, frame_number: int, facts: FrameFacts) -> bytes:
    """Return ``image_values`` as they are sent: little endian, 64 bits each where 32 would lose something."""
    values = image_values(source, frame_number, facts)
    narrow = values.astype("<f4")
    exact = np.array_equal(narrow.astype(np.float64), values, equal_nan=True)
    return (narrow if exact or facts.bits.allocated < 32 else values.astype("<f8")).tobytes()


def modality_pixels(source: ImageSource, frame_number: int = 1) -> NDArray[np.float32]:
    """Decode one frame into modality values, float32 ``[J, I]``; padding and MONOCHROME1 are kept as stored.

    Raises:
        PixelsUnreadable: see ``decode_frame``.
    """
    image = open_image(source)
    values = modality_values(image, decode_frame(image, frame_number), facts_of(image, frame_number))
    return values.astype(np.float32)


def brighter_is_larger(values_ji: NDArray[Any], facts: FrameFacts) -> NDArray[Any]:
    """Return modality values with larger meaning brighter: what the image inverts is mirrored in its stored range.

    PET stays as it is: that it is shown dark on white is a custom, not what its values mean.
    """
    if facts.inversion not in ("monochrome1", "presentation_lut"):
        return values_ji
    if facts.values.table or facts.bits.floating:
        return np.asarray(np.nanmax(values_ji) + np.nanmin(values_ji) - values_ji)
    ends = (facts.bits.lowest + facts.bits.highest) * facts.values.slope + 2 * facts.values.intercept
    return np.asarray(ends - values_ji)


def eight_bit(frame: DecodedFrame) -> NDArray[np.uint8]:
    """Return an RGB frame as 8 bits a sample, ``[J, I, 3]``."""
    values = frame.pixels
    if values.dtype == np.uint8 and frame.bits_stored >= 8:
        return values
    bits = frame.bits_stored
    if values.dtype.kind == "i":
        values = values.astype(np.int64) + (1 << (bits - 1))
    scaled = values.astype(np.float64) * (255 / ((1 << bits) - 1))
    return np.clip(np.rint(scaled), 0, 255).astype(np.uint8)


def own_levels(image: StoredImage, facts: FrameFacts, index: int = 0) -> GreyLevels | None:
    """Return the image's own window or table number ``index`` (from 0), or None where it has none.

    Raises:
        PixelsUnreadable: the table is broken (``voi_lut_broken``).
    """
    if index >= len(facts.voi):
        return None
    return window_of(facts.voi[index]) or voi_table(image.dataset, facts, facts.voi[index])


def picture(
    source: ImageSource,
    frame_number: int = 1,
    levels: GreyLevels | None = None,
    *,
    facts: FrameFacts | None = None,
    found: GreyWindow | None = None,
) -> NDArray[np.uint8]:
    """Return one frame as it should look: ``[J, I]`` grey or ``[J, I, 3]`` RGB, 8 bits, larger is brighter.

    Args:
        source: the image.
        frame_number: from 1.
        levels: without them the first ones that the image offers, else ``found``. Colour ignores them.
        facts: of the frame, when the caller knows them.
        found: the window that the series' values suggest; without it the frame's own values do.

    Raises:
        PixelsUnreadable: see ``decode_frame``.
    """
    image = open_image(source)
    frame = decode_frame(image, frame_number)
    if frame.is_color:
        return eight_bit(frame)
    facts = facts or facts_of(image, frame_number)
    values = modality_values(image, frame, facts)
    padding = padding_of(frame, facts.padding)
    chosen = levels or own_levels(image, facts) or found
    if chosen is None:
        chosen = found_window([values if padding is None else values[~padding]])
    level = levels_of(chosen, values)
    if facts.inverted:
        level = 1 - level
    if padding is not None:
        level = np.where(padding, 0, level)
    grey = np.rint(level * 255).astype(np.uint8)
    return grey if facts.own_colors is None else _in_own_colors(grey, frame, padding, image, facts.own_colors)


def _in_own_colors(
    grey: NDArray[np.uint8],
    frame: DecodedFrame,
    padding: NDArray[np.bool_] | None,
    image: StoredImage,
    colors: OwnColors,
) -> NDArray[np.uint8]:
    """Return a grey picture with the stored values in colour that the image wants so, ``[J, I, 3]``."""
    rgb = np.repeat(grey[..., np.newaxis], 3, axis=2)
    where = frame.pixels >= colors.first
    if padding is not None:
        where &= ~padding
    rgb[where] = palette_rgb(image.dataset, frame.pixels[where])
    return rgb


_TINTS: Final = {"G": ((255, 214, 102), 1.0), "R": ((102, 217, 255), 140 / 255)}


def _with_overlays(drawn: NDArray[np.uint8], image: StoredImage, facts: FrameFacts) -> NDArray[np.uint8]:
    """Draw the image's overlay planes into its picture, in the same tints as the viewer; a broken one is left out."""
    if not facts.overlays:
        return drawn
    rgb = np.repeat(drawn[..., np.newaxis], 3, axis=2) if drawn.ndim == 2 else drawn.copy()
    for overlay in facts.overlays:
        try:
            plane = overlay_plane(image, facts, overlay)
        except PixelsUnreadable:
            continue
        top, left = overlay.origin[0] - 1, overlay.origin[1] - 1
        j, i = np.nonzero(plane)
        j, i = j + top, i + left
        inside = (j >= 0) & (i >= 0) & (j < facts.rows) & (i < facts.columns)
        tint, weight = _TINTS[overlay.overlay_type]
        under = rgb[j[inside], i[inside]].astype(np.float64)
        rgb[j[inside], i[inside]] = np.rint(under * (1 - weight) + np.array(tint) * weight).astype(np.uint8)
    return rgb


def render_frame(
    source: ImageSource,
    frame_number: int = 1,
    *,
    levels: GreyLevels | None = None,
    facts: FrameFacts | None = None,
    found: GreyWindow | None = None,
    size: tuple[int, int] | None = None,
    image_format: ImageFormat = "jpeg",
    quality: int = 90,
) -> bytes:
    """Draw one frame as PNG or JPEG.

    Args:
        source: the image.
        frame_number: from 1.
        levels: see ``picture``.
        facts: see ``picture``.
        found: see ``picture``.
        size: (columns, rows) of a box into which the picture is fitted. Pixels that are not square (PS3.3
            C.7.6.3.1.7) are drawn in proportion, with a box or without.
        image_format: ``jpeg`` or ``png``.
        quality: of JPEG, 1..100.

    Raises:
        PixelsUnreadable: see ``decode_frame``.
    """
    image = open_image(source)
    facts = facts or facts_of(image, frame_number)
    shown = picture(image, frame_number, levels, facts=facts, found=found)
    drawn = Image.fromarray(_with_overlays(shown, image, facts))
    width, height = _in_proportion(drawn.size, facts.space.aspect)
    factor = 1.0 if size is None else min(size[0] / width, size[1] / height)
    fitted = (max(1, round(width * factor)), max(1, round(height * factor)))
    if fitted != drawn.size:
        drawn = drawn.resize(fitted, Image.Resampling.LANCZOS if factor < 1 else Image.Resampling.BICUBIC)
    target = BytesIO()
    if image_format == "png":
        drawn.save(target, "PNG", compress_level=3)
    else:
        drawn.save(target, "JPEG", quality=quality)
    return target.getvalue()


def _in_proportion(size: tuple[int, int], aspect: tuple[float, float]) -> tuple[float, float]:
    """Return the size of a picture whose pixels are made square: its finer side stays, the coarser one grows.

    Args:
        size: (columns, rows).
        aspect: (height, width) of a pixel.
    """
    high = aspect[0] / aspect[1]
    width, height = size[0] * max(1.0, 1 / high), size[1] * max(1.0, high)
    # A strip of very long pixels shrinks rather than becoming too large to be drawn.
    factor = min(1.0, _LARGEST_SIDE / max(width, height)) if max(width, height) > max(size) else 1.0
    return width * factor, height * factor


def rgb_frame(source: ImageSource, frame_number: int = 1) -> bytes:
    """Return one frame of a converted image as it is sent: 8-bit RGB, colour by pixel, rows from the top."""
    shown = picture(source, frame_number)
    if shown.ndim == 2:
        shown = np.repeat(shown[..., np.newaxis], 3, axis=2)
    return np.ascontiguousarray(shown).tobytes()


def display_verdict(source: ImageSource) -> tuple[Display, str]:
    """Say how an image may be shown, by decoding its first frame.

    Returns:
        ``(display, code)``: as_stored, converted, no_pixels or undecodable; the code says why it is not as stored
        (empty for as_stored).
    """
    try:
        image = open_image(source)
        if pixel_keyword(image.dataset) is None:
            return "no_pixels", "no_pixels"
        if is_video(str(frames.transfer_syntax_of(image.dataset))):
            return "undecodable", "video_not_shown"
        if not has_decoder(image.dataset):
            # Its frames are not looked for either: nobody here knows how they lie in their fragments.
            return "undecodable", "transfer_syntax_unsupported"
        decode_frame(image, 1)
        frames.frame_bytes(image, frames.number_of_frames(image.dataset))
        reason = _why_converted(image)
    except PixelsUnreadable as error:
        return "undecodable", error.code
    except Exception:  # Whatever a broken file does to a library, the verdict is a code.
        return "undecodable", "pixels_undecodable"
    return ("converted", reason) if reason else ("as_stored", "")


def _why_converted(image: StoredImage) -> str:
    """Return why a browser would not show the stored frames right, or an empty string."""
    dataset = image.dataset
    syntax = str(transfer_syntax_of(dataset))
    photometric = str(dataset.get("PhotometricInterpretation", ""))
    allocated, stored = whole(dataset, "BitsAllocated") or 0, whole(dataset, "BitsStored") or 0
    if pixel_keyword(dataset) != "PixelData":
        return "float_pixels"
    if photometric == "PALETTE COLOR":
        return "palette_color"
    if allocated not in (8, 16, 32):
        return "bits_allocated"
    if photometric in GREY:
        return ""
    if allocated != 8 or stored != 8:
        return "color_depth"
    if syntax == _JPEG_BASELINE:
        return "" if photometric in ("YBR_FULL_422", "YBR_FULL") and _is_plain_ycc(image) else "color_transform"
    if syntax in _JPEG_2000:
        return "" if photometric in ("RGB", "YBR_RCT", "YBR_ICT") else "color_transform"
    native = not frames.is_encapsulated(dataset)
    return "" if native and photometric == "RGB" else "color_transform"


def _is_plain_ycc(image: StoredImage) -> bool:
    """Say whether a JPEG's own markers agree with YCbCr, so that every JPEG decoder shows it alike."""
    head = frames.frame_bytes(image, 1)[:4096]
    adobe = head.find(b"\xff\xee")
    if adobe >= 0 and head[adobe + 4 : adobe + 9] == b"Adobe":
        return len(head) > adobe + 15 and head[adobe + 15] == 1
    # Components named "R", "G", "B" make some decoders skip the colour transform.
    start = head.find(b"\xff\xc0")
    return start < 0 or head[start + 10 : start + 11] != b"R"
