"""The same UID again: recognised for what it is, kept beside the first, decided by an admin, never overwritten."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from django.conf import settings
from django.test import Client
from pydicom.dataset import Dataset
from pydicom.uid import ImplicitVRLittleEndian

from core import blobs
from core.bell import answer_with
from core.errors import Conflict, Invalid
from core.models import AuditEvent, Project
from imaging.dicom.pixels import decode_frame
from imaging.models import ConflictDecision, Instance, InstanceConflict, Patient, Series, Study
from imaging.services.conflicts import conflict_decide
from tests.factories import dicom_files as made
from tests.imaging.arriving import arrived, told

if TYPE_CHECKING:
    from collections.abc import Iterator

    from core.models import User

pytestmark = pytest.mark.django_db


@pytest.fixture
def rung() -> Iterator[list[tuple[str, str, object]]]:
    from webapp import story

    heard: list[tuple[str, str, object]] = []
    answer_with(lambda what, outcome, row: heard.append((what, outcome, row.pk)))
    yield heard
    answer_with(story.follow)


def _changed(**values: Any) -> bytes:
    dataset = made.ct_slice()
    for keyword, value in values.items():
        setattr(dataset, keyword, value)
    return made.file_bytes(dataset)


def _repainted() -> bytes:
    dataset = made.ct_slice()
    pixels = np.frombuffer(dataset.PixelData, np.int16).copy()
    pixels[40:60] = 777
    dataset.PixelData = pixels.tobytes()
    return made.file_bytes(dataset)


@pytest.fixture
def first(project: Project, radiologist: User) -> Instance:
    [verdict] = arrived(made.file_bytes(made.ct_slice()), project, radiologist)
    assert verdict.instance is not None
    return verdict.instance


def _implicit() -> bytes:
    dataset = made.ct_slice()
    dataset.file_meta.TransferSyntaxUID = ImplicitVRLittleEndian
    return made.file_bytes(dataset)


@pytest.mark.parametrize("again", [_implicit, lambda: made.file_bytes(made.rle(made.ct_slice()))])
def test_the_same_image_in_another_encoding_is_called_so_and_needs_nobody(
    again: Any, first: Instance, project: Project, radiologist: User
) -> None:
    Instance.objects.update(decoded_digest="")  # as stored before decoded pixels had a digest
    assert told(arrived(again(), project, radiologist)) == [("already_stored", "other_encoding")]
    assert not InstanceConflict.objects.exists()
    assert Instance.objects.get().blob_digest == first.blob_digest


@pytest.mark.parametrize(
    ("again", "code", "kind"),
    [
        (lambda: _changed(PatientName="Corrected^Name"), "same_pixels_other_header", "header"),
        (lambda: _changed(RescaleSlope=2), "same_pixels_other_header", "header"),
        (_repainted, "duplicate_uid_other_content", "pixels"),
        (lambda: _changed(SeriesInstanceUID="1.2.3.4"), "duplicate_uid_other_study", "study"),
    ],
)
def test_another_version_is_kept_beside_and_told_what_it_is(
    again: Any, code: str, kind: str, first: Instance, project: Project, radiologist: User
) -> None:
    for _ in range(2):
        assert told(arrived(again(), project, radiologist)) == [("conflict", code)]
    conflict = InstanceConflict.objects.get()
    assert (conflict.kind, blobs.get(conflict.refused_digest)) == (kind, again())
    assert Instance.objects.get().blob_digest == first.blob_digest


def test_superseding_shows_the_other_pixels_everywhere_and_loses_nothing(
    first: Instance, project: Project, radiologist: User, admin: User, rung: list[Any],
    django_capture_on_commit_callbacks: Any,
) -> None:  # fmt: skip
    content = _repainted()
    arrived(content, project, radiologist)
    conflict = InstanceConflict.objects.get()
    decision = conflict_decide(conflict=conflict, verdict="supersede", reason="wrong patient scanned", by=admin)
    now = Instance.objects.get()
    assert (now.blob_digest, now.version, decision.pixels_changed) == (conflict.refused_digest, 2, True)
    assert (decode_frame(blobs.local_path(now.blob_digest)).pixels.ravel()[40:60] == 777).all()
    assert blobs.get(first.blob_digest) == made.file_bytes(made.ct_slice()), "the first version stays"
    assert rung == [("instance", "superseded", now.pk)]
    assert Series.objects.get().indexed_at is None
    event = AuditEvent.objects.get(event_type="conflict.decided")
    assert (event.detail["before"], event.detail["after"]) == (first.blob_digest, now.blob_digest)
    assert told(arrived(made.file_bytes(made.ct_slice()), project, radiologist)) == [("conflict", "version_decided")]
    back = conflict_decide(conflict=conflict, verdict="keep", reason="it was right", by=admin)
    now = Instance.objects.get()
    assert (now.blob_digest, now.version, now.pixel_digest) == (first.blob_digest, 3, first.pixel_digest)
    assert (back.shown_before, back.shown_after) == (conflict.refused_digest, first.blob_digest)
    assert list(ConflictDecision.objects.order_by("created_at").values_list("verdict", flat=True)) == [
        "supersede", "keep"
    ]  # fmt: skip


def test_keeping_changes_nothing_and_is_written_down(
    first: Instance, project: Project, radiologist: User, admin: User, rung: list[Any]
) -> None:
    arrived(_repainted(), project, radiologist)
    decision = conflict_decide(conflict=InstanceConflict.objects.get(), verdict="keep", reason="a test image", by=admin)
    assert (decision.shown_before, decision.shown_after) == (first.blob_digest, first.blob_digest)
    assert (Instance.objects.get().version, rung) == (1, [])
    assert told(arrived(_repainted(), project, radiologist)) == [("conflict", "version_decided")]


def test_a_corrected_name_becomes_the_studys_own_when_most_images_say_so(
    project: Project, radiologist: User, admin: User, rung: list[Any]
) -> None:
    corrected = []
    for number in (1, 2, 3):
        dataset = made.ct_slice("ct", number)
        arrived(made.file_bytes(dataset), project, radiologist)
        dataset.PatientName, dataset.StudyDescription = "Corrected^Name", "corrected"
        corrected.append(made.file_bytes(dataset))
    for content in corrected:
        arrived(content, project, radiologist)
    conflicts = list(InstanceConflict.objects.order_by("created_at"))
    assert [conflict.kind for conflict in conflicts] == ["header"] * 3
    seen = []
    for conflict in conflicts:
        conflict_decide(conflict=conflict, verdict="supersede", reason="misspelt", by=admin)
        study = Study.objects.select_related("patient").get()
        seen.append((study.patient_name, study.patient.identity_clash))
    assert seen == [("Sample^Ct", True), ("Corrected^Name", True), ("Corrected^Name", False)]


def test_after_a_correction_every_search_says_what_the_images_say(
    project: Project, radiologist: User, admin: User, rung: list[Any]
) -> None:
    right = {
        "PatientID": "RIGHT", "IssuerOfPatientID": "NORTH", "StudyDate": "20240506", "StudyTime": "080000",
        "AccessionNumber": "NEW", "StudyDescription": "Right", "SeriesDescription": "Right series", "Modality": "MR",
        "ReferringPhysicianName": "New^Doctor", "PatientAge": "064Y",
    }  # fmt: skip
    arrived(made.file_bytes(made.ct_slice("neighbour")), project, radiologist)
    for number in (1, 2):
        arrived(made.file_bytes(made.ct_slice("ct", number)), project, radiologist)
    for number in (1, 2):
        dataset = made.ct_slice("ct", number)
        for keyword, value in right.items():
            setattr(dataset, keyword, value)
        assert told(arrived(made.file_bytes(dataset), project, radiologist)) == [
            ("conflict", "same_pixels_other_header")
        ]
        conflict = InstanceConflict.objects.get(decisions=None)
        conflict_decide(conflict=conflict, verdict="supersede", reason="another patient's number", by=admin)
    client = Client()
    client.force_login(radiologist)
    uid = made.file_uid("ct", "study")
    [header, _] = client.get(f"/dicomweb/studies/{uid}/metadata").json()
    [study] = client.get("/dicomweb/studies", {"PatientID": "RIGHT"}).json()
    [series] = client.get(f"/dicomweb/studies/{uid}/series").json()
    [image, _] = client.get("/dicomweb/instances", {"StudyInstanceUID": uid}).json()
    for row in (study, series, image):
        shared = {tag: value for tag, value in row.items() if tag in header and "Value" in value and tag != "00081190"}
        assert shared == {tag: header[tag] for tag in shared}
    assert study["00080061"]["Value"] == ["MR"]
    assert {keyword: str(getattr(Dataset.from_json(header), keyword)) for keyword in right} == right
    assert client.get("/dicomweb/studies", {"PatientID": "ID-ct"}).json() == []
    assert Patient.objects.count() == 2, "nobody is left without a study"
    back = InstanceConflict.objects.order_by("created_at")
    for conflict in back:
        conflict_decide(conflict=conflict, verdict="keep", reason="it was right", by=admin)
    [study] = client.get("/dicomweb/studies", {"PatientID": "ID-ct"}).json()
    assert (study["00080020"]["Value"], study["00080061"]["Value"]) == (["20200301"], ["CT"])


def test_a_version_of_another_study_cannot_be_shown_and_a_reason_is_asked_for(
    first: Instance, project: Project, radiologist: User, admin: User
) -> None:
    arrived(_changed(StudyInstanceUID="1.2.3.4"), project, radiologist)
    conflict = InstanceConflict.objects.get()
    with pytest.raises(Conflict, match="another study"):
        conflict_decide(conflict=conflict, verdict="supersede", reason="x", by=admin)
    with pytest.raises(Invalid, match="Say why"):
        conflict_decide(conflict=conflict, verdict="keep", reason=" ", by=admin)
    assert not ConflictDecision.objects.exists()


@pytest.mark.parametrize("damage", ["altered", "missing"])
@pytest.mark.parametrize("which", ["blob_digest", "header_digest"])
def test_a_damaged_file_is_healed_by_sending_the_good_one_again(
    damage: str, which: str, first: Instance, project: Project, radiologist: User
) -> None:
    digest = getattr(first, which)
    path = Path(settings.OVERREAD_DATA_DIR) / "blobs" / digest[:2] / digest[2:4] / digest
    path.chmod(0o600)
    if damage == "altered":
        path.write_bytes(path.read_bytes()[:-9] + b"damaged..")
    else:
        path.unlink()
    assert not blobs.verify(digest)
    good = made.file_bytes(made.ct_slice())
    assert told(arrived(good, project, radiologist)) == [("already_stored", "healed")]
    assert blobs.verify(digest)
    assert blobs.get(first.blob_digest) == good
    assert told(arrived(good, project, radiologist)) == [("already_stored", "")]


def test_private_values_of_unknown_kind_are_compared_as_text(project: Project, radiologist: User) -> None:
    dataset = made.ct_slice()
    block = dataset.private_block(0x0029, "ACME TEST", create=True)
    block.add_new(1, "LO", "private words")
    arrived(made.file_bytes(dataset), project, radiologist)
    dataset.file_meta.TransferSyntaxUID = ImplicitVRLittleEndian
    assert told(arrived(made.file_bytes(dataset), project, radiologist)) == [("already_stored", "other_encoding")]
    other = made.file_bytes(dataset).replace(b"private words", b"another words")
    assert told(arrived(other, project, radiologist)) == [("conflict", "same_pixels_other_header")]
