"""Between an image's pixels and the patient: one plane, two directions, one spacing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Points = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Plane:
    """The plane of one frame (DICOM PS3.3 C.7.6.2.1.1).

    Attributes:
        position: of the centre of the top-left pixel, LPS mm.
        orientation: direction of a row (columns rise), then of a column (rows rise); six direction cosines.
        spacing_mm: (between rows, between columns).
    """

    position: tuple[float, float, float]
    orientation: tuple[float, ...]
    spacing_mm: tuple[float, float]

    def _axes(self) -> tuple[Points, Points, Points]:
        along = np.asarray(self.orientation[:3], np.float64) * self.spacing_mm[1]
        down = np.asarray(self.orientation[3:6], np.float64) * self.spacing_mm[0]
        normal = np.cross(self.orientation[:3], self.orientation[3:6])
        return along, down, np.asarray(normal / np.linalg.norm(normal), np.float64)

    def to_patient(self, points: Any) -> Points:
        """Return LPS mm, shape (n, 3), of pixel points (column, row), shape (n, 2)."""
        pixels = np.asarray(points, np.float64).reshape(-1, 2)
        along, down, _ = self._axes()
        return np.asarray(self.position, np.float64) + pixels[:, :1] * along + pixels[:, 1:] * down

    def to_pixels(self, points: Any) -> Points:
        """Return (column, row), shape (n, 2), of the feet of LPS points, shape (n, 3), on the plane."""
        offsets = np.asarray(points, np.float64).reshape(-1, 3) - np.asarray(self.position, np.float64)
        along, down, normal = self._axes()
        solved = np.linalg.solve(np.stack([along, down, normal], axis=1), offsets.T).T
        return np.asarray(solved[:, :2], np.float64)

    def heights(self, points: Any) -> NDArray[np.float64]:
        """Return the signed distance in mm of LPS points, shape (n, 3), from the plane."""
        offsets = np.asarray(points, np.float64).reshape(-1, 3) - np.asarray(self.position, np.float64)
        return np.asarray(offsets @ self._axes()[2], np.float64)
