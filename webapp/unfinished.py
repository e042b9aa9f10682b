"""What the story has left undone: rows whose next chapter never ran. Only reads; each list is short and fair.

A row whose last job failed is not here until its input has changed: the failure is on the row for a person to see.
Lists hold what settled a minute ago, so that nobody is overtaken who is just at work.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, TypeVar

from django.db.models import Exists, Max, OuterRef, Q

from annotations.models import Workitem
from annotations.rules.lifecycle import SIGNED_OFF
from core.clock import database_now
from core.jobs import job_digest, last_jobs
from core.models import Job
from imaging.models import Instance, ProjectStudy, Series, Study
from imaging.selectors import shown
from inference.answers import PRESENT
from inference.models import ModelVersion, Prediction
from inference.services.evaluation import evaluation_missing

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

Row = TypeVar("Row")
#: So many rows of a kind are taken up in one sweep.
BATCH = 200


def settled() -> datetime:
    """Return the instant before which nobody is just at work any more."""
    return database_now() - timedelta(minutes=1)


def worth_asking(
    rows: Iterable[Row],
    *,
    kind: str,
    arguments_of: Callable[[Row], Mapping[str, str]],
    changed_at: Callable[[Row], datetime | None],
    limit: int = BATCH,
) -> list[Row]:
    """Return the first rows whose next job was never asked for, or failed before the row's input last changed."""
    everything = list(rows)
    last = last_jobs(kind, [arguments_of(row) for row in everything])
    worth: list[Row] = []
    for row in everything:
        job = last.get(job_digest(kind, arguments_of(row)))
        if job is None or _is_worth_another(job, changed_at(row)):
            worth.append(row)
        if len(worth) >= limit:
            break
    return worth


def _is_worth_another(job: Job, changed_at: datetime | None) -> bool:
    if job.state in (Job.State.QUEUED, Job.State.RUNNING):
        return False
    if job.state == Job.State.SUCCEEDED:
        return job.finished_at is None or job.finished_at < settled()
    return changed_at is not None and changed_at > job.created_at


def series_not_indexed() -> list[Series]:
    """Return series with instances that no index has counted: their upload's end was never heard."""
    waiting = Q(indexed_at__isnull=True) | Q(number_of_series_related_instances=0)
    rows = Series.objects.filter(waiting, created_at__lt=settled()).annotate(grown_at=Max("instances__created_at"))

    rows = rows.filter(grown_at__isnull=False)

    def grown_at(series: Any) -> datetime | None:
        return series.grown_at  # type: ignore[no-any-return]

    def arguments(series: Series) -> dict[str, str]:
        return {"series_id": str(series.pk)}

    return worth_asking(rows.order_by("created_at"), kind="series_index", arguments_of=arguments, changed_at=grown_at)


def studies_not_on_a_worklist() -> list[Study]:
    """Return studies with pictures that a project holds without a work item."""
    opened = Workitem.objects.filter(project=OuterRef("project"), study=OuterRef("study"))
    pictures = shown(Instance.objects.filter(series__study=OuterRef("study")))
    rows = ProjectStudy.objects.filter(~Exists(opened), Exists(pictures), created_at__lt=settled())
    return [row.study for row in rows.select_related("study").order_by("created_at")[:BATCH]]


def proposals_not_recorded() -> list[Workitem]:
    """Return open cases with proposals that came while they were signed off."""
    kept = Prediction.objects.filter(PRESENT).exclude(kept_proposals_digest="").values("workitem")
    rows = Workitem.objects.filter(pk__in=kept).exclude(state__in=SIGNED_OFF)
    return list(rows.order_by("updated_at")[:BATCH])


def candidates_not_evaluated() -> list[ModelVersion]:
    """Return trained candidates without a report, for which an evaluation was never asked."""
    rows = ModelVersion.objects.filter(
        state=ModelVersion.State.CANDIDATE, created_at__lt=settled(), reports__isnull=True, training_run__isnull=False
    )
    return [version for version in rows.order_by("created_at") if evaluation_missing(version)][:BATCH]
