"""The scrubber finds what the disk has lost or changed, and tidies what killed processes left."""

from __future__ import annotations

import io
import os
import time
from typing import TYPE_CHECKING

import pytest
from django.core.management import CommandError, call_command

from core import blobs
from core.models import AuditEvent
from imaging.models import Instance
from tests.factories import dicom_files as made
from tests.imaging.arriving import arrived

if TYPE_CHECKING:
    from core.models import Project, User

pytestmark = pytest.mark.django_db


def test_a_whole_archive_is_said_to_be_whole_and_old_staging_files_go(project: Project, radiologist: User) -> None:
    for content in made.ct_series(slices=2):
        arrived(content, project, radiologist)
    old, fresh = blobs.staging_file(), blobs.staging_file()
    os.utime(old, (time.time() - 90_000,) * 2)
    out = io.StringIO()
    call_command("check_archive", stdout=out)
    assert "4 files checked, 1 old staging files removed" in out.getvalue()
    assert (old.exists(), fresh.exists()) == (False, True)


def test_missing_and_altered_files_are_named(project: Project, radiologist: User) -> None:
    for content in made.ct_series(slices=2):
        arrived(content, project, radiologist)
    lost, altered = Instance.objects.order_by("instance_number")
    blobs.local_path(lost.header_digest).unlink()
    path = blobs.local_path(altered.blob_digest)
    path.chmod(0o600)
    content = bytearray(path.read_bytes())
    content[-3] ^= 1
    path.write_bytes(content)
    out = io.StringIO()
    with pytest.raises(CommandError, match="1 files are missing and 1 altered of 4"):
        call_command("check_archive", stdout=out)
    assert f"missing: {lost.header_digest} (needed by instance {lost.sop_instance_uid})" in out.getvalue()
    assert f"altered: {altered.blob_digest}" in out.getvalue()
    assert AuditEvent.objects.get(event_type="archive.checked").outcome == "damaged"
