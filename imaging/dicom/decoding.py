"""One frame decoded into the values that were stored, or into RGB.

Decoders are named for each transfer syntax (the default order of pydicom is not the fastest). They are C code that
runs in this process: at ingest they run in a resource-limited child, and only what passed there is decoded here.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.encaps import encapsulate, generate_fragments
from pydicom.pixels.decoders.base import get_decoder
from pydicom.uid import UID, ExplicitVRLittleEndian

from imaging.dicom import frames
from imaging.dicom.errors import PixelsUnreadable
from imaging.dicom.frames import ImageSource, StoredImage, open_image, pixel_keyword, whole
from imaging.dicom.palettes import palette_rgb

if TYPE_CHECKING:
    from numpy.typing import NDArray

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
GREY: Final = frozenset({"MONOCHROME1", "MONOCHROME2"})
_COLOUR: Final = frozenset({"RGB", "YBR_FULL", "YBR_FULL_422", "YBR_ICT", "YBR_RCT", "YBR_PARTIAL_420"})
_RLE: Final = "1.2.840.10008.1.2.5"
_JPEG_EXTENDED: Final = "1.2.840.10008.1.2.4.51"
_MAX_PIXELS: Final = 512 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class DecodedFrame:
    """One frame.

    Attributes:
        pixels: ``[J, I]`` stored values (rows, columns), or ``[J, I, 3]`` RGB for colour.
        photometric: MONOCHROME1, MONOCHROME2 or RGB; palette and YBR images come as RGB.
        bits_stored: significant bits of a sample.
    """

    pixels: NDArray[Any]
    photometric: str
    bits_stored: int

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
        return DecodedFrame(values, "MONOCHROME2", values.dtype.itemsize * 8)
    single, syntax = _single_frame(image, payload)
    values, photometric = _decode(single, syntax)
    stored = whole(dataset, "BitsStored") or whole(dataset, "BitsAllocated") or 8
    if photometric == "PALETTE COLOR":
        return DecodedFrame(palette_rgb(dataset, values), "RGB", 8)
    if photometric in GREY:
        return DecodedFrame(_stored_bits_only(dataset, values, syntax), photometric, stored)
    if photometric != "RGB" or values.ndim != 3:
        raise _unsupported_photometric()
    return DecodedFrame(values, "RGB", stored)


def stored_samples(source: ImageSource, frame_number: int = 1) -> NDArray[Any]:
    """Decode one grey or palette frame into its stored samples ``[J, I]``: the palette is not looked up.

    Raises:
        PixelsUnreadable: see ``decode_frame``.
    """
    image = open_image(source)
    if str(image.dataset.get("PhotometricInterpretation", "")) != "PALETTE COLOR":
        return decode_frame(image, frame_number).pixels
    _check_header(image.dataset, "PixelData")
    single, syntax = _single_frame(image, frames.frame_payload(image, frame_number))
    return _stored_bits_only(image.dataset, _decode(single, syntax)[0], syntax)


def has_decoder(dataset: Dataset) -> bool:
    """Say whether there is a decoder here for how the pixels are compressed, if they are."""
    syntax = frames.sent_transfer_syntax(dataset)
    return syntax == ExplicitVRLittleEndian or syntax in DECODERS


def _stored_bits_only(dataset: Dataset, values: NDArray[Any], syntax: str) -> NDArray[Any]:
    """Take off what lies outside Bits Stored (PS3.5 8.1.1), whatever a writer or an overlay left there."""
    allocated = values.dtype.itemsize * 8
    stored = whole(dataset, "BitsStored") or allocated
    if values.dtype.kind not in "iu" or stored >= allocated:
        return values
    unsigned = np.dtype(f"u{values.dtype.itemsize}")
    words = values.view(unsigned)
    if syntax == _RLE:
        # The one compression that keeps words as they are; native ones were shifted before.
        words = words >> unsigned.type(frames.low_bit(dataset))
    up = unsigned.type(allocated - stored)
    words = words << up
    back = words.view(values.dtype) >> values.dtype.type(up) if values.dtype.kind == "i" else words >> up
    return np.asarray(back)


def sample_words(source: ImageSource, frame_number: int) -> NDArray[Any]:
    """Return the words of a grey frame as they lie in the file, unused bits too, one after the other.

    Raises:
        PixelsUnreadable: the compression does not keep them (``overlay_lost``), or see ``decode_frame``.
    """
    image = open_image(source)
    dataset, allocated = image.dataset, frames.bits_allocated(image.dataset)
    if not frames.is_encapsulated(dataset):
        return np.frombuffer(frames.little_endian_words(image, frame_number), f"<u{max(1, allocated // 8)}")
    single, syntax = _single_frame(image, frames.frame_payload(image, frame_number))
    if syntax != _RLE:
        raise PixelsUnreadable("overlay_lost", "The compression of this image has not kept its overlay plane.")
    single.BitsStored, single.HighBit, single.PixelRepresentation = allocated, allocated - 1, 0
    return _decode(single, syntax)[0].reshape(-1)


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
        GREY | _COLOUR | {"PALETTE COLOR"}
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
    if syntax == _RLE and frames.low_bit(source):
        single.BitsStored, single.HighBit = allocated, allocated - 1
    if syntax != ExplicitVRLittleEndian:
        single.PixelData = encapsulate([payload])
        single["PixelData"].VR = "OB"
    else:
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
    if syntax == _JPEG_EXTENDED and int(single.BitsStored) > 8:
        return _extended_jpeg(single), str(single.PhotometricInterpretation)
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


def _extended_jpeg(single: Dataset) -> NDArray[Any]:
    """Decode a grey JPEG of 12 bits by GDCM itself: pydicom's way to it refuses them."""
    import gdcm

    # The first fragment is the (empty) offset table.
    payload = b"".join(list(generate_fragments(single.PixelData))[1:])
    precision = _jpeg_precision(payload)
    fragment, fragments = gdcm.Fragment(), gdcm.SequenceOfFragments.New()
    fragment.SetByteStringValue(payload)
    fragments.AddFragment(fragment)
    element = gdcm.DataElement(gdcm.Tag(0x7FE0, 0x0010))
    element.SetValue(fragments.__ref__())
    image = gdcm.Image()
    image.SetNumberOfDimensions(2)
    image.SetDimensions((single.Columns, single.Rows, 1))
    image.SetDataElement(element)
    grey = gdcm.PhotometricInterpretation.GetPIType(str(single.PhotometricInterpretation))
    image.SetPhotometricInterpretation(gdcm.PhotometricInterpretation(grey))
    image.SetTransferSyntax(gdcm.TransferSyntax(gdcm.TransferSyntax.GetTSType(_JPEG_EXTENDED)))
    image.SetPixelFormat(gdcm.PixelFormat(1, 16, precision, precision - 1, int(single.PixelRepresentation)))
    buffer = image.GetBuffer() if precision > 8 and int(single.SamplesPerPixel) == 1 else None
    content = buffer.encode("utf-8", "surrogateescape") if isinstance(buffer, str) else buffer
    size = int(single.Rows) * int(single.Columns)
    if content is None or len(content) < 2 * size:
        raise PixelsUnreadable(
            "pixels_undecodable",
            "The pixel data cannot be decoded: they are broken, or of a kind that no decoder here reads.",
            transfer_syntax_uid=_JPEG_EXTENDED,
        )
    kind = "<i2" if int(single.PixelRepresentation) == 1 else "<u2"
    return np.frombuffer(content[: 2 * size], kind).reshape(int(single.Rows), int(single.Columns))


def _jpeg_precision(payload: bytes) -> int:
    """Return the bits of a sample that a JPEG's frame header names (ISO/IEC 10918-1 B.2.2), 0 without one."""
    at = 2
    while at + 5 <= len(payload) and payload[at] == 0xFF:
        if payload[at + 1] in (0xC0, 0xC1, 0xC2, 0xC3):
            return payload[at + 4]
        at += 2 + int.from_bytes(payload[at + 2 : at + 4], "big")
    return 0
