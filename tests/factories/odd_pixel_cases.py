"""Images as some writers really make them: rubbish in unused bits, odd palettes, windows that are none, own colours."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import gdcm
import numpy as np
from pydicom import dcmread
from pydicom.dataset import Dataset
from pydicom.uid import EnhancedMRImageStorage, JPEG2000Lossless, JPEGLosslessSV1, JPEGLSLossless, RLELossless

from tests.factories.dicom_files import set_pixels
from tests.factories.pixel_cases import (
    SIZE,
    PixelCase,
    by_values,
    case_of,
    linear,
    linear_exact,
    plain_cases,
    ramp,
    sigmoid,
    table_of,
    windowed,
)

if TYPE_CHECKING:
    from numpy.typing import NDArray


def _odd(name: str, dataset: Any, values: Any, shown: Any, **more: Any) -> PixelCase:
    return PixelCase(name, dataset, values, shown, browser=more.pop("browser", False), **more)


def _seen_exactly(name: str, dataset: Any, values: NDArray[Any], **more: Any) -> PixelCase:
    """Return a case whose window spans its values."""
    low, high = float(np.nanmin(values)), float(np.nanmax(values))
    windowed(dataset, (low + high) / 2, high - low, "LINEAR_EXACT")
    return _odd(name, dataset, values, linear_exact(values, (low + high) / 2, high - low), **more)


def _layouts() -> list[PixelCase]:
    made = []
    signed = ramp(-1000, 1000, np.int16)
    twelve = case_of("signed of 12 bits under rubbish", signed)
    twelve.BitsStored, twelve.HighBit = 12, 11
    twelve.PixelData = ((signed & 0x0FFF).astype("<u2") | 0x5000).tobytes()
    made.append(_seen_exactly("signed of 12 bits under rubbish", twelve, signed * 1.0, browser=True))
    seven = case_of("seven bits under rubbish", ramp(0, 127, np.uint8) | 0x80)
    seven.BitsStored, seven.HighBit = 7, 6
    made.append(_seen_exactly("seven bits under rubbish", seven, ramp(0, 127, np.uint8) * 1.0))
    wide = case_of("signed 32 bits", ramp(-2e9, 2e9, np.int32))
    wide.RescaleSlope, wide.RescaleIntercept = 0.5, 7
    made.append(_seen_exactly("signed 32 bits", wide, ramp(-2e9, 2e9, np.int32) * 0.5 + 7))
    part = case_of("24 of 32 bits under rubbish", ramp(0, 16e6, np.uint32) | np.uint32(0xAB000000))
    part.BitsStored, part.HighBit = 24, 23
    made.append(_seen_exactly("24 of 32 bits under rubbish", part, ramp(0, 16e6, np.uint32) * 1.0))
    for keyword, kind, bits in (("FloatPixelData", "<f4", 32), ("DoubleFloatPixelData", "<f8", 64)):
        name = f"{keyword} with padding"
        real = (ramp(0, 1000) / 7.0).astype(kind)
        real[:6] = -99.5
        floats = case_of(name, ramp(0, 1000))
        del floats.PixelData, floats.BitsStored, floats.HighBit, floats.PixelRepresentation
        floats.BitsAllocated = bits
        setattr(floats, keyword, real.tobytes())
        setattr(floats, keyword.replace("PixelData", "PixelPaddingValue"), -99.5)
        made.append(_seen_exactly(name, floats, np.where(real == -99.5, np.nan, real.astype(float))))
        made[-1].shown = np.nan_to_num(made[-1].shown)
    padded = ramp(0, 1000, np.int16)
    padded[:4], padded[4:8] = -2000, -1990
    ranged = case_of("signed padding range written unsigned", padded)
    ranged.add_new(0x00280120, "US", 65536 - 2000)
    ranged.add_new(0x00280121, "US", 65536 - 1990)
    values = np.where(padded < 0, np.nan, padded.astype(float))
    made.append(_odd("signed padding range written unsigned", ranged, values, by_values(values), browser=True))
    return made


def _in_lossless_jpeg(dataset: Any) -> Any:
    """Return the data set compressed by GDCM: pydicom has no encoder for it."""
    with TemporaryDirectory() as folder:
        plain, packed = f"{folder}/plain", f"{folder}/packed"
        dataset.save_as(plain, enforce_file_format=True)
        reader, change, writer = gdcm.ImageReader(), gdcm.ImageChangeTransferSyntax(), gdcm.ImageWriter()
        reader.SetFileName(plain)
        assert reader.Read()
        change.SetTransferSyntax(gdcm.TransferSyntax(gdcm.TransferSyntax.JPEGLosslessProcess14_1))
        change.SetInput(reader.GetImage())
        assert change.Change()
        writer.SetFileName(packed)
        writer.SetFile(reader.GetFile())
        writer.SetImage(change.GetOutput())
        assert writer.Write()
        return dcmread(BytesIO(Path(packed).read_bytes()))


def _compressed() -> list[PixelCase]:
    """Signed samples of few bits: what decoders hand out for them has no sign of its own."""
    made = []
    for name, syntax, kind, stored in (
        ("signed bytes in RLE", RLELossless, np.int8, 8),
        ("signed seven bits in RLE", RLELossless, np.int8, 7),
        ("signed bytes in JPEG 2000", JPEG2000Lossless, np.int8, 8),
        ("signed six bits of 16 in JPEG 2000", JPEG2000Lossless, np.int16, 6),
        ("signed 12 bits in JPEG 2000", JPEG2000Lossless, np.int16, 12),
        ("signed five bits in JPEG-LS", JPEGLSLossless, np.int8, 5),
        ("signed bytes in lossless JPEG", JPEGLosslessSV1, np.int8, 8),
    ):
        half = 1 << (stored - 1)
        pixels = ramp(-half, half - 1, kind)
        dataset = case_of(name, pixels)
        dataset.BitsStored, dataset.HighBit = stored, stored - 1
        if syntax == JPEGLosslessSV1:
            dataset = _in_lossless_jpeg(dataset)
        else:
            dataset.compress(syntax, generate_instance_uid=False)
        dataset.RescaleSlope, dataset.RescaleIntercept, dataset.RescaleType = 2, 1, "US"
        made.append(_seen_exactly(name, dataset, pixels * 2.0 + 1, browser=True))
    return made


def _windows() -> list[PixelCase]:
    made = []
    values = ramp(0, 1000).astype(float)
    for name, center, width, function, shown in (
        ("window of width 0", 500, 0, None, by_values(values)),
        ("window of negative width", 500, -400, "LINEAR_EXACT", by_values(values)),
        ("an unknown function", 500, 401, "CUBIC", linear(values, 500, 401)),
        ("no window, then one", [500, 100], [0, 101], None, linear(values, 100, 101)),
    ):
        dataset = case_of(name, ramp(0, 1000))
        windowed(dataset, center, width, function)  # type: ignore[arg-type]  # DICOM takes lists as well
        made.append(_odd(name, dataset, values, shown))
    dark = case_of("MONOCHROME1 with a sigmoid", ramp(0, 1000))
    dark.PhotometricInterpretation, dark.BitsStored, dark.HighBit = "MONOCHROME1", 12, 11
    windowed(dark, 500, 300, "SIGMOID")
    shown = 255 - sigmoid(values, 500, 300)
    made.append(_odd("MONOCHROME1 with a sigmoid", dark, values, shown, mirrored=4095 - values))
    steps = np.where(np.arange(4096) < 3072, 8000, 60000).astype("<u2")
    stored = ramp(0, 4095)
    table = case_of("MONOCHROME1 with a table", stored)
    table.PhotometricInterpretation, table.BitsStored, table.HighBit = "MONOCHROME1", 12, 11
    table.VOILUTSequence = [table_of([4096, 0, 16], steps)]
    meant = 255 - steps[stored] / 65535 * 255
    made.append(_odd("MONOCHROME1 with a table", table, stored * 1.0, meant, mirrored=4095.0 - stored, browser=True))
    signed = ramp(-100, 155, np.int16)
    squares = (np.arange(256) ** 2 / 16).round().astype("<u2")
    for name, first in (("modality table from below zero", -100), ("the same, written unsigned", 65536 - 100)):
        dataset = case_of(name, signed)
        item = table_of([256, 0, 16], squares)
        item.add_new(0x00283002, "SS" if first < 0 else "US", [256, first, 16])
        dataset.ModalityLUTSequence = [item]
        made.append(_seen_exactly(name, dataset, squares[signed + 100].astype(float)))
        span = float(np.ptp(made[-1].values))  # type: ignore[arg-type]
        made[-1].shown = linear_exact(squares[signed + 100].astype(float), span / 2, span)
    asked = case_of("a presentation table", ramp(0, 1000))
    item = table_of([256, 0, 8], np.arange(255, -1, -1).astype(np.uint8))
    asked.PresentationLUTSequence = [item]
    windowed(asked, 500, 1000)
    told = {"presentation_table": "the image's presentation table is not applied"}
    made.append(_odd("a presentation table", asked, values, linear(values, 500, 1000), undrawn=told, browser=True))
    return made


def _paletted(name: str, stored: NDArray[Any], first: int, entries: NDArray[Any], bits: int) -> Any:
    dataset = case_of(name, stored)
    dataset.PhotometricInterpretation = "PALETTE COLOR"
    put_palette(dataset, first, entries, bits)
    return dataset


def put_palette(dataset: Any, first: int, entries: NDArray[Any], bits: int) -> None:
    """Give a data set a palette.

    Args:
        entries: ``[n, 3]`` of 8 or 16 bits.
    """
    vr = "SS" if first < 0 else "US"
    for at, color in enumerate((1, 2, 3)):
        dataset.add_new(0x00281100 + color, vr, [len(entries), first, bits])
        content = np.ascontiguousarray(entries[:, at].astype(np.uint8 if bits == 8 else "<u2")).tobytes()
        dataset.add_new(0x00281200 + color, "OW", content + b"\0" * (len(content) % 2))


def _rainbow(count: int) -> NDArray[np.uint8]:
    at = np.arange(count)
    return np.stack([at % 256, 255 - at % 256, at // 2 % 256], axis=1).astype(np.uint8)


def _palettes() -> list[PixelCase]:
    made = []
    for name, stored, first, entries, bits in (
        ("palette of more bytes than an index of one", ramp(0, 350), 0, _rainbow(300), 8),
        ("palette of an odd number of bytes", ramp(0, 8, np.uint8), 0, _rainbow(7), 8),
        ("palette from 100 on", ramp(0, 500), 100, _rainbow(256), 8),
        ("palette from below zero", ramp(-60, 60, np.int16), -50, _rainbow(100), 8),
        ("palette of 16 bits for an index of 16", ramp(0, 1000), 0, _rainbow(1001) * np.uint16(257), 16),
    ):
        dataset = _paletted(name, stored, first, entries, bits)
        index = np.clip(stored.astype(int) - first, 0, len(entries) - 1)
        eight = entries if bits == 8 else entries // 257
        made.append(_odd(name, dataset, None, eight[index].astype(np.uint8)))
    segments = case_of("palette in segments", ramp(0, 255, np.uint8))
    segments.PhotometricInterpretation = "PALETTE COLOR"
    up = np.array([0, 1, 0, 1, 255, 65535], "<u2").tobytes()
    for color in (1, 2, 3):
        segments.add_new(0x00281100 + color, "US", [256, 0, 16])
        segments.add_new(0x00281220 + color, "OW", up)
    grey = np.repeat(ramp(0, 255, np.uint8)[..., None], 3, axis=2)
    made.append(_odd("palette in segments", segments, None, grey))
    return made


def _colours() -> list[PixelCase]:
    rgb = np.zeros((SIZE, SIZE, 3), np.uint8)
    rgb[:, :20], rgb[:, 20:42], rgb[:, 42:] = (200, 30, 10), (10, 102, 30), (40, 60, 220)
    deep = case_of("RGB of 16 bits", ramp(0, 1))
    set_pixels(deep, rgb.astype(np.uint16) * 257, "RGB")
    made = [_odd("RGB of 16 bits", deep, None, rgb)]
    r, g, b = (rgb[..., at].astype(float) for at in range(3))
    y = 0.2990 * r + 0.5870 * g + 0.1140 * b
    cb = -0.1687 * r - 0.3313 * g + 0.5000 * b + 128
    cr = 0.5000 * r - 0.4187 * g - 0.0813 * b + 128
    half = case_of("YBR_FULL_422", ramp(0, 1))
    set_pixels(half, rgb, "YBR_FULL_422")
    # Two luminances, then the chrominance they share (PS3.3 C.7.6.3.1.2).
    four = np.stack([y[:, ::2], y[:, 1::2], cb[:, ::2], cr[:, ::2]], axis=-1)
    half.PixelData = four.round().clip(0, 255).astype(np.uint8).tobytes()
    made.append(_odd("YBR_FULL_422", half, None, rgb, browser=True))
    return made


def _own_colours() -> list[PixelCase]:
    """Grey below, colours above (PS3.3 C.8.16.2.1.1.1): values stay, only the picture is in colour."""
    made = []
    colours = _rainbow(96)

    def asking(name: str, stored: NDArray[Any], first: int, presentation: str = "COLOR") -> PixelCase:
        dataset = case_of(name, stored, "MR", EnhancedMRImageStorage)
        dataset.PixelPresentation = presentation
        put_palette(dataset, first, colours, 8)
        windowed(dataset, 500, 1000)
        grey = np.repeat(linear(stored.astype(float), 500, 1000)[..., None], 3, axis=2)
        index = np.clip(stored.astype(int) - first, 0, len(colours) - 1)
        shown = np.where((stored >= first)[..., None], colours[index], grey)
        return _odd(name, dataset, stored.astype(float), shown, browser=True)

    made.append(asking("own colours above 900", ramp(0, 1000), 900))
    made.append(asking("own colours only", ramp(0, 120, np.uint8), 0))
    below = asking("own colours from below zero", ramp(-200, 200, np.int16), -50)
    made.append(below)
    high = asking("own colours in high bits", ramp(0, 1000), 900)
    high.dataset.BitsStored, high.dataset.HighBit = 12, 15
    high.dataset.PixelData = (ramp(0, 1000) << 4).tobytes()
    high.dataset.RescaleSlope, high.dataset.RescaleIntercept, high.dataset.RescaleType = 0.1, 3, "US"
    values = ramp(0, 1000) * 0.1 + 3
    windowed(high.dataset, 50, 100)
    grey = np.repeat(linear(values, 50, 100)[..., None], 3, axis=2)
    index = np.clip(ramp(0, 1000).astype(int) - 900, 0, len(colours) - 1)
    high.values, high.shown = values, np.where((ramp(0, 1000) >= 900)[..., None], colours[index], grey)
    made.append(high)
    mixed = asking("own colours of one frame of two", ramp(0, 1000), 900, "MIXED")
    set_pixels(mixed.dataset, np.stack([ramp(0, 1000), ramp(0, 1000)]))
    mixed.dataset.PerFrameFunctionalGroupsSequence = []
    for presentation in ("MONOCHROME", "COLOR"):
        group, kind = Dataset(), Dataset()
        kind.FrameType, kind.PixelPresentation = ["ORIGINAL", "PRIMARY", "OTHER", "NONE"], presentation
        group.MRImageFrameTypeSequence = [kind]
        mixed.dataset.PerFrameFunctionalGroupsSequence.append(group)
    mixed.shown = linear(ramp(0, 1000).astype(float), 500, 1000)
    mixed.browser = False
    made.append(mixed)
    missing = asking("own colours without a table", ramp(0, 1000), 900)
    del missing.dataset[0x00281202]
    missing.shown = linear(ramp(0, 1000).astype(float), 500, 1000)
    missing.undrawn = {"own_colors": "the image's own colours are not drawn: their table is missing or broken"}
    made.append(missing)
    return made


def all_cases() -> list[PixelCase]:
    """Every case, plain and odd."""
    return [*plain_cases(), *_layouts(), *_compressed(), *_windows(), *_palettes(), *_colours(), *_own_colours()]
