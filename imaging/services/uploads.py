"""Batches of files: opened, filled file by file (zips are walked), finished. A bad file never stops the rest."""

from __future__ import annotations

import shutil
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from core import audit, bell, blobs, events
from core.audit_kinds import AuditKind
from core.errors import Conflict
from core.event_kinds import EventKind
from imaging.models import Upload, UploadVerdict
from imaging.services.instance_store import instance_store, verdict_refused
from imaging.services.zip_entries import Entry, is_zip, zip_entries

if TYPE_CHECKING:
    from collections.abc import Iterator

    from core.models import Project, User

#: What comes out of a zip may be so many times the largest upload.
ZIP_TOTAL_FACTOR = 4
_SKIPPED = {"DICOMDIR", ".DS_Store", "Thumbs.db", "desktop.ini"}


def upload_open(*, project: Project, received_by: User | None, door: str) -> Upload:
    """Open a batch."""
    with transaction.atomic():
        upload = Upload.objects.create(project=project, received_by=received_by, door=door)
        audit.record(
            AuditKind.UPLOAD_OPENED, actor=received_by, object_kind="upload", object_id=upload.pk, project=project,
            detail={"door": door},
        )  # fmt: skip
    return upload


def upload_finish(*, upload: Upload) -> Upload:
    """Close a batch, and ring the bell if anything arrived; every door ends here. Closing it again rings again."""
    with transaction.atomic():
        if upload.finished_at is None:
            upload.finished_at = timezone.now()
            upload.save(update_fields=["finished_at"])
            audit.record(
                AuditKind.UPLOAD_FINISHED, actor=upload.received_by, object_kind="upload", object_id=upload.pk,
                project=upload.project, detail={"files": upload.verdicts.count()},
            )  # fmt: skip
            events.publish(EventKind.UPLOAD_CHANGED, upload.pk, project=upload.project)
    if upload.verdicts.filter(instance__isnull=False).exists():
        bell.ring("upload", "finished", upload)
    return upload


def is_skipped(name: str) -> bool:
    """Say whether a file is a folder list or a system's own file, which nobody means to upload."""
    path = PurePosixPath(name)
    return path.name in _SKIPPED or path.name.startswith("._") or "__MACOSX" in path.parts


def upload_file(*, upload: Upload, source: Path, file_name: str) -> list[UploadVerdict]:
    """Take one file, or each entry of a zip; ``source`` (a staging file) is used up. Returns the verdicts."""
    if upload.finished_at is not None:
        source.unlink(missing_ok=True)
        raise Conflict("upload_finished", "This upload is finished. Open another for more files.")
    if is_skipped(file_name):
        size = source.stat().st_size
        source.unlink()
        return [verdict_refused(upload=upload, file_name=file_name, byte_size=size, code="not_an_image_file")]
    if is_zip(source):
        try:
            return [_entry_verdict(upload, entry, file_name) for entry in _entries(source)]
        finally:
            source.unlink(missing_ok=True)
    return [_stored(upload, source, file_name)]


def _entries(source: Path) -> Iterator[Entry]:
    return zip_entries(source, total_limit=ZIP_TOTAL_FACTOR * settings.OVERREAD_UPLOAD_LIMIT_BYTES)


def _entry_verdict(upload: Upload, entry: Entry, file_name: str) -> UploadVerdict:
    name = f"{file_name}/{entry.name}" if entry.name else file_name
    skipped = entry.staging is not None and is_skipped(entry.name)
    if entry.staging is None or skipped:
        if entry.staging is not None:
            entry.staging.unlink()
        code = "not_an_image_file" if skipped else entry.code
        return verdict_refused(upload=upload, file_name=name, byte_size=entry.byte_size, code=code)
    return _stored(upload, entry.staging, name)


def _stored(upload: Upload, source: Path, file_name: str) -> UploadVerdict:
    return instance_store(
        source=source,
        project=upload.project,
        received_by=upload.received_by,
        door=upload.door,
        file_name=file_name,
        upload=upload,
    )


def staged_copy(path: Path) -> Path:
    """Copy a local file into staging, for doors that must leave the sender's file where it is."""
    staging = blobs.staging_file(".dcm")
    shutil.copyfile(path, staging)
    return staging
