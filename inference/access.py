"""The only place that fetches this room's rows by id for a user: permission, 404 for strangers, row lock."""

from __future__ import annotations

from uuid import UUID

from django.db.models import QuerySet

from annotations.access import access_workitem
from annotations.models import Workitem
from annotations.rules.reveal import ai_hidden_from
from core.access import project_for, projects_of, require
from core.models import User
from imaging.access import accessible_studies
from inference import errors
from inference.models import (
    EvaluationReport,
    ModelFamily,
    ModelVersion,
    Prediction,
    Registration,
    SaliencyMap,
    TrainingRun,
)


def _uuid(value: UUID | str) -> UUID:
    """Return the id, or one that no row has."""
    try:
        return value if isinstance(value, UUID) else UUID(value)
    except ValueError:
        return UUID(int=0)


def accessible_families(
    user: User, *, project: str | None = None, permission: str = "model.read"
) -> QuerySet[ModelFamily]:
    """Return the model families of the user's projects, or of one project (by slug); raises NotFound, Forbidden."""
    families = ModelFamily.objects.select_related("project", "live")
    if project:
        return families.filter(project=project_for(user, permission, slug=project))
    return families.filter(project__in=projects_of(user, permission))


def accessible_runs(user: User, *, project: str | None = None) -> QuerySet[TrainingRun]:
    """Return the trainings of the user's projects, or of one project (by slug); raises NotFound, Forbidden."""
    families = accessible_families(user, project=project, permission="training.read")
    return TrainingRun.objects.filter(family__in=families)


def access_family(user: User, permission: str, *, id: UUID | str) -> ModelFamily:
    """Return a model family; raises NotFound, Forbidden."""
    family = ModelFamily.objects.select_related("project", "live").filter(pk=_uuid(id)).first()
    if family is None:
        raise errors.family_not_found()
    require(user, permission, family.project, not_found=errors.family_not_found())
    return family


def access_version(user: User, permission: str, *, id: UUID | str) -> ModelVersion:
    """Return a model version; raises NotFound, Forbidden."""
    rows = ModelVersion.objects.select_related("family__project", "training_run__snapshot")
    version = rows.filter(pk=_uuid(id)).first()
    if version is None:
        raise errors.version_not_found()
    require(user, permission, version.family.project, not_found=errors.version_not_found())
    return version


def access_report(user: User, permission: str, *, id: UUID | str) -> EvaluationReport:
    """Return an evaluation report; raises NotFound, Forbidden."""
    rows = EvaluationReport.objects.select_related("version__family__project", "compared_with", "snapshot")
    report = rows.filter(pk=_uuid(id)).first()
    if report is None:
        raise errors.report_not_found()
    require(user, permission, report.version.family.project, not_found=errors.report_not_found())
    return report


def access_run(user: User, permission: str, *, id: UUID | str) -> TrainingRun:
    """Return a training; raises NotFound, Forbidden."""
    rows = TrainingRun.objects.select_related("family__project", "snapshot", "job", "requested_by")
    run = rows.filter(pk=_uuid(id)).first()
    if run is None:
        raise errors.run_not_found()
    require(user, permission, run.family.project, not_found=errors.run_not_found())
    return run


def access_prediction(user: User, *, id: UUID | str) -> Prediction:
    """Return a prediction the user may know of: while the reading protocol hides it, it answers 404.

    Raises:
        NotFound, Forbidden.
    """
    rows = Prediction.objects.select_related("workitem__project", "series", "version__family")
    prediction = rows.filter(pk=_uuid(id)).first()
    if prediction is None:
        raise errors.prediction_not_found()
    require(user, "prediction.read", prediction.workitem.project, not_found=errors.prediction_not_found())
    if ai_hidden_from(user, prediction.workitem):
        raise errors.prediction_not_found()
    return prediction


def predictions_of(user: User, *, workitem_id: UUID | str) -> QuerySet[Prediction]:
    """Return the predictions of a work item that the user may know of, newest first; raises NotFound, Forbidden."""
    workitem = access_workitem(user, "prediction.read", id=workitem_id)
    if ai_hidden_from(user, workitem):
        return Prediction.objects.none()
    return predictions_shown(workitem)


def predictions_shown(workitem: Workitem) -> QuerySet[Prediction]:
    """Return the predictions of a work item, newest first; series that a version does not read are left out."""
    rows = (
        Prediction.objects.filter(workitem=workitem)
        .exclude(state=Prediction.State.OUTSIDE)
        .select_related("series", "version__family", "job")
    )
    return rows.order_by("-created_at", "id")


def access_saliency(user: User, *, id: UUID | str) -> SaliencyMap:
    """Return a saliency map of a prediction the user may know of; raises NotFound, Forbidden."""
    found = SaliencyMap.objects.select_related("prediction__version__family").filter(pk=_uuid(id)).first()
    if found is None:
        raise errors.saliency_not_found()
    try:
        access_prediction(user, id=found.prediction_id)
    except type(errors.prediction_not_found()):
        raise errors.saliency_not_found() from None
    return found


def registrations_of(workitem: Workitem, user: User) -> QuerySet[Registration]:
    """Return the alignments of a case already accessed whose other study the user may see, too; newest first."""
    rows = Registration.objects.filter(workitem=workitem, moving__study__in=accessible_studies(user))
    rows = rows.select_related("workitem__project", "fixed__study", "moving__study", "job", "requested_by")
    return rows.prefetch_related("decisions__decided_by")


def access_registration(user: User, permission: str, *, id: UUID | str) -> Registration:
    """Return an alignment for a user who may see both of its studies; raises NotFound, Forbidden."""
    found = Registration.objects.select_related("workitem__project").filter(pk=_uuid(id)).first()
    if found is None:
        raise errors.registration_not_found()
    require(user, permission, found.workitem.project, not_found=errors.registration_not_found())
    shown = registrations_of(found.workitem, user).filter(pk=found.pk).first()
    if shown is None:
        raise errors.registration_not_found()
    return shown


def locked_family(id: UUID) -> ModelFamily:
    """Return the family with its row lock: who holds it may move the live pointer."""
    return ModelFamily.objects.select_for_update(of=("self",)).select_related("project", "live").get(pk=id)


def locked_version(id: UUID) -> ModelVersion:
    """Return the version with its row lock."""
    return ModelVersion.objects.select_for_update(of=("self",)).select_related("family__project").get(pk=id)


def locked_prediction(id: UUID) -> Prediction:
    """Return the prediction with its row lock."""
    rows = Prediction.objects.select_for_update(of=("self",))
    return rows.select_related("workitem__project", "series", "version__family").get(pk=id)


def locked_saliency(id: UUID) -> SaliencyMap:
    """Return the map with its row lock."""
    rows = SaliencyMap.objects.select_for_update(of=("self",))
    return rows.select_related("prediction__workitem__project", "prediction__version__family").get(pk=id)


def locked_registration(id: UUID) -> Registration:
    """Return the alignment with its row lock."""
    rows = Registration.objects.select_for_update(of=("self",))
    return rows.select_related("workitem__project", "fixed__study", "moving__study").get(pk=id)
