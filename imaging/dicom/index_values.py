"""What goes into the index of patient, study and series, read from an instance's DICOM JSON header.

An arriving file is indexed by the header that is stored of it, so the index can be made again from what is stored.
"""

from __future__ import annotations

import re
from contextlib import suppress
from datetime import date
from typing import Any, Final

from pydicom.datadict import tag_for_keyword
from pydicom.dataset import Dataset

from imaging.dicom.charsets import readable
from imaging.dicom.frames import whole
from imaging.dicom.json_model import Json
from imaging.dicom.moments import offset_of

_INT32: Final = (1 << 31) - 1
_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f-\x9f]+")


def _tags(*keywords: str) -> frozenset[str]:
    return frozenset(f"{tag_for_keyword(keyword):08X}" for keyword in keywords)


#: What is read here of patient and study, and of the series, as eight hexadecimal digits.
STUDY_TAGS: Final = _tags(
    "PatientID", "IssuerOfPatientID", "IssuerOfPatientIDQualifiersSequence", "PatientName", "PatientBirthDate",
    "PatientSex", "PatientAge", "StudyDate", "StudyTime", "TimezoneOffsetFromUTC", "StudyID", "AccessionNumber",
    "StudyDescription", "ReferringPhysicianName",
)  # fmt: skip
SERIES_TAGS: Final = _tags(
    "Modality", "SeriesNumber", "SeriesDescription", "BodyPartExamined", "AnatomicRegionSequence", "ImageLaterality",
    "Laterality", "ViewPosition", "ViewCodeSequence", "Manufacturer", "ManufacturerModelName", "ProtocolName",
    "FrameOfReferenceUID",
)  # fmt: skip


def header_dataset(header: Json, tags: frozenset[str] = STUDY_TAGS | SERIES_TAGS) -> Dataset:
    """Return what a DICOM JSON header says in these attributes as a data set; what is unreadable is left out."""
    found = Dataset()
    for tag in sorted(tags & header.keys()):
        with suppress(Exception):  # pydicom raises many kinds for a value it cannot convert
            found.update(Dataset.from_json({tag: header[tag]}))
    return found


def text_of(dataset: Dataset, keyword: str) -> str:
    """Return an attribute as one line of text that any database takes; empty where it cannot be read."""
    try:
        value = dataset.get(keyword)
        if value is None:
            return ""
        many = isinstance(value, list | tuple) or type(value).__name__ == "MultiValue"
        text = "\\".join(str(one) for one in value) if many else str(value)
    except Exception:
        return ""
    return _CONTROL.sub(" ", readable(text).encode("utf-8", "replace").decode("utf-8")).strip()


def _date(dataset: Dataset, keyword: str) -> str | None:
    """Return a date as ``YYYY-MM-DD``; None where it is missing or no date (PS3.5 6.2, old form with dots)."""
    digits = re.sub(r"[.\-/ ]", "", text_of(dataset, keyword))[:8]
    if not re.fullmatch(r"[0-9]{8}", digits, re.ASCII):
        return None
    try:
        return date(int(digits[:4]), int(digits[4:6]), int(digits[6:])).isoformat()
    except ValueError:
        return None


def integer_of(dataset: Dataset, keyword: str) -> int | None:
    """Return a whole number that every database takes; None where it is missing or none."""
    number = whole(dataset, keyword)
    return number if number is not None and abs(number) <= _INT32 else None


def _first_item(dataset: Dataset, keyword: str) -> Dataset:
    try:
        items = dataset.get(keyword)
        return items[0] if items else Dataset()
    except Exception:
        return Dataset()


def patient_values(dataset: Dataset) -> dict[str, Any]:
    """Return Patient ID (may be empty) with issuer, and name, birth date and sex as stated."""
    return {
        "patient_id": text_of(dataset, "PatientID"),
        "issuer_of_patient_id": text_of(dataset, "IssuerOfPatientID"),
        "issuer_qualifiers": _qualifiers(dataset),
        "patient_name": text_of(dataset, "PatientName"),
        "patient_birth_date": _date(dataset, "PatientBirthDate"),
        "patient_sex": text_of(dataset, "PatientSex"),
    }


def _qualifiers(dataset: Dataset) -> str:
    """Return the issuer's universal identity with its type, as ``1.2.3 ISO``."""
    item = _first_item(dataset, "IssuerOfPatientIDQualifiersSequence")
    return " ".join(filter(None, (text_of(item, "UniversalEntityID"), text_of(item, "UniversalEntityIDType"))))


def study_values(dataset: Dataset) -> dict[str, Any]:
    """Return the fields of the study; dates as ``YYYY-MM-DD`` or None."""
    return {
        "study_date": _date(dataset, "StudyDate"),
        "study_time": text_of(dataset, "StudyTime").replace(":", ""),
        "timezone_offset_from_utc": offset_of(text_of(dataset, "TimezoneOffsetFromUTC")),
        "study_id": text_of(dataset, "StudyID"),
        "accession_number": text_of(dataset, "AccessionNumber"),
        "study_description": text_of(dataset, "StudyDescription"),
        "referring_physician_name": text_of(dataset, "ReferringPhysicianName"),
        "patient_age": text_of(dataset, "PatientAge"),
    }


def series_values(dataset: Dataset) -> dict[str, Any]:
    """Return the fields of the series."""
    region = text_of(_first_item(dataset, "AnatomicRegionSequence"), "CodeMeaning").upper()
    view = text_of(_first_item(dataset, "ViewCodeSequence"), "CodeMeaning")
    return {
        "modality": text_of(dataset, "Modality") or "OT",
        "series_number": integer_of(dataset, "SeriesNumber"),
        "series_description": text_of(dataset, "SeriesDescription"),
        "body_part_examined": text_of(dataset, "BodyPartExamined") or region,
        "laterality": text_of(dataset, "ImageLaterality") or text_of(dataset, "Laterality"),
        "view_position": text_of(dataset, "ViewPosition") or view,
        "manufacturer": text_of(dataset, "Manufacturer"),
        "manufacturer_model_name": text_of(dataset, "ManufacturerModelName"),
        "protocol_name": text_of(dataset, "ProtocolName"),
        "frame_of_reference_uid": text_of(dataset, "FrameOfReferenceUID"),
    }
