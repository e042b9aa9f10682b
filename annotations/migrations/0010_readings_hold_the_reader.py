"""Who reads and when is a fact of the reading now, not of the work item; what is written once is guarded again."""

from django.db import migrations

from core.append_only import append_only


class Migration(migrations.Migration):
    dependencies = [("annotations", "0009_readings_of_old")]
    operations = [
        migrations.RemoveConstraint(model_name="workitem", name="workitem_nobody_reviews_own_work"),
        migrations.RemoveField(model_name="workitem", name="claimed_at"),
        migrations.RemoveField(model_name="workitem", name="reader"),
        migrations.RemoveField(model_name="workitem", name="reading_seconds"),
        migrations.RemoveField(model_name="workitem", name="submitted_at"),
        append_only("annotations_revision", deletable=True),
        append_only("annotations_review", deletable=True),
        append_only("annotations_step", deletable=True),
    ]
