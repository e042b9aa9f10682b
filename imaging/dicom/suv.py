"""The factor from a PET image's values to standardised uptake values, or why there is none.

After the vendor-neutral computation of the Quantitative Imaging Biomarkers Alliance (FDG-PET/CT profile, SUV appendix)
and PS3.3 C.8.9.1: the dose is decayed from the injection to the moment to which the images are decay corrected. Nothing
is guessed: what is not said, or cannot be true, gives no factor but a reason that a reader can act on.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from imaging.dicom.header_values import FrameHeader, number, numbers, private_text, word, words
from imaging.dicom.json_model import Json, items
from imaging.dicom.real_world import Line, real_world_maps

_PHILIPS: Final = "Philips PET Private Group"
_GE: Final = "GEMS_PETD_01"
_ENHANCED: Final = "1.2.840.10008.5.1.4.1.1.130"
#: Becquerel; an injected dose outside is another unit (older images were written in MBq) or a slip.
_DOSE: Final = (1e5, 1e11)
#: Enhanced PET states the dose in megabecquerels (PS3.3 C.8.22.4), the older object in becquerels (C.8.9.2).
_MEGA: Final = 1e6
_HEAVIEST_KG: Final = 700.0
#: After this many half-lives less than a thousandth of the dose is left: the times cannot be those of one scan.
_LONGEST_DECAY: Final = 10.0
_DAY: Final = timedelta(days=1)
_TYPES: Final = {"": "SUVbw", "BW": "SUVbw", "LBM": "SUVlbm", "LBMJAMES128": "SUVlbm", "LBMJANMA": "SUVlbm"} | {
    "BSA": "SUVbsa",
    "IBW": "SUVibw",
}

#: Why there is no SUV, as a reader is told.
REASONS: Final[dict[str, str]] = {
    "suv_not_attenuation_corrected": "no SUV: the image is not corrected for attenuation",
    "suv_not_decay_corrected": "no SUV: the image is not corrected for decay",
    "suv_corrections_not_said": "no SUV: the image does not say what it was corrected for",
    "suv_decay_moment_not_said": "no SUV: the image does not say to which moment the decay was corrected",
    "suv_units": "no SUV: the image's units cannot be turned into uptake",
    "suv_weight_missing": "no SUV: the patient's weight is missing",
    "suv_weight_implausible": "no SUV: the patient's weight cannot be kilograms",
    "suv_dose_missing": "no SUV: the injected dose is missing",
    "suv_dose_implausible": "no SUV: the injected dose cannot be right in the unit of this kind of image",
    "suv_half_life_missing": "no SUV: the half-life of the radionuclide is missing",
    "suv_injection_time_missing": "no SUV: the time of the injection is missing",
    "suv_scan_time_missing": "no SUV: the time of the scan is missing",
    "suv_times_implausible": "no SUV: the times of injection and scan cannot both be right",
    "suv_several_injections": "no SUV: several injections are recorded",
}


@dataclass(frozen=True, slots=True)
class Suv:
    """What turns modality values into uptake.

    Attributes:
        factor: uptake = factor x modality value; None where there is no SUV.
        unit: SUVbw (body weight), SUVlbm, SUVbsa, SUVibw; empty without a factor.
        reason: stable code, a key of ``REASONS``; empty with a factor.
        words: the reason as a reader is told it; empty with a factor.
    """

    factor: float | None
    unit: str = ""
    reason: str = ""
    words: str = ""


def _none(reason: str) -> Suv:
    return Suv(None, "", reason, REASONS[reason])


def suv_of(frame: FrameHeader, line: Line = (1.0, 0.0), *, first: datetime | None = None) -> Suv | None:
    """Return the SUV factor of a PET image or why it has none; None for other images.

    Args:
        frame: the header as the frame sees it.
        line: (slope, intercept) from stored to modality values.
        first: when the first image of the series was acquired (``acquired_at``): all images of a series are
            corrected to one moment.
    """
    header = frame.instance
    if word(header, "00080060").upper() != "PT":
        return None
    mapped = _by_real_world(frame, line)
    if mapped is not None:
        return mapped
    fault = _uncorrected(header)
    if fault:
        return _none(fault)
    units, activity = word(header, "00541001").upper(), _coded_activity(frame, line)
    if not units and activity is not None:
        units = "BQML"
    kind = word(header, "00541006").upper()
    if units in ("GML", "CM2ML"):
        unit = _TYPES.get(kind) if kind or units == "GML" else "SUVbsa"
        return Suv(1.0, unit) if unit else _none("suv_units")
    to_activity = 1.0 if activity is None or word(header, "00541001") else activity
    if units == "CNTS":
        direct, to_activity = (_positive(private_text(header, "7053", _PHILIPS, one)) for one in ("00", "09"))
        if direct:
            return Suv(direct, "SUVbw")
    elif units != "BQML":
        return _none("suv_units")
    if to_activity <= 0:
        return _none("suv_units")
    found = _by_dose(frame, first)
    return found if found.factor is None else Suv(found.factor * to_activity, found.unit)


def _positive(text: str) -> float:
    found = numbers([text]) if text else []
    return max(found[0], 0.0) if found else 0.0


def _by_real_world(frame: FrameHeader, line: Line) -> Suv | None:
    for found in real_world_maps(frame):
        if found.code.startswith("{SUV") and _same_zero(found.slope, found.intercept, line):
            return Suv(found.slope / line[0], found.unit)
    return None


def _coded_activity(frame: FrameHeader, line: Line) -> float | None:
    """Return the factor from modality values to becquerels in a millilitre where a map says it, else None.

    Enhanced PET has no Units but a map (PS3.3 C.7.6.16.2.11).
    """
    for found in real_world_maps(frame):
        if found.code == "Bq/ml" and _same_zero(found.slope, found.intercept, line):
            return found.slope / line[0]
    return None


def _same_zero(slope: float, intercept: float, line: Line) -> bool:
    """Say whether a map from stored values crosses zero where modality values do: then it is a factor on them."""
    return math.isclose(intercept * line[0], line[1] * slope, rel_tol=1e-6, abs_tol=1e-9)


def _uncorrected(header: Json) -> str:
    said = set(words(header, "00280051"))
    attenuation, decay = "ATTN" in said, "DECY" in said
    if word(header, "00080016") == _ENHANCED:
        attenuation = attenuation or word(header, "00189759").upper() == "YES"
        decay = decay or word(header, "00189758").upper() == "YES"
    elif not said:
        return "suv_corrections_not_said"
    if not attenuation:
        return "suv_not_attenuation_corrected"
    return "" if decay else "suv_not_decay_corrected"


def _drugs(frame: FrameHeader) -> list[Json]:
    """Return what was injected, as far as it is seen on the frame: enhanced images number their agents."""
    drugs = list(items(frame.instance, "00540016"))
    used = [numbers(frame.values("00189737", "00189729", instance_too=False))]
    seen = [drug for drug in drugs if used[0] and number(drug, "00189729") == used[0][0]]
    return seen or drugs


def _by_dose(frame: FrameHeader, first: datetime | None) -> Suv:
    header, drugs = frame.instance, _drugs(frame)
    if len(drugs) > 1:
        return _none("suv_several_injections")
    drug = drugs[0] if drugs else {}
    weight, dose, half_life = number(header, "00101030"), number(drug, "00181074"), number(drug, "00181075")
    if dose and word(header, "00080016") == _ENHANCED:
        dose *= _MEGA
    fault = (
        "suv_weight_missing"
        if not weight or weight < 0
        else "suv_weight_implausible"
        if weight > _HEAVIEST_KG
        else "suv_dose_missing"
        if not dose or dose < 0
        else "suv_dose_implausible"
        if not _DOSE[0] <= dose <= _DOSE[1]
        else ""
    )
    if fault or not weight or not dose:
        return _none(fault)
    decayed, fault = _decayed(header, drug, half_life, first)
    return Suv(weight * 1000 / (dose * decayed), "SUVbw") if not fault else _none(fault)


def _decayed(header: Json, drug: Json, half_life: float | None, first: datetime | None) -> tuple[float, str]:
    """Return which part of the dose is left at the moment the images are corrected to, or why it is not known."""
    moment = word(header, "00541102").upper()
    if moment == "ADMIN":
        return 1.0, ""
    if moment == "NONE":
        return 0.0, "suv_not_decay_corrected"
    enhanced = word(header, "00080016") == _ENHANCED
    if moment != "START" and not (enhanced and word(header, "00189701")):
        return 0.0, "suv_decay_moment_not_said"
    if not half_life or half_life <= 0:
        return 0.0, "suv_half_life_missing"
    scanned = date_time(header, word(header, "00189701")) if enhanced else _reference(header, half_life, first)
    if scanned is None:
        return 0.0, "suv_scan_time_missing"
    injected, dated = _injected(header, drug, scanned)
    if injected is None:
        return 0.0, "suv_injection_time_missing"
    passed = (scanned - injected).total_seconds()
    if passed < 0 or passed > _LONGEST_DECAY * half_life or (not dated and passed > _DAY.total_seconds()):
        return 0.0, "suv_times_implausible"
    return float(2 ** (-passed / half_life)), ""


def _reference(header: Json, half_life: float, first: datetime | None) -> datetime | None:
    """Return the moment that Decay Correction START means.

    It is the series' time, unless that lies after the first acquisition: then the series was made later, from images
    that were corrected to the scan's own start, which is told by GE's private scan time or found from the frame.
    """
    series = _moment(header, "00080021", "00080031")
    acquired = acquired_at(header)
    earliest = min((one for one in (first, acquired) if one is not None), default=None)
    if series is not None and (earliest is None or series <= earliest):
        return series
    told = private_text(header, "0009", _GE, "0D")
    scanned = date_time(header, told) if told else None
    if scanned is not None:
        return scanned
    after, lasted = number(header, "00541300"), number(header, "00181242")
    if acquired is not None and after is not None and after > 0 and lasted and lasted > 0:
        rate = math.log(2) / half_life
        decay = rate * lasted / 1000
        middle = math.log(decay / -math.expm1(-decay)) / rate
        return acquired - timedelta(milliseconds=after) + timedelta(seconds=middle)
    return earliest


def acquired_at(header: Json) -> datetime | None:
    """Return when the image was acquired, or None where it does not say."""
    return date_time(header, word(header, "0008002A")) or _moment(header, "00080022", "00080032")


def _injected(header: Json, drug: Json, scanned: datetime) -> tuple[datetime | None, bool]:
    """Return the moment of the injection, and whether its day is told (else the latest before the scan is meant)."""
    told = date_time(header, word(drug, "00181078"))
    if told is not None:
        return told, True
    clock = _clock(word(drug, "00181072"))
    if clock is None:
        return None, False
    same_day = scanned.replace(hour=0, minute=0, second=0, microsecond=0) + clock
    return (same_day if same_day <= scanned else same_day - _DAY), False


def _moment(header: Json, date_tag: str, time_tag: str) -> datetime | None:
    date = word(header, date_tag).replace(".", "").replace("-", "")
    clock = _clock(word(header, time_tag))
    if clock is None or not re.fullmatch(r"\d{8}", date):
        return None
    try:
        return datetime(int(date[:4]), int(date[4:6]), int(date[6:]), tzinfo=UTC) + clock
    except ValueError:
        return None


def _clock(text: str) -> timedelta | None:
    match = re.fullmatch(r"(\d{2}):?(\d{2})?:?(\d{2})?(\.\d{1,6})?", text.strip())
    if match is None:
        return None
    hours, minutes, seconds = (int(part or 0) for part in match.groups()[:3])
    if hours > 23 or minutes > 59 or seconds > 60:
        return None
    return timedelta(hours=hours, minutes=minutes, seconds=seconds + float(match.group(4) or 0))


def date_time(header: Json, text: str) -> datetime | None:
    """Return a DT value by the image's own clock, whatever its zone is called (PS3.5 6.2, PS3.3 C.12.1.1.8), or None.

    Args:
        header: tells the offset of the image's dates and times from UTC, where it is known.
        text: ``YYYYMMDDHHMM[SS[.F…]][&ZZXX]``.
    """
    match = re.fullmatch(r"(\d{8})(\d{4}(?:\d{2})?(?:\.\d{1,6})?)([+-]\d{4})?", text.strip())
    if match is None:
        return None
    date, clock, offset = match.group(1), _clock(match.group(2)), match.group(3)
    if clock is None:
        return None
    try:
        found = datetime(int(date[:4]), int(date[4:6]), int(date[6:]), tzinfo=UTC) + clock
    except ValueError:
        return None
    own = _offset(word(header, "00080201"))
    told = _offset(offset or "")
    if told is None or own is None:
        return found
    return found - told + own


def _offset(text: str) -> timedelta | None:
    match = re.fullmatch(r"([+-])(\d{2})(\d{2})", text.strip())
    if match is None:
        return None
    size = timedelta(hours=int(match.group(2)), minutes=int(match.group(3)))
    return (size if match.group(1) == "+" else -size) if size < _DAY else None
