"""Search forms are written again (some marks are letters), studies without an ID stand alone, empty patients go."""

from django.apps.registry import Apps
from django.db import migrations

from imaging.dicom.identity import Statement
from imaging.dicom.names import name_form, words_form

_STATED = ("patient_name", "patient_birth_date", "patient_sex")


def again(apps: Apps, _editor: object) -> None:
    for study in apps.get_model("imaging", "Study").objects.select_related("patient").iterator(chunk_size=500):
        study.patient_name_form = name_form(study.patient_name)
        study.referring_physician_form = name_form(study.referring_physician_name)
        study.search_form = words_form(
            study.patient_name, study.patient.patient_id, study.accession_number, study.study_description,
            study.study_instance_uid,
        )  # fmt: skip
        study.save(update_fields=["patient_name_form", "referring_physician_form", "search_form"])
    others = apps.get_model("imaging", "PatientStatement").objects
    for patient in apps.get_model("imaging", "Patient").objects.filter(identity_clash=True).exclude(unidentified=""):
        rows = [*patient.studies.values_list(*_STATED), *others.filter(study__patient=patient).values_list(*_STATED)]
        stated = [Statement(*row) for row in rows]
        if not any(one.differences(other) for one in stated for other in stated):
            patient.identity_clash = False
            patient.save(update_fields=["identity_clash"])
    apps.get_model("imaging", "Patient").objects.filter(studies=None).delete()


class Migration(migrations.Migration):
    dependencies = [("imaging", "0008_identities_apart")]
    operations = [migrations.RunPython(again, migrations.RunPython.noop)]
