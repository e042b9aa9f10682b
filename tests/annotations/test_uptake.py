"""PET through the front door: uptake where the image proves it, one factor for a series, else a reason."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from django.test import Client
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence
from pydicom.uid import PositronEmissionTomographyImageStorage

from annotations.models import ReadingProtocol
from annotations.services.revisions import finding_create
from annotations.services.workitems import workitem_claim, workitem_open
from core.models import Project, User
from imaging.models import Instance, Series, Study
from imaging.selectors import frame_values
from imaging.services.series_index import series_index
from tests.factories import dicom_files as made
from tests.imaging.arriving import arrived

pytestmark = pytest.mark.django_db


def _pet(name: str, number: int = 1, *, start: str, half_life: float = 6586.2, **changes: Any) -> bytes:
    dataset = made.dicom_dataset(name, sop_class=PositronEmissionTomographyImageStorage, modality="PT")
    made.number_instance(dataset, number, name)
    dataset.ImagePositionPatient, dataset.ImageOrientationPatient = [0, 0, 3 * number], [1, 0, 0, 0, 1, 0]
    dataset.PixelSpacing, dataset.FrameOfReferenceUID = [3, 3], made.file_uid(name, "space")
    pixels = np.full((16, 16), 100, np.uint16)
    pixels[4:12, 4:12] = 10_000
    made.set_pixels(dataset, pixels)
    dataset.RescaleSlope, dataset.RescaleIntercept = 1, 0
    dataset.Units, dataset.DecayCorrection, dataset.PatientWeight = "BQML", "START", 70
    dataset.CorrectedImage = ["DECY", "ATTN", "SCAT"]
    dataset.SeriesDate = dataset.AcquisitionDate = "20250310"
    dataset.SeriesTime = dataset.AcquisitionTime = "110000"
    drug = Dataset()
    drug.RadiopharmaceuticalStartDateTime, drug.RadionuclideTotalDose = start, 3.5e8
    drug.RadionuclideHalfLife = half_life
    dataset.RadiopharmaceuticalInformationSequence = Sequence([drug])
    for keyword, value in changes.items():
        setattr(dataset, keyword, value)
    return made.file_bytes(dataset)


def _stored(content: bytes | list[bytes], project: Project, user: User) -> Series:
    for one in content if isinstance(content, list) else [content]:
        (verdict,) = arrived(one, project, user)
        assert verdict.outcome == "stored", verdict.code
    series = Series.objects.latest("created_at")
    return series_index(series=series)


def _facts(series: Series, user: User) -> list[dict[str, Any]]:
    client = Client()
    client.force_login(user)
    address = f"/api/v1/studies/{series.study.study_instance_uid}/series/{series.series_instance_uid}/frames"
    frames: list[dict[str, Any]] = client.get(address).json()["frames"]
    return frames


@pytest.mark.parametrize(
    ("what", "file", "right"),
    [
        ("one hour", {"start": "20250310100000"}, 2.92),
        ("two days", {"start": "20250308100000", "half_life": 230550.0}, 3.40),
        ("over midnight", {"start": "20250309233000", "SeriesTime": "003000", "AcquisitionTime": "003000"}, 2.92),
    ],
)
def test_the_disc_has_its_uptake_in_the_facts_in_the_values_and_in_what_is_stored(
    what: str, file: dict[str, Any], right: float, project: Project, radiologist: User
) -> None:
    series = _stored(_pet(what, **file), project, radiologist)
    (facts,) = _facts(series, radiologist)
    assert facts["unit"]["suv"]["factor"] * 10_000 == pytest.approx(right, abs=0.005)
    assert (facts["unit"]["suv"]["unit"], facts["inverted"]) == ("SUVbw", True)
    image = series.instances.get()
    values = frame_values(image, 1)
    assert values is not None
    assert values[1] == "SUVbw"
    assert float(values[0][8, 8]) == pytest.approx(right, abs=0.005)
    ReadingProtocol.objects.get_or_create(project=project)
    workitem = workitem_open(project=project, study=series.study)
    workitem = workitem_claim(workitem=workitem, by=radiologist, version=workitem.version)
    place = {"space": "image", "sop_instance_uid": image.sop_instance_uid, "frame_number": 1}
    content = {"kind": "rectangle", "geometry": {**place, "points": [[5, 5], [10, 10]]}}
    finding = finding_create(workitem=workitem, author=radiologist, content=content)
    assert finding.head is not None
    mean = finding.head.content["measures"]["mean"]
    assert (mean["value"], mean["unit"]) == (pytest.approx(right, abs=0.005), "SUVbw")


def test_without_attenuation_correction_there_is_a_reason_and_becquerels(project: Project, radiologist: User) -> None:
    file = _pet("bare", start="20250310100000", CorrectedImage=["DECY", "SCAT"])
    series = _stored(file, project, radiologist)
    (facts,) = _facts(series, radiologist)
    assert facts["unit"]["word"] == "Bq/ml"
    assert (facts["unit"]["suv"]["factor"], facts["unit"]["suv"]["reason"]) == (None, "suv_not_attenuation_corrected")
    values = frame_values(Instance.objects.get(), 1)
    assert values is not None
    assert (values[1], float(values[0][8, 8])) == ("Bq/ml", 10_000)


def test_all_beds_of_a_series_that_was_made_later_have_one_factor(project: Project, radiologist: User) -> None:
    beds = [
        _pet("beds", number, start="20250310100000", SeriesTime="110200", AcquisitionTime=time)
        for number, time in ((1, "110000"), (2, "110500"), (3, "111000"))
    ]
    series = _stored(beds, project, radiologist)
    factors = {round(facts["unit"]["suv"]["factor"], 9) for facts in _facts(series, radiologist)}
    # The series' time lies between the beds: the first bed's counts for all (an hour after the injection).
    (factor,) = factors
    assert factor == pytest.approx(0.000292, abs=5e-7)
    assert Study.objects.count() == 1
