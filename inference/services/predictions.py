"""Predictions: asked for once, computed on a worker, kept with what they proposed."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from django.db import transaction
from django.utils import timezone

from annotations.access import locked_workitem
from annotations.models import Workitem
from annotations.services.revisions import Proposal
from core import audit, events
from core.audit_kinds import AuditKind
from core.event_kinds import EventKind, OfWorkitem
from core.jobs import job_drop, job_request
from core.models import Job, User
from imaging.models import Instance, Series
from inference import errors
from inference.access import locked_prediction
from inference.models import ModelFamily, ModelVersion, Prediction
from inference.series_choice import images_for, input_digest, series_for, series_with_pictures, why_outside
from inference.services.proposals import (
    kept_proposals,
    kept_proposals_of,
    proposals_stand,
    proposals_take,
    proposals_withdraw,
)
from inference.services.quiet import wait_for_quiet

_State = Prediction.State


def _tell(prediction: Prediction) -> None:
    """Say that a prediction changed, and nothing of what it says: the reader may not know that yet."""
    detail = OfWorkitem(workitem_id=prediction.workitem_id)
    events.publish(EventKind.PREDICTION_CHANGED, prediction.pk, project=prediction.workitem.project, detail=detail)


def prediction_request(
    *, workitem: Workitem, series: Series, version: ModelVersion, requested_by: User | None
) -> Prediction:
    """Ask a version about a series; the same question about the same pixels is one prediction.

    A prediction that failed is tried again. Where the story asks, it waits until the series is quiet. What the same
    version was asked about an older input of the series is superseded, and not computed if it still waits.

    Raises:
        Conflict: the family does not read this series.
    """
    images = images_for(version.family, series)
    if not images:
        raise errors.nothing_to_predict(version.family.modalities)
    with transaction.atomic():
        prediction, made = _present_question(workitem, series, version, images)
        if prediction.state == _State.FINISHED:
            proposals_stand(prediction)
            return prediction
        again = prediction.state == _State.FAILED
        prediction.state, prediction.error_code = _State.REQUESTED, ""
        prediction.job = job_request(
            kind="predict",
            arguments={"prediction_id": str(prediction.pk)},
            requested_by=requested_by,
            project=workitem.project,
            wait=wait_for_quiet(prediction, images) if requested_by is None else timedelta(0),
        )
        prediction.save(update_fields=["state", "error_code", "job"])
        if made or again:
            audit.record(
                AuditKind.PREDICTION_REQUESTED, actor=requested_by, object_kind="prediction", object_id=prediction.pk,
                project=workitem.project, detail={"workitem": workitem.pk, "version": version.pk},
            )  # fmt: skip
            _tell(prediction)
    return prediction


def _present_question(
    workitem: Workitem, series: Series, version: ModelVersion, images: Sequence[Instance]
) -> tuple[Prediction, bool]:
    """Return the locked prediction about the series as it is now, and whether it is new; older ones are superseded."""
    prediction, made = Prediction.objects.get_or_create(
        workitem=workitem, series=series, version=version, input_digest=input_digest(version, images)
    )
    prediction = locked_prediction(prediction.pk)
    prediction.index_seen_at, prediction.superseded_at = series.indexed_at, None
    prediction.save(update_fields=["index_seen_at", "superseded_at"])
    older = Prediction.objects.filter(workitem=workitem, series=series, version=version, superseded_at__isnull=True)
    for one in older.exclude(pk=prediction.pk).select_related("job"):
        Prediction.objects.filter(pk=one.pk).update(superseded_at=timezone.now())
        if one.job is not None and one.state == _State.REQUESTED:
            job_drop(job=one.job)
    return prediction, made


def outside_note(*, workitem: Workitem, series: Series, version: ModelVersion) -> Prediction:
    """Note that a version does not read this series, and why: nobody need ask again until the series changes."""
    with transaction.atomic():
        prediction, made = _present_question(workitem, series, version, [])
        code = why_outside(version.family, series)
        if made or prediction.error_code != code:
            prediction.state, prediction.error_code = _State.OUTSIDE, code
            prediction.save(update_fields=["state", "error_code"])
            proposals_withdraw(prediction)
            _tell(prediction)
    return prediction


def predictions_on_arrival(*, workitem: Workitem) -> list[Prediction]:
    """Ask every live model of the project about the pictures it reads, and note which it does not read.

    Returns:
        What was asked, or had been asked before.
    """
    live = ModelVersion.objects.filter(family__project=workitem.project_id, state=ModelVersion.State.LIVE)
    every = list(series_with_pictures(workitem.study))
    asked = [
        prediction_ask(workitem=workitem, series=series, version=version)
        for version in live.select_related("family")
        for series in every
    ]
    return [prediction for prediction in asked if prediction.state != _State.OUTSIDE]


def question_failed(*, workitem: Workitem, series: Series, version: ModelVersion) -> Prediction:
    """Note that a version could not even be asked about a series as it is now; a person may ask again."""
    with transaction.atomic():
        prediction, _ = _present_question(workitem, series, version, [])
        if prediction.state == _State.REQUESTED:
            prediction.state, prediction.error_code = _State.FAILED, "could_not_be_asked"
            prediction.save(update_fields=["state", "error_code"])
            _tell(prediction)
    return prediction


def prediction_ask(*, workitem: Workitem, series: Series, version: ModelVersion) -> Prediction:
    """Ask a version about a series because the story says so, or note that it does not read it."""
    if not images_for(version.family, series):
        return outside_note(workitem=workitem, series=series, version=version)
    return prediction_request(workitem=workitem, series=series, version=version, requested_by=None)


def predictions_on_demand(*, workitem: Workitem, requested_by: User, family: str | None = None) -> list[Prediction]:
    """Ask the live models of the project (or the one family, by slug) because somebody wants to know.

    Raises:
        NotFound: no such family. Conflict: no live model, or none reads a series of this study.
    """
    families = ModelFamily.objects.filter(project=workitem.project_id)
    if family:
        families = families.filter(slug=family)
        if not families.exists():
            raise errors.family_not_found()
    rows = ModelVersion.objects.filter(family__in=families, state=ModelVersion.State.LIVE)
    live = list(rows.select_related("family"))
    if not live:
        raise errors.no_live_version()
    asked = [
        prediction_request(workitem=workitem, series=series, version=version, requested_by=requested_by)
        for version in live
        for series in series_for(version.family, workitem.study)
    ]
    if not asked:
        raise errors.nothing_to_predict(sorted({one for version in live for one in version.family.modalities}))
    return asked


def prediction_finish(
    *, prediction: Prediction, output: dict[str, Any], proposals: Sequence[Proposal], case_score: float | None
) -> Prediction:
    """Keep what the model said and propose its findings downstairs; a second run changes nothing.

    Args:
        output: see ``inference.jobs.predict``.
        case_score: highest calibrated probability of the series, for the worklist.
    """
    with transaction.atomic():
        locked = locked_prediction(prediction.pk)
        if locked.state == _State.FINISHED:
            return locked
        locked.state, locked.output, locked.error_code = _State.FINISHED, output, ""
        locked.case_score, locked.finished_at = case_score, timezone.now()
        locked.save(update_fields=["state", "output", "error_code", "case_score", "finished_at"])
        # Whoever retires a version holds the work items it answered about: from here on it is one or the other.
        locked.workitem = locked_workitem(locked.workitem_id)
        proposed = proposals_take(prediction=locked, proposals=proposals)
        audit.record(
            AuditKind.PREDICTION_FINISHED, actor=None, object_kind="prediction", object_id=locked.pk,
            project=locked.workitem.project,
            detail={
                "workitem": locked.workitem_id, "version": locked.version_id, "findings": len(proposed),
                "weights": locked.version.weights_digest, "input": locked.input_digest,
            },
        )  # fmt: skip
        _tell(locked)
    return locked


def proposals_catch_up(*, workitem: Workitem) -> int:
    """Record the proposals that came while the study was signed off, once it is open again; returns how many."""
    recorded = 0
    for prediction in kept_proposals_of(workitem):
        with transaction.atomic():
            locked = locked_prediction(prediction.pk)
            if not locked.kept_proposals_digest:
                continue
            locked.workitem = locked_workitem(workitem.pk)
            recorded += len(proposals_take(prediction=locked, proposals=kept_proposals(locked)))
            _tell(locked)
    return recorded


def prediction_failed(job: Job) -> None:
    """Write on the prediction why its job came to nothing (the roof calls this after a failed or cancelled job)."""
    with transaction.atomic():
        found = Prediction.objects.filter(pk=job.names("prediction_id")).first()
        if found is None:
            return
        locked = locked_prediction(found.pk)
        if locked.state != _State.REQUESTED:
            return
        locked.state, locked.error_code = _State.FAILED, job.error_code or "job_cancelled"
        locked.save(update_fields=["state", "error_code"])
        _tell(locked)
