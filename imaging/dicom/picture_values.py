"""What a picture shows, as far as its header says: a patient, or a screen, a sheet of numbers, a test object.

Image Type (PS3.3 C.7.6.1.1.2) says whether pixels were computed from others (value 1, DERIVED) and whether the image
was made after the examination (value 2, SECONDARY). Conversion Type (C.8.6.1.1.1) says where a secondary capture is
from. Neither is filled in by everybody: what a header does not say is taken for a picture of a patient.
"""

from __future__ import annotations

import re
from enum import StrEnum
from typing import Any, Final

from imaging.dicom.header_values import frame_headers, is_localizer, texts, word, words
from imaging.dicom.index_values import header_dataset, text_of
from imaging.dicom.json_model import Json, items


class Subject(StrEnum):
    """What is on a picture."""

    PATIENT = "patient"
    LOCALIZER = "localizer"
    DOSE_SHEET = "dose_sheet"
    DOCUMENT = "document"
    SCREEN_CAPTURE = "screen_capture"
    SECONDARY_CAPTURE = "secondary_capture"
    QUALITY_CONTROL = "quality_control"


_SECONDARY_CAPTURE_CLASS: Final = re.compile(r"1\.2\.840\.10008\.5\.1\.4\.1\.1\.7(\.[1-4])?")
#: How senders call pages of dose figures, in Series Description, Image Comments or Document Title.
_DOSE_WORDS: Final = re.compile(
    r"\b(dose|radiation)[ _-]?(report|info|information|sheet|record|summary|page|protocol)\b"
    r"|\b(patient|exam)[ _-]?protocol\b",
    re.IGNORECASE,
)
_PHANTOM: Final = re.compile(r"\bphantom\b", re.IGNORECASE)
_DESCRIPTIONS: Final = ("0008103E", "00204000", "00420010")


def picture_values(header: Json) -> dict[str, Any]:
    """Return the index fields that say what an instance's picture is: Image Type, view, body part, subject.

    Args:
        header: DICOM JSON model of the instance.
    """
    stated = header_dataset(header)
    view = next((text for item in items(header, "00540220") if (text := word(item, "00080104"))), "")
    return {
        "image_type": "\\".join(words(header, "00080008")),
        "view_position": text_of(stated, "ViewPosition") or view,
        "body_part_examined": text_of(stated, "BodyPartExamined"),
        "subject": str(subject_of(header)),
    }


def subject_of(header: Json) -> Subject:
    """Return what the picture shows; the most telling attribute speaks first."""
    kind, conversion = words(header, "00080008"), word(header, "00080064").upper()
    if _is_test_object(header):
        return Subject.QUALITY_CONTROL
    if all(is_localizer(frame) for frame in frame_headers(header)):
        return Subject.LOCALIZER
    described = " ".join(text for tag in _DESCRIPTIONS for text in texts(header, tag))
    if any("DOSE" in part for part in kind[2:]) or _DOSE_WORDS.search(described):
        return Subject.DOSE_SHEET
    if conversion in ("SD", "DRW") or word(header, "00080060") == "DOC":
        return Subject.DOCUMENT
    if any(part.startswith("SCREEN") for part in kind[2:]) or conversion == "WSD":
        return Subject.SCREEN_CAPTURE
    if _SECONDARY_CAPTURE_CLASS.fullmatch(word(header, "00080016")):
        return Subject.SECONDARY_CAPTURE
    return Subject.PATIENT


def _is_test_object(header: Json) -> bool:
    """Say whether the header says quality control or phantom (PS3.3 C.7.1.1, C.7.6.1)."""
    said = [word(header, tag).upper() == "YES" for tag in ("00100200", "00280300")]
    name = header.get("00100010", {}).get("Value") or [{}]
    letters = " ".join(str(part) for part in name[0].values()) if isinstance(name[0], dict) else str(name[0])
    named = [letters, word(header, "00100020"), word(header, "00180015")]
    return any(said) or any(_PHANTOM.search(text.replace("^", " ").replace("_", " ")) for text in named)
