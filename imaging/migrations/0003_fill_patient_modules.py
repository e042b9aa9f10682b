"""Each study gets the patient module that was sent in it, read from its own images' headers."""

import json
import zlib
from typing import Any

from django.apps.registry import Apps
from django.db import migrations

from core import blobs
from core.append_only import append_only
from imaging.dicom.identity import Statement, statement_in
from imaging.dicom.index_values import header_dataset, patient_values
from imaging.dicom.moments import moment_of, offset_of
from imaging.dicom.names import name_form, words_form


_NO_ID = "none-"


def fill(apps: Apps, _editor: Any) -> None:
    for patient in apps.get_model("imaging", "Patient").objects.filter(patient_id__startswith=_NO_ID):
        patient.unidentified, patient.patient_id = patient.patient_id, ""
        patient.save(update_fields=["unidentified", "patient_id"])
    study_model = apps.get_model("imaging", "Study")
    for study in study_model.objects.select_related("patient").iterator(chunk_size=500):
        patient, header = study.patient, _header(apps, study)
        stated = _stated(header) or Statement(patient.patient_name, patient.patient_birth_date, patient.patient_sex)
        study.patient_name = stated.patient_name
        study.patient_birth_date = stated.patient_birth_date
        study.patient_sex = stated.patient_sex
        study.timezone_offset_from_utc = offset_of(_text(header, "00080201"))
        study.studied_at = moment_of(study.study_date, study.study_time, study.timezone_offset_from_utc)
        study.patient_name_form = name_form(study.patient_name)
        study.referring_physician_form = name_form(study.referring_physician_name)
        study.search_form = words_form(
            study.patient_name, patient.patient_id, study.accession_number, study.study_description,
            study.study_instance_uid,
        )
        study.save()
    for patient in apps.get_model("imaging", "Patient").objects.iterator(chunk_size=500):
        named = ("patient_name", "patient_birth_date", "patient_sex")
        stated = [Statement(*row) for row in patient.studies.values_list(*named)]
        if any(one.differences(other) for one in stated for other in stated):
            patient.identity_clash = True
            patient.save(update_fields=["identity_clash"])


def _header(apps: Apps, study: Any) -> dict[str, Any]:
    """Return the header of the study's first instance; empty where its file cannot be read now."""
    instances = apps.get_model("imaging", "Instance").objects.filter(series__study=study)
    first = instances.order_by("created_at", "id").first()
    try:
        return json.loads(zlib.decompress(blobs.get(first.header_digest))) if first else {}
    except Exception:  # a damaged archive must not stop the upgrade: what the index said before stays
        return {}


def _text(header: dict[str, Any], tag: str) -> str:
    value = (header.get(tag, {}).get("Value") or [""])[0]
    return str(value or "")


def _stated(header: dict[str, Any]) -> Statement | None:
    named = any(tag in header for tag in ("00100010", "00100030", "00100040"))
    return statement_in(patient_values(header_dataset(header))) if named else None


class Migration(migrations.Migration):
    dependencies = [("imaging", "0002_own_patient_module")]
    operations = [
        migrations.RunPython(fill, migrations.RunPython.noop),
        append_only("imaging_identitydecision", deletable=True),
        append_only("imaging_conflictdecision", deletable=True),
    ]
