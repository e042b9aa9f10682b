"""How far apart the voxels of an image are, and in which unit its lengths and volumes are counted."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, Self

Unit = Literal["mm", "px", "voxel"]
ExtentUnit = Literal["ml", "mm²", "px", "voxel"]


@dataclass(frozen=True)
class Grid:
    """Distances and volumes of an image, with their unit; what the image does not prove is counted, not made up.

    Args:
        steps_kji: distance of neighbouring slices, rows and columns in ``unit``; that of slices is None for one slice,
            which has no thickness.
        unit: "mm"; "px" (widths of a pixel) for one slice without millimetres; "voxel" for slices without them, or
            with gaps.
        extent: of one voxel, in ``extent_unit``.
        extent_unit: "ml" where voxels fill space; "mm²" for one slice; "px" or "voxel" for their number.
    """

    steps_kji: tuple[float | None, float, float]
    unit: Unit
    extent: float
    extent_unit: ExtentUnit

    @classmethod
    def of(
        cls,
        slices: int,
        spacing_mm_kji: tuple[float | None, float, float] | None,
        *,
        even_slices: bool = True,
        aspect_ji: tuple[float, float] = (1.0, 1.0),
    ) -> Self:
        """Say what an image proves of itself.

        Args:
            slices: how many it has.
            spacing_mm_kji: as of ``imaging.dicom.volume.Volume``: the one home of what is millimetres.
            even_slices: every slice is that far from the next.
            aspect_ji: (height, width) of a pixel in any common unit.
        """
        if slices == 1:
            if spacing_mm_kji is None:
                return cls((None, aspect_ji[0] / aspect_ji[1], 1.0), "px", 1.0, "px")
            _, rows, columns = spacing_mm_kji
            return cls((None, rows, columns), "mm", rows * columns, "mm²")
        between, rows, columns = spacing_mm_kji or (None, 1.0, 1.0)
        if between is None or not even_slices:
            return cls((1.0, 1.0, 1.0), "voxel", 1.0, "voxel")
        return cls((between, rows, columns), "mm", between * rows * columns / 1000, "ml")
