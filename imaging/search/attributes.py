"""The attributes that searches match and return: DICOM's words beside the columns that hold them (PS3.18 10.6)."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from typing import TYPE_CHECKING, Any, Final, Literal

from pydicom.datadict import dictionary_VR, keyword_for_tag, tag_for_keyword

if TYPE_CHECKING:
    from imaging.dicom.json_model import Json

Level = Literal["study", "series", "instance"]
LEVELS: Final[tuple[Level, ...]] = ("study", "series", "instance")


@dataclass(frozen=True, slots=True)
class Attribute:
    """One searchable attribute.

    Attributes:
        keyword: of the DICOM dictionary.
        level: whose attribute it is.
        column: the model field, seen from its own level's model.
        several: the column holds several values, backslash separated.
        form: the column that holds a name's search form; only names have one.
        tag: eight hexadecimal digits.
        vr: the value representation of the dictionary.
    """

    keyword: str
    level: Level
    column: str
    several: bool = False
    form: str = ""

    tag: str = field(init=False)
    vr: str = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "tag", f"{tag_for_keyword(self.keyword):08X}")
        object.__setattr__(self, "vr", dictionary_VR(self.keyword))


ATTRIBUTES: Final[tuple[Attribute, ...]] = (
    Attribute("StudyInstanceUID", "study", "study_instance_uid"),
    Attribute("PatientName", "study", "patient_name", form="patient_name_form"),
    Attribute("PatientID", "study", "patient__patient_id"),
    Attribute("IssuerOfPatientID", "study", "patient__issuer_of_patient_id"),
    Attribute("PatientBirthDate", "study", "patient_birth_date"),
    Attribute("PatientSex", "study", "patient_sex"),
    Attribute("PatientAge", "study", "patient_age"),
    Attribute("StudyDate", "study", "study_date"),
    Attribute("StudyTime", "study", "study_time"),
    Attribute("TimezoneOffsetFromUTC", "study", "timezone_offset_from_utc"),
    Attribute("StudyID", "study", "study_id"),
    Attribute("AccessionNumber", "study", "accession_number"),
    Attribute("StudyDescription", "study", "study_description"),
    Attribute("ReferringPhysicianName", "study", "referring_physician_name", form="referring_physician_form"),
    Attribute("ModalitiesInStudy", "study", "modalities_in_study", several=True),
    Attribute("NumberOfStudyRelatedSeries", "study", "number_of_study_related_series"),
    Attribute("NumberOfStudyRelatedInstances", "study", "number_of_study_related_instances"),
    Attribute("SeriesInstanceUID", "series", "series_instance_uid"),
    Attribute("Modality", "series", "modality"),
    Attribute("SeriesNumber", "series", "series_number"),
    Attribute("SeriesDescription", "series", "series_description"),
    Attribute("BodyPartExamined", "series", "body_part_examined"),
    Attribute("Laterality", "series", "laterality"),
    Attribute("ViewPosition", "series", "view_position"),
    Attribute("Manufacturer", "series", "manufacturer"),
    Attribute("ManufacturerModelName", "series", "manufacturer_model_name"),
    Attribute("ProtocolName", "series", "protocol_name"),
    Attribute("FrameOfReferenceUID", "series", "frame_of_reference_uid"),
    Attribute("NumberOfSeriesRelatedInstances", "series", "number_of_series_related_instances"),
    Attribute("SOPClassUID", "instance", "sop_class_uid"),
    Attribute("SOPInstanceUID", "instance", "sop_instance_uid"),
    Attribute("AvailableTransferSyntaxUID", "instance", "transfer_syntax_uid"),
    Attribute("InstanceNumber", "instance", "instance_number"),
    Attribute("Rows", "instance", "rows"),
    Attribute("Columns", "instance", "columns"),
    Attribute("BitsAllocated", "instance", "bits_allocated"),
    Attribute("NumberOfFrames", "instance", "number_of_frames"),
)
BY_KEYWORD: Final = {attribute.keyword: attribute for attribute in ATTRIBUTES}
_NUMBERS: Final = frozenset({"IS", "US", "UL", "SS", "SL"})


def keyword_of(name: str) -> str | None:
    """Return the DICOM keyword that a query parameter names by keyword or by eight hexadecimal digits, or None."""
    if tag_for_keyword(name) is not None:
        return name
    try:
        return (keyword_for_tag(int(name, 16)) or None) if len(name) == 8 else None
    except ValueError:
        return None


def path_to(attribute: Attribute, level: Level, column: str = "") -> str:
    """Return the attribute's column as seen from another level's model (``series__study__study_date`` …).

    Args:
        attribute: of this level or one above.
        level: whose model is searched.
        column: another column of the attribute's own level.
    """
    steps = {"study": 0, "series": 1, "instance": 2}[level] - LEVELS.index(attribute.level)
    return "".join(["series__", "study__"][2 - (LEVELS.index(level)) :][:steps]) + (column or attribute.column)


def json_value(attribute: Attribute, value: Any) -> Json:
    """Return a column's value as an attribute of the DICOM JSON model (without Value when it is empty)."""
    vr = attribute.vr
    if value is None or value == "":
        return {"vr": vr}
    if attribute.several:
        return {"vr": vr, "Value": [part for part in str(value).split("\\") if part]}
    if isinstance(value, date):
        return {"vr": vr, "Value": [value.isoformat().replace("-", "")]}
    if vr == "PN":
        names = dict(zip(("Alphabetic", "Ideographic", "Phonetic"), str(value).split("="), strict=False))
        return {"vr": vr, "Value": [{key: name for key, name in names.items() if name}]}
    return {"vr": vr, "Value": [int(value) if vr in _NUMBERS else str(value)]}
