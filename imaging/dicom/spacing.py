"""How far apart pixels are, what proves it, and where that distance holds. The one home of "may this be millimetres".

A length on a screen, in a stored measure, in an export and in a model's input comes from here. Sources, best first:

============================================ ==================================================================
``manual_calibration``                       a known length that a person drew (kept with the case, not the image)
``ultrasound_region``                        the calibrated region under the point (PS3.3 C.8.5.5)
``pixel_spacing_calibrated``                 Pixel Spacing with a calibration type, or unlike the detector's (10.7.1.3)
``pixel_spacing``                            Pixel Spacing of a picture of a plane in the patient
``imager_pixel_spacing_magnification``       detector spacing divided by the estimated magnification
``imager_pixel_spacing``                     detector spacing alone: millimetres at the detector
``pixel_spacing_projection``                 Pixel Spacing of a projection that does not say where it holds
``nominal_scanned_pixel_spacing``            millimetres on the scanned film
``pixel_aspect_ratio``                       no millimetres: lengths are counted in widths of a pixel
``none``                                     no millimetres: lengths are counted in square pixels
============================================ ==================================================================
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

from imaging.dicom.header_values import FrameHeader, number, numbers, pair, whole, word
from imaging.dicom.json_model import Json, items

Pair = tuple[float, float]
LengthUnit = Literal["mm", "px"]
SpacingSource = Literal[
    "manual_calibration",
    "ultrasound_region",
    "pixel_spacing_calibrated",
    "pixel_spacing",
    "imager_pixel_spacing_magnification",
    "imager_pixel_spacing",
    "pixel_spacing_projection",
    "nominal_scanned_pixel_spacing",
    "pixel_aspect_ratio",
    "none",
]

_PROJECTION: Final = frozenset({"CR", "DX", "DR", "MG", "XA", "RF", "PX", "IO", "RG", "DG", "RTIMAGE", "XR"})
_PROJECTION_CLASSES: Final = (
    "1.2.840.10008.5.1.4.1.1.1",  # computed radiography; .1.1 to .1.3.1 digital X-ray, mammography, intra-oral
    "1.2.840.10008.5.1.4.1.1.12",  # X-ray angiography and fluoroscopy, classic and enhanced
)
_PROJECTED_VOLUMES: Final = frozenset({"1.2.840.10008.5.1.4.1.1.13.1.3"})  # breast tomosynthesis is reconstructed
_SECONDARY_CAPTURE: Final = "1.2.840.10008.5.1.4.1.1.7"
_CENTIMETRES: Final = 3
_TWO_DIMENSIONAL: Final = 1
#: Region data types that are a picture of space: none said, tissue, colour flow, integrated backscatter.
_PICTURES: Final = frozenset({None, 0, 1, 2, 15})
_LOW_PRIORITY: Final = 1
#: No image has a pixel above ten metres; a larger figure is a slip of the pen or of the decimal point.
_LARGEST_MM: Final = 10_000.0


@dataclass(frozen=True, slots=True)
class UltrasoundRegion:
    """A calibrated rectangle of an ultrasound image (PS3.3 C.8.5.5).

    Attributes:
        x0, y0, x1, y1: corners in pixels, column and row, inclusive, inside the image.
        spacing_mm: (row, column) distance of pixels, or None where the region is not a picture of space.
        low_priority: where regions overlap, this one lies under the others (Region Flags, bit 0).
    """

    x0: int
    y0: int
    x1: int
    y1: int
    spacing_mm: Pair | None
    low_priority: bool = False

    def holds(self, column: float, row: float) -> bool:
        """Say whether a point, (0, 0) at the centre of the first pixel, lies on the region's pixels."""
        return self.x0 - 0.5 <= column <= self.x1 + 0.5 and self.y0 - 0.5 <= row <= self.y1 + 0.5


@dataclass(frozen=True, slots=True)
class Spacing:
    """What the distance of a frame's pixels is.

    Attributes:
        mm: (between rows, between columns), or None where the whole frame has no one proven spacing.
        source: what proves them.
        words: the source as a reader is told it.
        aspect: (height, width) of a pixel in any common unit, for drawing; the width of a pixel is the unit of
            lengths in ``px``.
        regions: ultrasound regions, uppermost first; where there are any, a length has the spacing of the region that
            holds it.
        warnings: stable codes.
    """

    mm: Pair | None
    source: SpacingSource
    words: str
    aspect: Pair
    regions: tuple[UltrasoundRegion, ...] = ()
    warnings: tuple[str, ...] = ()

    @property
    def unit(self) -> LengthUnit:
        """``mm`` or ``px``."""
        return "px" if self.mm is None else "mm"

    @property
    def steps(self) -> Pair:
        """Length of a step of one row and of one column in ``unit``: mm, else widths of a pixel."""
        return self.mm or (self.aspect[0] / self.aspect[1], 1.0)

    def under(self, points: Sequence[Sequence[float]]) -> Spacing:
        """Return the spacing that holds for a shape: of the region under all its points, where there are regions.

        Args:
            points: (column, row), (0, 0) at the centre of the first pixel.
        """
        if not self.regions:
            return self
        upper = [self._region_at(point[0], point[1]) for point in points]
        holder = next((one for one in self.regions if all(one.holds(point[0], point[1]) for point in points)), None)
        if holder is not None and holder.spacing_mm is not None:
            scales = [one.spacing_mm if one else None for one in upper]
            if all(scale is not None and _alike(scale, holder.spacing_mm) for scale in scales):
                return _proven(holder.spacing_mm, "ultrasound_region", ())
        if all(one is None for one in upper):
            why = "outside the calibrated region"
        elif holder is not None and all(one is not None and one.spacing_mm is None for one in upper):
            why = "this region is not a picture of space"
        else:
            why = "across regions"
        return _unproven(self.aspect, why)

    def _region_at(self, column: float, row: float) -> UltrasoundRegion | None:
        return next((region for region in self.regions if region.holds(column, row)), None)


#: How a source is told to a reader.
WORDS: Final[dict[SpacingSource, str]] = {
    "manual_calibration": "calibrated by hand",
    "ultrasound_region": "ultrasound region",
    "pixel_spacing_calibrated": "calibrated in the image",
    "pixel_spacing": "Pixel Spacing",
    "imager_pixel_spacing_magnification": "detector ÷ magnification",
    "imager_pixel_spacing": "at the detector",
    "pixel_spacing_projection": "Pixel Spacing, not said where",
    "nominal_scanned_pixel_spacing": "on the scanned film",
    "pixel_aspect_ratio": "no calibration, in pixel widths",
    "none": "no calibration",
}


def spacing_of(header: FrameHeader, *, placed: bool) -> Spacing:
    """Return what the distance of a frame's pixels is (PS3.3 10.7.1.3, C.8.5.5, C.7.6.3.1.7).

    Args:
        header: of the frame.
        placed: the frame has a position in the patient.
    """
    instance = header.instance
    said = header.values("00289110", "00280030")
    measured = _lengths(said)
    warnings = ("pixel_spacing_invalid",) if said and measured is None else ()
    # Regions are of ultrasound; radiographs and their copies carry the table, too, to mark what was blacked out.
    regions = () if _is_projection(instance) else ultrasound_regions(instance)
    if regions:
        return _by_regions(instance, regions, measured, warnings)
    captured = _is_secondary_capture(instance)
    # A screenshot is scaled: what is said of the detector does not hold for it.
    imager = None if captured else _lengths(instance.get("00181164", {}).get("Value") or [])
    if measured is not None:
        calibration = _calibration(header)
        if calibration:
            return _proven(measured, "pixel_spacing_calibrated", warnings, words=calibration)
        if captured and not placed:
            return _unproven(measured, "a screenshot", (*warnings, "secondary_capture_not_calibrated"))
        if placed or not _is_projection(instance):
            return _proven(measured, "pixel_spacing", warnings)
        if imager is None:
            return _proven(measured, "pixel_spacing_projection", (*warnings, "projection_not_calibrated"))
        if not _alike(measured, imager):
            return _proven(measured, "pixel_spacing_calibrated", warnings)
    if imager is not None:
        factor = number(instance, "00181114")
        if factor and 0.1 <= factor <= 100:
            at_patient = (imager[0] / factor, imager[1] / factor)
            words = f"detector ÷ magnification {factor:g}"
            return _proven(at_patient, "imager_pixel_spacing_magnification", warnings, words=words)
        return _proven(imager, "imager_pixel_spacing", (*warnings, "spacing_at_detector"))
    scanned = _lengths(instance.get("00182010", {}).get("Value") or [])
    if scanned is not None:
        return _proven(scanned, "nominal_scanned_pixel_spacing", (*warnings, "spacing_of_scanned_film"))
    return _unproven(_ratio(instance), None, (*warnings, "no_pixel_spacing"))


def _lengths(values: Sequence[Any]) -> Pair | None:
    found = pair(values)
    return found if found is not None and max(found) <= _LARGEST_MM else None


def _proven(
    pair: Pair,
    source: SpacingSource,
    warnings: tuple[str, ...],
    *,
    words: str | None = None,
    regions: tuple[UltrasoundRegion, ...] = (),
) -> Spacing:
    return Spacing(pair, source, words or WORDS[source], pair, regions, warnings)


def _unproven(
    aspect: Pair, why: str | None, warnings: tuple[str, ...] = (), regions: tuple[UltrasoundRegion, ...] = ()
) -> Spacing:
    source: SpacingSource = "none" if math.isclose(aspect[0], aspect[1], rel_tol=1e-4) else "pixel_aspect_ratio"
    words = WORDS[source] if why is None else why if source == "none" else f"{why}, in pixel widths"
    return Spacing(None, source, words, aspect, regions, warnings)


def _calibration(header: FrameHeader) -> str:
    said = [str(value).strip() for value in header.values("00289110", "00280A02")[:1]]
    kind = said[0].upper() if said else ""
    if kind not in ("FIDUCIAL", "GEOMETRY"):
        return ""
    described = [str(value).strip() for value in header.values("00289110", "00280A04")[:1]]
    how = "by an object of known size" if kind == "FIDUCIAL" else "by geometry"
    return f"calibrated {how}: {described[0]}" if described and described[0] else f"calibrated {how}"


def _is_secondary_capture(header: Json) -> bool:
    uid = word(header, "00080016")
    return uid == _SECONDARY_CAPTURE or uid.startswith(f"{_SECONDARY_CAPTURE}.")


def _is_projection(header: Json) -> bool:
    uid = word(header, "00080016")
    if uid in _PROJECTED_VOLUMES:
        return False
    in_class = any(uid == root or uid.startswith(f"{root}.") for root in _PROJECTION_CLASSES)
    return in_class or word(header, "00080060").upper() in _PROJECTION


def _alike(one: Pair, other: Pair) -> bool:
    return all(math.isclose(a, b, rel_tol=1e-4) for a, b in zip(one, other, strict=True))


def _ratio(header: Json) -> Pair:
    """Return (height, width) of a pixel by Pixel Aspect Ratio, (1, 1) where it is missing or absurd."""
    found = numbers(header.get("00280034", {}).get("Value") or [])
    if len(found) != 2 or min(found) <= 0 or max(found) / min(found) > 100:
        return (1.0, 1.0)
    return found[0] / found[1], 1.0


def _by_regions(
    header: Json, regions: tuple[UltrasoundRegion, ...], measured: Pair | None, warnings: tuple[str, ...]
) -> Spacing:
    scales = [region.spacing_mm for region in regions if region.spacing_mm is not None]
    if not scales:
        aspect = measured or _ratio(header)
        return _unproven(aspect, "no region is a picture of space", (*warnings, "no_spatial_region"), regions)
    if all(_alike(scale, scales[0]) for scale in scales):
        return _proven(scales[0], "ultrasound_region", warnings, regions=regions)
    aspect = measured or _ratio(header)
    return _unproven(aspect, "several scales", (*warnings, "several_ultrasound_calibrations"), regions)


def ultrasound_regions(header: Json) -> tuple[UltrasoundRegion, ...]:
    """Return the regions of an ultrasound image that lie in it, uppermost first (PS3.3 C.8.5.5)."""
    rows, columns = whole(header, "00280010") or 0, whole(header, "00280011") or 0
    found = []
    for item in items(header, "00186011"):
        corners = [whole(item, tag) for tag in ("00186018", "0018601A", "0018601C", "0018601E")]
        if any(corner is None for corner in corners):
            continue
        x0, y0, x1, y1 = (int(corner or 0) for corner in corners)
        x0, y0, x1, y1 = max(0, x0), max(0, y0), min(columns - 1, x1), min(rows - 1, y1)
        if x1 < x0 or y1 < y0:
            continue
        flags = whole(item, "00186016") or 0
        found.append(UltrasoundRegion(x0, y0, x1, y1, _region_scale(item), bool(flags & _LOW_PRIORITY)))
    return tuple(sorted(found, key=lambda region: region.low_priority))


def _region_scale(item: Json) -> Pair | None:
    in_centimetres = whole(item, "00186024") == _CENTIMETRES and whole(item, "00186026") == _CENTIMETRES
    picture = whole(item, "00186012") in (_TWO_DIMENSIONAL, None) and whole(item, "00186014") in _PICTURES
    x_step, y_step = number(item, "0018602C"), number(item, "0018602E")
    if not in_centimetres or not picture or not x_step or not y_step:
        return None
    # A negative delta only says that the coordinate falls as the pixel's index rises.
    scale = abs(y_step) * 10, abs(x_step) * 10
    return scale if max(scale) <= _LARGEST_MM else None
