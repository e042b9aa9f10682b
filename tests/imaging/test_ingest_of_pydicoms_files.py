"""Every file of pydicom's own test set is stored and shown, or refused with a code: the table is the test.

To take a new look after a change: delete pydicom_outcomes.csv and run the test once.
"""

from __future__ import annotations

import csv
import shutil
from pathlib import Path

import pydicom.data
import pytest
from django.db import transaction

from core import blobs
from core.models import Project, User
from imaging.dicom import pixels
from imaging.dicom.refusals import REFUSALS
from imaging.models import Upload
from imaging.services.instance_store import instance_store
from imaging.services.uploads import upload_open

pytestmark = pytest.mark.django_db
TABLE = Path(__file__).parent / "pydicom_outcomes.csv"
PIXEL_REFUSALS = {
    "pixels_undecodable", "pixel_data_too_short", "pixel_data_empty", "image_header_incomplete",
    "photometric_interpretation_unknown", "palette_broken", "frames_not_separable",
}  # fmt: skip


def _bundled() -> dict[str, Path]:
    """Return pydicom's own files (those inside the package, nothing fetched), by their path in it."""
    root = Path(pydicom.data.__file__).parent / "test_files"
    found = [path for path in root.rglob("*") if path.is_file()]
    return {str(path.relative_to(root)): path for path in sorted(found)}


def _outcomes(project: Project, user: User) -> list[tuple[str, str, str, str]]:
    """Store each file into an empty archive (several of them share their UIDs), and show it if it is to be shown."""
    rows = []
    for name, path in _bundled().items():
        empty_archive = transaction.savepoint()
        staging = blobs.staging_file(".dcm")
        shutil.copyfile(path, staging)
        upload = upload_open(project=project, received_by=user, door=Upload.Door.COMMAND)
        verdict = instance_store(
            source=staging, project=project, received_by=user, door="command", file_name=name, upload=upload
        )
        instance = verdict.instance
        rows.append((name, str(verdict.outcome), verdict.code, instance.display if instance else ""))
        if instance is not None and instance.display in {"as_stored", "converted"}:
            picture = pixels.picture(blobs.local_path(instance.blob_digest))
            assert picture.shape[:2] == (instance.rows, instance.columns), name
            if not name.startswith("dicomdirtests"):  # those are 16 pixels of one grey
                assert picture.min() < picture.max(), f"{name} is shown as one flat grey"
        transaction.savepoint_rollback(empty_archive)
    return rows


def test_every_file_is_stored_and_shown_or_refused_with_a_code(project: Project, radiologist: User) -> None:
    rows = _outcomes(project, radiologist)
    if not TABLE.is_file():
        with TABLE.open("w", newline="") as stream:
            csv.writer(stream).writerows([("file", "outcome", "code", "display"), *rows])
    with TABLE.open(newline="") as stream:
        expected = [tuple(row) for row in csv.reader(stream)][1:]
    assert rows == expected
    for name, outcome, code, _display in rows:
        assert outcome != "refused" or code in set(REFUSALS) | PIXEL_REFUSALS, name
        assert code not in {"parse_crashed", "parse_timeout", "parse_memory"}, name
