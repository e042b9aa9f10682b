"""The only place that fetches this room's rows by id for a user: permission, 404 for strangers, row lock."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final
from uuid import UUID

from django.db.models import Prefetch

from annotations import errors
from annotations.models import (
    Comment,
    DatasetSnapshot,
    Finding,
    Label,
    Reading,
    Revision,
    SnapshotRequest,
    Workitem,
)
from annotations.rules.reveal import findings_revealed
from core.access import project_for, require
from core.errors import NotFound
from core.models import Project, User

if TYPE_CHECKING:
    from django.db.models import QuerySet

#: The readings of work items, each with who reads.
READINGS: Final = Prefetch("readings", Reading.objects.select_related("reader"))


def _uuid(value: UUID | str) -> UUID:
    """Return the id, or one that no row has."""
    try:
        return value if isinstance(value, UUID) else UUID(value)
    except ValueError:
        return UUID(int=0)


def access_workitem(user: User, permission: str, *, id: UUID | str, lock: bool = False) -> Workitem:
    """Return a work item for a user with ``permission`` in its project.

    Args:
        lock: take the row's lock until the end of the transaction (PostgreSQL; SQLite has one writer anyway).

    Raises:
        NotFound: no such work item, or the user is a stranger to its project.
        Forbidden: a member without the permission.
    """
    rows: QuerySet[Workitem] = Workitem.objects.select_related("project", "study__patient", "reviewer")
    rows = rows.prefetch_related(READINGS)
    if lock:
        rows = rows.select_for_update(of=("self",))
    workitem = rows.filter(pk=_uuid(id)).first()
    if workitem is None:
        raise errors.workitem_not_found()
    require(user, permission, workitem.project, not_found=errors.workitem_not_found())
    return workitem


def locked_workitem(id: UUID) -> Workitem:
    """Return the work item with its row lock, for services that were given a row already checked."""
    rows = Workitem.objects.select_related("project", "study__patient", "reviewer")
    return rows.select_for_update(of=("self",)).get(pk=id)


def access_finding(user: User, permission: str, *, id: UUID | str) -> Finding:
    """Return a finding for a user with ``permission``; what is still hidden from them answers 404 too.

    Raises:
        NotFound, Forbidden.
    """
    rows = Finding.objects.select_related("workitem__project", "workitem__study", "author", "head__author", "reading")
    finding = rows.filter(pk=_uuid(id)).first()
    if finding is None:
        raise errors.finding_not_found()
    require(user, permission, finding.workitem.project, not_found=errors.finding_not_found())
    if not findings_revealed(user, finding.workitem).filter(pk=finding.pk).exists():
        raise errors.finding_not_found()
    return finding


def access_finding_of(user: User, workitem: Workitem, *, id: UUID | str) -> Finding:
    """Return a finding of this very work item that the user may see; raises NotFound."""
    finding = access_finding(user, "workitem.read", id=id)
    if finding.workitem_id != workitem.pk:
        raise errors.finding_not_found()
    return finding


def access_revision(finding: Finding, *, id: UUID | str) -> Revision:
    """Return a revision of a finding already accessed; raises NotFound."""
    revision = finding.revisions.filter(pk=_uuid(id)).first()
    if revision is None:
        raise NotFound("revision_not_found", "There is no such revision of this finding.")
    return revision


def access_snapshot(user: User, permission: str, *, id: UUID | str) -> DatasetSnapshot:
    """Return a dataset snapshot; raises NotFound, Forbidden."""
    rows = DatasetSnapshot.objects.select_related("project", "frozen_by")
    snapshot = rows.filter(pk=_uuid(id)).first()
    if snapshot is None:
        raise errors.snapshot_not_found()
    require(user, permission, snapshot.project, not_found=errors.snapshot_not_found())
    return snapshot


def access_snapshot_request(user: User, permission: str, *, id: UUID | str) -> SnapshotRequest:
    """Return what somebody asked of datasets; raises NotFound, Forbidden."""
    rows = SnapshotRequest.objects.select_related("project", "requested_by", "snapshot__project", "snapshot__frozen_by")
    found = rows.filter(pk=_uuid(id)).first()
    if found is None:
        raise errors.snapshot_not_found()
    require(user, permission, found.project, not_found=errors.snapshot_not_found())
    return found


def access_label(user: User, permission: str, *, slug: str, key: str) -> Label:
    """Return a label of a project; raises NotFound, Forbidden."""
    project = project_for(user, permission, slug=slug)
    label = Label.objects.filter(project=project, key=key).first()
    if label is None:
        raise NotFound("label_not_found", "There is no such label in this project.")
    return label


def access_person(user: User, *, project: Project, id: UUID | str) -> User:
    """Return a person to be made (or no longer be) a member, for an admin of the project; raises NotFound."""
    require(user, "project.change", project)
    person = User.objects.filter(pk=_uuid(id)).first()
    if person is None:
        raise NotFound("user_not_found", "There is no such user.")
    return person


def comments_of(workitem: Workitem) -> QuerySet[Comment]:
    """Return the comments of a work item already accessed, oldest first."""
    return Comment.objects.filter(workitem=workitem).select_related("author").order_by("created_at", "id")
