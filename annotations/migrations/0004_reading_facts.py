"""What a reading must also remember: whether the model was visible, thresholds, remarks, time of the last change."""

import django.utils.timezone
from django.db import migrations, models

from core.append_only import append_only


def _lifted(table: str) -> migrations.RunPython:
    """SQLite rebuilds a table to add a column, and drops its triggers with it: they are taken off and put back."""
    guarded = append_only(table, deletable=True)
    return migrations.RunPython(guarded.reverse_code, guarded.code)


class Migration(migrations.Migration):
    dependencies = [("annotations", "0003_append_only")]
    operations = [
        _lifted("annotations_revision"),
        _lifted("annotations_review"),
        migrations.AddField(
            model_name="finding",
            name="threshold",
            field=models.FloatField(
                blank=True,
                help_text="Of the version, for this label; a finding below it need not be decided.",
                null=True,
            ),
        ),
        migrations.AddField(
            model_name="review",
            name="at_sign_off",
            field=models.BooleanField(
                default=False, help_text="Accepted with the whole work item, not judged one by one."
            ),
        ),
        migrations.AddField(
            model_name="revision",
            name="ai_visible",
            field=models.BooleanField(default=False, help_text="The author could see model findings of this study."),
        ),
        migrations.AddField(
            model_name="workitem",
            name="remark",
            field=models.TextField(blank=True, help_text="What the reviewer said with the last decision."),
        ),
        migrations.AddField(
            model_name="workitem",
            name="updated_at",
            field=models.DateTimeField(
                default=django.utils.timezone.now, help_text="Of the work item or any of its findings."
            ),
        ),
        append_only("annotations_revision", deletable=True),
        append_only("annotations_review", deletable=True),
    ]
