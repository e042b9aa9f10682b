"""Pixels of one frame: decoded, in modality values, and as a picture.

Decoders are named for each transfer syntax (the default order of pydicom is not the fastest). They are C code that
runs in this process: at ingest they run in a resource-limited child, and only what passed there is decoded here.
"""

from __future__ import annotations

from dataclasses import dataclass
from io import BytesIO
from typing import TYPE_CHECKING, Any, Final, Literal

import numpy as np
from PIL import Image
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.encaps import encapsulate
from pydicom.pixels.decoders.base import get_decoder
from pydicom.pixels.processing import apply_color_lut, apply_modality_lut, apply_voi
from pydicom.uid import UID, ExplicitVRBigEndian, ExplicitVRLittleEndian

from imaging.dicom import frames
from imaging.dicom.errors import PixelsUnreadable
from imaging.dicom.frames import ImageSource, StoredImage, open_image, pixel_keyword, transfer_syntax_of, whole

if TYPE_CHECKING:
    from numpy.typing import NDArray

Display = Literal["as_stored", "converted", "no_pixels", "undecodable"]
ImageFormat = Literal["jpeg", "png"]

#: The decoders of each compressed transfer syntax, best first.
DECODERS: Final[dict[str, tuple[str, ...]]] = {
    "1.2.840.10008.1.2.5": ("pylibjpeg", "pydicom"),
    "1.2.840.10008.1.2.4.50": ("pillow", "gdcm"),
    "1.2.840.10008.1.2.4.51": ("gdcm", "pillow"),
    "1.2.840.10008.1.2.4.57": ("gdcm",),
    "1.2.840.10008.1.2.4.70": ("gdcm",),
    "1.2.840.10008.1.2.4.80": ("pyjpegls", "gdcm"),
    "1.2.840.10008.1.2.4.81": ("pyjpegls", "gdcm"),
    "1.2.840.10008.1.2.4.90": ("pylibjpeg", "gdcm"),
    "1.2.840.10008.1.2.4.91": ("pylibjpeg", "gdcm"),
    "1.2.840.10008.1.2.4.201": ("pylibjpeg",),
    "1.2.840.10008.1.2.4.202": ("pylibjpeg",),
    "1.2.840.10008.1.2.4.203": ("pylibjpeg",),
}
_JPEG_BASELINE: Final = "1.2.840.10008.1.2.4.50"
_JPEG_2000: Final = frozenset({"1.2.840.10008.1.2.4.90", "1.2.840.10008.1.2.4.91"})
_GREY: Final = frozenset({"MONOCHROME1", "MONOCHROME2"})
_COLOUR: Final = frozenset({"RGB", "YBR_FULL", "YBR_FULL_422", "YBR_ICT", "YBR_RCT", "YBR_PARTIAL_420"})
_MAX_PIXELS: Final = 512 * 1024 * 1024
_PERCENTILES: Final = (0.5, 99.5)


@dataclass(frozen=True, slots=True)
class WindowPreset:
    """A window in modality values, as the image or a user names it (PS3.3 C.11.2)."""

    center: float
    width: float
    explanation: str = ""
    function: str = "LINEAR"


@dataclass(frozen=True, slots=True)
class DecodedFrame:
    """One frame.

    Attributes:
        pixels: ``[J, I]`` stored values (rows, columns), or ``[J, I, 3]`` RGB for colour.
        photometric: MONOCHROME1, MONOCHROME2 or RGB; palette and YBR images come as RGB.
        bits_stored: significant bits of a sample.
        padding_ji: True where the image says that there is no image (grey only), else None.
    """

    pixels: NDArray[Any]
    photometric: str
    bits_stored: int
    padding_ji: NDArray[np.bool_] | None = None

    @property
    def is_color(self) -> bool:
        """Say whether the pixels are RGB."""
        return self.photometric == "RGB"


def decode_frame(source: ImageSource, frame_number: int = 1) -> DecodedFrame:
    """Decode one frame into stored values, or into RGB.

    Args:
        source: file path, bytes of a file, data set, or an open image.
        frame_number: from 1.

    Raises:
        PixelsUnreadable: no pixels, no decoder, or broken pixel data; the code says which.
    """
    image = open_image(source)
    dataset = image.dataset
    keyword = pixel_keyword(dataset)
    if keyword is None:
        raise PixelsUnreadable("no_pixels", "This object has no image.")
    _check_header(dataset, keyword)
    payload = frames.frame_payload(image, frame_number)
    if keyword != "PixelData":
        values = _float_pixels(dataset, payload, keyword)
        return DecodedFrame(values, "MONOCHROME2", values.dtype.itemsize * 8, _padding(dataset, values))
    single, syntax = _single_frame(image, payload)
    values, photometric = _decode(single, syntax)
    stored = whole(dataset, "BitsStored") or whole(dataset, "BitsAllocated") or 8
    if photometric == "PALETTE COLOR":
        return DecodedFrame(palette_rgb(dataset, values), "RGB", 8)
    if photometric in _GREY:
        return DecodedFrame(values, photometric, stored, _padding(dataset, values))
    if photometric != "RGB" or values.ndim != 3:
        raise _unsupported_photometric()
    return DecodedFrame(values, "RGB", stored)


def _unsupported_photometric() -> PixelsUnreadable:
    return PixelsUnreadable(
        "photometric_interpretation_unknown", "The image's photometric interpretation is not one this server shows."
    )


def _check_header(dataset: Dataset, keyword: str) -> None:
    rows, columns = whole(dataset, "Rows") or 0, whole(dataset, "Columns") or 0
    samples = whole(dataset, "SamplesPerPixel") or 1
    if rows <= 0 or columns <= 0 or samples not in (1, 3) or frames.bits_allocated(dataset) == 0:
        raise PixelsUnreadable(
            "image_header_incomplete", "The image header does not say how large the image is or how its pixels lie."
        )
    if rows * columns * samples > _MAX_PIXELS:
        raise PixelsUnreadable("image_too_large", "One frame of this image is larger than this server decodes.")
    if keyword == "PixelData" and str(dataset.get("PhotometricInterpretation", "")) not in (
        _GREY | _COLOUR | {"PALETTE COLOR"}
    ):
        raise _unsupported_photometric()


def _float_pixels(dataset: Dataset, payload: bytes, keyword: str) -> NDArray[Any]:
    dtype = "<f4" if keyword == "FloatPixelData" else "<f8"
    rows, columns = int(dataset.Rows), int(dataset.Columns)
    return np.frombuffer(payload, dtype)[: rows * columns].reshape(rows, columns)


def _single_frame(image: StoredImage, payload: bytes) -> tuple[Dataset, str]:
    """Return an image pixel module with one frame, little endian, that any decoder reads."""
    source = image.dataset
    single = Dataset()
    for keyword in (
        "SamplesPerPixel", "PhotometricInterpretation", "Rows", "Columns", "BitsAllocated", "BitsStored", "HighBit",
        "PixelRepresentation", "PlanarConfiguration",
    ):  # fmt: skip
        if source.get(keyword) is not None:
            setattr(single, keyword, source.get(keyword))
    allocated = int(source.BitsAllocated)
    if whole(source, "BitsStored") is None:
        single.BitsStored, single.HighBit = allocated, allocated - 1
    if whole(source, "PixelRepresentation") is None:
        single.PixelRepresentation = 0
    if (whole(source, "SamplesPerPixel") or 1) > 1 and whole(source, "PlanarConfiguration") is None:
        single.PlanarConfiguration = 0
    if whole(source, "SamplesPerPixel") is None:
        single.SamplesPerPixel = 1
    syntax = frames.sent_transfer_syntax(source)
    if syntax != ExplicitVRLittleEndian:
        single.PixelData = encapsulate([payload])
        single["PixelData"].VR = "OB"
    else:
        if frames.has_embedded_overlay(source):
            single.HighBit = int(single.BitsStored) - 1
        single.PixelData = payload + b"\0" * (len(payload) % 2)
        single["PixelData"].VR = "OW" if allocated > 8 else "OB"
    single.file_meta = FileMetaDataset()
    single.file_meta.TransferSyntaxUID = UID(syntax)
    single.set_original_encoding(False, True)
    return single, syntax


def _decode(single: Dataset, syntax: str) -> tuple[NDArray[Any], str]:
    encapsulated = syntax != ExplicitVRLittleEndian
    plugins = DECODERS.get(syntax, ()) if encapsulated else ("",)
    if not plugins:
        raise PixelsUnreadable(
            "transfer_syntax_unsupported",
            "No decoder here reads this compression. Send the image uncompressed or in another compression.",
            transfer_syntax_uid=syntax,
        )
    decoder = get_decoder(UID(syntax))
    for plugin in plugins:
        if plugin and plugin not in decoder.available_plugins:
            continue
        try:
            values, facts = decoder.as_array(single, index=0, decoding_plugin=plugin)
        except Exception:
            continue
        except BaseException as error:
            # A decoder written in Rust panics with an exception that is not an Exception.
            if type(error).__name__ != "PanicException":
                raise
            continue
        return values, str(facts["photometric_interpretation"])
    raise PixelsUnreadable(
        "pixels_undecodable",
        "The pixel data cannot be decoded: they are broken, or of a kind that no decoder here reads.",
        transfer_syntax_uid=syntax,
    )


def palette_rgb(dataset: Dataset, values: NDArray[Any]) -> NDArray[np.uint8]:
    """Return palette pixels as 8-bit RGB ``[J, I, 3]`` (PS3.3 C.7.6.3.1.5, C.7.9.2), 16-bit palettes scaled down.

    Raises:
        PixelsUnreadable: the palette is missing or broken (``palette_broken``).
    """
    try:
        rgb = apply_color_lut(values, _little_endian_palette(dataset))[..., :3]
    except Exception as error:
        raise PixelsUnreadable("palette_broken", "The image's colour palette is missing or broken.") from error
    if rgb.dtype == np.uint8:
        return rgb
    # Some writers put 8-bit entries into 16-bit tables: then the high bytes are all empty.
    return rgb.astype(np.uint8) if int(rgb.max(initial=0)) <= 255 else (rgb >> 8).astype(np.uint8)


def _little_endian_palette(dataset: Dataset) -> Dataset:
    if transfer_syntax_of(dataset) != ExplicitVRBigEndian:
        return dataset
    swapped = Dataset()
    for element in dataset.group_dataset(0x0028):
        if "PaletteColorLookupTableData" in element.keyword and isinstance(element.value, bytes):
            element = type(element)(element.tag, "OW", np.frombuffer(element.value, ">u2").astype("<u2").tobytes())
        swapped.add(element)
    swapped.set_original_encoding(False, True)
    return swapped


def _padding(dataset: Dataset, values: NDArray[Any]) -> NDArray[np.bool_] | None:
    """Return where the pixel padding value or range lies (PS3.3 C.7.5.1.1.2), None where the image has none."""
    suffix = {"f4": "Float", "f8": "DoubleFloat"}.get(values.dtype.str[1:], "")
    low = _number(dataset, f"{suffix}PixelPaddingValue")
    if low is None:
        return None
    high = _number(dataset, f"{suffix}PixelPaddingRangeLimit")
    high = low if high is None else high
    if not suffix and values.dtype.kind == "i":
        # The value's VR (US or SS) is often written wrongly: read it in the pixels' own type.
        bits = values.dtype.itemsize * 8
        low, high = (bound - (1 << bits) if bound >= 1 << (bits - 1) else bound for bound in (low, high))
    elif not suffix and values.dtype.kind == "u":
        bits = values.dtype.itemsize * 8
        low, high = (bound + (1 << bits) if bound < 0 else bound for bound in (low, high))
    mask: NDArray[np.bool_] = (values >= min(low, high)) & (values <= max(low, high))
    return mask if bool(mask.any()) else None


def _number(dataset: Dataset | None, keyword: str) -> float | None:
    if dataset is None:
        return None
    try:
        value = dataset.get(keyword)
        if value is None or value == "":
            return None
        number = float(value[0] if hasattr(value, "__getitem__") and not isinstance(value, str) else value)
    except Exception:
        return None
    return number if np.isfinite(number) else None


def _functional_item(dataset: Dataset, keyword: str, frame_number: int) -> Dataset | None:
    """Return a functional group's item for a frame: its own, else the shared one (PS3.3 C.7.6.16)."""
    per_frame = dataset.get("PerFrameFunctionalGroupsSequence") or []
    groups = [per_frame[frame_number - 1]] if 0 < frame_number <= len(per_frame) else []
    groups += list((dataset.get("SharedFunctionalGroupsSequence") or [])[:1])
    for group in groups:
        found = group.get(keyword)
        if found:
            item: Dataset = found[0]
            return item
    return None


def rescale_of(dataset: Dataset, frame_number: int = 1) -> tuple[float, float] | None:
    """Return (slope, intercept) of a frame, or None where the image has no linear rescale."""
    for place in (_functional_item(dataset, "PixelValueTransformationSequence", frame_number), dataset):
        slope, intercept = _number(place, "RescaleSlope"), _number(place, "RescaleIntercept")
        if slope is not None or intercept is not None:
            return (1.0 if slope is None or slope == 0 else slope), (intercept or 0.0)
    return None


def rescale_type_of(dataset: Dataset, frame_number: int = 1) -> str:
    """Return the unit word of modality values (HU, US, …), empty when the image does not say."""
    place = _functional_item(dataset, "PixelValueTransformationSequence", frame_number) or dataset
    return str(place.get("RescaleType") or "")


def modality_values(dataset: Dataset, frame: DecodedFrame, frame_number: int = 1) -> NDArray[np.float32]:
    """Return a decoded grey frame in modality values, float32 ``[J, I]`` (PS3.3 C.11.1); RGB is returned as luma."""
    if frame.is_color:
        weights = np.array([0.299, 0.587, 0.114], np.float32)
        return np.asarray(eight_bit(frame).astype(np.float32) @ weights, np.float32)
    lut = dataset.get("ModalityLUTSequence")
    if lut and frame.pixels.dtype.kind in "iu":
        try:
            return np.asarray(apply_modality_lut(frame.pixels, dataset), np.float32)
        except Exception as error:
            raise PixelsUnreadable("modality_lut_broken", "The image's modality table is broken.") from error
    values = np.asarray(frame.pixels, np.float64)
    rescale = rescale_of(dataset, frame_number)
    if rescale is not None:
        values = values * rescale[0] + rescale[1]
    return values.astype(np.float32)


def modality_pixels(source: ImageSource, frame_number: int = 1) -> NDArray[np.float32]:
    """Decode one frame into modality values, float32 ``[J, I]``; MONOCHROME1 is kept as stored.

    Raises:
        PixelsUnreadable: see ``decode_frame``.
    """
    image = open_image(source)
    return modality_values(image.dataset, decode_frame(image, frame_number), frame_number)


def inverted_monochrome1(
    dataset: Dataset, frame: DecodedFrame, values_ji: NDArray[np.float32], frame_number: int = 1
) -> NDArray[np.float32]:
    """Return modality values with larger meaning brighter: MONOCHROME1 is mirrored in its stored range.

    Args:
        dataset: the image.
        frame: the frame as decoded.
        values_ji: its modality values.
        frame_number: from 1.
    """
    if frame.photometric != "MONOCHROME1":
        return values_ji
    if frame.pixels.dtype.kind not in "iu" or dataset.get("ModalityLUTSequence"):
        return np.asarray(values_ji.max() + values_ji.min() - values_ji, np.float32)
    low, high = stored_range(dataset)
    slope, intercept = rescale_of(dataset, frame_number) or (1.0, 0.0)
    return np.asarray((low + high) * slope + 2 * intercept - values_ji, np.float32)


def stored_range(dataset: Dataset) -> tuple[int, int]:
    """Return the smallest and largest value that a stored sample can have."""
    bits = whole(dataset, "BitsStored") or whole(dataset, "BitsAllocated") or 8
    if whole(dataset, "PixelRepresentation") == 1:
        return -(1 << (bits - 1)), (1 << (bits - 1)) - 1
    return 0, (1 << bits) - 1


def window_presets(source: ImageSource, frame_number: int = 1) -> list[WindowPreset]:
    """Return the windows the image itself names, first one first (PS3.3 C.11.2.1.2, C.7.6.16.2.10)."""
    dataset = open_image(source).dataset
    for place in (_functional_item(dataset, "FrameVOILUTSequence", frame_number), dataset):
        if place is None:
            continue
        centers, widths = _numbers(place, "WindowCenter"), _numbers(place, "WindowWidth")
        names = place.get("WindowCenterWidthExplanation") or []
        names = [names] if isinstance(names, str) else list(names)
        function = str(place.get("VOILUTFunction") or "LINEAR")
        presets = [
            WindowPreset(center, width, str(names[index]) if index < len(names) else "", function)
            for index, (center, width) in enumerate(zip(centers, widths, strict=False))
            if width > 0
        ]
        if presets:
            return presets
    return []


def _numbers(place: Dataset, keyword: str) -> list[float]:
    try:
        value = place.get(keyword)
        if value is None or value == "":
            return []
        many = [value] if isinstance(value, str | int | float) else list(value)
        numbers = [float(item) for item in many]
    except Exception:
        return []
    return [number for number in numbers if np.isfinite(number)]


def default_window(values_ji: NDArray[np.float32], padding_ji: NDArray[np.bool_] | None = None) -> WindowPreset:
    """Return the window from the 0.5th to the 99.5th percentile of the values that are image."""
    shown = values_ji if padding_ji is None else values_ji[~padding_ji]
    shown = shown[np.isfinite(shown)]
    if shown.size == 0:
        return WindowPreset(0.5, 1.0)
    if shown.size > 1 << 20:
        shown = shown[:: shown.size // (1 << 20) + 1]
    low, high = (float(bound) for bound in np.percentile(shown, _PERCENTILES))
    if high <= low:
        low, high = float(shown.min()), float(shown.max())
    width = max(high - low, 1e-6)
    return WindowPreset((low + high) / 2, width, "", "LINEAR_EXACT")


def windowed(values_ji: NDArray[np.float32], window: WindowPreset) -> NDArray[np.float32]:
    """Map modality values to 0..1 through a window (PS3.3 C.11.2.1.2.1, C.11.2.1.3)."""
    center, width = window.center, max(window.width, 1e-6)
    if window.function == "SIGMOID":
        return np.asarray(1 / (1 + np.exp(np.clip(-4 * (values_ji - center) / width, -60, 60))), np.float32)
    if window.function != "LINEAR_EXACT" and width >= 1:
        center, width = center - 0.5, max(width - 1, 1e-6)
    scaled = (values_ji - (center - width / 2)) / width
    return np.asarray(np.nan_to_num(np.clip(scaled, 0, 1), nan=0.0), np.float32)


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


def picture(source: ImageSource, frame_number: int = 1, window: WindowPreset | None = None) -> NDArray[np.uint8]:
    """Return one frame as it should look: ``[J, I]`` grey or ``[J, I, 3]`` RGB, 8 bits, larger is brighter.

    Args:
        source: the image.
        frame_number: from 1.
        window: in modality values; without it the image's VOI table, first window, or percentiles. Colour ignores it.

    Raises:
        PixelsUnreadable: see ``decode_frame``.
    """
    image = open_image(source)
    frame = decode_frame(image, frame_number)
    if frame.is_color:
        return eight_bit(frame)
    values = modality_values(image.dataset, frame, frame_number)
    level = _through_voi_table(image.dataset, frame, values) if window is None else None
    if level is None:
        presets = [] if window is not None else window_presets(image, frame_number)
        chosen = window or (presets[0] if presets else default_window(values, frame.padding_ji))
        level = windowed(values, chosen)
    if frame.photometric == "MONOCHROME1":
        level = 1 - level
    if frame.padding_ji is not None:
        level = np.where(frame.padding_ji, np.float32(0), level)
    return np.rint(level * 255).astype(np.uint8)


def _through_voi_table(
    dataset: Dataset, frame: DecodedFrame, values_ji: NDArray[np.float32]
) -> NDArray[np.float32] | None:
    """Return values through the first VOI lookup table in 0..1, or None where there is none that works."""
    if not dataset.get("VOILUTSequence") or frame.pixels.dtype.kind not in "iu":
        return None
    try:
        item = dataset.VOILUTSequence[0]
        bits = int(item.LUTDescriptor[2])
        through = apply_voi(np.rint(values_ji).astype(np.int32), dataset, index=0)
    except Exception:
        return None
    largest = (1 << bits) - 1 if 8 <= bits <= 16 else int(through.max(initial=1))
    return np.clip(through.astype(np.float32) / max(largest, 1), 0, 1)


def render_frame(
    source: ImageSource,
    frame_number: int = 1,
    *,
    window: WindowPreset | None = None,
    size: tuple[int, int] | None = None,
    image_format: ImageFormat = "jpeg",
    quality: int = 90,
) -> bytes:
    """Draw one frame as PNG or JPEG.

    Args:
        source: the image.
        frame_number: from 1.
        window: see ``picture``.
        size: (columns, rows) of a box into which the picture is fitted, its proportions kept.
        image_format: ``jpeg`` or ``png``.
        quality: of JPEG, 1..100.

    Raises:
        PixelsUnreadable: see ``decode_frame``.
    """
    drawn = Image.fromarray(picture(source, frame_number, window))
    if size is not None:
        factor = min(size[0] / drawn.width, size[1] / drawn.height)
        fitted = (max(1, round(drawn.width * factor)), max(1, round(drawn.height * factor)))
        if fitted != drawn.size:
            drawn = drawn.resize(fitted, Image.Resampling.LANCZOS if factor < 1 else Image.Resampling.BICUBIC)
    target = BytesIO()
    if image_format == "png":
        drawn.save(target, "PNG", compress_level=3)
    else:
        drawn.save(target, "JPEG", quality=quality)
    return target.getvalue()


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
    if photometric in _GREY:
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
