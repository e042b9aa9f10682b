"""Where each place of the fixed patient lies in the moving one: an affine, and a smooth displacement before it.

Numbers only, so that it is stored as such and read where no torch is: ``y = A (x + u(x))``, LPS mm on both sides. ``u``
is a cubic B-spline over a grid of control points (Rueckert 1999).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors.numpy import load, save

from inference.engine.errors import CheckpointError

#: Raise it when the same volumes are aligned otherwise: what was aligned before is then aligned anew.
REVISION: Final = 1
_FORMAT: Final = "overread.registration/1"
#: So many points at once: 64 control points each.
_AT_ONCE: Final = 1 << 18


@dataclass(frozen=True, eq=False)
class ControlGrid:
    """Coefficients of a displacement.

    Args:
        values_ckji: ``[3, K, J, I]`` float32, mm along x, y, z.
        affine_lps: ``[4, 4]``, takes the index ``(k, j, i, 1)`` of a coefficient to its place, LPS mm.
    """

    values_ckji: NDArray[np.float32]
    affine_lps: NDArray[np.float64]

    def at(self, points_lps: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the displacement, mm, at places ``(..., 3)``; beyond the grid as at its border."""
        flat = np.reshape(points_lps, (-1, 3))
        parts = [self._at(flat[start : start + _AT_ONCE]) for start in range(0, len(flat), _AT_ONCE)]
        return np.reshape(np.concatenate(parts) if parts else flat, np.shape(points_lps))

    def over(self, shape_kji: tuple[int, int, int], affine_lps: NDArray[np.float64]) -> NDArray[np.float32]:
        """Return the displacement, mm, of every voxel of a grid with the same axes, ``[K, J, I, 3]``: ``at``, quicker.

        Raises:
            ValueError: its axes are others.
        """
        way = np.linalg.inv(self.affine_lps) @ affine_lps
        if np.abs(way[:3, :3] - np.diag(np.diag(way[:3, :3]))).max() > 1e-6:
            raise ValueError("the grids have different axes")
        weights = [
            spline_matrix(way[axis, axis] * np.arange(n) + way[axis, 3], count)
            for axis, (n, count) in enumerate(zip(shape_kji, self.values_ckji.shape[1:], strict=True))
        ]
        found = np.einsum("ckji,zk,yj,xi->zyxc", self.values_ckji, *weights, optimize=True)
        return np.asarray(found, np.float32)

    def _at(self, points: NDArray[np.float64]) -> NDArray[np.float64]:
        inverse = np.linalg.inv(self.affine_lps)
        index = points @ inverse[:3, :3].T + inverse[:3, 3]
        shape = self.values_ckji.shape[1:]
        weights, first = zip(*(spline_weights(index[:, axis], shape[axis]) for axis in range(3)), strict=True)
        found = np.zeros((len(points), 3))
        for a in range(4):
            for b in range(4):
                for c in range(4):
                    weight = weights[0][:, a] * weights[1][:, b] * weights[2][:, c]
                    corner = self.values_ckji[:, first[0] + a, first[1] + b, first[2] + c]
                    found += weight[:, None] * corner.T
        return found


def spline_weights(index: NDArray[np.float64], count: int) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Return the four cubic B-spline weights ``[n, 4]`` at each index along an axis, and the first coefficient of each.

    Args:
        index: place along the axis, counted in coefficients; from 1 to ``count - 2`` the spline is whole, and what lies
            beyond is taken as on that border.
    """
    index = np.clip(index, 1.0, count - 2.0)
    first = np.minimum(np.floor(index).astype(np.int64) - 1, count - 4)
    t = index - 1 - first
    weights = np.stack(
        [(1 - t) ** 3, 3 * t**3 - 6 * t**2 + 4, -3 * t**3 + 3 * t**2 + 3 * t + 1, t**3], axis=1
    )  # fmt: skip
    return weights / 6, first


def spline_matrix(index: NDArray[np.float64], count: int) -> NDArray[np.float32]:
    """Return the weights of all ``count`` coefficients along an axis at each index, ``[n, count]``."""
    weights, first = spline_weights(index, count)
    matrix = np.zeros((len(index), count), np.float32)
    for column in range(4):
        matrix[np.arange(len(index)), first + column] = weights[:, column]
    return matrix


@dataclass(frozen=True, eq=False)
class Transform:
    """Takes places of the fixed patient space to the moving one.

    Args:
        affine: ``[4, 4]``, LPS mm to LPS mm.
        grid: the displacement before it; None where there is none.
    """

    affine: NDArray[np.float64]
    grid: ControlGrid | None = None

    def __call__(self, points_lps: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return where places ``(..., 3)`` of the fixed space lie in the moving one, LPS mm."""
        moved = points_lps if self.grid is None else points_lps + self.grid.at(points_lps)
        return np.asarray(moved @ self.affine[:3, :3].T + self.affine[:3, 3])

    def inverse(self, points_lps: NDArray[np.float64], *, rounds: int = 30) -> NDArray[np.float64]:
        """Return where places ``(..., 3)`` of the moving space lie in the fixed one, LPS mm.

        By fixed-point iteration: exact where the displacement changes by less than a millimetre over a millimetre.
        """
        back = np.linalg.inv(self.affine)
        wanted = points_lps @ back[:3, :3].T + back[:3, 3]
        if self.grid is None:
            return np.asarray(wanted)
        found = wanted
        for _ in range(rounds):
            found = wanted - self.grid.at(found)
        return np.asarray(found)

    def to_bytes(self) -> bytes:
        """Return it as safetensors; never a pickle."""
        tensors = {"affine": np.ascontiguousarray(self.affine, np.float64)}
        if self.grid is not None:
            tensors["grid_values_ckji"] = np.ascontiguousarray(self.grid.values_ckji, np.float32)
            tensors["grid_affine_lps"] = np.ascontiguousarray(self.grid.affine_lps, np.float64)
        return save(tensors, metadata={"format": _FORMAT})

    @classmethod
    def from_bytes(cls, content: bytes) -> Transform:
        """Read what ``to_bytes`` wrote; raises CheckpointError where it is something else."""
        try:
            tensors = load(content)
        except SafetensorError as error:
            raise CheckpointError("transform_broken", "The stored alignment is not whole. Align again.") from error
        affine, values = tensors.get("affine"), tensors.get("grid_values_ckji")
        if affine is None or affine.shape != (4, 4):
            raise CheckpointError("transform_broken", "The stored alignment is not whole. Align again.")
        return cls(affine, None if values is None else ControlGrid(values, tensors["grid_affine_lps"]))
