"""What the pixels of one frame mean: the one home of it. Drawing, measuring, exporting and training read it here.

The chain from a stored sample to a grey level (PS3.3 C.11, PS3.14): stored value → modality value (rescale or table,
``values``) → level through a window or table (``voi``) → polarity (``inverted``). Everything is computed from the
header; the entries of large tables and the bits of overlays lie in the file (``lookup_tables``, ``overlays``).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Literal

from imaging.dicom.bit_layout import BitLayout, PaddingRange, as_mapped, bit_layout, padding_range
from imaging.dicom.frame_space import FrameSpace, frame_space
from imaging.dicom.header_values import FrameHeader, frame_headers, is_localizer, number, numbers, texts, whole
from imaging.dicom.json_model import Json, first_value, items
from imaging.dicom.presentation import Inversion, OwnColors, Undrawn, inversion_of, own_colors_of, undrawn_of
from imaging.dicom.real_world import Quantity, quantities_of
from imaging.dicom.suv import acquired_at
from imaging.dicom.value_units import ValueUnit, value_unit

VoiFunction = Literal["LINEAR", "LINEAR_EXACT", "SIGMOID"]
Delivery = Literal["stored", "values", "rgb"]

#: Part of every digest of facts: another number when the same header gives other facts.
FACTS_VERSION: Final = 4
_FUNCTIONS: Final[dict[str, VoiFunction]] = {
    "LINEAR": "LINEAR",
    "LINEAR_EXACT": "LINEAR_EXACT",
    "SIGMOID": "SIGMOID",
}


@dataclass(frozen=True, slots=True)
class ValueTransform:
    """How a stored value becomes a modality value (PS3.3 C.11.1; dose grid scaling: C.8.8.3).

    Attributes:
        slope: of the line; 1 where the image has none, or a table.
        intercept: of the line.
        table: whether a Modality LUT Sequence replaces the line.
    """

    slope: float = 1.0
    intercept: float = 0.0
    table: bool = False


@dataclass(frozen=True, slots=True)
class VoiChoice:
    """One way to look at modality values that the image itself offers (PS3.3 C.11.2).

    Attributes:
        name: the image's own explanation; may be empty.
        center, width: of a window, in modality values; None for a table.
        function: how a window maps values.
        table: index in the VOI LUT Sequence, or None for a window.
        first: the modality value of a table's first entry.
        entries: how many a table has.
        bits: of a table's entries.
    """

    name: str = ""
    center: float | None = None
    width: float | None = None
    function: VoiFunction = "LINEAR"
    table: int | None = None
    first: int | None = None
    entries: int | None = None
    bits: int | None = None


@dataclass(frozen=True, slots=True)
class OverlayFacts:
    """An overlay plane that lies on this frame (PS3.3 C.9.2).

    Attributes:
        group: 0x6000 … 0x601E.
        rows, columns: of the plane.
        origin: (row, column) of its first pixel in the image, from 1; may lie outside.
        overlay_type: G (graphics) or R (region of interest).
        label: the image's own name for it, or its description.
        plane: which of the group's planes lies on this frame, from 0.
        embedded_bit: the bit of the pixel words that holds it (retired), or None.
    """

    group: int
    rows: int
    columns: int
    origin: tuple[int, int]
    overlay_type: Literal["G", "R"]
    label: str
    plane: int
    embedded_bit: int | None


@dataclass(frozen=True, slots=True)
class FrameFacts:
    """What one frame is, and what its pixels mean.

    Attributes:
        frame_number: from 1.
        photometric: Photometric Interpretation as stored.
        color: shown as RGB (palette images too).
        delivery: how its pixels reach a browser: samples as stored, modality values made here (where a table or an
            encoding lies between that only this server reads), or RGB made here. What decoding found out may still
            turn stored colour into RGB (``Instance.display``).
        quantities: what modality values also are, by the image's own coded maps.
        acquired_at: when it was acquired, by the image's own clock.
        voi: what the image offers, tables before windows; the first one is what it asks for. Empty: by its values.
        localizer: every frame of the image only shows where others were planned.
        own_colors: which stored values of a grey image are shown in colours of its own.
        undrawn: what the image asks for that no picture here shows.
        inverted: small values are shown bright; ``inversion`` says why (PET: by custom, not by the image).
    """

    sop_instance_uid: str
    frame_number: int
    number_of_frames: int
    instance_number: int | None
    rows: int
    columns: int
    modality: str
    sop_class_uid: str
    photometric: str
    color: bool
    delivery: Delivery
    frame_time_ms: float | None
    acquired_at: datetime | None
    values: ValueTransform
    unit: ValueUnit
    quantities: tuple[Quantity, ...]
    voi: tuple[VoiChoice, ...]
    inverted: bool
    inversion: Inversion
    bits: BitLayout
    padding: PaddingRange | None
    overlays: tuple[OverlayFacts, ...]
    space: FrameSpace
    localizer: bool
    own_colors: OwnColors | None
    undrawn: tuple[Undrawn, ...]


def frame_facts(header: Json, *, first_acquired: datetime | None = None) -> list[FrameFacts]:
    """Return the facts of each frame of one instance; empty for an instance without rows and columns.

    Args:
        header: the instance's DICOM JSON model (``json_model.header_model``), as stored, not the converted one.
        first_acquired: when the first image of its series was acquired (``acquired_at``), for the uptake of PET.
    """
    rows, columns = whole(header, "00280010"), whole(header, "00280011")
    if not rows or not columns:
        return []
    bits = bit_layout(header)
    photometric = str(first_value(header, "00280004") or "")
    color = photometric == "PALETTE COLOR" or (whole(header, "00280002") or 1) > 1
    inversion = inversion_of(header, photometric)
    common: dict[str, Any] = {
        "sop_instance_uid": str(first_value(header, "00080018") or ""),
        "number_of_frames": max(1, whole(header, "00280008") or 1),
        "instance_number": whole(header, "00200013"),
        "rows": rows,
        "columns": columns,
        "modality": str(first_value(header, "00080060") or ""),
        "sop_class_uid": str(first_value(header, "00080016") or ""),
        "photometric": photometric,
        "color": color,
        "frame_time_ms": _frame_time(header),
        "acquired_at": acquired_at(header),
        "inverted": inversion != "none",
        "inversion": inversion,
        "bits": bits,
        "padding": None if color else padding_range(header, bits),
    }
    headers = list(frame_headers(header))
    common["localizer"] = all(is_localizer(one) for one in headers)
    result = []
    for number_, one in enumerate(headers, 1):
        values = ValueTransform() if color else _transform(one)
        own_colors, missing = (None, False) if color else own_colors_of(one, bits, table=values.table)
        result.append(
            FrameFacts(
                frame_number=number_,
                delivery=_delivery(color, bits, values),
                values=values,
                unit=ValueUnit("") if color else value_unit(one, (values.slope, values.intercept), first_acquired),
                quantities=() if color or values.table else quantities_of(one, (values.slope, values.intercept)),
                voi=() if color else _voi(one, values, bits),
                overlays=_overlays(header, number_, bits),
                space=frame_space(one),
                own_colors=own_colors,
                undrawn=undrawn_of(header, photometric, without_colors=missing),
                **common,
            )
        )
    return result


def _frame_time(header: Json) -> float | None:
    time = number(header, "00181063")
    if time and time > 0:
        return time
    rate = number(header, "00082144") or number(header, "00180040")
    return 1000 / rate if rate and rate > 0 else None


def _transform(header: FrameHeader) -> ValueTransform:
    instance = header.instance
    if next(items(instance, "00283000"), None) is not None:
        return ValueTransform(table=True)
    scaling = number(instance, "3004000E")
    if scaling and str(first_value(instance, "00080060") or "") == "RTDOSE":
        return ValueTransform(scaling, 0.0)
    for place in (header.macro("00289145"), instance):
        slope, intercept = number(place, "00281053"), number(place, "00281052")
        if slope is not None or intercept is not None:
            return ValueTransform(slope or 1.0, intercept or 0.0)
    return ValueTransform()


def _voi(header: FrameHeader, values: ValueTransform, bits: BitLayout) -> tuple[VoiChoice, ...]:
    places = [header.macro("00289132")]
    if places[0] is not header.instance:
        places.append(header.instance)
    for place in places:
        choices = (*_voi_tables(place, values, bits), *_windows(place))
        if choices:
            return choices
    return ()


def _windows(place: Json) -> list[VoiChoice]:
    centers, widths = (numbers_one_by_one(place, tag) for tag in ("00281050", "00281051"))
    names, function = texts(place, "00281055"), str(first_value(place, "00281056") or "LINEAR").upper()
    return [
        VoiChoice(names[index] if index < len(names) else "", center, width, _FUNCTIONS.get(function, "LINEAR"))
        for index, (center, width) in enumerate(zip(centers, widths, strict=False))
        if center is not None and width is not None and width > 0
    ]


def numbers_one_by_one(place: Json, tag: str) -> list[float | None]:
    """Return each value of an attribute as a finite number or None, so that one bad value leaves the others."""
    return [found[0] if (found := numbers([value])) else None for value in place.get(tag, {}).get("Value") or []]


def _voi_tables(place: Json, values: ValueTransform, bits: BitLayout) -> list[VoiChoice]:
    """Return the tables of a VOI LUT Sequence (PS3.3 C.11.2.1.1)."""
    choices = []
    for index, item in enumerate(items(place, "00283010")):
        descriptor = numbers(item.get("00283002", {}).get("Value") or [])
        if len(descriptor) != 3 or "00283006" not in item:
            continue
        entries, first, depth = (int(one) for one in descriptor)
        # The first mapped value has the sign of what the modality step gives, whatever VR was written.
        lowest = min(values.slope * bits.lowest, values.slope * bits.highest) + values.intercept
        first = as_mapped(first, signed=lowest < 0 and not values.table)
        entries = entries if entries > 0 else entries + (1 << 16)
        choices.append(
            VoiChoice(str(first_value(item, "00283003") or ""), table=index, first=first, entries=entries, bits=depth)
        )
    return choices


def _delivery(color: bool, bits: BitLayout, values: ValueTransform) -> Delivery:
    if color:
        return "stored"
    plain = bits.allocated in (8, 16) and bits.high == bits.stored - 1 and not bits.floating
    return "stored" if plain and not values.table else "values"


def _overlays(header: Json, frame_number: int, bits: BitLayout) -> tuple[OverlayFacts, ...]:
    """Return the overlay planes on a frame (PS3.3 C.9.2, C.9.3 multi-frame overlays)."""
    found = []
    for group in range(0x6000, 0x6020, 2):
        rows, columns = whole(header, f"{group:04X}0010"), whole(header, f"{group:04X}0011")
        if not rows or not columns:
            continue
        has_bits = f"{group:04X}3000" in header
        position = whole(header, f"{group:04X}0102") or 0
        inside = bits.high - bits.stored < position <= bits.high
        embedded = None if has_bits or (whole(header, f"{group:04X}0100") or 1) <= 1 or inside else position
        if not has_bits and (embedded is None or position >= bits.allocated):
            continue
        count, origin_frame = whole(header, f"{group:04X}0015"), whole(header, f"{group:04X}0051") or 1
        # An overlay without frames of its own lies on every frame; one inside the pixel words has a plane for each.
        plane = frame_number - 1 if embedded is not None else 0 if count is None else frame_number - origin_frame
        if plane < 0 or (count is not None and plane >= count):
            continue
        origin = numbers(header.get(f"{group:04X}0050", {}).get("Value") or [])
        label = str(first_value(header, f"{group:04X}1500") or first_value(header, f"{group:04X}0022") or "")
        found.append(
            OverlayFacts(
                group,
                rows,
                columns,
                (int(origin[0]), int(origin[1])) if len(origin) == 2 else (1, 1),
                "R" if str(first_value(header, f"{group:04X}0040") or "") == "R" else "G",
                label,
                plane,
                embedded,
            )
        )
    return tuple(found)
