"""What of a model was sent to the reader of a case. Of readings made before: when the protocol revealed it."""

import uuid

import django.db.models.deletion
import django.utils.timezone
from django.db import migrations, models

from core.append_only import append_only

_BATCH = 500


def _of_old(apps, _editor):
    """Give each old reading to which a model's opinion was open the time from which it was."""
    Reading = apps.get_model("annotations", "Reading")
    Sight = apps.get_model("annotations", "Sight")
    Finding = apps.get_model("annotations", "Finding")
    theirs = Finding.objects.filter(workitem=models.OuterRef("workitem")).exclude(algorithm_type="MANUAL")
    spoken_of = models.Q(workitem__ai_score__isnull=False) | models.Exists(theirs)
    found = []
    for reading in Reading.objects.filter(spoken_of).iterator(chunk_size=_BATCH):
        at = reading.claimed_at if not reading.blind else reading.submitted_at
        if at is not None and (reading.reveal != "never" or not reading.blind):
            found.append(Sight(reading=reading, what="before", of="", created_at=at))
    Sight.objects.bulk_create(found, batch_size=_BATCH)


class Migration(migrations.Migration):
    dependencies = [("annotations", "0015_pictures_of_a_project")]

    operations = [
        migrations.AlterField(
            model_name="reading",
            name="blind",
            field=models.BooleanField(
                default=True,
                help_text="Before the answer nothing could have shown the reader what a model said of the case; "
                "see Sight.",
            ),
        ),
        migrations.CreateModel(
            name="Sight",
            fields=[
                ("id", models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ("created_at", models.DateTimeField(default=django.utils.timezone.now, editable=False)),
                (
                    "what",
                    models.CharField(
                        choices=[
                            ("finding", "a finding"),
                            ("score", "the score of the case"),
                            ("answer", "what came of asking a model"),
                            ("map", "a saliency map"),
                            ("object", "an object of the archive that a model may have made"),
                            ("before", "the protocol had revealed it before such things were kept one by one"),
                        ],
                        max_length=8,
                    ),
                ),
                (
                    "of",
                    models.CharField(
                        blank=True, help_text="Id or UID of what was sent, where it has one.", max_length=64
                    ),
                ),
                (
                    "reading",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="sights",
                        to="annotations.reading",
                    ),
                ),
            ],
            options={
                "ordering": ["created_at", "id"],
                "constraints": [models.UniqueConstraint(fields=("reading", "what", "of"), name="sight_once")],
            },
        ),
        migrations.RunPython(_of_old, migrations.RunPython.noop),
        append_only("annotations_sight", deletable=True),
    ]
