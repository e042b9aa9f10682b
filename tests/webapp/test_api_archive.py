"""The archive's pages for admins and readers: who is who, versions of an image, and what is no picture."""

from __future__ import annotations

import re
from io import BytesIO
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from django.test import Client
from PIL import Image
from pydicom.dataset import Dataset
from pydicom.uid import (
    MPEG4HP41,
    EncapsulatedPDFStorage,
    GrayscaleSoftcopyPresentationStateStorage,
    KeyObjectSelectionDocumentStorage,
    ParametricMapStorage,
    RTDoseStorage,
    RTStructureSetStorage,
    SegmentationStorage,
    TwelveLeadECGWaveformStorage,
    VideoEndoscopicImageStorage,
)

from annotations.models import ReadingProtocol, Workitem
from core.models import Project
from imaging.models import Instance, InstanceConflict, Study
from imaging.services.uploads import upload_finish, upload_open
from tests.factories import dicom_files as made
from tests.factories.api import Api
from tests.imaging.arriving import arrived

if TYPE_CHECKING:
    from pydicom.dataset import FileDataset

    from core.models import User

pytestmark = pytest.mark.django_db


def _sent(project: Project, user: User, *datasets: FileDataset) -> None:
    """Send files as one upload, as a browser does, up to its finish."""
    upload = upload_open(project=project, received_by=user, door="browser")
    for dataset in datasets:
        [verdict] = arrived(made.file_bytes(dataset), project, user, upload=upload)
        assert verdict.outcome == "stored", (verdict.code, verdict.message)
    upload_finish(upload=upload)


def _person(name: str, **stated: str) -> FileDataset:
    dataset = made.ct_slice(name)
    dataset.PatientID = "SHARED"
    for keyword, value in stated.items():
        setattr(dataset, keyword, value)
    return dataset


# -- who is who ---------------------------------------------------------------------------------------------------


def test_a_clash_is_on_the_worklist_and_the_banner_until_an_admin_decides(
    project: Project, radiologist: User, admin: User
) -> None:
    _sent(project, radiologist, _person("one", PatientName="Alder^Anna"), _person("two", PatientName="Birch^Bertil"))
    reader, decider = Api(radiologist), Api(admin)
    _, page = reader("GET", "workitems")
    shown = {row["study"]["patient_name"]: row["study"] for row in page["results"]}
    assert set(shown) == {"Alder^Anna", "Birch^Bertil"}, "ready as soon as the upload has answered"
    assert [row["identity_clash"] for row in shown.values()] == [True, True]
    assert [row["modalities"] for row in shown.values()] == [["CT"], ["CT"]]
    row = next(row for row in page["results"] if row["study"]["patient_name"] == "Birch^Bertil")
    _, workitem = reader("GET", f"workitems/{row['id']}")
    assert [notice["code"] for notice in workitem["notices"]] == ["identity_clash"]
    assert "Alder" not in str(workitem), "never another person's name on a screen"
    _, listed = decider("GET", "identities")
    [group] = listed["results"]
    assert [(one["statement"]["patient_name"], one["person"]) for one in group["statements"]] == [
        ("Alder^Anna", 1), ("Birch^Bertil", 1)
    ]  # fmt: skip
    persons = [[one["statement"]] for one in group["statements"]]
    status, wrong = decider(
        "POST", f"identities/{group['id']}/decide", {"persons": persons[:1], "reason": "called"}, match=0
    )
    assert (status, wrong["code"]) == (422, "persons_wrong")
    status, decided = decider(
        "POST", f"identities/{group['id']}/decide", {"persons": persons, "reason": "called"}, match=0
    )
    late = [[one["statement"] for one in group["statements"]]]
    status_late, refused = decider(
        "POST", f"identities/{group['id']}/decide", {"persons": late, "reason": "late"}, match=0
    )
    assert (status_late, refused["code"]) == (412, "decision_moved")
    assert status == 200, decided
    assert [one["person"] for one in decided["statements"]] == [1, 2]
    assert not Study.objects.filter(patient__identity_clash=True).exists()
    assert reader("GET", f"workitems/{row['id']}")[1]["notices"] == []
    assert decider("GET", "identities")[1]["results"] == []
    [past] = decider("GET", "identities?state=decided")[1]["results"]
    assert past["decisions"][0]["reason"] == "called"


def test_names_with_spaces_and_signs_can_be_decided_about(project: Project, radiologist: User, admin: User) -> None:
    odd = _person("one", PatientName="O'Neill ^Ann  Mary^^^=ニール")
    _sent(project, radiologist, odd, _person("two", PatientName="Birch^Bertil", PatientSex="M"))
    decider = Api(admin)
    [group] = decider("GET", "identities")[1]["results"]
    persons = [[one["statement"] for one in group["statements"]]]
    status, decided = decider(
        "POST", f"identities/{group['id']}/decide", {"persons": persons, "reason": "x"}, match=group["version"]
    )
    assert (status, decided["is_open"]) == (200, False)


# -- versions -----------------------------------------------------------------------------------------------------


def _png_grey(content: bytes) -> np.ndarray[Any, Any]:
    """Return the grey values of a PNG."""
    return np.asarray(Image.open(BytesIO(content)).convert("L"))


def test_an_admin_sees_both_versions_and_supersedes_and_the_reader_is_told(
    project: Project, radiologist: User, admin: User, run_jobs: Any
) -> None:
    first = made.ct_slice()
    _sent(project, radiologist, first)
    run_jobs()
    workitem = Workitem.objects.get()
    other = made.ct_slice()
    other.PixelData = np.full(256, 2000, np.int16).tobytes()
    other.SeriesDescription = "repaired"
    arrived(made.file_bytes(other), project, radiologist, name="again.dcm")
    decider = Api(admin)
    [row] = decider("GET", "conflicts")[1]["results"]
    assert (row["kind"], row["shown"], row["may_supersede"]) == ("pixels", "first", True)
    differences = [(one["name"], one["first"], one["second"]) for one in row["differences"]]
    assert differences == [("Series Description", "Series CT", "repaired")]
    client = Client()
    client.force_login(admin)
    address = f"/api/v1/conflicts/{row['id']}/picture"
    drawn = [_png_grey(client.get(f"{address}/{version}").content) for version in ("first", "second")]
    assert drawn[0].max() > drawn[0].min() == 0, "air around, and a square"
    assert drawn[1].min() == drawn[1].max() == 255, "2000 − 1024 HU lies above the window"
    decide = f"conflicts/{row['id']}/decide"
    assert decider("POST", decide, {"verdict": "keep", "reason": "unseen"})[1]["code"] == "if_match_missing"
    status, decided = decider("POST", decide, {"verdict": "supersede", "reason": "repaired"}, match=row["version"])
    assert (status, decided["shown"]) == (200, "second")
    assert decider("GET", "conflicts")[1]["results"] == []
    [notice] = Api(radiologist)("GET", f"workitems/{workitem.pk}")[1]["notices"]
    assert notice["code"] == "image_replaced"
    assert "repaired" in notice["message"]
    assert run_jobs() > 0, "its series is indexed again"
    instance = Instance.objects.get()
    frame = client.get(
        f"/dicomweb/studies/{instance.series.study.study_instance_uid}/series/{instance.series.series_instance_uid}"
        f"/instances/{instance.sop_instance_uid}/frames/1",
        headers={"Accept": "application/octet-stream"},
    )
    body = b"".join(frame.streaming_content) if frame.streaming else frame.content
    assert np.frombuffer(other.PixelData, np.int16).tobytes() in body
    status, late = decider("POST", decide, {"verdict": "keep", "reason": "of an old page"}, match=row["version"])
    assert (status, late["code"]) == (412, "decision_moved"), "who did not see the decision does not undo it"
    status, back = decider("POST", decide, {"verdict": "keep", "reason": "no, the first"}, match=decided["version"])
    assert (status, back["shown"]) == (200, "first")
    assert [one["verdict"] for one in back["decisions"]] == ["keep", "supersede"]
    assert InstanceConflict.objects.count() == 1


# -- what is no picture -------------------------------------------------------------------------------------------


def _object(name: str, sop_class: Any, modality: str) -> FileDataset:
    dataset = made.dicom_dataset("mixed", sop_class=sop_class, modality=modality, series=name)
    dataset.PatientID = "ID-mixed"
    return dataset


def _pdf(content: bytes = b"%PDF-1.4\n%%EOF", media_type: str = "application/pdf") -> FileDataset:
    dataset = _object("pdf", EncapsulatedPDFStorage, "DOC")
    dataset.DocumentTitle, dataset.MIMETypeOfEncapsulatedDocument = "Old report", media_type
    dataset.EncapsulatedDocument = content + b"\0" * (len(content) % 2)
    dataset.EncapsulatedDocumentLength = len(content)
    return dataset


def _segmentation() -> FileDataset:
    dataset = _object("seg", SegmentationStorage, "SEG")
    made.set_pixels(dataset, np.ones((2, 8, 8), np.uint8))
    item, reference = Dataset(), Dataset()
    item.SegmentNumber, item.SegmentLabel, item.SegmentAlgorithmType = 1, "Liver", "MANUAL"
    dataset.SegmentSequence = [item]
    reference.SeriesInstanceUID = made.file_uid("mixed", "ct", "series")
    dataset.ReferencedSeriesSequence = [reference]
    return dataset


def _with_pixels(name: str, sop_class: Any, modality: str) -> FileDataset:
    dataset = _object(name, sop_class, modality)
    made.set_pixels(dataset, np.arange(64, dtype=np.uint16).reshape(8, 8))
    return dataset


def _structures() -> FileDataset:
    dataset = _object("rt", RTStructureSetStorage, "RTSTRUCT")
    item = Dataset()
    item.ROINumber, item.ROIName, item.ROIGenerationAlgorithm = 1, "Spinal cord", "MANUAL"
    dataset.StructureSetROISequence, dataset.StructureSetLabel = [item], "Plan A"
    return dataset


def _report() -> FileDataset:
    dataset = made.report("mixed")
    dataset.PatientID = "ID-mixed"
    return dataset


def _key_objects() -> FileDataset:
    dataset = _object("ko", KeyObjectSelectionDocumentStorage, "KO")
    code = Dataset()
    code.CodeValue, code.CodingSchemeDesignator, code.CodeMeaning = "113000", "DCM", "Of Interest"
    dataset.ConceptNameCodeSequence = [code]
    return dataset


def _ecg() -> FileDataset:
    dataset = _object("ecg", TwelveLeadECGWaveformStorage, "ECG")
    item = Dataset()
    item.NumberOfWaveformChannels, item.NumberOfWaveformSamples, item.SamplingFrequency = 12, 5000, 500
    dataset.WaveformSequence = [item]
    return dataset


def _video() -> FileDataset:
    from pydicom.encaps import encapsulate

    dataset = _object("video", VideoEndoscopicImageStorage, "ES")
    made.set_pixels(dataset, np.zeros((16, 16, 3), np.uint8), "YBR_PARTIAL_420")
    dataset.NumberOfFrames = 10
    dataset.file_meta.TransferSyntaxUID = MPEG4HP41
    dataset.PixelData = encapsulate([b"\0\0\0\x18ftypmp42" + bytes(80)])
    dataset["PixelData"].is_undefined_length = True
    return dataset


OTHERS = {
    "document": _pdf, "segmentation": _segmentation, "structure_set": _structures, "report": _report,
    "key_objects": _key_objects, "waveform": _ecg, "video": _video,
    "parametric_map": lambda: _with_pixels("map", ParametricMapStorage, "OT"),
    "dose": lambda: _with_pixels("dose", RTDoseStorage, "RTDOSE"),
    "presentation_state": lambda: _object("pr", GrayscaleSoftcopyPresentationStateStorage, "PR"),
}  # fmt: skip


@pytest.mark.parametrize("kind", OTHERS)
def test_what_is_no_picture_makes_no_work_and_is_shown_for_what_it_is(
    kind: str, project: Project, radiologist: User, run_jobs: Any
) -> None:
    reader, client, sent = Api(radiologist), Client(), OTHERS[kind]()
    ReadingProtocol.objects.create(project=project, reveal="always")
    _sent(project, radiologist, sent)
    run_jobs()
    assert not Workitem.objects.exists()
    [head] = reader("GET", "studies/without-pictures?project=chest")[1]["results"]
    uid = head["study_instance_uid"]
    status, contents = reader("GET", f"studies/{uid}/contents")
    assert status == 200, contents
    [held] = contents["objects"]
    assert held["kind"] == kind
    said = f"{held['kind_words']} {held['title']} {held['remark']} {held['lines']}"
    words = {
        "document": "Old report", "segmentation": "Liver", "structure_set": "Spinal cord", "report": "report",
        "key_objects": "Of Interest", "waveform": "12 channels, 10 s", "video": "not shown",
        "presentation_state": "not applied", "parametric_map": "lies over images", "dose": "lies over images",
    }  # fmt: skip
    assert words[kind] in said, said
    client.force_login(radiologist)
    saved = client.get(f"/api/v1/instances/{sent.SOPInstanceUID}/file")
    assert b"".join(saved.streaming_content) == made.file_bytes(sent)
    assert re.fullmatch(r'attachment; filename="[^"]+\.dcm"', saved["Content-Disposition"])
    # When a picture arrives later, the study becomes work.
    picture = made.dicom_dataset("mixed", sop_class=made.CTImageStorage, modality="CT", series="ct")
    made.set_pixels(picture, np.arange(64, dtype=np.int16).reshape(8, 8))
    picture.PatientID = "ID-mixed"
    _sent(project, radiologist, picture)
    workitem = Workitem.objects.get()
    _, shown = reader("GET", f"workitems/{workitem.pk}")
    assert {(series["kind"], series["displayable"]) for series in shown["series"]} == {(kind, False), ("picture", True)}
    assert reader("GET", "studies/without-pictures")[1]["results"] == []
    if kind == "segmentation":
        [held] = reader("GET", f"studies/{uid}/contents")[1]["objects"]
        assert (held["is_layer"], held["of_series"]) == (True, [str(made.file_uid("mixed", "ct", "series"))])


@pytest.mark.parametrize(
    ("content", "media_type", "offered"),
    [
        (b"%PDF-1.4\n%%EOF", "application/pdf", 'inline; filename="Old report.pdf"'),
        (b"<script>alert(1)</script>", "application/pdf", 'attachment; filename="Old report.bin"'),
        (b"<html>", "text/html", 'attachment; filename="Old report.bin"'),
        (b"<ClinicalDocument/>", "text/xml", 'attachment; filename="Old report.xml"'),
        (b"solid x endsolid x", "model/stl", 'attachment; filename="Old report.stl"'),
    ],
)
def test_a_document_opens_only_where_it_really_is_a_pdf(
    content: bytes, media_type: str, offered: str, project: Project, radiologist: User
) -> None:
    dataset = _pdf(content, media_type)
    _sent(project, radiologist, dataset)
    client = Client()
    client.force_login(radiologist)
    response = client.get(f"/api/v1/instances/{dataset.SOPInstanceUID}/document")
    media = "application/pdf" if offered.startswith("inline") else "application/octet-stream"
    assert (response.status_code, response["Content-Type"], response.content) == (200, media, content)
    assert response["Content-Disposition"] == offered
    assert response["Content-Security-Policy"].startswith("default-src 'none'")
    assert response["X-Content-Type-Options"] == "nosniff"
