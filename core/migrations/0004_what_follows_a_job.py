"""A job remembers whether what follows it was done. Jobs that were over before are taken to be followed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import migrations, models

if TYPE_CHECKING:
    from django.apps.registry import Apps
    from django.db.backends.base.schema import BaseDatabaseSchemaEditor


def _followed(apps: Apps, _editor: BaseDatabaseSchemaEditor) -> None:
    jobs = apps.get_model("core", "Job").objects
    jobs.filter(finished_at__isnull=False).update(followed_at=models.F("finished_at"))


class Migration(migrations.Migration):

    dependencies = [
        ('core', '0003_must_change_password'),
    ]

    operations = [
        migrations.AddField(
            model_name='job',
            name='follow_tries',
            field=models.PositiveSmallIntegerField(default=0),
        ),
        migrations.AddField(
            model_name='job',
            name='followed_at',
            field=models.DateTimeField(blank=True, help_text="When the story's next chapter was done.", null=True),
        ),
        migrations.AddIndex(
            model_name='job',
            index=models.Index(fields=['kind', 'digest'], name='core_job_kind_16ecc2_idx'),
        ),
        migrations.AddIndex(
            model_name='job',
            index=models.Index(condition=models.Q(('finished_at__isnull', False), ('followed_at__isnull', True)), fields=['finished_at'], name='job_not_followed'),
        ),
        migrations.RunPython(_followed, migrations.RunPython.noop),
    ]
