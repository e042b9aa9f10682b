"""Patient IDs may be long, and a study without one is decided about by itself."""

from django.db import migrations, models

from core.append_only import append_only

_written_once = append_only("imaging_identitydecision", deletable=True)


class Migration(migrations.Migration):
    dependencies = [("imaging", "0007_localizers_apart")]
    operations = [
        # SQLite makes the table anew, and its trigger is lost with the old one.
        migrations.RunPython(_written_once.reverse_code, _written_once.code),
        migrations.AddField(
            model_name="identitydecision",
            name="unidentified",
            field=models.CharField(
                blank=True, default="", help_text="As of the patient, where there is no ID.", max_length=64
            ),
            preserve_default=False,
        ),
        migrations.AlterField(
            model_name="identitydecision",
            name="patient_id",
            field=models.CharField(blank=True, max_length=256),
        ),
        migrations.AlterField(
            model_name="patient",
            name="patient_id",
            field=models.CharField(blank=True, max_length=256),
        ),
        append_only("imaging_identitydecision", deletable=True),
    ]
