"""Fill in, from the answers that are kept, which labels models have looked for in each case."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from django.db import migrations

if TYPE_CHECKING:
    from uuid import UUID

    from django.apps.registry import Apps
    from django.db.backends.base.schema import BaseDatabaseSchemaEditor


def _filled(apps: Apps, _editor: BaseDatabaseSchemaEditor) -> None:
    answered: dict[UUID, set[str]] = defaultdict(set)
    finished = apps.get_model("inference", "Prediction").objects.filter(state="finished", kept_proposals_digest="")
    for workitem_id, output in finished.values_list("workitem_id", "output").iterator():
        labels = output.get("labels") if isinstance(output, dict) else None
        answered[workitem_id] |= set(labels or {})
    cases = apps.get_model("annotations", "Workitem").objects
    for workitem_id, keys in answered.items():
        cases.filter(pk=workitem_id).update(looked_for=sorted(keys))


class Migration(migrations.Migration):
    dependencies = [
        ("inference", "0007_suspect_searches"),
        ("annotations", "0017_what_models_looked_for"),
    ]
    operations = [migrations.RunPython(_filled, migrations.RunPython.noop)]
