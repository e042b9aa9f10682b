"""Every training has its plan; the families' own copy goes; a declared plan is never changed."""

from __future__ import annotations

import django.db.models.deletion
from django.db import migrations, models

from core.append_only import append_only


class Migration(migrations.Migration):
    dependencies = [("inference", "0005_declared_plans")]

    operations = [
        migrations.AlterField(
            model_name="trainingrun",
            name="plan",
            field=models.ForeignKey(help_text="In force when it was asked for.", on_delete=django.db.models.deletion.PROTECT, related_name="+", to="inference.declaredplan"),
        ),
        migrations.RemoveField(model_name="modelfamily", name="change_plan"),
        append_only("inference_declaredplan", deletable=True),
    ]
