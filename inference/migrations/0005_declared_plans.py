"""Plans are declared rows with a reason; what families carried becomes their first. Reports name their test cases."""

from __future__ import annotations

import json
import uuid
import zlib
from typing import TYPE_CHECKING, Any

import django.db.models.deletion
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models

from core import blobs
from core.digest import digest_of

if TYPE_CHECKING:
    from django.apps.registry import Apps
    from django.db.backends.base.schema import BaseDatabaseSchemaEditor


def _first_plans(apps: Apps, _editor: BaseDatabaseSchemaEditor) -> None:
    plans = apps.get_model("inference", "DeclaredPlan").objects
    runs = apps.get_model("inference", "TrainingRun").objects
    for family in apps.get_model("inference", "ModelFamily").objects.all():
        plan = plans.create(
            family=family, number=1, limits=family.change_plan, reason="As it was before plans were declared."
        )
        # What was declared with the family is older than every training of it.
        plans.filter(pk=plan.pk).update(created_at=family.created_at)
        runs.filter(family=family).update(plan=plan)


def _families_carry_them(apps: Apps, _editor: BaseDatabaseSchemaEditor) -> None:
    for plan in apps.get_model("inference", "DeclaredPlan").objects.order_by("number"):
        apps.get_model("inference", "ModelFamily").objects.filter(pk=plan.family_id).update(change_plan=plan.limits)


def _test_cases(apps: Apps, _editor: BaseDatabaseSchemaEditor) -> None:
    """Name the test cases of the reports that there are; a report whose outputs are gone stays without."""
    reports = apps.get_model("inference", "EvaluationReport").objects
    for pk, outputs_digest in reports.values_list("pk", "outputs_digest"):
        try:
            outputs: dict[str, Any] = json.loads(zlib.decompress(blobs.get(outputs_digest)))
            names = sorted(case["case_id"] for case in outputs["version"])
        except Exception:  # outputs that are damaged or gone must not stop the upgrade
            continue
        reports.filter(pk=pk).update(test_digest=digest_of(names))


def _nothing(_apps: Apps, _editor: BaseDatabaseSchemaEditor) -> None:
    pass


class Migration(migrations.Migration):
    dependencies = [
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
        ("inference", "0004_answers_filled"),
    ]

    operations = [
        migrations.CreateModel(
            name="DeclaredPlan",
            fields=[
                ("id", models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ("created_at", models.DateTimeField(default=django.utils.timezone.now, editable=False)),
                ("number", models.PositiveIntegerField()),
                ("limits", models.JSONField(default=dict, help_text="Limits that differ from GatePlan's.")),
                ("operating_point", models.JSONField(default=dict, help_text="An OperatingPoint; empty is the balanced one.")),
                ("reason", models.TextField()),
                ("declared_by", models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL)),
                ("family", models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name="plans", to="inference.modelfamily")),
            ],
            options={"ordering": ["family_id", "-number"]},
        ),
        migrations.AddConstraint(
            model_name="declaredplan",
            constraint=models.UniqueConstraint(fields=("family", "number"), name="plan_number_once"),
        ),
        migrations.AddField(
            model_name="trainingrun",
            name="plan",
            field=models.ForeignKey(null=True, help_text="In force when it was asked for.", on_delete=django.db.models.deletion.PROTECT, related_name="+", to="inference.declaredplan"),
        ),
        migrations.AddField(
            model_name="evaluationreport",
            name="test_digest",
            field=models.CharField(blank=True, db_index=True, default="", help_text="Of the test cases' names, whichever dataset held them.", max_length=64),
            preserve_default=False,
        ),
        migrations.RunPython(_first_plans, _families_carry_them),
        migrations.RunPython(_test_cases, _nothing),
    ]
