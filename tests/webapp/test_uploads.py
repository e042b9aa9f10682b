"""The browser's door: open, send file by file, finish; and what follows on the worklist."""

from __future__ import annotations

import io
import zipfile
from typing import TYPE_CHECKING, Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from annotations.models import Workitem
from core.models import Job, Project, User
from imaging.models import Instance, Upload
from tests.factories import dicom_files as made

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

pytestmark = pytest.mark.django_db


def _client(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def _opened(client: Client, project: Project) -> str:
    answer = client.post("/api/v1/uploads", {"project": project.slug}, content_type="application/json")
    assert answer.status_code == 201, answer.content
    return str(answer.json()["id"])


def _send(client: Client, upload: str, content: bytes, name: str = "a.dcm", **fields: str) -> Any:
    sent = {"file": SimpleUploadedFile(name, content), **fields}
    return client.post(f"/api/v1/uploads/{upload}/files", sent)


def test_images_come_in_file_by_file_and_reach_the_worklist(
    project: Project,
    radiologist: User,
    run_jobs: Callable[[], int],
    own_data_folder: Path,
    django_capture_on_commit_callbacks: Any,
) -> None:
    client = _client(radiologist)
    upload = _opened(client, project)
    first, *rest = made.ct_series(slices=3)
    answer = _send(client, upload, first, path="CT/one.dcm")
    [verdict] = answer.json()["verdicts"]
    assert (verdict["file_name"], verdict["outcome"]) == ("CT/one.dcm", "stored")
    assert verdict["study_instance_uid"] == made.file_uid("ct", "study")
    [refused] = _send(client, upload, b"hello", "notes.txt").json()["verdicts"]
    assert (refused["outcome"], refused["code"], refused["study_instance_uid"]) == ("refused", "not_dicom", None)
    assert "Convert it to DICOM" in refused["message"]
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for number, content in enumerate(rest):
            archive.writestr(f"{number}.dcm", content)
    verdicts = _send(client, upload, packed.getvalue(), "rest.zip").json()["verdicts"]
    assert [verdict["outcome"] for verdict in verdicts] == ["stored", "stored"]
    with django_capture_on_commit_callbacks(execute=True):
        finished = client.post(f"/api/v1/uploads/{upload}/finish").json()
    assert finished["finished_at"]
    assert len(finished["verdicts"]) == 4
    assert list((own_data_folder / "staging").iterdir()) == []
    assert Job.objects.get(kind="series_index").state == "queued"
    run_jobs()
    workitem = Workitem.objects.get()
    assert (workitem.project, workitem.state) == (project, "open")
    assert workitem.study.number_of_study_related_instances == 3


def test_an_upload_belongs_to_who_opened_it(project: Project, radiologist: User, reviewer: User) -> None:
    upload = _opened(_client(radiologist), project)
    other = _client(reviewer)
    for answer in (
        other.get(f"/api/v1/uploads/{upload}"),
        _send(other, upload, made.ct_series(slices=1)[0]),
        other.post(f"/api/v1/uploads/{upload}/finish"),
    ):
        assert (answer.status_code, answer.json()["code"]) == (404, "upload_not_found")
    assert not Instance.objects.exists()


def test_a_stranger_cannot_upload_into_a_project(project: Project, stranger: User) -> None:
    answer = _client(stranger).post("/api/v1/uploads", {"project": project.slug}, content_type="application/json")
    assert (answer.status_code, answer.json()["code"]) == (404, "project_not_found")
    assert not Upload.objects.exists()


def test_a_request_without_a_file_says_so(project: Project, radiologist: User) -> None:
    client = _client(radiologist)
    answer = client.post(f"/api/v1/uploads/{_opened(client, project)}/files", {"path": "x"})
    assert (answer.status_code, answer.json()["code"]) == (422, "file_missing")
