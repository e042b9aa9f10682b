"""Pictures on oblique planes and what lies over them, drawn from one shape in patient space, so that places are known.

The space: three directions ``ROW``, ``COLUMN``, ``NORMAL`` at right angles and oblique to the patient, and an
``ORIGIN``. A box and a linear field are said in millimetres along them; each object samples them on its own grid.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydicom.dataset import Dataset, FileDataset
from pydicom.uid import (
    UID,
    BasicTextSRStorage,
    CTImageStorage,
    ParametricMapStorage,
    RTDoseStorage,
    RTStructureSetStorage,
    SegmentationStorage,
)

from tests.factories import dicom_files as made

Floats = NDArray[np.float64]
#: Label Map Segmentation Storage, younger than the library.
_LABEL_MAP = UID("1.2.840.10008.5.1.4.1.1.66.7")
ROWS, COLUMNS, SLICES = 40, 48, 3
BETWEEN_ROWS, BETWEEN_COLUMNS, BETWEEN_SLICES = 0.75, 1.25, 3.0
ORIGIN = np.array([-21.0, 14.5, 33.0])
_turn, _tilt = np.radians(25.0), np.radians(35.0)
ROW = np.array([np.cos(_turn), np.sin(_turn), 0.0])
COLUMN = np.array([-np.sin(_turn) * np.cos(_tilt), np.cos(_turn) * np.cos(_tilt), np.sin(_tilt)])
NORMAL = np.cross(ROW, COLUMN)
#: The box: from and to along each direction, mm from ORIGIN; its borders lie between pixels.
BOX = ((11.0, 31.0), (7.1, 18.4), (1.5, 4.5))
#: The field: value at ORIGIN, and its rise per mm along x, y, z of the patient.
FIELD = (20.0, np.array([0.25, -0.125, 0.5]))


def patient_points(number: int, rows: int = ROWS, columns: int = COLUMNS) -> Floats:
    """Return LPS mm, ``[J, I, 3]``, of the pixel centres of picture ``number`` (from 1)."""
    j, i = np.mgrid[:rows, :columns].astype(float)
    start = ORIGIN + (number - 1) * BETWEEN_SLICES * NORMAL
    return start + i[..., None] * BETWEEN_COLUMNS * ROW + j[..., None] * BETWEEN_ROWS * COLUMN


def in_box(points: Floats) -> NDArray[np.bool_]:
    """Say which points lie in the box."""
    along = [(points - ORIGIN) @ axis for axis in (ROW, COLUMN, NORMAL)]
    inside = [(low <= one) & (one <= high) for one, (low, high) in zip(along, BOX, strict=True)]
    return inside[0] & inside[1] & inside[2]


def field(points: Floats) -> Floats:
    """Return the field's value at points."""
    return np.asarray(FIELD[0] + (points - ORIGIN) @ FIELD[1])


def _sequence(**values: Any) -> list[Dataset]:
    item = Dataset()
    for keyword, value in values.items():
        setattr(item, keyword, value)
    return [item]


def _new(series: str, sop_class: Any, modality: str) -> FileDataset:
    dataset = made.dicom_dataset("layers", sop_class=sop_class, modality=modality, series=series)
    dataset.FrameOfReferenceUID = made.file_uid("layers", "space")
    dataset.SeriesNumber = 10
    return dataset


def pictures() -> list[FileDataset]:
    """Return the oblique CT: mid grey everywhere."""
    found = []
    for number in range(1, SLICES + 1):
        dataset = _new("", CTImageStorage, "CT")
        dataset.SeriesNumber = 1
        made.number_instance(dataset, number, "layers")
        dataset.ImagePositionPatient = [round(float(one), 10) for one in patient_points(number)[0, 0]]
        dataset.ImageOrientationPatient = [round(float(one), 12) for one in (*ROW, *COLUMN)]
        dataset.PixelSpacing = [BETWEEN_ROWS, BETWEEN_COLUMNS]
        dataset.SliceThickness = BETWEEN_SLICES
        made.set_pixels(dataset, np.full((ROWS, COLUMNS), 100, np.int16))
        dataset.RescaleSlope, dataset.RescaleIntercept, dataset.RescaleType = 1, 0, "HU"
        dataset.WindowCenter, dataset.WindowWidth = 100, 200
        found.append(dataset)
    return found


def _on_the_pictures(dataset: FileDataset, **per_frame: Any) -> None:
    """Give a multi-frame object one frame on each picture, with their planes."""
    shared, frames = Dataset(), []
    shared.PlaneOrientationSequence = _sequence(ImageOrientationPatient=pictures()[0].ImageOrientationPatient)
    shared.PixelMeasuresSequence = _sequence(
        PixelSpacing=[BETWEEN_ROWS, BETWEEN_COLUMNS],
        SliceThickness=BETWEEN_SLICES,
        SpacingBetweenSlices=BETWEEN_SLICES,
    )
    for picture in pictures():
        frame = Dataset()
        frame.PlanePositionSequence = _sequence(ImagePositionPatient=picture.ImagePositionPatient)
        source = _sequence(ReferencedSOPClassUID=picture.SOPClassUID, ReferencedSOPInstanceUID=picture.SOPInstanceUID)
        frame.DerivationImageSequence = _sequence(SourceImageSequence=source)
        for keyword, value in per_frame.items():
            setattr(frame, keyword, value)
        frames.append(frame)
    dataset.SharedFunctionalGroupsSequence = [shared]
    dataset.PerFrameFunctionalGroupsSequence = frames


def _segment(number: int, label: str, algorithm: str, lab: list[int] | None = None) -> Dataset:
    [item] = _sequence(SegmentNumber=number, SegmentLabel=label, SegmentAlgorithmType=algorithm)
    if algorithm != "MANUAL":
        item.SegmentAlgorithmName = "Liverfinder 2"
    if lab:
        item.RecommendedDisplayCIELabValue = lab
    return item


def _packed(frames: NDArray[np.bool_]) -> bytes:
    content = np.packbits(frames.ravel(), bitorder="little").tobytes()
    return content + b"\0" * (len(content) % 2)


def binary(algorithm: str = "MANUAL", *, series: str = "binary") -> FileDataset:
    """Return a segmentation of one bit a pixel with one segment: the box."""
    dataset = _new(series, SegmentationStorage, "SEG")
    frames = np.stack([in_box(patient_points(number)) for number in range(1, SLICES + 1)])
    made.set_pixels(dataset, frames.astype(np.uint8))
    dataset.BitsAllocated = dataset.BitsStored = 1
    dataset.HighBit = 0
    dataset.PixelData = _packed(frames)
    dataset.SegmentationType = "BINARY"
    dataset.SegmentSequence = [_segment(1, "Box", algorithm, [43803, 26565, 37722])]
    _on_the_pictures(dataset, SegmentIdentificationSequence=_sequence(ReferencedSegmentNumber=1))
    return dataset


def fractional() -> FileDataset:
    """Return a segmentation whose segment holds 50 of 200 parts of the box's pixels."""
    dataset = _new("fractional", SegmentationStorage, "SEG")
    frames = np.stack([in_box(patient_points(number)) for number in range(1, SLICES + 1)])
    made.set_pixels(dataset, (frames * 50).astype(np.uint8))
    dataset.SegmentationType, dataset.SegmentationFractionalType = "FRACTIONAL", "PROBABILITY"
    dataset.MaximumFractionalValue = 200
    dataset.SegmentSequence = [_segment(1, "Perhaps", "AUTOMATIC")]
    _on_the_pictures(dataset, SegmentIdentificationSequence=_sequence(ReferencedSegmentNumber=1))
    return dataset


def label_map() -> FileDataset:
    """Return a label map: 0 around, 7 in the box, 9 in its first half along a row."""
    dataset = _new("labelmap", _LABEL_MAP, "SEG")
    frames = np.zeros((SLICES, ROWS, COLUMNS), np.uint8)
    for number in range(1, SLICES + 1):
        points = patient_points(number)
        half = (points - ORIGIN) @ ROW < 21
        frames[number - 1] = np.where(in_box(points), np.where(half, 9, 7), 0)
    made.set_pixels(dataset, frames)
    dataset.SegmentationType = "LABELMAP"
    dataset.SegmentSequence = [
        _segment(0, "Background", "MANUAL"), _segment(7, "Right part", "MANUAL"), _segment(9, "Left part", "MANUAL")
    ]  # fmt: skip
    _on_the_pictures(dataset)
    return dataset


def axial_grid() -> tuple[Floats, float]:
    """Return the first point, LPS mm, and the step of the axial grid that lies around all pictures."""
    corners = np.concatenate([patient_points(number).reshape(-1, 3) for number in (1, SLICES)])
    return np.asarray(corners.min(axis=0) - 1), 0.5


def axial_segments() -> FileDataset:
    """Return the box on an axial grid of 0.5 mm that shares nothing with the pictures but the space."""
    dataset = _new("axial", SegmentationStorage, "SEG")
    corners = np.concatenate([patient_points(number).reshape(-1, 3) for number in (1, SLICES)])
    low, step = axial_grid()
    columns, rows, slices = (int(one) for one in np.ceil((corners.max(axis=0) + 1 - low) / step))
    k, j, i = np.mgrid[:slices, :rows, :columns]
    inside = in_box(low + step * np.stack([i, j, k], axis=-1))
    kept = np.flatnonzero(inside.any(axis=(1, 2)))  # as most writers, without frames of nothing
    made.set_pixels(dataset, inside[kept].astype(np.uint8))
    dataset.BitsAllocated = dataset.BitsStored = 1
    dataset.HighBit = 0
    dataset.PixelData = _packed(inside[kept])
    dataset.SegmentationType = "BINARY"
    dataset.SegmentSequence = [_segment(1, "Box, axial", "MANUAL")]
    shared, frames = Dataset(), []
    shared.PlaneOrientationSequence = _sequence(ImageOrientationPatient=[1, 0, 0, 0, 1, 0])
    shared.PixelMeasuresSequence = _sequence(PixelSpacing=[step, step], SliceThickness=step)
    shared.SegmentIdentificationSequence = _sequence(ReferencedSegmentNumber=1)
    for at in kept:
        frame = Dataset()
        place = [round(float(one), 10) for one in (low[0], low[1], low[2] + at * step)]
        frame.PlanePositionSequence = _sequence(ImagePositionPatient=place)
        frames.append(frame)
    dataset.SharedFunctionalGroupsSequence = [shared]
    dataset.PerFrameFunctionalGroupsSequence = frames
    return dataset


def float_map() -> FileDataset:
    """Return a parametric map of floats: the field inside the box, no value around; stored a thousandth of it."""
    dataset = _new("map", ParametricMapStorage, "OT")
    frames = np.stack([patient_points(number) for number in range(1, SLICES + 1)])
    values = np.where(in_box(frames), field(frames) / 1000, np.nan).astype(np.float32)
    made.set_pixels(dataset, values.view(np.uint32))
    for keyword in ("PixelData", "BitsStored", "HighBit", "PixelRepresentation"):
        del dataset[keyword]
    dataset.FloatPixelData = values.tobytes()
    unit = _sequence(CodeValue="mm2/s", CodingSchemeDesignator="UCUM", CodeMeaning="square millimetre per second")
    quantity = _sequence(CodeValue="113041", CodingSchemeDesignator="DCM", CodeMeaning="Apparent Diffusion Coefficient")
    name = _sequence(CodeValue="246205007", CodingSchemeDesignator="SCT", CodeMeaning="Quantity")
    definition = _sequence(ValueType="CODE", ConceptNameCodeSequence=name, ConceptCodeSequence=quantity)
    line = _sequence(
        RealWorldValueSlope=1000.0, RealWorldValueIntercept=0.0, MeasurementUnitsCodeSequence=unit, LUTLabel="ADC",
        LUTExplanation="", QuantityDefinitionSequence=definition,
        DoubleFloatRealWorldValueFirstValueMapped=-1e9, DoubleFloatRealWorldValueLastValueMapped=1e9,
    )  # fmt: skip
    _on_the_pictures(dataset, RealWorldValueMappingSequence=line)
    return dataset


def device_report() -> FileDataset:
    """Return a structured report whose observer is a device (TID 1002): "Nodule found"."""
    dataset = _new("report", BasicTextSRStorage, "SR")

    def code(value: str, meaning: str) -> list[Dataset]:
        return _sequence(CodeValue=value, CodingSchemeDesignator="DCM", CodeMeaning=meaning)

    dataset.ValueType, dataset.ConceptNameCodeSequence = "CONTAINER", code("126000", "Imaging Measurement Report")
    dataset.ContentSequence = [
        *_sequence(
            RelationshipType="HAS OBS CONTEXT",
            ValueType="CODE",
            ConceptNameCodeSequence=code("121005", "Observer Type"),
            ConceptCodeSequence=code("121007", "Device"),
        ),
        *_sequence(
            RelationshipType="CONTAINS",
            ValueType="TEXT",
            ConceptNameCodeSequence=code("121071", "Finding"),
            TextValue="Nodule found",
        ),
    ]
    return dataset


DOSE_SCALE, DOSE_STEP = 0.001, 2.5


def dose(*, absolute: bool = False) -> FileDataset:
    """Return a dose grid: the field in Gy on axial planes, 2.5 mm apart, over all pictures.

    Args:
        absolute: its offsets are positions on the patient's axis, not distances from the first plane.
    """
    dataset = _new("dose", RTDoseStorage, "RTDOSE")
    corners = np.concatenate([patient_points(number).reshape(-1, 3) for number in (1, SLICES)])
    low = np.floor(corners.min(axis=0)) - 2
    columns, rows, slices = (int(one) for one in np.ceil((corners.max(axis=0) + 4 - low) / DOSE_STEP))
    k, j, i = np.mgrid[:slices, :rows, :columns]
    stored = field(low + DOSE_STEP * np.stack([i, j, k], axis=-1)) / DOSE_SCALE
    made.set_pixels(dataset, np.rint(stored).astype(np.uint32))
    dataset.ImagePositionPatient = [float(one) for one in low]
    dataset.ImageOrientationPatient = [1, 0, 0, 0, 1, 0]
    dataset.PixelSpacing = [DOSE_STEP, DOSE_STEP]
    dataset.GridFrameOffsetVector = [float(DOSE_STEP * at + (low[2] if absolute else 0)) for at in range(slices)]
    dataset.FrameIncrementPointer = 0x3004000C
    dataset.DoseUnits, dataset.DoseType, dataset.DoseSummationType = "GY", "PHYSICAL", "PLAN"
    dataset.DoseGridScaling = DOSE_SCALE
    return dataset


#: (column, row) of the corners of the outlined square, on the second picture.
SQUARE = ((9.0, 8.0), (25.0, 8.0), (25.0, 24.0), (9.0, 24.0))


def outlines(algorithm: str = "MANUAL", *, named: bool = True) -> FileDataset:
    """Return a structure set of two regions: a square on the second picture, and one without lines.

    Args:
        named: the square names its picture; else its place alone says where it lies.
    """
    dataset = _new("structures", RTStructureSetStorage, "RTSTRUCT")
    dataset.StructureSetLabel = "Plan A"
    space = dataset.FrameOfReferenceUID
    del dataset.FrameOfReferenceUID
    start = patient_points(2)[0, 0]
    corners = [start + c * BETWEEN_COLUMNS * ROW + r * BETWEEN_ROWS * COLUMN for c, r in SQUARE]
    square = _sequence(
        ContourGeometricType="CLOSED_PLANAR",
        NumberOfContourPoints=4,
        ContourData=[f"{one:.6f}" for corner in corners for one in corner],
    )
    if named:
        square[0].ContourImageSequence = _sequence(
            ReferencedSOPClassUID=CTImageStorage, ReferencedSOPInstanceUID=pictures()[1].SOPInstanceUID
        )
    regions = [(1, "Target", [255, 128, 0], square), (2, "Empty", [0, 255, 0], [])]
    dataset.StructureSetROISequence = [
        _sequence(
            ROINumber=number, ReferencedFrameOfReferenceUID=space, ROIName=name, ROIGenerationAlgorithm=algorithm
        )[0]
        for number, name, _, _ in regions
    ]
    dataset.ROIContourSequence = [
        _sequence(ROIDisplayColor=color, ReferencedROINumber=number, ContourSequence=lines)[0]
        for number, _, color, lines in regions
    ]
    return dataset
