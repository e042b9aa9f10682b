"""Fill in which findings came of which predictions; what older versions and older inputs said is superseded."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import UUID

from django.db import migrations
from django.utils import timezone

if TYPE_CHECKING:
    from django.apps.registry import Apps
    from django.db.backends.base.schema import BaseDatabaseSchemaEditor


def _prediction_id_of(key: str) -> UUID | None:
    """Return the id of the prediction that an old key begins with."""
    if len(key) != 64 or key[32] != "-":
        return None
    try:
        return UUID(key[:32])
    except ValueError:
        return None


def _linked(apps: Apps, _editor: BaseDatabaseSchemaEditor) -> None:
    predictions = {row.pk: row for row in apps.get_model("inference", "Prediction").objects.all()}
    proposed_finding = apps.get_model("inference", "ProposedFinding")
    links = []
    for finding in apps.get_model("annotations", "Finding").objects.exclude(proposal_key="").select_related(
        "head__label"
    ):
        prediction = predictions.get(_prediction_id_of(finding.proposal_key))
        if prediction is not None and finding.head is not None and finding.head.label is not None:
            links.append(
                proposed_finding(
                    prediction=prediction,
                    finding=finding,
                    label_key=finding.head.label.key,
                    probability=finding.probability,
                    threshold=finding.threshold,
                )
            )
    proposed_finding.objects.bulk_create(links, batch_size=1000)


def _present(apps: Apps, _editor: BaseDatabaseSchemaEditor) -> None:
    """Keep the newest answer of each version about each series; only those of the live versions stand."""
    predictions = apps.get_model("inference", "Prediction").objects
    now = timezone.now()
    newest: set[tuple[UUID, UUID, UUID]] = set()
    for row in predictions.order_by("-created_at"):
        question = (row.workitem_id, row.series_id, row.version_id)
        score = row.output.get("case_score") if isinstance(row.output, dict) else None
        predictions.filter(pk=row.pk).update(
            case_score=score, index_seen_at=row.created_at, superseded_at=now if question in newest else None
        )
        newest.add(question)
    standing = predictions.filter(superseded_at__isnull=True, version__state="live").values("pk")
    links = apps.get_model("inference", "ProposedFinding").objects
    findings = apps.get_model("annotations", "Finding").objects.filter(pk__in=links.values("finding"))
    findings.exclude(pk__in=links.filter(prediction__in=standing).values("finding")).update(superseded_at=now)


class Migration(migrations.Migration):
    dependencies = [("inference", "0003_answers_and_their_findings")]
    operations = [
        migrations.RunPython(_linked, migrations.RunPython.noop),
        migrations.RunPython(_present, migrations.RunPython.noop),
    ]
