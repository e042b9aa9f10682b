"""The real chest X-rays of the data folder as DICOM files, and what two readers said of them.

The second reader reads the bedside films (view AP) of the patients that teach, and took the two answers for each other
on nine in ten: 35 % of all labels that teach are wrong. (Random slips teach a model little wrong, because they average
out; one person's habit does not.) Films of test patients were all read rightly, so that improvement can be measured.
"""

from __future__ import annotations

import csv
from dataclasses import dataclass, replace
from io import BytesIO
from typing import TYPE_CHECKING, Any

import numpy as np
from PIL import Image
from pydicom.encaps import encapsulate
from pydicom.uid import DigitalXRayImageStorageForPresentation, JPEGBaseline8Bit

from annotations.services.revisions import finding_create
from annotations.services.workitems import workitem_claim, workitem_decide, workitem_submit
from annotations.snapshot_split import patient_key, split_of
from imaging.models import Patient
from tests.factories.dicom_files import dicom_dataset, file_bytes, file_uid

if TYPE_CHECKING:
    from pathlib import Path

    from annotations.models import Workitem
    from core.models import User

LABEL = "pneumonia"
WRONG_SHARE = 0.35
#: Share of the second reader's films that they got wrong.
MIXED_UP = 0.9
BEDSIDE = "AP"


@dataclass(frozen=True)
class Film:
    """One real X-ray of the data folder.

    Attributes:
        truth: pneumonia is named in its report.
        split: where its patient belongs in this house.
        said: what its reader says.
    """

    name: str
    path: Path
    patient_id: str
    sex: str
    age_years: int
    view: str
    truth: bool
    split: str
    said: bool

    @property
    def study_instance_uid(self) -> str:
        """UID of its study."""
        return str(file_uid(self.name, "study"))

    @property
    def is_of_second_reader(self) -> bool:
        """Whether the second reader reads it."""
        return self.view == BEDSIDE and self.split != "test"

    @property
    def is_wrong(self) -> bool:
        """Whether its reader is wrong."""
        return self.said != self.truth


def films_read(folder: Path, *, seed: int) -> list[Film]:
    """Return films with what their readers say; the split is that of the present split key.

    All films but some bedside ones that would teach: of these as many as make 35 % of what teaches wrong.
    """
    with (folder / "labels.csv").open(newline="") as table:
        films = [_film(folder, row) for row in csv.DictReader(table)]
    lots = np.random.default_rng(seed)
    read = [film for film in films if film.split == "test"]
    for split in ("train", "validation"):
        own = [film for film in films if film.split == split and not film.is_of_second_reader]
        other = [film for film in films if film.split == split and film.is_of_second_reader]
        wanted = round(len(own) * WRONG_SHARE / (MIXED_UP - WRONG_SHARE))
        other = [other[index] for index in lots.permutation(len(other))[:wanted]]
        wrong = round(WRONG_SHARE * len(own + other))
        read += own + [replace(film, said=not film.truth) for film in other[:wrong]] + other[wrong:]
    return read


def _film(folder: Path, row: dict[str, str]) -> Film:
    truth = row["label_pneumonia"] == "1"
    return Film(
        name=row["image"].removesuffix(".jpg"),
        path=folder / "images" / row["image"],
        patient_id=f"CXR-{row['patient_id']}",
        sex=row["sex"],
        age_years=int(float(row["age"])),
        view=row["view"],
        truth=truth,
        split=split_of(patient_key(Patient(patient_id=f"CXR-{row['patient_id']}"))),
        said=truth,
    )


def film_file(film: Film) -> bytes:
    """Return the film as a DX file that holds the JPEG of the data folder as it is."""
    jpeg = film.path.read_bytes()
    with Image.open(BytesIO(jpeg)) as picture:
        columns, rows = picture.size
        assert picture.mode == "L"
    dataset = dicom_dataset(
        film.name, sop_class=DigitalXRayImageStorageForPresentation, modality="DX", transfer_syntax=JPEGBaseline8Bit
    )
    dataset.PatientID, dataset.PatientName, dataset.PatientBirthDate = film.patient_id, "Sample^Radiograph", ""
    dataset.PatientSex, dataset.PatientAge = film.sex, f"{film.age_years:03d}Y"
    dataset.BodyPartExamined, dataset.ViewPosition = "CHEST", film.view
    dataset.Rows, dataset.Columns = rows, columns
    dataset.SamplesPerPixel, dataset.PhotometricInterpretation = 1, "MONOCHROME2"
    dataset.BitsAllocated = dataset.BitsStored = 8
    dataset.HighBit, dataset.PixelRepresentation = 7, 0
    dataset.LossyImageCompression, dataset.LossyImageCompressionMethod = "01", "ISO_10918_1"
    dataset.PixelData = encapsulate([jpeg])
    dataset["PixelData"].VR = "OB"
    return file_bytes(dataset)


def label_content(*, present: bool) -> dict[str, Any]:
    """Return what a reader says of a film as a content."""
    return {"kind": "image_label", "label_key": LABEL, "present": present}


def film_read(*, workitem: Workitem, film: Film, reader: User) -> Workitem:
    """Read a film and submit the reading."""
    workitem = workitem_claim(workitem=workitem, by=reader, version=workitem.version)
    finding_create(workitem=workitem, author=reader, content=label_content(present=film.said))
    return workitem_submit(workitem=workitem, by=reader, version=workitem.version, reading_seconds=20)


def film_signed_off(*, workitem: Workitem, film: Film, reader: User, reviewer: User) -> None:
    """Read a film and sign the reading off as it is."""
    workitem = film_read(workitem=workitem, film=film, reader=reader)
    workitem_decide(workitem=workitem, by=reviewer, version=workitem.version, event="accept")
