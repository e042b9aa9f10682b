"""Images whose meaning is hard to get right, each with what it means, computed straight from the standard's formulas.

Nothing here calls the product: values follow PS3.3 C.11.1, pictures PS3.3 C.11.2, bits PS3.5 8.1.1, overlays C.9.2.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
from pydicom.dataset import Dataset
from pydicom.encaps import encapsulate
from pydicom.pixels import get_encoder
from pydicom.uid import (
    CTImageStorage,
    EnhancedMRImageStorage,
    ExplicitVRBigEndian,
    RLELossless,
    SecondaryCaptureImageStorage,
)

from tests.factories.dicom_files import dicom_dataset, set_pixels

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Pixels = NDArray[Any]

SIZE = 64
_GRAPHIC, _REGION = (255, 214, 102), (102, 217, 255)


@dataclass
class PixelCase:
    """An image and what it means.

    Attributes:
        values: ``[J, I]`` modality values, NaN for padding; None for colour.
        shown: ``[J, I]`` or ``[J, I, 3]`` bytes 0..255 without overlays.
        overlaid: the same with them, where there are any.
        choices: pictures of the image's further windows and tables, in their order.
        mirrored: ``values`` as a model is given them, where that differs.
        names: how the image's windows and tables are called, the first one's too, where there are further ones.
        undrawn: what it asks for that no picture shows, code and words.
        browser: it is looked at in a browser as well.
    """

    name: str
    dataset: Any
    values: Pixels | None
    shown: Pixels
    overlaid: Pixels | None = None
    choices: list[Pixels] = field(default_factory=list)
    mirrored: Pixels | None = None
    names: tuple[str, ...] = ()
    undrawn: dict[str, str] = field(default_factory=dict)
    browser: bool = True


def linear(x: Pixels, center: float, width: float) -> Pixels:
    """C.11.2.1.2.1, with y from 0 to 255."""
    y = ((x - (center - 0.5)) / (width - 1) + 0.5) * 255 if width > 1 else np.zeros_like(x)
    y = np.where(x <= center - 0.5 - (width - 1) / 2, 0, y)
    return np.where(x > center - 0.5 + (width - 1) / 2, 255, y)


def linear_exact(x: Pixels, center: float, width: float) -> Pixels:
    """C.11.2.1.3.2."""
    y = ((x - center) / width + 0.5) * 255
    return np.where(x <= center - width / 2, 0, np.where(x > center + width / 2, 255, y))


def sigmoid(x: Pixels, center: float, width: float) -> Pixels:
    """C.11.2.1.3.1."""
    return 255 / (1 + np.exp(-4 * (x - center) / width))


def by_values(x: Pixels) -> Pixels:
    """What is shown of an image that asks for nothing: from the 0.5th to the 99.5th percentile."""
    low, high = np.percentile(x[~np.isnan(x)], [0.5, 99.5])
    return np.nan_to_num(linear_exact(x, (low + high) / 2, high - low))


def case_of(name: str, stored: Pixels, modality: str = "OT", sop_class: Any = SecondaryCaptureImageStorage) -> Any:
    """Return a data set of its own series with these pixels."""
    dataset = dicom_dataset("pixels", sop_class=sop_class, modality=modality, series=name)
    dataset.SeriesDescription = name
    set_pixels(dataset, stored)
    return dataset


def ramp(low: float, high: float, kind: Any = np.uint16) -> Pixels:
    """Columns that rise from low to high, with a brighter disc in the middle of the right half."""
    stored = np.tile(np.linspace(low, high, SIZE), (SIZE, 1))
    j, i = np.mgrid[:SIZE, :SIZE]
    stored[(j - 32) ** 2 + (i - 48) ** 2 < 64] = high
    return stored.round().astype(kind)


def disc(inside: float, outside: float, kind: Any = np.int16) -> Pixels:
    """A disc on a ground."""
    j, i = np.mgrid[:SIZE, :SIZE]
    return np.where((j - 32) ** 2 + (i - 32) ** 2 < 200, inside, outside).astype(kind)


def windowed(dataset: Any, center: float, width: float, function: str | None = None) -> None:
    """Give a data set a window."""
    dataset.WindowCenter, dataset.WindowWidth = center, width
    if function:
        dataset.VOILUTFunction = function


def slopes() -> list[PixelCase]:
    """Real slopes, small and large, with and without sign, missing, and one for each frame."""
    made = []
    for name, stored, slope, intercept in (
        ("slope 0.5", ramp(0, 4000), 0.5, 0.0),
        ("slope 0.0043", ramp(0, 255, np.uint8), 0.0043, 0.0),
        ("slope 1.2345", ramp(0, 3000), 1.2345, -7.5),
        ("slope 0.01 signed", disc(10000, 2000), 0.01, 0.0),
        ("slope 0.25 signed", ramp(-2000, 2000, np.int16), 0.25, -100.0),
        ("slope 3.75", ramp(0, 1000), 3.75, -1000.0),
        ("slope 10 of large values", ramp(0, 65535), 10.0, 0.0),
        ("slope negative", ramp(0, 1000), -2.0, 500.0),
    ):
        dataset = case_of(name, stored)
        dataset.RescaleSlope, dataset.RescaleIntercept, dataset.RescaleType = slope, intercept, "US"
        values = stored * slope + intercept
        windowed(dataset, (values.min() + values.max()) / 2, np.ptp(values), "LINEAR_EXACT")
        shown = linear_exact(values, (values.min() + values.max()) / 2, np.ptp(values))
        made.append(PixelCase(name, dataset, values, shown))
    dataset = case_of("no slope", ramp(0, 2000))
    dataset.RescaleIntercept = -1000
    made.append(PixelCase("no slope", dataset, ramp(0, 2000) - 1000.0, by_values(ramp(0, 2000) - 1000.0)))
    made.append(_each_frame_its_own())
    return made


def _each_frame_its_own() -> PixelCase:
    stored = ramp(0, 1000)
    dataset = case_of("slope of each frame", np.stack([stored, stored]), "MR", EnhancedMRImageStorage)
    dataset.PerFrameFunctionalGroupsSequence = []
    for slope in (0.1, 5.0):
        group, transform, voi = Dataset(), Dataset(), Dataset()
        transform.RescaleSlope, transform.RescaleIntercept, transform.RescaleType = slope, 2, "US"
        voi.WindowCenter, voi.WindowWidth = 500 * slope, 900 * slope
        group.PixelValueTransformationSequence, group.FrameVOILUTSequence = [transform], [voi]
        dataset.PerFrameFunctionalGroupsSequence.append(group)
    values = stored * 0.1 + 2
    return PixelCase("slope of each frame", dataset, values, linear(values, 50, 90))


def windows() -> list[PixelCase]:
    """Each window function, widths of one and below, polarity, padding."""
    made = []
    values = ramp(0, 1000).astype(float)
    for name, function, center, width, shown in (
        ("linear", None, 500, 401, linear(values, 500, 401)),
        ("linear of width 1", "LINEAR", 500, 1, linear(values, 500, 1)),
        ("exact", "LINEAR_EXACT", 500, 400, linear_exact(values, 500, 400)),
        ("sigmoid", "SIGMOID", 500, 300, sigmoid(values, 500, 300)),
    ):
        dataset = case_of(f"window {name}", ramp(0, 1000))
        windowed(dataset, center, width, function)
        made.append(PixelCase(f"window {name}", dataset, values, shown))
    small = case_of("window narrower than 1", ramp(0, 1000))
    small.RescaleSlope, small.RescaleIntercept = 0.001, 0
    windowed(small, 0.5, 0.8)
    made.append(PixelCase("window narrower than 1", small, values * 0.001, linear_exact(values * 0.001, 0.5, 0.8)))
    for name, photometric, shape, modality, inverted, mirrored in (
        ("MONOCHROME1", "MONOCHROME1", None, "CR", True, True),
        ("MONOCHROME1 said twice", "MONOCHROME1", "INVERSE", "CR", True, True),
        ("presentation inverse", "MONOCHROME2", "INVERSE", "CR", True, True),
        ("presentation identity", "MONOCHROME2", "IDENTITY", "CR", False, False),
        ("PET", "MONOCHROME2", None, "PT", True, False),
    ):
        dataset = case_of(name, ramp(0, 1000), modality)
        dataset.PhotometricInterpretation, dataset.BitsStored, dataset.HighBit = photometric, 12, 11
        if shape:
            dataset.PresentationLUTShape = shape
        windowed(dataset, 500, 1000)
        shown = linear(values, 500, 1000)
        made.append(
            PixelCase(
                name, dataset, values, 255 - shown if inverted else shown, mirrored=4095 - values if mirrored else None
            )
        )
    made += _padded()
    several = case_of("several windows", ramp(0, 1000))
    several.WindowCenter, several.WindowWidth = [500, 100], [1000, 100]
    several.WindowCenterWidthExplanation = ["WIDE", "NARROW"]
    made.append(
        PixelCase(
            "several windows",
            several,
            values,
            linear(values, 500, 1000),
            choices=[linear(values, 100, 100)],
            names=("WIDE", "NARROW"),
        )
    )
    return made


def _padded() -> list[PixelCase]:
    stored = ramp(0, 1000, np.int16)
    stored[:8] = -2000
    one = case_of("padding value", stored)
    one.PixelPaddingValue = -2000
    values = np.where(stored == -2000, np.nan, stored.astype(float))
    made = [PixelCase("padding value", one, values, by_values(values))]
    high = ramp(0, 1000)
    high[:4], high[4:8] = 60000, 60010
    many = case_of("padding range", high)
    many.PixelPaddingValue, many.PixelPaddingRangeLimit = 60010, 60000
    values = np.where(high >= 60000, np.nan, high.astype(float))
    made.append(PixelCase("padding range", many, values, by_values(values)))
    return made


def table_of(descriptor: list[int], entries: Pixels, name: str = "") -> Dataset:
    """Return an item of a sequence of lookup tables."""
    item = Dataset()
    item.LUTDescriptor = descriptor
    item.LUTExplanation = name
    item.add_new(0x00283006, "OW", entries.tobytes())
    return item


def tables() -> list[PixelCase]:
    """VOI tables of every layout, a table beside a window, a modality table."""
    stored = ramp(0, 4095)
    values = stored.astype(float)
    steps = np.where(np.arange(4096) < 3072, 8000, 60000).astype("<u2")
    inverting = np.linspace(65535, 0, 4096).round().astype("<u2")
    narrow = (np.arange(4096) // 16).astype("<u2")
    bytes_ = (np.arange(256) ** 2 // 256).astype(np.uint8)
    made = []
    for name, descriptor, entries, shown in (
        ("table with a step", [4096, 0, 16], steps, steps[stored] / 65535 * 255),
        ("table that inverts", [4096, 0, 16], inverting, inverting[stored] / 65535 * 255),
        ("table of 8 bits in words", [4096, 0, 8], narrow, narrow[stored].astype(float)),
        ("table of packed bytes", [256, 1000, 8], bytes_, bytes_[np.clip(stored - 1000.0, 0, 255).astype(int)] * 1.0),
    ):
        dataset = case_of(name, stored)
        dataset.BitsStored, dataset.HighBit = 12, 11
        dataset.VOILUTSequence = [table_of(descriptor, entries)]
        made.append(PixelCase(name, dataset, values, shown))
    signed = ramp(-1000, 1000, np.int16)
    curve = np.linspace(0, 4095, 2001).round().astype("<u2")
    below = case_of("table from below zero", signed)
    below.VOILUTSequence = [table_of([2001, -1000, 12], curve)]
    made.append(PixelCase("table from below zero", below, signed * 1.0, curve[signed + 1000] / 4095 * 255))
    both = case_of("table and window", stored)
    both.BitsStored, both.HighBit = 12, 11
    both.VOILUTSequence = [table_of([4096, 0, 16], steps, "STEP"), table_of([4096, 0, 16], inverting, "INVERSE")]
    windowed(both, 2048, 4096)
    made.append(
        PixelCase(
            "table and window",
            both,
            values,
            steps[stored] / 65535 * 255,
            choices=[inverting[stored] / 65535 * 255, linear(values, 2048, 4096)],
            names=("STEP", "INVERSE", "window 3 of the image"),
        )
    )
    curved = (np.arange(256) ** 2 / 32).round().astype("<u2")
    density = case_of("modality table", ramp(0, 255, np.uint8))
    item = table_of([256, 0, 16], curved)
    item.ModalityLUTType = "OD"
    density.ModalityLUTSequence = [item]
    windowed(density, 1000, 2000)
    through = curved[ramp(0, 255, np.uint8)].astype(float)
    made.append(PixelCase("modality table", density, through, linear(through, 1000, 2000)))
    return made


def layouts() -> list[PixelCase]:
    """How samples lie in their words."""
    made = []
    values = ramp(-1000, 1000, np.int16).astype(float)

    def add(name: str, dataset: Any, meant: Pixels) -> None:
        windowed(dataset, float(meant.mean()), float(np.ptp(meant)), "LINEAR_EXACT")
        made.append(PixelCase(name, dataset, meant, linear_exact(meant, float(meant.mean()), float(np.ptp(meant)))))

    twelve = case_of("signed of 12 bits", ramp(-1000, 1000, np.int16))
    twelve.BitsStored, twelve.HighBit = 12, 11
    twelve.PixelData = (ramp(-1000, 1000, np.int16) & 0x0FFF).astype("<u2").tobytes()
    add("signed of 12 bits", twelve, values)
    shifted = case_of("high bit 15 of 12", ramp(0, 4095) << 4)
    shifted.BitsStored, shifted.HighBit = 12, 15
    add("high bit 15 of 12", shifted, ramp(0, 4095).astype(float))
    dirty = case_of("rubbish above the stored bits", ramp(0, 4095) | 0x9000)
    dirty.BitsStored, dirty.HighBit = 12, 11
    add("rubbish above the stored bits", dirty, ramp(0, 4095).astype(float))
    add("signed bytes", case_of("signed bytes", ramp(-100, 100, np.int8)), ramp(-100, 100, np.int8).astype(float))
    add("32 bits", case_of("32 bits", ramp(0, 3e9, np.uint32)), ramp(0, 3e9, np.uint32).astype(float))
    big = case_of("big endian", ramp(-1000, 1000, np.int16))
    big.PixelData = ramp(-1000, 1000, np.int16).astype(">i2").tobytes()
    big.file_meta.TransferSyntaxUID = ExplicitVRBigEndian
    add("big endian", big, values)
    rle = case_of("RLE", ramp(0, 4095))
    rle.PixelData = encapsulate([get_encoder(RLELossless).encode(rle, index=0)])
    rle["PixelData"].VR = "OB"
    rle.file_meta.TransferSyntaxUID = RLELossless
    add("RLE", rle, ramp(0, 4095).astype(float))
    floats = case_of("floats", ramp(0, 1000), "OT")
    del floats.PixelData, floats.BitsStored, floats.HighBit, floats.PixelRepresentation
    floats.BitsAllocated = 32
    real = (ramp(0, 1000) / 7.0).astype("<f4")
    floats.FloatPixelData = real.tobytes()
    add("floats", floats, real.astype(float))
    bit = case_of("one bit", disc(1, 0, np.uint8))
    bit.BitsAllocated = bit.BitsStored = 1
    bit.HighBit = 0
    bit.PixelData = np.packbits(disc(1, 0, np.uint8).reshape(-1), bitorder="little").tobytes()
    windowed(bit, 0.5, 1, "LINEAR_EXACT")
    meant = disc(1, 0, np.uint8).astype(float)
    made.append(PixelCase("one bit", bit, meant, meant * 255))
    return made


def overlays() -> list[PixelCase]:
    """Overlay planes in groups of their own and in unused bits."""
    stored = ramp(0, 1000)
    shown = linear_exact(stored.astype(float), 500, 1000)
    frame = np.zeros((SIZE, SIZE), bool)
    frame[10:50, 12:14] = True
    made = []

    def add(name: str, dataset: Any, drawn: Pixels, tint: tuple[int, int, int], weight: float) -> None:
        dataset.BitsStored, dataset.HighBit = 12, 11
        windowed(dataset, 500, 1000, "LINEAR_EXACT")
        rgb = np.repeat(shown[..., None], 3, axis=2)
        rgb = np.where(drawn[..., None], rgb * (1 - weight) + np.array(tint) * weight, rgb)
        made.append(PixelCase(name, dataset, stored.astype(float), shown, overlaid=rgb))

    def plane(dataset: Any, drawn: Pixels, kind: str, origin: tuple[int, int], group: int = 0x6000) -> None:
        dataset.add_new((group, 0x0010), "US", drawn.shape[0])
        dataset.add_new((group, 0x0011), "US", drawn.shape[1])
        dataset.add_new((group, 0x0040), "CS", kind)
        dataset.add_new((group, 0x0050), "SS", list(origin))
        dataset.add_new((group, 0x0100), "US", 1)
        dataset.add_new((group, 0x0102), "US", 0)
        dataset.add_new((group, 0x1500), "LO", f"plane {group:04X}")
        bits = np.packbits(drawn.reshape(-1), bitorder="little").tobytes()
        dataset.add_new((group, 0x3000), "OW", bits + b"\0" * (len(bits) % 2))

    plain = case_of("overlay", stored)
    plane(plain, frame, "G", (1, 1))
    add("overlay", plain, frame, _GRAPHIC, 1.0)
    moved = case_of("overlay that begins elsewhere", stored)
    part = np.ones((5, 9), bool)
    plane(moved, part, "R", (21, 31), 0x6002)
    where = np.zeros((SIZE, SIZE), bool)
    where[20:25, 30:39] = True
    add("overlay that begins elsewhere", moved, where, _REGION, 140 / 255)
    inside = case_of("overlay in unused bits", stored | (frame.astype(np.uint16) << 13))
    for element, vr, value in ((0x0010, "US", SIZE), (0x0011, "US", SIZE), (0x0040, "CS", "G"), (0x0050, "SS", [1, 1])):
        inside.add_new((0x6000, element), vr, value)
    inside.add_new((0x6000, 0x0100), "US", 16)
    inside.add_new((0x6000, 0x0102), "US", 13)
    add("overlay in unused bits", inside, frame, _GRAPHIC, 1.0)
    return made


def colours() -> list[PixelCase]:
    """Colour, whatever it was stored as."""
    rgb = np.zeros((SIZE, SIZE, 3), np.uint8)
    rgb[:, :21], rgb[:, 21:42], rgb[:, 42:] = (200, 30, 10), (10, 102, 30), (40, 60, 220)
    made = []
    by_pixel = case_of("RGB", ramp(0, 1))
    set_pixels(by_pixel, rgb, "RGB")
    made.append(PixelCase("RGB", by_pixel, None, rgb))
    by_plane = case_of("RGB by plane", ramp(0, 1))
    set_pixels(by_plane, rgb, "RGB")
    by_plane.PlanarConfiguration = 1
    by_plane.PixelData = np.ascontiguousarray(rgb.transpose(2, 0, 1)).tobytes()
    made.append(PixelCase("RGB by plane", by_plane, None, rgb))
    r, g, b = (rgb[..., at].astype(float) for at in range(3))
    # C.7.6.3.1.2
    y = 0.2990 * r + 0.5870 * g + 0.1140 * b
    cb = -0.1687 * r - 0.3313 * g + 0.5000 * b + 128
    cr = 0.5000 * r - 0.4187 * g - 0.0813 * b + 128
    ybr = case_of("YBR_FULL", ramp(0, 1))
    set_pixels(ybr, np.stack([y, cb, cr], -1).round().clip(0, 255).astype(np.uint8), "YBR_FULL")
    made.append(PixelCase("YBR_FULL", ybr, None, rgb))
    palette = case_of("palette", ramp(0, 3, np.uint8))
    palette.PhotometricInterpretation = "PALETTE COLOR"
    colours_ = np.array([[255, 0, 0], [0, 128, 0], [0, 0, 255], [250, 250, 10]], np.uint16)
    for at, word in enumerate(("Red", "Green", "Blue")):
        setattr(palette, f"{word}PaletteColorLookupTableDescriptor", [4, 0, 16])
        setattr(palette, f"{word}PaletteColorLookupTableData", (colours_[:, at] * 257).astype("<u2").tobytes())
    made.append(PixelCase("palette", palette, None, colours_[ramp(0, 3, np.uint8)].astype(np.uint8)))
    return made


def plain_cases() -> list[PixelCase]:
    """Every case of this file."""
    return [*slopes(), *windows(), *tables(), *layouts(), *overlays(), *colours()]


def file_of(case: PixelCase) -> bytes:
    """Return the case as a file."""
    from io import BytesIO

    from pydicom import dcmwrite

    buffer = BytesIO()
    big = case.dataset.file_meta.TransferSyntaxUID == ExplicitVRBigEndian
    dcmwrite(buffer, case.dataset, enforce_file_format=True, little_endian=not big, implicit_vr=False)
    return buffer.getvalue()


def slices_of_one_slope() -> list[Any]:
    """Five slices of slope 0.1 without a window, whose largest values differ, each with a square of 75."""
    made = []
    for number, largest in enumerate((1000, 1003, 1010, 995, 2560), 1):
        stored = np.full((SIZE, SIZE), 500, np.uint16)
        stored[8:16, 8:16], stored[0, 0] = 750, largest
        dataset = dicom_dataset("pixels", sop_class=CTImageStorage, modality="CT", series="five slices")
        from tests.factories.dicom_files import number_instance

        number_instance(dataset, number, "pixels", "five slices")
        dataset.SeriesDescription = "five slices"
        set_pixels(dataset, stored)
        dataset.RescaleSlope, dataset.RescaleIntercept, dataset.RescaleType = 0.1, 0, "US"
        dataset.ImagePositionPatient, dataset.ImageOrientationPatient = [0, 0, number * 2], [1, 0, 0, 0, 1, 0]
        dataset.PixelSpacing, dataset.FrameOfReferenceUID = [1, 1], dataset.StudyInstanceUID
        made.append(dataset)
    return made
