"""Doors back into the story, and what beat rings on a schedule."""

from __future__ import annotations

from celery import shared_task
from django.db import close_old_connections

from core import audit, events, jobs
from webapp import story


@shared_task(name="webapp.sweep", ignore_result=True)
def sweep() -> None:
    """Wake jobs that wait or whose worker died, and run chapters that never ran."""
    close_old_connections()
    jobs.jobs_sweep()
    story.recover()
    close_old_connections()


@shared_task(name="webapp.witness_audit", ignore_result=True)
def witness_audit() -> None:
    """Write the heads of the audit chains to the witness file."""
    close_old_connections()
    audit.witness_heads()


@shared_task(name="webapp.forget_events", ignore_result=True)
def forget_events() -> None:
    """Forget live events nobody will replay."""
    close_old_connections()
    events.forget_old()
