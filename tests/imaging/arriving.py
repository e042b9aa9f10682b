"""Sends bytes through the one service that stores, as every door does."""

from __future__ import annotations

from typing import TYPE_CHECKING

from core import blobs
from imaging.models import Upload
from imaging.services.uploads import upload_file, upload_open

if TYPE_CHECKING:
    from core.models import Project, User
    from imaging.models import UploadVerdict


def arrived(
    content: bytes, project: Project, user: User | None, *, name: str = "a.dcm", upload: Upload | None = None
) -> list[UploadVerdict]:
    """Store one file (or zip) and return the verdicts."""
    staging = blobs.staging_file(".dcm")
    staging.write_bytes(content)
    upload = upload or upload_open(project=project, received_by=user, door=Upload.Door.BROWSER)
    return upload_file(upload=upload, source=staging, file_name=name)


def told(verdicts: list[UploadVerdict]) -> list[tuple[str, str]]:
    """Return outcome and code of each verdict."""
    return [(str(verdict.outcome), verdict.code) for verdict in verdicts]
