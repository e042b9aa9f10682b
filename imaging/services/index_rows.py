"""The index rows of one instance: patient, study, series, instance. Called inside a transaction only."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Any

from core.digest import sha256_hex
from imaging.dicom.refusals import refusal
from imaging.models import Instance, Patient, Series, Study

if TYPE_CHECKING:
    from imaging.dicom.parsed import ParsedInstance

_UNKNOWN_PATIENT = "none-"


def _fitting(model: type[Any], values: dict[str, Any]) -> dict[str, Any]:
    """Return the values with text cut to the length of its field."""
    return {
        name: value[: model._meta.get_field(name).max_length] if isinstance(value, str) else value
        for name, value in values.items()
    }


def study_row(parsed: ParsedInstance) -> Study:
    """Return the study, made with its patient where it is new.

    Raises:
        Refused: patient_mismatch: the study is known as another patient's.
    """
    known = Study.objects.select_related("patient").filter(study_instance_uid=parsed.study_instance_uid).first()
    patient = _fitting(Patient, parsed.patient)
    if known is not None:
        stated, kept = patient["patient_id"], known.patient.patient_id
        if stated and stated != kept and not kept.startswith(_UNKNOWN_PATIENT):
            raise refusal("patient_mismatch")
        return known
    if not patient["patient_id"]:
        # Without a Patient ID each study is a patient of its own: nobody is merged by accident.
        patient["patient_id"] = _UNKNOWN_PATIENT + sha256_hex(parsed.study_instance_uid.encode())[:16]
    birth_date = patient["patient_birth_date"]
    row, _ = Patient.objects.get_or_create(
        patient_id=patient.pop("patient_id"),
        issuer_of_patient_id=patient.pop("issuer_of_patient_id"),
        defaults={**patient, "patient_birth_date": date.fromisoformat(birth_date) if birth_date else None},
    )
    fields = _fitting(Study, parsed.study)
    fields["study_date"] = date.fromisoformat(fields["study_date"]) if fields["study_date"] else None
    return Study.objects.create(study_instance_uid=parsed.study_instance_uid, patient=row, **fields)


def series_row(parsed: ParsedInstance, study: Study) -> Series:
    """Return the series, made where it is new.

    Raises:
        Refused: uid_mismatch: the series is known as part of another study.
    """
    known = Series.objects.filter(series_instance_uid=parsed.series_instance_uid).first()
    if known is not None:
        if known.study_id != study.pk:
            raise refusal("uid_mismatch")
        # Until it is indexed again the sweep knows that something arrived, even if its sender never says so. Written
        # each time: the row's lock orders this against an index that is being made just now.
        Series.objects.filter(pk=known.pk).update(indexed_at=None)
        return known
    fields = _fitting(Series, parsed.series)
    return Series.objects.create(series_instance_uid=parsed.series_instance_uid, study=study, **fields)


def instance_row(parsed: ParsedInstance, series: Series, digest: str, header_digest: str, byte_size: int) -> Instance:
    """Make the instance's row; raises IntegrityError when another sender was faster."""
    return Instance.objects.create(
        sop_instance_uid=parsed.sop_instance_uid,
        sop_class_uid=parsed.sop_class_uid,
        transfer_syntax_uid=parsed.transfer_syntax_uid,
        series=series,
        blob_digest=digest,
        header_digest=header_digest,
        byte_size=byte_size,
        pixel_digest=parsed.pixel_digest,
        frame_spans=parsed.frame_spans,
        display=parsed.display,
        display_code=parsed.display_code[:60],
        **_fitting(Instance, parsed.instance),
    )
