"""Long work. The Job row is the truth on every broker; a message only wakes a worker.

A worker claims a row with one conditional UPDATE, holds it by a lease that a heartbeat renews, and finishes it only
while it still holds the lease. After ``kill -9`` the lease runs out and the sweep wakes another worker. A message
that is lost, doubled or late does no harm. Every job may run twice and must be written so.
"""

from __future__ import annotations

import os
import socket
import threading
import time
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING, Any

import structlog
from celery import shared_task
from django.conf import settings
from django.db import IntegrityError, close_old_connections, connection, transaction
from django.db.models import F, Q

from core import audit, bell, context, events
from core.audit_kinds import AuditKind
from core.clock import database_now
from core.digest import digest_of
from core.errors import Conflict, OverreadError
from core.event_kinds import EventKind
from core.models import Job, Project, User

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

log = structlog.get_logger(__name__)
_shutting_down = threading.Event()


class JobStopped(Exception):
    """Raised by a job that saw ``should_stop``: it was cancelled, lost its lease, or the worker is leaving."""


@dataclass(frozen=True)
class JobKind:
    """How one kind of job is run."""

    kind: str
    run: Callable[..., None]
    queue: str
    attempts: int
    lease_seconds: float | None


_kinds: dict[str, JobKind] = {}


def job(
    *, kind: str, queue: str = "cpu", attempts: int = 3, lease_seconds: float | None = None
) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Declare ``run(context, **arguments)`` as the work of jobs of ``kind``.

    Args:
        queue: ``cpu`` or ``gpu``: which workers take it.
        attempts: how often it may be begun, counting crashes of the worker.
        lease_seconds: after this long without a heartbeat another worker may take it; None: as the settings say.
    """

    def declare(run: Callable[..., None]) -> Callable[..., None]:
        _kinds[kind] = JobKind(kind, run, queue, attempts, lease_seconds)
        return run

    return declare


@dataclass
class JobContext:
    """What a running job may ask and say."""

    job_id: str
    worker: str
    attempt: int
    lease_seconds: float
    progress_so_far: dict[str, Any] = field(default_factory=dict)
    _lost: threading.Event = field(default_factory=threading.Event)
    _cancelled: threading.Event = field(default_factory=threading.Event)
    _saved_at: float = 0.0
    _asked_at: float = 0.0

    def _mine(self) -> Any:
        return Job.objects.filter(pk=self.job_id, worker=self.worker, attempt=self.attempt, state=Job.State.RUNNING)

    def renew(self) -> None:
        """Renew the lease, and learn whether a cancel was asked for or the lease was lost."""
        renewed = self._mine().update(lease_until=database_now() + timedelta(seconds=self.lease_seconds))
        if not renewed:
            self._lost.set()
        elif self._mine().filter(cancel_requested=True).exists():
            self._cancelled.set()

    def progress(self, *, at_once: bool = False, **fields: Any) -> None:
        """Merge ``fields`` (JSON-ready, no patient data) into the job's progress; written at most twice a second."""
        self.progress_so_far |= fields
        if at_once or time.monotonic() - self._saved_at > 0.5:
            self._saved_at = time.monotonic()
            self._mine().update(progress=self.progress_so_far)

    @property
    def cancelled(self) -> bool:
        """True when somebody asked to cancel this job."""
        return self._cancelled.is_set()

    def should_stop(self) -> bool:
        """Say whether to stop now; cheap enough to ask every batch (the database is asked once a second)."""
        if time.monotonic() - self._asked_at > 1.0:
            self._asked_at = time.monotonic()
            self.renew()
        return self._lost.is_set() or self._cancelled.is_set() or _shutting_down.is_set()

    def check(self) -> None:
        """Raise JobStopped when ``should_stop``."""
        if self.should_stop():
            raise JobStopped


class _Heartbeat(threading.Thread):
    """Renews a lease from a thread of its own, so that long computations need not think of it."""

    def __init__(self, job_context: JobContext) -> None:
        super().__init__(name=f"heartbeat-{job_context.job_id}", daemon=True)
        self.job_context = job_context
        self._stop_asked = threading.Event()

    def run(self) -> None:
        while not self._stop_asked.wait(min(5.0, self.job_context.lease_seconds / 3)):
            try:
                self.job_context.renew()
            except Exception as error:  # the database may be away for a moment; the next beat tries again
                log.warning("job.heartbeat_failed", job=self.job_context.job_id, error=type(error).__name__)
        connection.close()

    def stop(self) -> None:
        self._stop_asked.set()
        self.join(timeout=2)


def job_request(
    *,
    kind: str,
    arguments: Mapping[str, str],
    requested_by: User | None = None,
    project: Project | None = None,
    queue: str | None = None,
    wait: timedelta = timedelta(0),
) -> Job:
    """Return the active job of this kind with these arguments, made and enqueued (after commit) if there is none.

    Args:
        arguments: ids as strings; never data.
        wait: it is not begun before so long from now.

    Raises:
        KeyError: no such kind was declared.
    """
    declared = _kinds[kind]
    digest = job_digest(kind, arguments)
    active = Q(kind=kind, digest=digest, state__in=[Job.State.QUEUED, Job.State.RUNNING])
    while True:
        existing = Job.objects.filter(active).first()
        if existing is not None:
            return _brought_forward(existing) if requested_by is not None and not wait else existing
        try:
            with transaction.atomic():
                row = Job.objects.create(
                    kind=kind,
                    queue=queue or declared.queue,
                    arguments=dict(arguments),
                    digest=digest,
                    attempts_allowed=declared.attempts,
                    not_before=database_now() + wait,
                    requested_by=requested_by,
                    project=project,
                )
        except IntegrityError:
            continue  # somebody made the same one meanwhile; by now it may be over again
        transaction.on_commit(partial(wake, row, wait=wait))
        return row


def _brought_forward(row: Job) -> Job:
    """Let a job that waits for its time begin now: somebody wants to know."""
    now = database_now()
    waiting = Job.objects.filter(pk=row.pk, state=Job.State.QUEUED, not_before__gt=now)
    if waiting.update(not_before=now):
        transaction.on_commit(partial(wake, row))
    return row


def job_digest(kind: str, arguments: Mapping[str, str]) -> str:
    """Return the digest by which jobs of the same kind with the same arguments know each other."""
    return digest_of({"kind": kind, "arguments": dict(arguments)})


def last_jobs(kind: str, arguments: Iterable[Mapping[str, str]]) -> dict[str, Job]:
    """Return the newest job of each question, by ``job_digest``; questions never asked are left out."""
    digests = [job_digest(kind, one) for one in arguments]
    rows = Job.objects.filter(kind=kind, digest__in=digests).order_by("created_at")
    return {row.digest: row for row in rows}


def wake(row: Job, *, wait: timedelta = timedelta(0)) -> None:
    """Send a worker the message to look at this row; a broker that is away only delays it until the sweep.

    Args:
        wait: the worker looks so long from now.
    """
    if settings.OVERREAD_JOBS_WAKE == "none":
        return
    Job.objects.filter(pk=row.pk).update(woken_at=database_now() + wait)
    # A little later than the row may be claimed: a message that comes too early finds nothing to do.
    later = {"countdown": wait.total_seconds() + 0.5} if wait else {}
    try:
        run_job_message.apply_async((str(row.pk),), queue=row.queue, retry=False, **later)
    except Exception as error:  # any broker failure: the row stays queued and the sweep wakes it again
        log.warning("job.wake_failed", job=str(row.pk), error=type(error).__name__)


def job_cancel(*, job: Job, by: User) -> Job:
    """Cancel a job: at once when it waits, within seconds when it runs. Raises Conflict when it is over."""
    with transaction.atomic():
        stopped = Job.objects.filter(pk=job.pk, state=Job.State.QUEUED).update(
            state=Job.State.CANCELLED, cancel_requested=True, finished_at=database_now()
        )
        if not stopped:
            asked = Job.objects.filter(pk=job.pk, state=Job.State.RUNNING).update(cancel_requested=True)
            if not asked:
                raise Conflict("job_is_over", "This job is already over, so there is nothing to cancel.")
        audit.record(AuditKind.JOB_CANCELLED, actor=by, object_kind="job", object_id=job.pk, project=job.project)
        events.publish(EventKind.JOB_CHANGED, job.pk, project=job.project)
    job.refresh_from_db()
    if stopped:
        job_over(job)
    return job


def job_drop(*, job: Job) -> bool:
    """Take back a job that still waits and that nobody needs any more; returns whether it had not begun."""
    dropped = Job.objects.filter(pk=job.pk, state=Job.State.QUEUED).update(
        state=Job.State.CANCELLED, finished_at=database_now(), followed_at=database_now()
    )
    return bool(dropped)


def _claim(job_id: str) -> JobContext | None:
    now = database_now()
    worker = f"{socket.gethostname()[:60]}:{os.getpid()}:{threading.get_ident()}"
    claimable = Q(attempt__lt=F("attempts_allowed")) & (
        Q(state=Job.State.QUEUED, not_before__lte=now) | Q(state=Job.State.RUNNING, lease_until__lt=now)
    )
    row = Job.objects.filter(claimable, pk=job_id).first()
    if row is None or row.kind not in _kinds:
        return None
    lease = _kinds[row.kind].lease_seconds or settings.OVERREAD_JOB_LEASE_SECONDS
    claimed = Job.objects.filter(claimable, pk=job_id, attempt=row.attempt).update(
        state=Job.State.RUNNING,
        worker=worker,
        attempt=F("attempt") + 1,
        lease_until=now + timedelta(seconds=lease),
        started_at=row.started_at or now,
    )
    if not claimed:
        return None
    return JobContext(str(row.pk), worker, row.attempt + 1, lease, progress_so_far=dict(row.progress))


def _finish(job_context: JobContext, state: str, **fields: Any) -> Job | None:
    with transaction.atomic():
        updated = job_context._mine().update(
            state=state,
            finished_at=database_now(),
            lease_until=None,
            progress=job_context.progress_so_far,
            **fields,
        )
        if not updated:
            return None
        row = Job.objects.get(pk=job_context.job_id)
        events.publish(EventKind.JOB_CHANGED, row.pk, project=row.project)
    return row


def _put_back(job_context: JobContext, *, delay: timedelta, count_attempt: bool) -> None:
    row = Job.objects.get(pk=job_context.job_id)
    if count_attempt and row.attempt >= row.attempts_allowed:
        finished = _finish(
            job_context,
            Job.State.FAILED,
            error_code="job_crashed",
            error_message="This failed unexpectedly several times. Look into the worker's log with the job's id.",
        )
        if finished:
            job_over(finished)
        return
    attempt = job_context.attempt if count_attempt else job_context.attempt - 1
    job_context._mine().update(
        state=Job.State.QUEUED, lease_until=None, attempt=attempt, not_before=database_now() + delay, woken_at=None
    )


def job_over(row: Job) -> None:
    """Ring for a job that is over, and note on its row that what follows has been done. May run twice."""
    if bell.ring(row.kind, row.state, row):
        Job.objects.filter(pk=row.pk).update(followed_at=database_now())
    else:
        Job.objects.filter(pk=row.pk).update(follow_tries=F("follow_tries") + 1)


def jobs_unfollowed(*, tries: int = 20, limit: int = 200) -> list[Job]:
    """Return jobs that were over a minute ago and whose next chapter was not done, those least often tried first."""
    settled = database_now() - timedelta(minutes=1)
    rows = Job.objects.filter(followed_at__isnull=True, finished_at__lt=settled, follow_tries__lt=tries)
    return list(rows.order_by("follow_tries", "finished_at")[:limit])


def run_job(job_id: str) -> bool:
    """Run one job here and now if it can be claimed; returns whether it ran.

    Raises nothing: the outcome is on the row.
    """
    job_context = _claim(job_id)
    if job_context is None:
        return False
    row = Job.objects.get(pk=job_id)
    heartbeat = _Heartbeat(job_context)
    heartbeat.start()
    finished: Job | None = None
    with context.entered(context.RequestContext(request_id=str(row.pk), source="worker")):
        try:
            _kinds[row.kind].run(job_context, **row.arguments)
            finished = _finish(job_context, Job.State.SUCCEEDED, error_code="", error_message="")
        except JobStopped:
            job_context.renew()
            if job_context.cancelled:
                finished = _finish(job_context, Job.State.CANCELLED)
            else:
                _put_back(job_context, delay=timedelta(0), count_attempt=False)
        except OverreadError as error:
            log.warning("job.failed", job=str(row.pk), kind=row.kind, code=error.code)
            finished = _finish(job_context, Job.State.FAILED, error_code=error.code, error_message=error.message[:500])
        except Exception:
            log.exception("job.crashed", job=str(row.pk), kind=row.kind, attempt=job_context.attempt)
            _put_back(job_context, delay=timedelta(seconds=2**job_context.attempt), count_attempt=True)
        finally:
            heartbeat.stop()
        if finished is not None:
            job_over(finished)
    return True


@shared_task(name="core.run_job", ignore_result=True, acks_late=True, reject_on_worker_lost=True)
def run_job_message(job_id: str) -> None:
    """The one Celery task of the house: look at a Job row and run it if nobody else does."""
    close_old_connections()
    run_job(job_id)
    close_old_connections()


def jobs_sweep() -> int:
    """Wake jobs whose message was lost or whose worker died; fail those that used up their attempts.

    Returns:
        How many jobs were woken.
    """
    now = database_now()
    exhausted = Job.objects.filter(state=Job.State.RUNNING, lease_until__lt=now, attempt__gte=F("attempts_allowed"))
    for row in exhausted:
        lost = Job.objects.filter(pk=row.pk, state=Job.State.RUNNING, lease_until__lt=now, attempt=row.attempt).update(
            state=Job.State.FAILED,
            finished_at=now,
            error_code="job_lost",
            error_message="The worker died several times during this job. Start it again; it may need more memory.",
        )
        if lost:
            row.refresh_from_db()
            events.publish(EventKind.JOB_CHANGED, row.pk, project=row.project)
            job_over(row)
    stale = now - timedelta(seconds=30)
    waiting = Q(state=Job.State.QUEUED, not_before__lte=now) & (Q(woken_at__isnull=True) | Q(woken_at__lt=stale))
    dead = Q(state=Job.State.RUNNING, lease_until__lt=now)
    woken = 0
    for row in Job.objects.filter(waiting | dead).order_by("created_at")[:200]:
        wake(row)
        woken += 1
    return woken


def run_waiting_jobs(*, limit: int = 1000) -> int:
    """Run every waiting job in this process, one after the other (for tests, the demo and single commands)."""
    ran = 0
    while ran < limit:
        row = Job.objects.filter(state=Job.State.QUEUED, not_before__lte=database_now()).order_by("created_at").first()
        if row is None:
            break
        run_job(str(row.pk))
        ran += 1
    return ran


def shut_down() -> None:
    """Tell running jobs of this process to stop at their next question; they are put back, not lost."""
    _shutting_down.set()
