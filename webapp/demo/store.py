"""Brings files in through the same service as every other door."""

from __future__ import annotations

from typing import TYPE_CHECKING

from core import blobs
from core.jobs import run_waiting_jobs
from imaging.models import Study, Upload, UploadVerdict
from imaging.services.uploads import upload_file, upload_finish, upload_open

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from core.models import Project, User


def files_store(
    *, project: Project, by: User, files: Iterable[tuple[str, bytes]], stored: Callable[[str], None]
) -> dict[str, Study]:
    """Store files, index their series here and now, and return the study of each file name.

    Args:
        stored: called with each file name when it is in.

    Raises:
        RuntimeError: a file was refused; the demo's own files must not be.
    """
    upload = upload_open(project=project, received_by=by, door=Upload.Door.COMMAND)
    studies: dict[str, Study] = {}
    for name, content in files:
        staging = blobs.staging_file(".dcm")
        staging.write_bytes(content)
        for verdict in upload_file(upload=upload, source=staging, file_name=name):
            if verdict.outcome in {UploadVerdict.Outcome.REFUSED, UploadVerdict.Outcome.CONFLICT}:
                raise RuntimeError(f"{name}: {verdict.code}")
            assert verdict.instance is not None
            studies[name] = verdict.instance.series.study
        stored(name)
    upload_finish(upload=upload)
    run_waiting_jobs()
    return studies
