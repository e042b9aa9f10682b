"""Who may see which images: a study is seen by the members of the projects it belongs to."""

from __future__ import annotations

from typing import Final
from uuid import UUID

from django.db.models import Exists, OuterRef, QuerySet

from core import access
from core.errors import Forbidden, NotFound
from core.models import Project, User
from core.roles import Role
from imaging.held_back import given_to
from imaging.models import Instance, ProjectStudy, Series, Study, Upload
from imaging.selectors import besides_pictures

READ: Final = "study.read"


def accessible_studies(user: User, project: Project | None = None, permission: str = READ) -> QuerySet[Study]:
    """Return the studies in projects where the user has ``permission``; only those of ``project`` when given."""
    projects = access.projects_of(user, permission)
    if project is not None:
        projects = projects.filter(pk=project.pk)
    shown = ProjectStudy.objects.filter(study=OuterRef("pk"), project__in=projects)
    return Study.objects.filter(Exists(shown))


def _known(user: User, rows: QuerySet[Instance], code: str, what: str) -> None:
    """Raise NotFound where everything asked for is kept from the user."""
    if besides_pictures(rows).exists() and not given_to(user, rows).exists():
        raise NotFound(code, f"There is no such {what}, or it is in none of your projects.")


def _require(user: User, permission: str, study: Study | None, project: Project | None, code: str, what: str) -> None:
    """Raise NotFound unless the user may know of the study, Forbidden unless they have the permission."""
    readable = study is not None and accessible_studies(user, project).filter(pk=study.pk).exists()
    if not readable or study is None:
        raise NotFound(code, f"There is no such {what}, or it is in none of your projects.")
    if permission != READ and not accessible_studies(user, project, permission).filter(pk=study.pk).exists():
        raise Forbidden("not_permitted", "Your role does not allow this. Ask an admin.", permission=permission)


def access_study(user: User, permission: str, *, study_instance_uid: str, project: Project | None = None) -> Study:
    """Return one study; raises NotFound (``study_not_found``), Forbidden."""
    study = Study.objects.select_related("patient").filter(study_instance_uid=study_instance_uid).first()
    _require(user, permission, study, project, "study_not_found", "study")
    assert study is not None
    return study


def access_series(user: User, permission: str, *, series_instance_uid: str, project: Project | None = None) -> Series:
    """Return one series; raises NotFound (``series_not_found``), Forbidden."""
    series = Series.objects.select_related("study__patient").filter(series_instance_uid=series_instance_uid).first()
    _require(user, permission, series.study if series else None, project, "series_not_found", "series")
    assert series is not None
    if permission == READ:
        _known(user, Instance.objects.filter(series=series), "series_not_found", "series")
    return series


def access_instance(user: User, permission: str, *, sop_instance_uid: str, project: Project | None = None) -> Instance:
    """Return one instance; raises NotFound (``instance_not_found``), Forbidden."""
    found = Instance.objects.select_related("series__study__patient").filter(sop_instance_uid=sop_instance_uid)
    instance = found.first()
    _require(user, permission, instance.series.study if instance else None, project, "instance_not_found", "instance")
    assert instance is not None
    if permission == READ:
        _known(user, Instance.objects.filter(pk=instance.pk), "instance_not_found", "instance")
    return instance


def access_upload(user: User, *, id: UUID | str) -> Upload:
    """Return one's own upload, while one may still store in its project; raises NotFound, Forbidden."""
    upload = Upload.objects.select_related("project", "received_by").filter(pk=id, received_by=user).first()
    missing = NotFound("upload_not_found", "There is no such upload, or it is not yours.")
    if upload is None:
        raise missing
    access.require(user, "study.store", upload.project, not_found=missing)
    return upload


def may_add_to(user: User | None, study: Study) -> bool:
    """Say whether a sender may add to (and so show in another project) a study that is there already.

    Without this, a file that claims a known Study Instance UID would open a foreign study to its sender's project.

    Args:
        user: None for the system itself.
    """
    if user is None or (user.is_active and user.role == Role.ADMIN):
        return True
    return access.projects_of(user, "study.store").filter(project_studies__study=study).exists()
