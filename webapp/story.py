"""THE STORY: who calls whom, in which order. Each chapter goes down and returns; only this file enqueues.

Every chapter may run twice. ``recover`` finds rows whose next chapter never ran (the process died in between) and
calls the same functions again.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from django.db.models import F, Q
from django.utils import timezone

from annotations.services.workitems import workitem_open
from core.jobs import job_request
from core.models import Job
from imaging.models import ProjectStudy, Series, Upload
from inference.models import ModelVersion, TrainingRun
from inference.services.evaluation import evaluation_request
from inference.services.predictions import predictions_on_arrival

if TYPE_CHECKING:
    from uuid import UUID


def instances_arrived(*, upload: Upload) -> None:
    """Chapter 1 → 2: index every series that an upload (any door) touched."""
    arrived = upload.verdicts.filter(instance__isnull=False).values_list("instance__series_id", flat=True)
    touched = Series.objects.filter(pk__in=arrived)
    for series in touched:
        job_request(kind="series_index", arguments={"series_id": str(series.pk)}, project=upload.project)


def series_ready(job: Job) -> None:
    """Chapter 2 → 3: put the study on the worklist of each of its projects, and ask the live models."""
    series = Series.objects.select_related("study").filter(pk=job.arguments["series_id"]).first()
    if series is None:
        return
    for project_study in ProjectStudy.objects.filter(study=series.study).select_related("project"):
        workitem = workitem_open(project=project_study.project, study=series.study)
        predictions_on_arrival(workitem=workitem)


def training_finished(job: Job) -> None:
    """Chapter 8 → 9: a candidate is evaluated on the locked test split at once."""
    run = TrainingRun.objects.filter(pk=job.arguments["training_run_id"]).first()
    version = ModelVersion.objects.filter(training_run=run, state=ModelVersion.State.CANDIDATE).first() if run else None
    if version is not None:
        evaluation_request(version=version, requested_by=job.requested_by)


def recover() -> int:
    """Run chapters that never ran; returns how many were begun. Called by the sweep and at every start."""
    begun = 0
    settled = timezone.now() - timedelta(minutes=1)
    unindexed = Series.objects.filter(created_at__lt=settled).filter(
        Q(indexed_at__isnull=True) | Q(number_of_series_related_instances=0)
    )
    for series in unindexed[:200]:
        job_request(kind="series_index", arguments={"series_id": str(series.pk)})
        begun += 1
    unread = ProjectStudy.objects.filter(created_at__lt=settled, study__series__indexed_at__isnull=False).exclude(
        study__workitems__project=F("project")
    )
    for project_study in unread.select_related("project", "study").distinct()[:200]:
        predictions_on_arrival(workitem=workitem_open(project=project_study.project, study=project_study.study))
        begun += 1
    unevaluated = ModelVersion.objects.filter(
        state=ModelVersion.State.CANDIDATE, created_at__lt=settled, reports__isnull=True, training_run__isnull=False
    )
    for version in unevaluated[:20]:
        if not _evaluation_was_tried(version.pk):
            evaluation_request(version=version, requested_by=None)
            begun += 1
    return begun


def _evaluation_was_tried(version_id: UUID) -> bool:
    return Job.objects.filter(kind="evaluate", arguments__version_id=str(version_id)).exists()
