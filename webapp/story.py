"""THE STORY: what follows what. Rooms finish and ring the bell; this table says which chapter is next.

Services may ask for the job that does their own work; what comes after it is decided here only. Every chapter may run
twice. ``recover`` finds rows whose next chapter never ran (the process died in between, the database was away) and
runs the same chapters.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final

import structlog

from annotations.services.workitems import workitem_open
from core.jobs import job_over, job_request, jobs_unfollowed
from core.models import Job
from imaging.models import Instance, ProjectStudy, Series, Study, Upload
from imaging.selectors import has_pictures
from inference.models import ModelVersion, TrainingRun
from inference.services.catching_up import predictions_catch_up, questions_again
from inference.services.evaluation import evaluation_request
from inference.services.predictions import prediction_failed, predictions_on_arrival, proposals_catch_up
from inference.services.registrations import registration_failed
from inference.services.saliency import saliency_failed
from inference.services.training import training_stopped
from webapp import unfinished

if TYPE_CHECKING:
    from django.db.models import Model

    from annotations.models import Workitem
    from core.models import Project

log = structlog.get_logger(__name__)


# -- the chapters -----------------------------------------------------------------------------------------------------


def instances_arrived(upload: Upload) -> None:
    """Chapter 1 → 2: index every series that an upload (any door) touched; pictures are on the worklist at once."""
    arrived = upload.verdicts.filter(instance__isnull=False).values_list("instance__series_id", flat=True)
    for series in Series.objects.filter(pk__in=arrived).select_related("study"):
        _index(series, upload.project)
        on_the_worklist(series.study)


def series_ready(job: Job) -> None:
    """Chapter 2 → 3: put the study on the worklist of each of its projects, and ask the live models."""
    series = Series.objects.select_related("study").filter(pk=job.names("series_id")).first()
    if series is None:
        return
    for workitem in on_the_worklist(series.study):
        predictions_on_arrival(workitem=workitem)


def prediction_over(job: Job) -> None:
    """Chapter 4: what did not come to an answer says why; and where none waits any more, the next cases are asked."""
    if job.state != Job.State.SUCCEEDED:
        prediction_failed(job)
    predictions_catch_up(when_idle=True)


def version_in_use(_row: Model) -> None:
    """Chapter 10 → 4: the version that is in use now is asked about every case that is not signed off, bit by bit."""
    predictions_catch_up()


def case_reopened(workitem: Workitem) -> None:
    """Chapter 6 → 4: what came while the case was signed off is recorded, and what is missing is asked."""
    proposals_catch_up(workitem=workitem)
    predictions_on_arrival(workitem=workitem)


def instance_superseded(instance: Instance) -> None:
    """Another version of an image is shown: its series is indexed again, and models see what is shown now."""
    _index(instance.series)


def pictures_changed(project: Project) -> None:
    """A project is about other pictures now: its models are asked again, bit by bit, about what it is about."""
    questions_again(project=project)
    predictions_catch_up()


def training_finished(job: Job) -> None:
    """Chapter 8 → 9: a candidate is evaluated on the locked test split at once."""
    run = TrainingRun.objects.filter(pk=job.names("training_run_id")).first()
    version = ModelVersion.objects.filter(training_run=run, state=ModelVersion.State.CANDIDATE).first() if run else None
    if version is not None:
        evaluation_request(version=version, requested_by=job.requested_by)


def _index(series: Series, project: Project | None = None) -> None:
    job_request(kind="series_index", arguments={"series_id": str(series.pk)}, project=project)


def on_the_worklist(study: Study) -> list[Workitem]:
    """Open the study's work item in each of its projects; a study without pictures is nobody's work."""
    if not has_pictures(study.pk):
        return []
    rows = ProjectStudy.objects.filter(study=study).select_related("project")
    return [workitem_open(project=row.project, study=study) for row in rows]


#: (what, how it ended) → the next chapter. ``what`` is the kind of a job, or a noun that a service rings for.
FOLLOWS: Final[dict[tuple[str, str], Callable[[Any], None]]] = {
    ("upload", "finished"): instances_arrived,
    ("series_index", "succeeded"): series_ready,
    ("predict", "succeeded"): prediction_over,
    ("predict", "failed"): prediction_over,
    ("predict", "cancelled"): prediction_over,
    ("instance", "superseded"): instance_superseded,
    ("project", "pictures_changed"): pictures_changed,
    ("explain", "failed"): saliency_failed,
    ("explain", "cancelled"): saliency_failed,
    ("register", "failed"): registration_failed,
    ("register", "cancelled"): registration_failed,
    ("train", "succeeded"): training_finished,
    ("train", "failed"): training_stopped,
    ("train", "cancelled"): training_stopped,
    ("model", "installed"): version_in_use,
    ("model", "promoted"): version_in_use,
    ("model", "rolled_back"): version_in_use,
    ("workitem", "reopened"): case_reopened,
}


def follow(what: str, outcome: str, row: Model) -> None:
    """Run the chapter that follows, if any; the bell is answered by this."""
    chapter = FOLLOWS.get((what, outcome))
    if chapter is not None:
        chapter(row)


# -- when a chapter did not run ---------------------------------------------------------------------------------------


def _record_proposals(workitem: Workitem) -> None:
    proposals_catch_up(workitem=workitem)


def _evaluate(version: ModelVersion) -> None:
    evaluation_request(version=version, requested_by=None)


#: What may be left undone, and the chapter (or the step of one) that does it.
RECOVERS: Final[tuple[tuple[Callable[[], list[Any]], Callable[[Any], object]], ...]] = (
    (unfinished.series_not_indexed, _index),
    (unfinished.studies_not_on_a_worklist, on_the_worklist),
    (jobs_unfollowed, job_over),
    (unfinished.proposals_not_recorded, _record_proposals),
    (unfinished.candidates_not_evaluated, _evaluate),
)


def recover() -> int:
    """Run chapters that never ran; returns how many were begun. Called by the sweep and at every start.

    One row that cannot go on never holds up another.
    """
    begun = 0
    for left_undone, go_on_with in RECOVERS:
        for row in left_undone():
            try:
                go_on_with(row)
                begun += 1
            except Exception:
                log.exception("story.recovery_failed", step=left_undone.__name__, row=str(row.pk))
    return begun + predictions_catch_up(settled=unfinished.settled())
