"""Of a training that began with nothing learned before, say no parent: until now it named the version that was live."""

from __future__ import annotations

from typing import TYPE_CHECKING

import django.db.models.deletion
from django.db import migrations, models

if TYPE_CHECKING:
    from django.apps.registry import Apps
    from django.db.backends.base.schema import BaseDatabaseSchemaEditor

_SAME = ("recipe", "labels", "dimensions", "preset", "channels")


def _told(apps: Apps, _editor: BaseDatabaseSchemaEditor | None) -> None:
    runs = apps.get_model("inference", "TrainingRun").objects
    for run in runs.exclude(parent=None).select_related("parent"):
        before = run.parent.card.get("config", {})
        began = run.config.get("warm_start") and all(before.get(name) == run.config.get(name) for name in _SAME)
        if not began:
            runs.filter(pk=run.pk).update(parent=None)


class Migration(migrations.Migration):
    dependencies = [("inference", "0008_what_models_looked_for")]
    operations = [
        migrations.AlterField(
            model_name="trainingrun",
            name="parent",
            field=models.ForeignKey(
                help_text="With whose weights it begins.",
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="inference.modelversion",
            ),
        ),
        migrations.RunPython(_told, migrations.RunPython.noop),
    ]
