"""Wraps pictures as DICOM objects that say what they are: drawn or sample images, of nobody.

UIDs are made from names, so the same picture always gives the same file and storing it twice changes nothing.
"""

from __future__ import annotations

from io import BytesIO
from typing import TYPE_CHECKING

import numpy as np
from pydicom.dataset import Dataset, FileDataset, FileMetaDataset
from pydicom.uid import (
    DigitalMammographyXRayImageStorageForPresentation,
    DigitalXRayImageStorageForPresentation,
    ExplicitVRLittleEndian,
    JPEGBaseline8Bit,
    OphthalmicPhotography8BitImageStorage,
    generate_uid,
)

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from pydicom.uid import UID

    from webapp.demo.mammograms import Mammogram
    from webapp.demo.phantoms import Radiograph

#: Width of a chest picture, height of a mammogram, in the world they pretend to show.
_PHANTOM_WIDTH_MM, _MAMMOGRAM_HEIGHT_MM = 360.0, 240.0
_NOTE = "Drawn by a computer for demonstration. Not a patient."


def demo_uid(*names: str) -> UID:
    """Return the UID that belongs to these names."""
    return generate_uid(entropy_srcs=["overread-demo", *names])


def _empty(sop_class: UID, transfer_syntax: UID, name: str) -> FileDataset:
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID = sop_class
    meta.MediaStorageSOPInstanceUID = demo_uid(name, "instance")
    meta.TransferSyntaxUID = transfer_syntax
    dataset = FileDataset("", {}, file_meta=meta, preamble=b"\0" * 128)
    dataset.SOPClassUID = sop_class
    dataset.SOPInstanceUID = meta.MediaStorageSOPInstanceUID
    dataset.StudyInstanceUID = demo_uid(name, "study")
    dataset.SeriesInstanceUID = demo_uid(name, "series")
    dataset.StudyID = "1"
    dataset.SeriesNumber = 1
    dataset.InstanceNumber = 1
    dataset.PatientBirthDate = ""
    dataset.ReferringPhysicianName = ""
    dataset.AccessionNumber = ""
    dataset.BurnedInAnnotation = "NO"
    dataset.PatientIdentityRemoved = "YES"
    dataset.DeidentificationMethod = "Never had an identity"
    return dataset


def _bytes(dataset: FileDataset) -> bytes:
    buffer = BytesIO()
    dataset.save_as(buffer, enforce_file_format=True)
    return buffer.getvalue()


def radiograph_file(
    drawn: Radiograph,
    *,
    name: str,
    patient_id: str,
    study_date: str,
    issuer: str = "",
    bits: int = 12,
    inverted: bool = False,
) -> bytes:
    """Return a drawn radiograph as a DX file.

    Args:
        name: of this picture; its UIDs are made from it.
        study_date: ``YYYYMMDD``.
        bits: 8 or 12 stored.
        inverted: store as MONOCHROME1 (dense is dark in the file; it is shown the same).
    """
    pixels: NDArray[np.generic] = drawn.pixels_ji if bits == 12 else (drawn.pixels_ji >> 4).astype(np.uint8)
    top = (1 << bits) - 1
    if inverted:
        pixels = np.subtract(top, pixels, dtype=pixels.dtype)
    dataset = _empty(DigitalXRayImageStorageForPresentation, ExplicitVRLittleEndian, name)
    _drawn(dataset, patient_id, issuer, study_date, sex=drawn.anatomy.sex, age_years=drawn.anatomy.age_years)
    dataset.Modality = "DX"
    dataset.ManufacturerModelName = f"Device {drawn.exposure.device}"
    dataset.StudyDescription = "SYNTHETIC chest radiograph"
    dataset.SeriesDescription = f"SYNTHETIC {drawn.exposure.view} chest"
    dataset.BodyPartExamined = "CHEST"
    dataset.ViewPosition = drawn.exposure.view
    dataset.PatientOrientation = ["L", "F"]
    dataset.PixelIntensityRelationship = "LOG"
    dataset.PixelIntensityRelationshipSign = -1
    spacing = round(_PHANTOM_WIDTH_MM / pixels.shape[1], 6)
    dataset.ImagerPixelSpacing = [spacing, spacing]
    dataset.PresentationLUTShape = "INVERSE" if inverted else "IDENTITY"
    _grey_pixels(dataset, pixels, bits=bits, inverted=inverted)
    dataset.WindowCenter, dataset.WindowWidth = (top + 1) // 2, top + 1
    dataset.RescaleIntercept, dataset.RescaleSlope, dataset.RescaleType = 0, 1, "US"
    return _bytes(dataset)


def mammogram_file(
    drawn: Mammogram, *, name: str, patient_id: str, issuer: str, study_date: str, age_years: int
) -> bytes:
    """Return a drawn mammogram as an MG file, mediolateral oblique.

    Args:
        name: of this picture; its UIDs are made from it.
        study_date: ``YYYYMMDD``.
    """
    dataset = _empty(DigitalMammographyXRayImageStorageForPresentation, ExplicitVRLittleEndian, name)
    _drawn(dataset, patient_id, issuer, study_date, sex="F", age_years=age_years)
    side = "L" if drawn.left else "R"
    dataset.Modality = "MG"
    dataset.ManufacturerModelName = "Device M"
    dataset.StudyDescription = "SYNTHETIC mammogram"
    dataset.SeriesDescription = f"SYNTHETIC {side} MLO"
    dataset.BodyPartExamined, dataset.ImageLaterality, dataset.ViewPosition = "BREAST", side, "MLO"
    dataset.PatientOrientation = ["A", "FR"] if drawn.left else ["P", "FL"]
    dataset.PixelIntensityRelationship, dataset.PixelIntensityRelationshipSign = "LOG", -1
    spacing = round(_MAMMOGRAM_HEIGHT_MM / drawn.pixels_ji.shape[0], 6)
    dataset.ImagerPixelSpacing = [spacing, spacing]
    dataset.PresentationLUTShape = "IDENTITY"
    _grey_pixels(dataset, drawn.pixels_ji, bits=12, inverted=False)
    dataset.WindowCenter, dataset.WindowWidth = 1700, 3400
    dataset.RescaleIntercept, dataset.RescaleSlope, dataset.RescaleType = 0, 1, "US"
    return _bytes(dataset)


def _drawn(dataset: Dataset, patient_id: str, issuer: str, study_date: str, *, sex: str, age_years: int) -> None:
    """Say of whom a drawing is, when it was made, and that it is one."""
    dataset.PatientName = f"SYNTHETIC^CASE {patient_id.rsplit('-', 1)[-1]}"
    dataset.PatientID, dataset.IssuerOfPatientID = patient_id, issuer
    dataset.PatientSex, dataset.PatientAge = sex, f"{age_years:03d}Y"
    dataset.StudyDate = dataset.SeriesDate = dataset.ContentDate = study_date
    dataset.StudyTime = dataset.ContentTime = "120000"
    dataset.Manufacturer = "Overread phantom"
    dataset.PresentationIntentType = "FOR PRESENTATION"
    dataset.ImageType = ["DERIVED", "PRIMARY"]
    dataset.DerivationDescription = dataset.ImageComments = _NOTE


def _grey_pixels(dataset: Dataset, pixels: NDArray[np.generic], *, bits: int, inverted: bool) -> None:
    dataset.SamplesPerPixel = 1
    dataset.PhotometricInterpretation = "MONOCHROME1" if inverted else "MONOCHROME2"
    dataset.Rows, dataset.Columns = pixels.shape
    dataset.BitsAllocated = 8 if bits == 8 else 16
    dataset.BitsStored, dataset.HighBit, dataset.PixelRepresentation = bits, bits - 1, 0
    raw = pixels.tobytes()
    dataset.PixelData = raw + b"\0" * (len(raw) % 2)
    dataset["PixelData"].VR = "OB" if bits == 8 else "OW"


def photograph_file(jpeg: bytes, *, name: str, patient_name: str, patient_id: str, description: str) -> bytes:
    """Return a baseline JPEG photograph of a retina as an Ophthalmic Photography file; the JPEG is kept as it is."""
    from PIL import Image
    from pydicom.encaps import encapsulate

    with Image.open(BytesIO(jpeg)) as picture:
        columns, rows = picture.size
    dataset = _empty(OphthalmicPhotography8BitImageStorage, JPEGBaseline8Bit, name)
    dataset.PatientName, dataset.PatientID, dataset.PatientSex = patient_name, patient_id, ""
    dataset.StudyDate = dataset.ContentDate = "20180101"
    dataset.StudyTime = dataset.ContentTime = "120000"
    dataset.Modality, dataset.Manufacturer = "OP", ""
    dataset.StudyDescription = dataset.SeriesDescription = description
    dataset.BodyPartExamined, dataset.ImageLaterality = "EYE", "L"
    dataset.ImageType = ["ORIGINAL", "PRIMARY", "", "COLOR"]
    dataset.NumberOfFrames = 1
    dataset.SamplesPerPixel, dataset.PlanarConfiguration = 3, 0
    dataset.PhotometricInterpretation = "YBR_FULL_422"
    dataset.Rows, dataset.Columns = rows, columns
    dataset.BitsAllocated = dataset.BitsStored = 8
    dataset.HighBit, dataset.PixelRepresentation = 7, 0
    dataset.LossyImageCompression, dataset.LossyImageCompressionMethod = "01", "ISO_10918_1"
    dataset.PixelData = encapsulate([jpeg])
    return _bytes(dataset)
