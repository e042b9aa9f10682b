"""Puts pydicom's own files into the archive through the one service that stores, for tests of what reads it."""

from __future__ import annotations

import shutil
from pathlib import Path

from pydicom.data import get_testdata_file

from core import blobs
from core.models import Project, User
from imaging.models import Instance, Upload
from imaging.services.instance_store import instance_store
from imaging.services.series_index import series_index
from imaging.services.uploads import upload_open


def bundled(name: str) -> Path:
    """Return the path of one of pydicom's bundled files."""
    path = get_testdata_file(name, download=False)
    assert isinstance(path, str), f"pydicom no longer carries {name}"
    return Path(path)


def archived(path: Path, project: Project, user: User) -> Instance:
    """Store a copy of the file and index its series; returns the instance."""
    staging = blobs.staging_file(".dcm")
    shutil.copyfile(path, staging)
    upload = upload_open(project=project, received_by=user, door=Upload.Door.COMMAND)
    verdict = instance_store(
        source=staging, project=project, received_by=user, door="command", file_name=path.name, upload=upload
    )
    assert verdict.instance is not None, (path.name, verdict.code)
    series_index(series=verdict.instance.series)
    return Instance.objects.select_related("series__study__patient").get(pk=verdict.instance.pk)


def address(instance: Instance, below: str = "", root: str = "/dicomweb") -> str:
    """Return the instance's DICOMweb address."""
    series = instance.series
    return (
        f"{root}/studies/{series.study.study_instance_uid}/series/{series.series_instance_uid}"
        f"/instances/{instance.sop_instance_uid}{below}"
    )
