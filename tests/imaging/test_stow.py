"""STOW-RS: what is sent is stored or refused one by one, and the answer says which is which."""

from __future__ import annotations

from io import BytesIO
from typing import TYPE_CHECKING, Any

import pytest
from django.test import Client, override_settings
from pydicom import dcmread

from core import bell, blobs
from imaging.dicom.multipart import join_parts, part_head
from imaging.models import Instance, ProjectStudy, Upload
from tests.factories import dicom_files as made
from tests.imaging.archive import address, bundled

if TYPE_CHECKING:
    from core.models import Project, User

pytestmark = [pytest.mark.django_db, pytest.mark.filterwarnings("ignore")]


@pytest.fixture
def client(radiologist: User) -> Client:
    client = Client()
    client.force_login(radiologist)
    return client


@pytest.fixture(autouse=True)
def arrivals(monkeypatch: pytest.MonkeyPatch) -> list[Upload]:
    arrived: list[Upload] = []
    monkeypatch.setattr(bell, "_listener", [lambda _what, _outcome, row: arrived.append(row)])
    return arrived


def body_of(*contents: bytes, kind: str = "application/dicom") -> bytes:
    return b"".join(join_parts("here", ((part_head("here", kind), (content,)) for content in contents)))


def post(client: Client, body: bytes, path: str = "studies", kind: str | None = None) -> Any:
    kind = kind or 'multipart/related; type="application/dicom"; boundary=here'
    accept = {"Accept": "application/dicom+json"}
    return client.generic("POST", f"/dicomweb/{path}", body, content_type=kind, headers=accept)


def test_instances_are_stored_in_the_inbox_and_can_be_read_back(
    client: Client, project: Project, arrivals: list[Upload]
) -> None:
    files = [bundled(name).read_bytes() for name in ("CT_small.dcm", "MR_small.dcm")]
    response = post(client, body_of(*files))
    assert response.status_code == 200
    report = response.json()
    stored = report["00081199"]["Value"]
    assert len(stored) == 2
    assert "00081198" not in report
    for reference, original in zip(stored, files, strict=True):
        url = reference["00081190"]["Value"][0]
        assert client.get(url, headers={"Accept": "application/dicom"}).getvalue() == original
    assert set(ProjectStudy.objects.values_list("project__slug", flat=True)) == {project.slug}
    assert [upload.door for upload in arrivals] == ["stow"]
    assert left_behind() == []


def left_behind() -> list[str]:
    """Return the staging files that nobody took away."""
    probe = blobs.staging_file()
    probe.unlink()
    return [path.name for path in probe.parent.iterdir()]


def test_a_batch_with_a_broken_file_is_stored_in_part(client: Client, project: Project, arrivals: list[Upload]) -> None:
    response = post(client, body_of(b"this is no DICOM", bundled("CT_small.dcm").read_bytes()))
    assert response.status_code == 202
    report = response.json()
    assert [item["00081197"]["Value"] for item in report["00081198"]["Value"]] == [[0xC000]]
    assert len(report["00081199"]["Value"]) == 1
    assert len(arrivals) == 1


def test_nothing_that_could_be_stored_is_409(client: Client, project: Project, arrivals: list[Upload]) -> None:
    response = post(client, body_of(b"this is no DICOM"))
    assert response.status_code == 409
    assert "00081199" not in response.json()
    assert arrivals == []


def _redrawn(content: bytes) -> bytes:
    dataset = dcmread(BytesIO(content))
    dataset.PixelData = bytes(64) + dataset.PixelData[64:]
    written = BytesIO()
    dataset.save_as(written)
    return written.getvalue()


def test_a_clash_of_identity_is_stored_with_a_warning(client: Client, project: Project) -> None:
    anna, bertil = made.ct_slice("one"), made.ct_slice("two")
    anna.PatientID = bertil.PatientID = "SHARED"
    bertil.PatientName = "Birch^Bertil"
    assert post(client, body_of(made.file_bytes(anna))).status_code == 200
    warned = post(client, body_of(made.file_bytes(bertil)))
    assert (warned.status_code, "another name" in warned["Warning"]) == (202, True)
    (reference,) = warned.json()["00081199"]["Value"]
    assert reference["00081196"]["Value"] == [0xB100]


def test_storing_twice_is_no_error_and_other_content_under_the_same_uid_is_refused(
    client: Client, project: Project
) -> None:
    content = bundled("MR_small.dcm").read_bytes()
    assert [post(client, body_of(content)).status_code for _ in range(2)] == [200, 200]
    assert Instance.objects.count() == 1
    encoded = post(client, body_of(bundled("MR_small_RLE.dcm").read_bytes()))
    assert encoded.status_code == 200, "the same image in another encoding is stored already"
    other = post(client, body_of(_redrawn(content)))
    assert other.status_code == 409
    (failed,) = other.json()["00081198"]["Value"]
    instance = Instance.objects.get()
    assert failed["00081155"]["Value"] == [instance.sop_instance_uid]
    assert failed["00081197"]["Value"] == [0x0111]
    assert client.get(address(instance), headers={"Accept": "application/dicom"}).getvalue() == content


def test_a_study_in_the_address_takes_only_its_own_instances(client: Client, project: Project) -> None:
    content = bundled("CT_small.dcm").read_bytes()
    wrong = post(client, body_of(content), "studies/1.2.3")
    assert wrong.status_code == 409
    assert wrong.json()["00081198"]["Value"][0]["00081197"]["Value"] == [0xA900]
    assert not Instance.objects.exists()
    post(client, body_of(content))
    study = Instance.objects.get().series.study.study_instance_uid
    assert post(client, body_of(content), f"studies/{study}").status_code == 200


def test_one_bare_instance_is_taken_too(client: Client, project: Project) -> None:
    response = post(client, bundled("CT_small.dcm").read_bytes(), kind="application/dicom")
    assert response.status_code == 200
    assert Instance.objects.count() == 1


def test_broken_bodies_and_other_types_are_refused_with_a_code(client: Client, project: Project) -> None:
    cut = body_of(bundled("CT_small.dcm").read_bytes())[:-20]
    cases = [
        (post(client, cut), 400, "multipart_malformed"),
        (post(client, b"x", kind="multipart/related; type=application/dicom"), 400, "multipart_malformed"),
        (post(client, b"{}", kind="application/json"), 415, "unsupported_media_type"),
        (post(client, b"--here--\r\n"), 400, "nothing_sent"),
    ]
    for response, status, code in cases:
        assert (response.status_code, response.json()["code"]) == (status, code)
    assert not Instance.objects.exists()
    assert left_behind() == []


@override_settings(OVERREAD_UPLOAD_LIMIT_BYTES=20_000)
def test_what_is_too_large_is_refused_and_what_came_before_it_stays(
    client: Client, project: Project, arrivals: list[Upload]
) -> None:
    small, large = bundled("MR_small.dcm").read_bytes(), bundled("CT_small.dcm").read_bytes()
    response = post(client, body_of(small, large))
    assert (response.status_code, response.json()["code"]) == (413, "part_too_large")
    assert Instance.objects.count() == 1
    assert len(arrivals) == 1
    assert left_behind() == []


def test_who_may_not_store_cannot(project: Project, stranger: User) -> None:
    content = body_of(bundled("CT_small.dcm").read_bytes())
    client = Client()
    assert post(client, content).status_code == 401
    client.force_login(stranger)
    assert post(client, content).status_code == 404
    assert post(client, content, "projects/chest/studies").status_code == 404
    assert not Instance.objects.exists()


def test_a_browser_without_the_csrf_token_cannot_store(project: Project, radiologist: User) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(radiologist)
    assert post(client, body_of(bundled("CT_small.dcm").read_bytes())).status_code == 403
