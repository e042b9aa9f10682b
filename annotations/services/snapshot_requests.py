"""Asking what freezing would hold, and for the freeze itself: a job answers, its row keeps what came of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.db import transaction

from annotations.models import SnapshotRequest
from annotations.services.snapshots import checked_keys
from core import audit
from core.audit_kinds import AuditKind
from core.jobs import job_cancel, job_request, last_jobs
from core.models import Job

if TYPE_CHECKING:
    from collections.abc import Sequence

    from core.models import Project, User

KIND = "snapshot"
_ACTIVE = (Job.State.QUEUED, Job.State.RUNNING)


def snapshot_ask(
    *, project: Project, kind: str, question: str, label_keys: Sequence[str], by: User | None, name: str = ""
) -> SnapshotRequest:
    """Ask for a preview or a freeze; who asks the same while it is under way gets the same request.

    Raises:
        Invalid: an unknown label or question.
    """
    keys = checked_keys(project, question, label_keys)
    with transaction.atomic():
        same = SnapshotRequest.objects.filter(
            project=project, kind=kind, name=name, question=question, result__isnull=True, snapshot=None
        ).select_for_update()
        for row in same.order_by("-created_at")[:20]:
            job = job_of(row)
            if row.label_keys == keys and job is not None and job.state in _ACTIVE and not job.cancel_requested:
                return row
        row = SnapshotRequest.objects.create(
            project=project, kind=kind, name=name, question=question, label_keys=keys, requested_by=by
        )
        if kind == SnapshotRequest.Kind.FREEZE:
            audit.record(
                AuditKind.SNAPSHOT_REQUESTED, actor=by, object_kind="snapshot_request", object_id=row.pk,
                project=project, detail={"question": question, "labels": keys},
            )  # fmt: skip
        job_request(kind=KIND, arguments=_arguments(row), requested_by=by, project=project)
    return row


def _arguments(row: SnapshotRequest) -> dict[str, str]:
    return {"request_id": str(row.pk)}


def job_of(row: SnapshotRequest) -> Job | None:
    """Return the job that answers a request."""
    return next(iter(last_jobs(KIND, [_arguments(row)]).values()), None)


def jobs_of(rows: Sequence[SnapshotRequest]) -> dict[str, Job]:
    """Return the jobs that answer requests, by the request's id."""
    found = last_jobs(KIND, [_arguments(row) for row in rows])
    return {str(job.arguments["request_id"]): job for job in found.values()}


def requests_open(project: Project) -> list[SnapshotRequest]:
    """Return what is being answered now, and what was asked lately without an answer, newest first."""
    rows = SnapshotRequest.objects.filter(project=project, result__isnull=True, snapshot=None)
    newest = list(rows.select_related("project", "requested_by").order_by("-created_at")[:20])
    jobs = jobs_of(newest)
    return [row for row in newest if (job := jobs.get(str(row.pk))) is not None and job.state in _ACTIVE]


def snapshot_ask_cancel(*, request: SnapshotRequest, by: User) -> SnapshotRequest:
    """Stop answering: at once when it waits, within seconds when it runs. Raises Conflict when it is over."""
    job = job_of(request)
    if job is not None:
        job_cancel(job=job, by=by)
    return request


def snapshot_answer(*, request: SnapshotRequest, **found: Any) -> None:
    """Write what came of a request, once: a second worker that comes to an end later changes nothing."""
    SnapshotRequest.objects.filter(pk=request.pk, result__isnull=True, snapshot=None).update(**found)
