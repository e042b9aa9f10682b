"""The live models and the cases that are open: who has not been asked about what, and asking them bit by bit."""

from __future__ import annotations

from typing import TYPE_CHECKING

import structlog
from django.db.models import Exists, F, OuterRef

from annotations.models import Workitem
from annotations.rules.lifecycle import SIGNED_OFF
from core.models import Job
from imaging.models import Instance, Series
from imaging.selectors import shown
from inference.models import ModelVersion, Prediction
from inference.services.predictions import prediction_ask, question_failed

if TYPE_CHECKING:
    from datetime import datetime
    from uuid import UUID

    from core.models import Project

log = structlog.get_logger(__name__)
#: Catching up keeps no more predictions waiting than this, so that a study that arrives now waits for few others.
WAITING_MOST = 20


def questions_missing(*, limit: int, settled: datetime | None = None) -> list[tuple[ModelVersion, UUID, UUID]]:
    """Return (live version, work item id, series id) of what was never asked about a series as it is now.

    Only cases that are not signed off, the most urgent and then the oldest first. A question whose answer failed was
    asked.

    Args:
        settled: only series that were indexed before this instant.
    """
    missing: list[tuple[ModelVersion, UUID, UUID]] = []
    pictures = Exists(shown(Instance.objects.filter(series=OuterRef("study__series"))))
    for version in ModelVersion.objects.filter(state=ModelVersion.State.LIVE).select_related("family"):
        asked = Prediction.objects.filter(
            workitem=OuterRef("pk"),
            series=OuterRef("study__series"),
            version=version,
            superseded_at__isnull=True,
            index_seen_at__gte=OuterRef("study__series__indexed_at"),
        )
        rows = Workitem.objects.filter(
            ~Exists(asked), pictures, project=version.family.project_id, study__series__indexed_at__isnull=False
        )
        if settled is not None:
            rows = rows.filter(study__series__indexed_at__lt=settled)
        rows = rows.exclude(state__in=SIGNED_OFF).annotate(series_id=F("study__series")).order_by("-priority", "pk")
        found = rows.values_list("pk", "series_id")[: limit - len(missing)]
        missing += [(version, workitem_id, series_id) for workitem_id, series_id in found]
        if len(missing) >= limit:
            break
    return missing


def questions_again(*, project: Project) -> None:
    """Take every question of a project as not asked yet, since it is about other pictures now."""
    Prediction.objects.filter(workitem__project=project, superseded_at__isnull=True).update(index_seen_at=None)


def predictions_catch_up(*, settled: datetime | None = None, when_idle: bool = False) -> int:
    """Ask the next few missing questions, so many that ``WAITING_MOST`` wait; returns how many were asked.

    One that cannot be asked is noted as failed, so that it never holds up another.

    Args:
        settled: only about series that were indexed before this instant.
        when_idle: only when no prediction waits or runs.
    """
    waiting = Job.objects.filter(kind="predict", state__in=[Job.State.QUEUED, Job.State.RUNNING]).count()
    asked = 0
    if waiting >= (1 if when_idle else WAITING_MOST):
        return asked
    for version, workitem_id, series_id in questions_missing(limit=WAITING_MOST - waiting, settled=settled):
        workitem = Workitem.objects.select_related("project", "study").get(pk=workitem_id)
        series = Series.objects.select_related("study").get(pk=series_id)
        try:
            prediction_ask(workitem=workitem, series=series, version=version)
            asked += 1
        except Exception:
            log.exception("catching_up.failed", workitem=str(workitem_id), version=str(version.pk))
            question_failed(workitem=workitem, series=series, version=version)
    return asked
