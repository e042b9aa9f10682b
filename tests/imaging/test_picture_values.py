"""A header says whether its picture shows a patient; what it does not say is taken for one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from pydicom.uid import SecondaryCaptureImageStorage

from imaging.dicom.json_model import header_model
from imaging.dicom.picture_values import picture_values
from imaging.models import Instance
from tests.factories.dicom_files import ct_slice, dx_image, file_bytes, mr_slice
from tests.imaging.arriving import arrived

if TYPE_CHECKING:
    from pydicom.dataset import FileDataset

    from core.models import Project, User


def _made(make: Any = dx_image, **attributes: Any) -> FileDataset:
    dataset: FileDataset = make()
    for name, value in attributes.items():
        setattr(dataset, name, value)
    return dataset


SC = {"SOPClassUID": SecondaryCaptureImageStorage}
SAYS = [
    ("patient", _made()),
    ("patient", _made(ImageType=["DERIVED", "PRIMARY"])),
    ("patient", _made(ct_slice, ImageType=["DERIVED", "SECONDARY", "REFORMATTED"])),
    ("patient", _made(mr_slice, SeriesDescription="Low dose of contrast")),
    ("localizer", _made(ct_slice, ImageType=["ORIGINAL", "PRIMARY", "LOCALIZER"])),
    (
        "dose_sheet",
        _made(ImageType=["DERIVED", "SECONDARY"], ConversionType="WSD", SeriesDescription="Dose Report", **SC),
    ),
    ("dose_sheet", _made(ct_slice, ImageType=["DERIVED", "SECONDARY", "OTHER", "DOSE_INFO"])),
    ("dose_sheet", _made(ct_slice, SeriesDescription="Patient Protocol")),
    ("screen_capture", _made(ct_slice, ImageType=["DERIVED", "SECONDARY", "SCREEN SAVE"])),
    ("screen_capture", _made(ConversionType="WSD", **SC)),
    ("document", _made(ConversionType="SD", **SC)),
    ("secondary_capture", _made(ConversionType="DF", **SC)),
    ("secondary_capture", _made(SOPClassUID="1.2.840.10008.5.1.4.1.1.7.4")),
    ("quality_control", _made(QualityControlImage="YES")),
    ("quality_control", _made(QualityControlSubject="YES")),
    ("quality_control", _made(BodyPartExamined="PHANTOM")),
    ("quality_control", _made(PatientName="Water^Phantom")),
    ("quality_control", _made(PatientID="QC_PHANTOM_7")),
    ("patient", _made(PatientName="Phantomas^Ann")),
]


@pytest.mark.parametrize(("subject", "dataset"), SAYS, ids=[f"{one}-{n}" for n, (one, _) in enumerate(SAYS)])
def test_a_header_says_what_is_on_its_picture(subject: str, dataset: FileDataset) -> None:
    assert picture_values(header_model(dataset))["subject"] == subject


@pytest.mark.django_db
def test_each_image_of_a_series_is_stored_with_its_own_view(project: Project, radiologist: User) -> None:
    frontal, lateral = _made(ImageType=["DERIVED", "PRIMARY"]), _made(ViewPosition="LL", InstanceNumber=2)
    lateral.SOPInstanceUID = lateral.file_meta.MediaStorageSOPInstanceUID = f"{frontal.SOPInstanceUID[:-2]}.2"
    for dataset in (frontal, lateral):
        arrived(file_bytes(dataset), project, radiologist)
    stored = Instance.objects.order_by("instance_number").values_list(
        "view_position", "body_part_examined", "image_type"
    )
    assert list(stored) == [("PA", "CHEST", "DERIVED\\PRIMARY"), ("LL", "CHEST", "")]
