"""Storing: once, first come first kept, filed where it belongs, and never a door into other people's studies."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

import pytest
from django.db import connection

from annotations.dataset.split import patient_key
from core import blobs
from core.models import AuditEvent, Project, User
from imaging.models import Instance, InstanceConflict, Patient, ProjectStudy, Series, Study, UploadVerdict
from tests.factories import dicom_files as made
from tests.imaging.arriving import arrived, told

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

pytestmark = pytest.mark.django_db


def _changed(**values: Any) -> bytes:
    dataset = made.ct_slice()
    for keyword, value in values.items():
        setattr(dataset, keyword, value)
    return made.file_bytes(dataset)


def test_a_file_is_stored_with_its_rows_bytes_header_and_audit_event(project: Project, radiologist: User) -> None:
    content = made.file_bytes(made.ct_slice())
    [verdict] = arrived(content, project, radiologist)
    assert (verdict.outcome, verdict.code) == ("stored", "")
    instance = verdict.instance
    assert instance is not None
    assert blobs.get(instance.blob_digest) == content
    assert (instance.rows, instance.columns, instance.number_of_frames, instance.display) == (16, 16, 1, "as_stored")
    [[offset, length]] = instance.frame_spans
    assert content[offset : offset + length] == made.ct_slice().PixelData
    study = instance.series.study
    assert (study.patient.patient_id, str(study.study_date), instance.series.modality) == ("ID-ct", "2020-03-01", "CT")
    assert ProjectStudy.objects.filter(project=project, study=study).exists()
    event = AuditEvent.objects.get(event_type="instance.stored")
    assert event.object_id == instance.sop_instance_uid
    assert "Sample" not in str(event.detail), "no patient values in the audit trail"


def test_the_same_file_again_changes_nothing(project: Project, radiologist: User) -> None:
    content = made.file_bytes(made.dx_image())
    assert told(arrived(content, project, radiologist)) == [("stored", "")]
    before = (Instance.objects.count(), Series.objects.count(), Patient.objects.count())
    assert told(arrived(content, project, radiologist)) == [("already_stored", "")]
    assert (Instance.objects.count(), Series.objects.count(), Patient.objects.count()) == before


def test_other_content_under_a_known_uid_is_a_recorded_conflict(project: Project, radiologist: User) -> None:
    first = _changed()
    [kept] = arrived(first, project, radiologist)
    [verdict] = arrived(_changed(SeriesDescription="changed"), project, radiologist, name="b.dcm")
    assert (verdict.outcome, verdict.code) == ("conflict", "same_pixels_other_header")
    arrived(_changed(SeriesDescription="changed"), project, radiologist, name="b.dcm")
    conflict = InstanceConflict.objects.get()
    assert (conflict.source, conflict.received_by) == ("browser:b.dcm", radiologist)
    assert kept.instance is not None
    assert blobs.get(kept.instance.blob_digest) == first
    assert blobs.get(conflict.refused_digest) == _changed(SeriesDescription="changed")
    assert AuditEvent.objects.filter(event_type="instance.conflict").count() == 2


def test_nothing_stays_in_staging(project: Project, radiologist: User, own_data_folder: Path) -> None:
    for content in (_changed(), _changed(), _changed(StudyID="2"), b"no", b""):
        arrived(content, project, radiologist)
    assert list((own_data_folder / "staging").iterdir()) == []


@pytest.mark.django_db(transaction=True)
def test_racing_senders_of_one_study_store_each_instance_once(project: Project, radiologist: User) -> None:
    files = made.ct_series(slices=3)
    outcomes: list[str] = []

    def send(mine: list[bytes]) -> None:
        try:
            for content in mine:
                outcomes.extend(str(verdict.outcome) for verdict in arrived(content, project, radiologist))
        finally:
            connection.close()

    senders = [threading.Thread(target=send, args=(order,)) for order in (files, files[::-1], files)]
    for sender in senders:
        sender.start()
    for sender in senders:
        sender.join()
    assert sorted(outcomes) == ["already_stored"] * 6 + ["stored"] * 3
    assert (Patient.objects.count(), Study.objects.count(), Series.objects.count()) == (1, 1, 1)
    assert Instance.objects.count() == 3


def test_a_file_without_patient_id_is_a_patient_of_its_own_study(project: Project, radiologist: User) -> None:
    for name in ("one", "two"):
        dataset = made.mr_slice(name)
        del dataset.PatientID
        assert told(arrived(made.file_bytes(dataset), project, radiologist)) == [("stored", "")]
    assert list(Patient.objects.values_list("patient_id", flat=True)) == ["", ""], "no ID is made up"
    assert len({study.patient_id for study in Study.objects.all()}) == 2
    assert len({patient_key(patient) for patient in Patient.objects.all()}) == 2, "nor do they share a key"


def test_a_series_of_another_study_is_refused(project: Project, radiologist: User) -> None:
    arrived(_changed(), project, radiologist)
    moved = _changed(StudyInstanceUID=made.file_uid("other"), SOPInstanceUID=made.file_uid("new"))
    assert told(arrived(moved, project, radiologist)) == [("refused", "uid_mismatch")]
    assert not Study.objects.filter(study_instance_uid=made.file_uid("other")).exists()


def test_a_study_of_another_patient_is_refused(project: Project, radiologist: User) -> None:
    arrived(_changed(), project, radiologist)
    mixed = _changed(PatientID="SOMEBODY-ELSE", SOPInstanceUID=made.file_uid("new"))
    assert told(arrived(mixed, project, radiologist)) == [("refused", "patient_mismatch")]


def test_a_file_that_claims_a_foreign_study_does_not_open_it(
    project: Project, radiologist: User, make_user: Callable[..., User]
) -> None:
    arrived(_changed(), project, radiologist)
    other = Project.objects.create(slug="other", title="Other")
    outsider = make_user("eve", "radiologist", other)
    for content in (_changed(), _changed(StudyID="9"), _changed(SOPInstanceUID=made.file_uid("new"))):
        assert told(arrived(content, other, outsider)) == [("refused", "study_elsewhere")]
    assert not ProjectStudy.objects.filter(project=other).exists()
    both = make_user("bob", "radiologist", project)
    both.memberships.create(project=other, role="radiologist")
    assert told(arrived(_changed(), other, both)) == [("already_stored", "")]
    assert ProjectStudy.objects.filter(project=other).count() == 1


def test_a_lost_file_is_healed_by_its_next_arrival(project: Project, radiologist: User) -> None:
    [verdict] = arrived(_changed(), project, radiologist)
    assert verdict.instance is not None
    for digest in (verdict.instance.blob_digest, verdict.instance.header_digest):
        blobs.local_path(digest).unlink()
    assert told(arrived(_changed(), project, radiologist)) == [("already_stored", "healed")]
    instance = Instance.objects.get()
    assert blobs.verify(instance.blob_digest)
    assert blobs.verify(instance.header_digest)


def test_odd_texts_and_dates_are_stored_as_far_as_they_make_sense(project: Project, radiologist: User) -> None:
    content = _changed(StudyDescription="d" * 400, PatientName="Sample^" + "x" * 500, SeriesDescription="a\x1bb\x07c")
    content = content.replace(b"20200301", b"2020.3.1").replace(b"19600229", b"19610229").replace(b"A-ct", b"A\0ct")
    assert told(arrived(content, project, radiologist, name="x" * 900 + "\x00\ud800end.dcm")) == [("stored", "")]
    study = Study.objects.get()
    assert (study.study_date, study.patient_birth_date) == (None, None)
    assert len(study.study_description) == 256
    assert len(study.patient_name) == 324
    assert "\0" not in study.accession_number
    assert UploadVerdict.objects.get().file_name.endswith("x_end.dcm")


def test_a_report_is_stored_without_an_image(project: Project, radiologist: User) -> None:
    [verdict] = arrived(made.file_bytes(made.report()), project, radiologist)
    assert verdict.instance is not None
    assert (verdict.instance.display, verdict.instance.number_of_frames) == ("no_pixels", 0)


@pytest.mark.parametrize(
    ("dataset", "display", "code"),
    [
        (made.us_cine(), "as_stored", ""),
        (made.palette_image(), "converted", "palette_color"),
        (made.rle(made.mr_slice("rle")), "as_stored", ""),
        (made.deflated(made.mr_slice("deflated")), "as_stored", ""),
        (made.dx_image("dark", inverted=True), "as_stored", ""),
    ],
    ids=["cine", "palette", "rle", "deflated", "monochrome1"],
)
def test_each_kind_of_image_is_stored_and_says_how_it_is_shown(
    dataset: Any, display: str, code: str, project: Project, radiologist: User
) -> None:
    [verdict] = arrived(made.file_bytes(dataset), project, radiologist)
    assert verdict.instance is not None, verdict.code
    assert (verdict.instance.display, verdict.instance.display_code) == (display, code)
    assert len(verdict.instance.pixel_digest) == 64


def test_a_full_disk_is_a_coded_refusal(project: Project, radiologist: User, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(path: Path) -> str:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(blobs, "put_file", full)
    assert told(arrived(_changed(), project, radiologist)) == [("refused", "storage_full")]
    assert not Instance.objects.exists()
