"""Real sample images from Python packages with free licences, under new names and UIDs that say what they are.

The pixels stay as they are. The packages are pydicom (MIT), deid-data (MIT) and scikit-image (retina photograph: CC0).
Two of pydicom's files are left out because their licence is restricted or unclear.
"""

from __future__ import annotations

import zipfile
from dataclasses import dataclass
from importlib.resources import files
from io import BytesIO
from typing import TYPE_CHECKING

import pydicom
from pydicom.dataset import FileMetaDataset

from webapp.demo.wrapping import demo_uid, photograph_file

if TYPE_CHECKING:
    from collections.abc import Iterator

#: Not to be shown: non-commercial licence, and unclear origin.
LEFT_OUT = frozenset({"693_J2KI.dcm", "J2K_pixelrep_mismatch.dcm"})


@dataclass(frozen=True)
class Sample:
    """One file of a package.

    Attributes:
        path: below the package; ``a.zip/b.dcm`` is an entry of a zip file.
        title: for patient name and study description; says what it is.
    """

    package: str
    path: str
    title: str


SAMPLES = (
    Sample("pydicom", "data/test_files/CT_small.dcm", "CT SLICE"),
    Sample("pydicom", "data/test_files/MR_small.dcm", "MR SLICE"),
    Sample("pydicom", "data/test_files/examples_overlay.dcm", "MR ABDOMEN"),
    Sample("pydicom", "data/test_files/JPEG2000.dcm", "NM WHOLE BODY"),
    Sample("pydicom", "data/test_files/examples_jpeg2k.dcm", "US JPEG 2000"),
    Sample("pydicom", "data/test_files/examples_rgb_color.dcm", "US COLOUR"),
    Sample("pydicom", "data/test_files/examples_ybr_color.dcm", "US COLOUR CINE"),
    Sample("pydicom", "data/test_files/examples_palette.dcm", "US PALETTE"),
    Sample("pydicom", "data/test_files/image_dfl.dcm", "DEFLATED TEST PATTERN"),
    Sample("deid_data", "data/ultrasounds/GREYSCALE_IMAGE.dcm", "US KIDNEY"),
    Sample("deid_data", "data/ultrasounds/RGB_IMAGE.dcm", "US SOFT TISSUE"),
    Sample("deid_data", "data/ultrasounds/ultrasound-multiframe.dcm", "US ECHOCARDIOGRAPHY CINE"),
    Sample("deid_data", "data/ultrasounds/GREYSCALE_CINE.zip/GREYSCALE_CINE.dcm", "US GREY CINE"),
    Sample("deid_data", "data/animals/cat.dcm", "DX OF A CAT"),
    Sample("skimage", "data/retina.jpg", "RETINA PHOTOGRAPH"),
)


def _package_bytes(sample: Sample) -> bytes:
    path, _, entry = sample.path.partition(".zip/")
    root = files(sample.package)
    if not entry:
        return root.joinpath(path).read_bytes()
    with root.joinpath(f"{path}.zip").open("rb") as packed, zipfile.ZipFile(packed) as archive:
        return archive.read(entry)


def _renamed(content: bytes, sample: Sample, number: int) -> bytes:
    """Return the file with a sample's name, number and UIDs; everything else stays."""
    dataset = pydicom.dcmread(BytesIO(content))
    for keyword in ("StudyInstanceUID", "SeriesInstanceUID", "SOPInstanceUID"):
        setattr(dataset, keyword, demo_uid(sample.path, str(dataset.get(keyword, keyword))))
    assert isinstance(dataset.file_meta, FileMetaDataset)
    dataset.file_meta.MediaStorageSOPInstanceUID = dataset.SOPInstanceUID
    dataset.PatientName = f"SAMPLE^{sample.title}"
    dataset.PatientID = f"SAMPLE-{number:02d}"
    dataset.IssuerOfPatientID = "OVERREAD-DEMO"
    for keyword in ("PatientBirthDate", "ReferringPhysicianName", "AccessionNumber", "OtherPatientIDs"):
        if keyword in dataset:
            setattr(dataset, keyword, "")
    dataset.StudyDescription = f"SAMPLE {sample.title} ({sample.package})"
    buffer = BytesIO()
    dataset.save_as(buffer)
    return buffer.getvalue()


def sample_files() -> Iterator[tuple[str, bytes]]:
    """Yield file name and content of every sample whose package is installed with it."""
    for number, sample in enumerate(SAMPLES, start=1):
        try:
            content = _package_bytes(sample)
        except (FileNotFoundError, ModuleNotFoundError, KeyError):
            continue
        name = sample.path.rsplit("/", 1)[-1]
        if name.endswith(".jpg"):
            yield (
                f"{name}.dcm",
                photograph_file(
                    content,
                    name=name,
                    patient_name=f"SAMPLE^{sample.title}",
                    patient_id=f"SAMPLE-{number:02d}",
                    description=f"SAMPLE {sample.title} ({sample.package})",
                ),
            )
        else:
            yield name, _renamed(content, sample, number)
