"""What goes into the engine: images with their modality values, and cases with what is known about them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from inference.engine.errors import ImageError
from inference.engine.grid import Grid

MaskLoader = Callable[[], NDArray[np.bool_]]
BoxLoader = Callable[[], NDArray[np.float64]]


@dataclass(frozen=True, eq=False)
class Image:
    """One image or volume.

    Args:
        pixels_kji: float32, [K, J, I] (slices or frames, rows, columns; K = 1 for a radiograph) or [K, J, I, 3]
            for colour. Modality values: rescaled already, MONOCHROME1 inverted already (bright is dense).
        spacing_mm_kji: distance of neighbouring voxel centres in mm, or None where the image does not prove it; that of
            slices is None where they are no neighbours in space.
        even_slices: every slice is that far from the next: voxels can be counted as a volume.
        aspect_ji: (height, width) of a pixel in any common unit; its shape where there are no millimetres.
        modality: DICOM Modality, e.g. "DX".

    Raises:
        ImageError: not such an array, empty, or with values that are not finite.
    """

    pixels_kji: NDArray[np.float32]
    spacing_mm_kji: tuple[float | None, float, float] | None = None
    modality: str = ""
    even_slices: bool = True
    aspect_ji: tuple[float, float] = (1.0, 1.0)

    def __post_init__(self) -> None:
        shape = self.pixels_kji.shape
        if len(shape) not in (3, 4) or 0 in shape or (len(shape) == 4 and shape[3] != 3):
            raise ImageError("image_shape", "The image is not slices × rows × columns, or that with three colours.")
        if self.pixels_kji.dtype != np.float32:
            object.__setattr__(self, "pixels_kji", self.pixels_kji.astype(np.float32))
        if not np.isfinite(self.pixels_kji).all():
            raise ImageError("image_values", "The image holds values that are not numbers.")

    @property
    def shape_kji(self) -> tuple[int, int, int]:
        """Slices, rows and columns."""
        k, j, i = self.pixels_kji.shape[:3]
        return k, j, i

    @property
    def grid(self) -> Grid:
        """How far its voxels are apart, and in which unit they are counted."""
        return Grid.of(self.shape_kji[0], self.spacing_mm_kji, even_slices=self.even_slices, aspect_ji=self.aspect_ji)

    @property
    def is_colour(self) -> bool:
        """Whether each pixel has three colours."""
        return self.pixels_kji.ndim == 4


@dataclass(frozen=True, eq=False)
class Sample:
    """One case to learn from or to be tested on.

    Args:
        sample_id: names the case; the same case always has the same name.
        patient_key: pseudonym of the patient; cases of one patient are never independent.
        load: reads the image; called when it is needed.
        present: label key → 1 (seen), 0 (looked for and not there), None or missing (not known).
        regions: label key → reads mask_kji (bool, the image's shape), or None where no place is known. Where the
            location loss and the truth of a segmentation come from.
        boxes: label key → reads a box for each thing that is marked, [N, 6] as of ``inference.engine.boxes``; where it
            is missing, each connected part of ``regions`` is one.
        rejected: the same for places where a person said that the label is not; it says nothing of other places.
        weights: label key → how much what is said of it counts in the loss, by where that comes from; 1 if missing.
        draws: label key → how often that is to be drawn; 1 if missing.
        rejected_draws: how often a rejected place is to be drawn.
        frames: names (SOP Instance UID, frame number from 1) of the image's slices in their order; None where nobody
            knows them.
        groups: subgroups for the report, e.g. {"sex": "F", "age_band": "60-69"}.
    """

    sample_id: str
    patient_key: str
    load: Callable[[], Image]
    present: Mapping[str, float | None]
    regions: Mapping[str, MaskLoader | None] = field(default_factory=lambda: MappingProxyType({}))
    boxes: Mapping[str, BoxLoader] = field(default_factory=lambda: MappingProxyType({}))
    rejected: Mapping[str, MaskLoader] = field(default_factory=lambda: MappingProxyType({}))
    weights: Mapping[str, float] = field(default_factory=lambda: MappingProxyType({}))
    draws: Mapping[str, float] = field(default_factory=lambda: MappingProxyType({}))
    rejected_draws: float = 1.0
    groups: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    frames: Callable[[], Sequence[tuple[str, int]]] | None = None


def trust_of(sample: Sample, labels: Sequence[str]) -> NDArray[np.float64]:
    """Return how much what is said of each label counts, [L]."""
    return np.array([sample.weights.get(label, 1.0) for label in labels], dtype=np.float64)
