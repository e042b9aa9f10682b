"""The Celery app. Messages only wake workers; see core.jobs."""

from __future__ import annotations

import os
import signal
import threading
from typing import Any

from billiard.process import current_process
from celery import Celery
from celery.signals import setup_logging, task_postrun, task_prerun, worker_process_shutdown, worker_shutting_down

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "webapp.settings")

app = Celery("overread")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks(["core", "imaging", "annotations", "inference", "webapp"])
app.autodiscover_tasks(["core"], related_name="jobs")


@setup_logging.connect
def _keep_our_logs(**_: Any) -> None:
    """Celery leaves logging alone: the settings have configured it."""


@worker_shutting_down.connect
@worker_process_shutdown.connect
def _stop_jobs(**_: Any) -> None:
    from core.jobs import shut_down

    shut_down()


_before: list[Any] = []


@task_prerun.connect
def _stop_job_when_told(**_: Any) -> None:
    """While a child of the pool works, SIGTERM asks its job to stop at its next question, so that it is put back."""
    from core.jobs import shut_down

    if current_process().name != "MainProcess" and threading.current_thread() is threading.main_thread():
        _before.append(signal.signal(signal.SIGTERM, lambda *_: shut_down()))


@task_postrun.connect
def _end_when_told(**_: Any) -> None:
    """Between jobs SIGTERM ends the child, as the pool has it."""
    if _before:
        signal.signal(signal.SIGTERM, _before.pop())
