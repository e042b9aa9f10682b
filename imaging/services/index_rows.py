"""The index rows of one instance: patient, study, series, instance. Called inside a transaction only."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Any

from django.db.models import F

from imaging.dicom.identity import statement_in
from imaging.dicom.moments import moment_of
from imaging.dicom.refusals import refusal
from imaging.models import Instance, Series, Study
from imaging.services.identity import (
    STATED,
    clash_differences,
    identity_claim,
    identity_key,
    identity_refresh,
    patient_for,
    statement_note,
)

if TYPE_CHECKING:
    from imaging.dicom.parsed import ParsedInstance


def _fitting(model: type[Any], values: dict[str, Any]) -> dict[str, Any]:
    """Return the values with text cut to the length of its field."""
    return {
        name: value[: model._meta.get_field(name).max_length] if isinstance(value, str) else value
        for name, value in values.items()
    }


def study_row(parsed: ParsedInstance) -> tuple[Study, list[str]]:
    """Return the study, made with its patient where it is new, with the instance counted, and its row locked.

    Returns:
        The study, and the keywords in which its patient module contradicts others under the same Patient ID.

    Raises:
        Refused: patient_mismatch: the study is known as another patient's; identity_too_long.
    """
    known = Study.objects.select_related("patient").filter(study_instance_uid=parsed.study_instance_uid).first()
    key, stated = identity_key(parsed.patient, parsed.study_instance_uid), statement_in(parsed.patient)
    if known is not None:
        claimed = identity_claim(known, key)
        differing = statement_note(known, stated) or claimed
        # Counted before anything else of the study is written: the row's lock orders racing senders and indexing.
        counted = F("number_of_study_related_instances") + 1
        Study.objects.filter(pk=known.pk).update(number_of_study_related_instances=counted)
        return known, differing
    patient = patient_for(key, stated)
    fields = study_facts(parsed.study)
    study = Study.objects.create(
        study_instance_uid=parsed.study_instance_uid,
        patient=patient,
        **{name: getattr(stated, name) for name in STATED},
        text_code=parsed.text_code,
        number_of_study_related_instances=1,
        **fields,
    )
    return study, clash_differences(study) if identity_refresh(patient) else []


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
        counted = F("number_of_series_related_instances") + 1
        Series.objects.filter(pk=known.pk).update(indexed_at=None, number_of_series_related_instances=counted)
        return known
    series = Series.objects.create(
        series_instance_uid=parsed.series_instance_uid,
        study=study,
        number_of_series_related_instances=1,
        **series_facts(parsed.series),
    )
    study_summarise(study)
    return series


def study_summarise(study: Study) -> None:
    """Write what a study's series say together: how many, which modalities and body parts. Its row is locked."""
    said = list(study.series.values_list("modality", "body_part_examined"))
    study.number_of_study_related_series = len(said)
    study.modalities_in_study = _joined({modality for modality, _ in said}, 120)
    study.body_parts_examined = _joined({part for _, part in said}, 200)
    study.save(update_fields=["number_of_study_related_series", "modalities_in_study", "body_parts_examined"])


def _joined(values: set[str], length: int) -> str:
    joined = ""
    for value in sorted(filter(None, values)):
        longer = f"{joined}\\{value}" if joined else value
        if len(longer) > length:
            break
        joined = longer
    return joined


def instance_row(parsed: ParsedInstance, series: Series, digest: str, header_digest: str, byte_size: int) -> Instance:
    """Make the instance's row; raises IntegrityError when another sender was faster."""
    return Instance.objects.create(
        sop_instance_uid=parsed.sop_instance_uid,
        series=series,
        blob_digest=digest,
        header_digest=header_digest,
        byte_size=byte_size,
        **instance_facts(parsed),
    )


def instance_facts(parsed: ParsedInstance) -> dict[str, Any]:
    """Return the columns of an instance that follow from its file."""
    return {
        "sop_class_uid": parsed.sop_class_uid,
        "transfer_syntax_uid": parsed.transfer_syntax_uid,
        "pixel_digest": parsed.pixel_digest,
        "decoded_digest": parsed.decoded_digest,
        "frame_spans": parsed.frame_spans,
        "display": parsed.display,
        "display_code": parsed.display_code[:60],
        **_fitting(Instance, parsed.instance),
    }


def series_facts(values: dict[str, Any]) -> dict[str, Any]:
    """Return the columns of a series that follow from ``imaging.dicom.index_values.series_values``."""
    return _fitting(Series, values)


def study_facts(values: dict[str, Any]) -> dict[str, Any]:
    """Return the columns of a study, without its patient module, that follow from ``index_values.study_values``."""
    fields = _fitting(Study, values)
    day = date.fromisoformat(fields["study_date"]) if fields["study_date"] else None
    moment = moment_of(day, fields["study_time"], fields["timezone_offset_from_utc"])
    return {**fields, "study_date": day, "studied_at": moment}
