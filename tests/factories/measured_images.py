"""Images whose values a reader measures: with a unit that is proven, or without one, each with what is right."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from pydicom.dataset import Dataset
from pydicom.uid import CTImageStorage, PositronEmissionTomographyImageStorage, SecondaryCaptureImageStorage

from tests.factories.dicom_files import dicom_dataset, file_uid, set_pixels
from tests.factories.pixel_cases import ramp

if TYPE_CHECKING:
    from numpy.typing import NDArray

_F18 = 6586.2


@dataclass
class MeasuredImage:
    """An image, and what a reader must see of it.

    Attributes:
        values: ``[J, I]`` in ``unit``, NaN for padding.
        modality_values: the same before uptake.
        letters: left and top edge; empty where nothing says them.
        said: what is written on the image.
        unsaid: what must not be.
    """

    name: str
    dataset: Any
    values: NDArray[Any]
    modality_values: NDArray[Any]
    unit: str
    letters: tuple[str, str]
    said: tuple[str, ...]
    unsaid: tuple[str, ...] = ()


def _made(name: str, sop_class: Any, modality: str, stored: NDArray[Any], orientation: list[int] | None) -> Any:
    dataset = dicom_dataset("measured", sop_class=sop_class, modality=modality, series=name)
    dataset.SeriesDescription = name
    set_pixels(dataset, stored)
    if orientation:
        dataset.ImagePositionPatient, dataset.ImageOrientationPatient = [-30, -20, 10], orientation
        dataset.PixelSpacing, dataset.FrameOfReferenceUID = [2, 2], file_uid("measured", name, "space")
    return dataset


def _pet(name: str, stored: NDArray[Any], corrected: list[str]) -> Any:
    dataset = _made(name, PositronEmissionTomographyImageStorage, "PT", stored, [1, 0, 0, 0, 1, 0])
    dataset.RescaleSlope, dataset.RescaleIntercept = 2.5, 0
    dataset.Units, dataset.DecayCorrection, dataset.PatientWeight = "BQML", "START", 80
    dataset.CorrectedImage = corrected
    dataset.SeriesDate = dataset.AcquisitionDate = "20250310"
    dataset.SeriesTime = dataset.AcquisitionTime = "003000"
    drug = Dataset()
    # Half an hour before midnight: the scan is of the next day.
    drug.RadiopharmaceuticalStartTime, drug.RadionuclideTotalDose, drug.RadionuclideHalfLife = "233000", 4e8, _F18
    dataset.RadiopharmaceuticalInformationSequence = [drug]
    return dataset


def measured_images() -> list[MeasuredImage]:
    """Return PET with and without uptake, CT in and not in Hounsfield units, and values with padding."""
    counts = ramp(0, 20000)
    factor = 80_000 / (4e8 * math.exp(-math.log(2) * 3600 / _F18))
    known = _pet("uptake known", counts, ["DECY", "ATTN", "SCAT"])
    unknown = _pet("uptake not known", counts, ["DECY", "SCAT"])
    activity = counts * 2.5
    density = ramp(0, 3000, np.int16)
    hounsfield = _made("in Hounsfield units", CTImageStorage, "CT", density, [1, 0, 0, 0, 0, -1])
    other = _made("not in Hounsfield units", CTImageStorage, "CT", density, [0, 1, 0, 0, 0, -1])
    for dataset, kind in ((hounsfield, "HU"), (other, "US")):
        dataset.RescaleSlope, dataset.RescaleIntercept, dataset.RescaleType = 0.5, -1024, kind
    attenuation = density * 0.5 - 1024
    stored = ramp(0, 1000, np.int16)
    stored[:8] = -2000
    padded = _made("with padding", SecondaryCaptureImageStorage, "OT", stored, None)
    padded.PixelPaddingValue, padded.PatientOrientation = -2000, ["L", "F"]
    padded.RescaleSlope, padded.RescaleIntercept = 0.01, 0
    plain = np.where(stored == -2000, np.nan, stored * 0.01)
    why = "no SUV: the image is not corrected for attenuation"
    return [
        MeasuredImage("uptake known", known, activity * factor, activity, "SUVbw", ("R", "A"), ("SUVbw",), ("no SUV",)),
        MeasuredImage("uptake not known", unknown, activity, activity, "Bq/ml", ("R", "A"), (why,), ("SUVbw",)),
        MeasuredImage("in Hounsfield units", hounsfield, attenuation, attenuation, "HU", ("R", "H"), ("HU",)),
        MeasuredImage("not in Hounsfield units", other, attenuation, attenuation, "", ("A", "H"), (), ("HU",)),
        MeasuredImage("with padding", padded, plain, plain, "", ("R", "H"), (), ("HU",)),
    ]
