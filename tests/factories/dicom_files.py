"""Small, real DICOM files of several kinds, made with pydicom: the same arguments always give the same bytes."""

from __future__ import annotations

from io import BytesIO
from typing import TYPE_CHECKING, Any

import numpy as np
from pydicom.dataset import Dataset, FileDataset, FileMetaDataset
from pydicom.uid import (
    BasicTextSRStorage,
    CTImageStorage,
    DeflatedExplicitVRLittleEndian,
    DigitalXRayImageStorageForPresentation,
    ExplicitVRLittleEndian,
    MRImageStorage,
    RLELossless,
    UltrasoundImageStorage,
    UltrasoundMultiFrameImageStorage,
    generate_uid,
)

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray
    from pydicom.uid import UID


def file_uid(*names: object) -> UID:
    """Return the UID that belongs to these names."""
    return generate_uid(entropy_srcs=["overread-tests", *map(str, names)])


def dicom_dataset(
    name: str, *, sop_class: UID, modality: str, series: str = "", transfer_syntax: UID = ExplicitVRLittleEndian
) -> FileDataset:
    """Return a data set without pixels whose UIDs are made from ``name`` (study), ``series`` and what it is."""
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID = sop_class
    meta.MediaStorageSOPInstanceUID = file_uid(name, series, "instance", 1)
    meta.TransferSyntaxUID = transfer_syntax
    dataset = FileDataset("", {}, file_meta=meta, preamble=b"\0" * 128)
    dataset.SpecificCharacterSet = "ISO_IR 192"
    dataset.SOPClassUID = sop_class
    dataset.StudyInstanceUID = file_uid(name, "study")
    dataset.SeriesInstanceUID = file_uid(name, series, "series")
    dataset.PatientName = f"Sample^{name.title()}"
    dataset.PatientID = f"ID-{name}"
    dataset.PatientBirthDate = "19600229"
    dataset.PatientSex = "F"
    dataset.PatientAge = "060Y"
    dataset.StudyDate = "20200301"
    dataset.StudyTime = "101112"
    dataset.StudyID = "1"
    dataset.AccessionNumber = f"A-{name}"[:16]
    dataset.StudyDescription = f"Study {name}"
    dataset.SeriesDescription = f"Series {series or modality}"
    dataset.ReferringPhysicianName = ""
    dataset.SeriesNumber = 1
    dataset.Modality = modality
    number_instance(dataset, 1, name, series)
    return dataset


def number_instance(dataset: FileDataset, number: int, name: str, series: str = "") -> None:
    """Make the data set the instance with this number of its series."""
    dataset.SOPInstanceUID = file_uid(name, series, "instance", number)
    dataset.file_meta.MediaStorageSOPInstanceUID = dataset.SOPInstanceUID
    dataset.InstanceNumber = number


def set_pixels(dataset: Dataset, pixels: NDArray[Any], photometric: str = "MONOCHROME2") -> None:
    """Give a data set an uncompressed image: ``[J, I]``, ``[K, J, I]``, or with colour last (then say so)."""
    color = photometric not in {"MONOCHROME1", "MONOCHROME2", "PALETTE COLOR"}
    frames = pixels.reshape(-1, *pixels.shape[-3 if color else -2 :])
    bits = pixels.dtype.itemsize * 8
    dataset.SamplesPerPixel = 3 if color else 1
    dataset.PhotometricInterpretation = photometric
    dataset.Rows, dataset.Columns = frames.shape[1], frames.shape[2]
    dataset.BitsAllocated = dataset.BitsStored = bits
    dataset.HighBit = bits - 1
    dataset.PixelRepresentation = int(pixels.dtype.kind == "i")
    if color:
        dataset.PlanarConfiguration = 0
    if len(frames) > 1:
        dataset.NumberOfFrames = len(frames)
    content = np.ascontiguousarray(frames).tobytes()
    dataset.PixelData = content + b"\0" * (len(content) % 2)
    dataset["PixelData"].VR = "OB" if bits == 8 else "OW"


def file_bytes(dataset: FileDataset) -> bytes:
    """Return the Part 10 file."""
    buffer = BytesIO()
    dataset.save_as(buffer, enforce_file_format=True)
    return buffer.getvalue()


def _place(dataset: Dataset, z: float, spacing: tuple[float, float] = (0.5, 0.5)) -> None:
    dataset.FrameOfReferenceUID = file_uid(dataset.StudyInstanceUID, "space")
    dataset.ImagePositionPatient = [-10.0, -12.0, z]
    dataset.ImageOrientationPatient = [1, 0, 0, 0, 1, 0]
    dataset.PixelSpacing = list(spacing)
    dataset.SliceThickness = 2


def ct_slice(name: str = "ct", number: int = 1, *, size: int = 16, z_step: float = 2.0) -> FileDataset:
    """Return one axial CT slice: a gradient in HU with a bright square whose place moves with the slice."""
    dataset = dicom_dataset(name, sop_class=CTImageStorage, modality="CT")
    number_instance(dataset, number, name)
    dataset.BodyPartExamined = "CHEST"
    _place(dataset, (number - 1) * z_step)
    pixels = np.arange(size * size, dtype=np.int16).reshape(size, size) - 64
    pixels[number % size, 2:5] = 900
    set_pixels(dataset, pixels)
    dataset.RescaleSlope, dataset.RescaleIntercept, dataset.RescaleType = 1, -1024, "HU"
    dataset.WindowCenter, dataset.WindowWidth = 40, 400
    return dataset


def ct_series(name: str = "ct", slices: int = 4, *, size: int = 16) -> list[bytes]:
    """Return the files of an axial CT series."""
    return [file_bytes(ct_slice(name, number, size=size)) for number in range(1, slices + 1)]


def mr_slice(name: str = "mr") -> FileDataset:
    """Return one MR slice with values of 16 bits without sign."""
    dataset = dicom_dataset(name, sop_class=MRImageStorage, modality="MR")
    _place(dataset, 0.0, (1.0, 1.0))
    set_pixels(dataset, np.arange(256, dtype=np.uint16).reshape(16, 16))
    return dataset


def dx_image(name: str = "dx", *, inverted: bool = False) -> FileDataset:
    """Return a radiograph of 12 bits; ``inverted``: as MONOCHROME1."""
    dataset = dicom_dataset(name, sop_class=DigitalXRayImageStorageForPresentation, modality="DX")
    dataset.BodyPartExamined, dataset.ViewPosition = "CHEST", "PA"
    dataset.ImagerPixelSpacing = [0.2, 0.2]
    set_pixels(dataset, (np.arange(400, dtype=np.uint16) * 10).reshape(20, 20), f"MONOCHROME{1 if inverted else 2}")
    dataset.BitsStored, dataset.HighBit = 12, 11
    return dataset


def us_cine(name: str = "us", frames: int = 3) -> FileDataset:
    """Return a colour ultrasound cine, RGB."""
    dataset = dicom_dataset(name, sop_class=UltrasoundMultiFrameImageStorage, modality="US")
    dataset.FrameTime = 40
    dataset.FrameIncrementPointer = 0x00181063
    count = frames * 12 * 14 * 3
    set_pixels(dataset, (np.arange(count) % 251).astype(np.uint8).reshape(frames, 12, 14, 3), "RGB")
    return dataset


def palette_image(name: str = "palette") -> FileDataset:
    """Return an ultrasound image with a colour palette of 256 entries of 16 bits."""
    dataset = dicom_dataset(name, sop_class=UltrasoundImageStorage, modality="US")
    set_pixels(dataset, np.arange(256, dtype=np.uint8).reshape(16, 16), "PALETTE COLOR")
    ramp = np.arange(256, dtype=np.uint16) * 257
    for color, entries in {"Red": ramp, "Green": ramp[::-1], "Blue": np.full(256, 0x8080, np.uint16)}.items():
        setattr(dataset, f"{color}PaletteColorLookupTableDescriptor", [256, 0, 16])
        setattr(dataset, f"{color}PaletteColorLookupTableData", entries.tobytes())
    return dataset


def report(name: str = "sr") -> FileDataset:
    """Return a structured report: an instance without pixels."""
    dataset = dicom_dataset(name, sop_class=BasicTextSRStorage, modality="SR")
    item = Dataset()
    item.RelationshipType, item.ValueType, item.TextValue = "CONTAINS", "TEXT", "Nothing to see"
    dataset.ValueType, dataset.ContentSequence = "CONTAINER", [item]
    return dataset


def rle(dataset: FileDataset) -> FileDataset:
    """Compress a data set's pixels with RLE."""
    dataset.compress(RLELossless, generate_instance_uid=False)
    return dataset


def deflated(dataset: FileDataset) -> FileDataset:
    """Return the data set so that it is written deflated."""
    dataset.file_meta.TransferSyntaxUID = DeflatedExplicitVRLittleEndian
    return dataset


def write(folder: Path, **named: bytes) -> list[Path]:
    """Write files ``<name>.dcm`` into a folder and return their paths."""
    paths = []
    for name, content in named.items():
        path = folder / f"{name}.dcm"
        path.write_bytes(content)
        paths.append(path)
    return paths
