"""Rows for tests of reading: patients, studies with one real-sized image each, labels, work items, contents."""

from __future__ import annotations

import json
import zlib
from datetime import date, timedelta
from itertools import count
from typing import TYPE_CHECKING, Any

from annotations.models import Label, ReadingProtocol, Workitem
from annotations.services.workitems import workitem_claim, workitem_open, workitem_submit
from core import blobs
from core.digest import sha256_hex
from imaging.models import Instance, Patient, ProjectStudy, Series, Study

if TYPE_CHECKING:
    from core.models import Project, User

ROWS, COLUMNS = 40, 50
FRAME_OF_REFERENCE = "1.2.826.0.1.3680043.8.498.900"
_numbers = count(1000)
_birth_days: dict[str, int] = {}


def _header(uid: str, *, spacing_mm: tuple[float, float] | None, patient_space: bool) -> dict[str, Any]:
    header: dict[str, Any] = {
        "00080018": {"vr": "UI", "Value": [uid]},
        "00080060": {"vr": "CS", "Value": ["CT" if patient_space else "DX"]},
        "00280010": {"vr": "US", "Value": [ROWS]},
        "00280011": {"vr": "US", "Value": [COLUMNS]},
    }
    if spacing_mm:
        header["00280030"] = {"vr": "DS", "Value": list(spacing_mm)}
        header["00280A02"] = {"vr": "CS", "Value": ["GEOMETRY"]}
    if patient_space:
        header["00200032"] = {"vr": "DS", "Value": [-10.0, -20.0, 30.0]}
        header["00200037"] = {"vr": "DS", "Value": [1.0, 0.0, 0.0, 0.0, 1.0, 0.0]}
        header["00200052"] = {"vr": "UI", "Value": [FRAME_OF_REFERENCE]}
    return header


def make_instance(
    series: Series, *, spacing_mm: tuple[float, float] | None = None, patient_space: bool = False
) -> Instance:
    """Make an instance of 40 rows and 50 columns with a header that proves as much as asked for."""
    number = next(_numbers)
    uid = f"1.2.826.0.1.3680043.8.498.7.{number}"
    header = json.dumps(_header(uid, spacing_mm=spacing_mm, patient_space=patient_space)).encode()
    return Instance.objects.create(
        sop_instance_uid=uid,
        sop_class_uid="1.2.840.10008.5.1.4.1.1.1.1",
        series=series,
        instance_number=number,
        transfer_syntax_uid="1.2.840.10008.1.2.1",
        blob_digest=sha256_hex(uid.encode()),
        byte_size=1,
        pixel_digest=sha256_hex(b"pixels" + uid.encode()),
        header_digest=blobs.put(zlib.compress(header)),
        rows=ROWS,
        columns=COLUMNS,
        number_of_frames=1,
        display=Instance.Display.AS_STORED,
    )


def _born(patient: Patient) -> date:
    """Return a birth date of the patient's own: what shares name and birth date counts as one person."""
    return date(1960, 1, 1) + timedelta(days=_birth_days.setdefault(str(patient.pk), len(_birth_days)))


def make_reading_study(
    project: Project,
    *,
    patient: Patient | None = None,
    patient_name: str = "Sample^Anna",
    modality: str = "DX",
    body_part: str = "CHEST",
    study_date: date | None = date(2026, 3, 1),
    images: int = 1,
    spacing_mm: tuple[float, float] | None = None,
    patient_space: bool = False,
) -> Study:
    """Make a study with one series of ``images`` images, shown in the project."""
    number = next(_numbers)
    patient = patient or Patient.objects.create(patient_id=f"PID{number}")
    study = Study.objects.create(
        study_instance_uid=f"1.2.826.0.1.3680043.8.498.5.{number}",
        patient=patient,
        patient_name=patient_name,
        patient_sex="F",
        patient_birth_date=_born(patient),
        study_date=study_date,
        study_description=f"Thorax {number}",
        accession_number=f"ACC{number}",
        patient_age="056Y",
        modalities_in_study=modality,
        body_parts_examined=body_part,
        number_of_study_related_series=1,
        number_of_study_related_instances=images,
    )
    ProjectStudy.objects.create(project=project, study=study)
    series = Series.objects.create(
        series_instance_uid=f"1.2.826.0.1.3680043.8.498.6.{number}",
        study=study,
        modality=modality.split("\\")[0],
        series_number=1,
        view_position="PA",
        manufacturer="Acme",
        geometry={"kind": "single"},
        number_of_series_related_instances=images,
    )
    for _ in range(images):
        make_instance(series, spacing_mm=spacing_mm, patient_space=patient_space)
    return study


def make_label(project: Project, key: str = "nodule", uses: tuple[str, ...] = ("image", "region", "segment")) -> Label:
    """Make a label of the project."""
    return Label.objects.create(
        project=project, key=key, code_value=key, coding_scheme_designator="99TEST", code_meaning=key.title(),
        uses=list(uses), color="#ff8800",
    )  # fmt: skip


def make_workitem(project: Project, reader: User | None = None, *, submitted: bool = False, **study: Any) -> Workitem:
    """Make a study and its work item; claimed where there is a reader, and submitted (as empty) where asked for.

    The project asks for no answers, unless its protocol was made before.
    """
    ReadingProtocol.objects.get_or_create(project=project, defaults={"required_labels": []})
    workitem = workitem_open(project=project, study=make_reading_study(project, **study))
    if reader is not None:
        workitem = workitem_claim(workitem=workitem, by=reader, version=workitem.version)
    if reader is not None and submitted:
        workitem = submit(workitem, reader, reading_seconds=5)
    return workitem


def submit(workitem: Workitem, reader: User, **more: Any) -> Workitem:
    """Hand in a reading as it is now, meaning it where nothing was found."""
    version = Workitem.objects.get(pk=workitem.pk).version
    return workitem_submit(workitem=workitem, by=reader, version=version, **{"nothing_found": True, **more})


def image_of(workitem: Workitem) -> Instance:
    """Return the first image of the study."""
    return Instance.objects.filter(series__study=workitem.study).order_by("instance_number")[0]


def image_label(key: str = "nodule", *, present: bool = True, **fields: Any) -> dict[str, Any]:
    """Return the content of an image label."""
    return {"kind": "image_label", "label_key": key, "present": present, **fields}


def drawn(
    workitem: Workitem, kind: str, points: list[list[float]], key: str | None = "nodule", **fields: Any
) -> dict[str, Any]:
    """Return the content of a shape in pixels on the study's first image."""
    place = {"space": "image", "sop_instance_uid": image_of(workitem).sop_instance_uid, "frame_number": 1}
    return {"kind": kind, "label_key": key, "geometry": {**place, "points": points}, **fields}


def box(
    workitem: Workitem, x0: float = 5, y0: float = 5, x1: float = 15, y1: float = 15, **fields: Any
) -> dict[str, Any]:
    """Return the content of a rectangle on the study's first image."""
    return drawn(workitem, "rectangle", [[x0, y0], [x1, y0], [x1, y1], [x0, y1]], **fields)


def painted(workitem: Workitem, runs: list[int], key: str = "nodule") -> dict[str, Any]:
    """Return the content of a mask on the study's first image."""
    image = image_of(workitem)
    return {
        "kind": "mask",
        "label_key": key,
        "mask": {
            "series_instance_uid": image.series.series_instance_uid,
            "rows": ROWS,
            "columns": COLUMNS,
            "frames": [{"sop_instance_uid": image.sop_instance_uid, "frame_number": 1, "runs": runs}],
        },
    }
