"""Real chest X-rays of the data folder as DICOM files, and what two readers said of them.

The second reader reads half of the films that teach and is wrong about seven in ten: 35 % of all labels that teach are
wrong. Films that test were all read by the careful reader, so that improvement can be measured.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from pydicom.uid import DigitalXRayImageStorageForPresentation

from annotations.dataset.split import patient_key, split_of
from annotations.services.projects import label_create, project_create
from annotations.services.revisions import finding_create
from annotations.services.sign_off import workitem_decide
from annotations.services.workitems import workitem_claim, workitem_submit
from core.users import membership_set
from imaging.models import Patient
from tests.factories.dicom_files import dicom_dataset, file_bytes, file_uid

if TYPE_CHECKING:
    from pathlib import Path

    from annotations.models import Workitem
    from core.models import Project, User

LABEL = "pneumonia"
WRONG_SHARE = 0.35
#: Films by the split that their patients belong to.
WANTED = {"train": 240, "validation": 60, "test": 200}


def chest_project(people: dict[str, User], *members: str) -> Project:
    """Make a project for chest X-rays with one label, and these people in it; ``people`` has an admin."""
    made = project_create(slug="xrays", title="Chest X-rays", by=people["admin"])
    for name in members:
        membership_set(project=made, user=people[name], role=people[name].role, by=people["admin"])
    label_create(
        project=made, by=people["admin"], key=LABEL, code_value="233604007", coding_scheme_designator="SCT",
        code_meaning="Pneumonia", uses=["image", "region"], color="#f59f00",
    )  # fmt: skip
    return made


@dataclass(frozen=True)
class Film:
    """One real X-ray of the data folder.

    Attributes:
        pixels_ji: rows × columns, 8 bits.
        truth: pneumonia was diagnosed.
        split: where its patient belongs in this house.
        is_of_second_reader: the second reader reads it.
        is_wrong: its reader is wrong.
    """

    name: str
    pixels_ji: np.ndarray[Any, np.dtype[np.uint8]]
    truth: bool
    split: str
    is_of_second_reader: bool
    is_wrong: bool

    @property
    def said(self) -> bool:
        """What its reader says."""
        return self.truth != self.is_wrong

    @property
    def study_instance_uid(self) -> str:
        """UID of its study."""
        return str(file_uid(self.name, "study"))


def films_read(folder: Path, *, seed: int) -> list[Film]:
    """Return films with what their readers say; the split is that of the present split key.

    Args:
        folder: holds ``pneumoniamnist_dev.npz``: films × 28 × 28 pixels of 8 bits, labels 0 (normal), 1 (pneumonia).
        seed: of which films are taken and which are read wrongly.
    """
    with np.load(folder / "pneumoniamnist_dev.npz") as held:
        pixels = np.concatenate([held["train_images"], held["val_images"]])
        labels = np.concatenate([held["train_labels"], held["val_labels"]]).ravel()
    lots = np.random.default_rng(seed)
    films: list[Film] = []
    counts = dict.fromkeys(WANTED, 0)
    for index in lots.permutation(len(pixels)):
        split = split_of(patient_key(Patient(patient_id=f"XR-{index:04d}")))
        if counts[split] == WANTED[split]:
            continue
        place, teaches = counts[split], split != "test"
        counts[split] += 1
        films.append(
            Film(
                name=f"XR-{index:04d}",
                pixels_ji=pixels[index],
                truth=bool(labels[index]),
                split=split,
                # Every other film that teaches; of any twenty in a row the second reader has ten, and seven wrong.
                is_of_second_reader=teaches and place % 2 == 0,
                is_wrong=teaches and place % 2 == 0 and place % 20 < 20 * 2 * WRONG_SHARE,
            )
        )
    assert counts == WANTED, "the data folder holds enough films"
    return films


def film_file(film: Film) -> bytes:
    """Return the film as a DX file with its pixels as they are."""
    dataset = dicom_dataset(film.name, sop_class=DigitalXRayImageStorageForPresentation, modality="DX")
    dataset.PatientID, dataset.PatientName, dataset.PatientBirthDate = film.name, "Sample^Radiograph", ""
    dataset.PatientSex, dataset.PatientAge = "", ""
    dataset.BodyPartExamined = "CHEST"
    dataset.Rows, dataset.Columns = film.pixels_ji.shape
    dataset.SamplesPerPixel, dataset.PhotometricInterpretation = 1, "MONOCHROME2"
    dataset.BitsAllocated = dataset.BitsStored = 8
    dataset.HighBit, dataset.PixelRepresentation = 7, 0
    dataset.PixelData = film.pixels_ji.tobytes()
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
