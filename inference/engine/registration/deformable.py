"""Deformable alignment: a cubic B-spline displacement moved by Adam, from coarse to fine, with bending energy.

Similarity: the square of the local normalised correlation (it follows local contrast, so that T1 lies on T2), or mutual
information over random places where nothing local is common (CT on MR, PET on CT).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Literal

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from inference.engine.registration.placed import PlacedVolume, apply, coarser, finest_spacing, foreground, scaled
from inference.engine.registration.transform import ControlGrid, Transform, spline_matrix

Similarity = Literal["local_correlation", "mutual_information"]
_WINDOW: Final = 7
_BINS: Final = 32
_PLACES: Final = 40_000


@dataclass(frozen=True)
class Level:
    """One step from coarse to fine.

    Attributes:
        times: the finest spacing so many times.
        iterations: of the optimiser.
        rate_mm: how far a coefficient may move in one iteration.
    """

    times: int
    iterations: int
    rate_mm: float


LEVELS: Final = (Level(3, 40, 1.0), Level(2, 50, 0.6), Level(1, 50, 0.3))
#: Control points are so many voxels apart.
CONTROL_VOXELS: Final = 5
#: Weight of the bending energy.
BENDING: Final = 0.02
MOST_VOXELS: Final = 1_200_000


def align_deformable(
    fixed: PlacedVolume,
    moving: PlacedVolume,
    affine: NDArray[np.float64],
    *,
    similarity: Similarity,
    device: str,
    told: Callable[[float], None],
    check: Callable[[], None],
) -> Transform:
    """Return the alignment with a displacement before ``affine``.

    Args:
        affine: ``[4, 4]``, fixed to moving, LPS mm; it stays as it is.
        told: hears the share that is done, 0..1.
        check: called at every iteration; raises to stop.
    """
    total, done = sum(level.iterations for level in LEVELS), 0
    finest = finest_spacing(fixed, MOST_VOXELS)
    grid: ControlGrid | None = None
    for level in LEVELS:
        spacing = level.times * finest
        problem = _Problem(coarser(fixed, spacing), coarser(moving, spacing), affine, CONTROL_VOXELS * spacing, device)
        values = torch.from_numpy(problem.start(grid)).to(device).requires_grad_(True)
        optimiser = torch.optim.Adam([values], lr=level.rate_mm)
        generator = torch.Generator(device=device).manual_seed(20)
        for _ in range(level.iterations):
            check()
            optimiser.zero_grad()
            moved = problem.moved(values)
            loss = _unlike(problem, moved, similarity, generator) + BENDING * _bending(values)
            loss.backward()  # type: ignore[no-untyped-call]
            optimiser.step()
            done += 1
            told(done / total)
        grid = ControlGrid(values.detach().cpu().numpy(), problem.control_affine)
    return Transform(affine, grid)


class _Problem:
    """Two volumes on their working grids, and the way from coefficients to the moving one's values."""

    def __init__(
        self, fixed: PlacedVolume, moving: PlacedVolume, affine: NDArray[np.float64], control_mm: float, device: str
    ) -> None:
        self.fixed = torch.from_numpy(scaled(fixed.pixels_kji)).to(device)
        self.moving = torch.from_numpy(scaled(moving.pixels_kji)).to(device)
        self.body = torch.from_numpy(foreground(fixed)).to(device)
        shape, spacing = np.array(fixed.shape_kji), fixed.spacing_mm_kji
        cells = np.maximum(1, np.round((shape - 1) * spacing / control_mm)).astype(int)
        steps = (shape - 1) / cells
        # One control point beyond each border makes the spline whole inside.
        self.count = tuple(int(one) + 3 for one in cells)
        self.control_affine = fixed.affine_lps.copy()
        self.control_affine[:3, :3] = fixed.affine_lps[:3, :3] * steps
        self.control_affine[:3, 3] = apply(fixed.affine_lps, -steps)
        self.weights = [
            torch.from_numpy(spline_matrix(1 + np.arange(n) / step, count)).to(device)
            for n, step, count in zip(shape, steps, self.count, strict=True)
        ]
        # The whole way from the index of a fixed voxel to the index of a moving one is affine but for the displacement.
        into = np.linalg.inv(moving.affine_lps) @ affine
        self.base, self.turn = (
            torch.from_numpy(one.astype(np.float32)).to(device) for one in (into @ fixed.affine_lps, into[:3, :3])
        )
        self.indices = torch.stack(
            torch.meshgrid(
                *(torch.arange(n, dtype=torch.float32, device=device) for n in fixed.shape_kji), indexing="ij"
            )
        )
        self.last = torch.tensor(moving.shape_kji, dtype=torch.float32, device=device).sub(1).view(3, 1, 1, 1)
        # Where both are before anything is bent: what does not fit cannot be pushed out of sight.
        straight = self._index(torch.zeros_like(self.indices))
        self.counted = self.body & ((straight >= 0) & (straight <= self.last)).all(dim=0)

    def start(self, before: ControlGrid | None) -> NDArray[np.float32]:
        """Return coefficients that begin where the coarser grid ended."""
        if before is None:
            return np.zeros((3, *self.count), np.float32)
        places = apply(self.control_affine, np.moveaxis(np.indices(self.count, dtype=np.float64), 0, -1))
        return np.ascontiguousarray(np.moveaxis(before.at(places), -1, 0).astype(np.float32))

    def displacement(self, values: Tensor) -> Tensor:
        """Return the displacement of every voxel, ``[3, K, J, I]``, mm."""
        along_i = torch.einsum("ckji,xi->ckjx", values, self.weights[2])
        along_j = torch.einsum("ckjx,yj->ckyx", along_i, self.weights[1])
        return torch.einsum("ckyx,zk->czyx", along_j, self.weights[0])

    def _index(self, displacement: Tensor) -> Tensor:
        index = torch.einsum("rc,ckji->rkji", self.base[:3, :3], self.indices) + self.base[:3, 3].view(3, 1, 1, 1)
        return index + torch.einsum("rc,ckji->rkji", self.turn, displacement)

    def moved(self, values: Tensor) -> Tensor:
        """Return the moving volume on the fixed grid, ``[K, J, I]``; beyond its border as at it."""
        place = (2 * self._index(self.displacement(values)) / self.last - 1).flip(0).permute(1, 2, 3, 0)
        found = functional.grid_sample(
            self.moving[None, None], place[None], mode="bilinear", padding_mode="border", align_corners=True
        )
        return found[0, 0]


def _unlike(problem: _Problem, moved: Tensor, similarity: Similarity, generator: torch.Generator) -> Tensor:
    if similarity == "local_correlation":
        return 1 - local_correlation(problem.fixed, moved, problem.counted)
    places = problem.counted.flatten().nonzero().flatten()
    if not len(places):
        return moved.sum() * 0
    chosen = places[torch.randint(len(places), (_PLACES,), generator=generator, device=moved.device)]
    return -mutual_information(problem.fixed.flatten()[chosen], moved.flatten()[chosen])


def local_correlation(a: Tensor, b: Tensor, counted: Tensor) -> Tensor:
    """Return the mean square of the correlation in windows of 7 voxels around the counted places, 0..1."""

    def mean(values: Tensor) -> Tensor:
        # One axis after the other: the same mean with a sixteenth of the sums.
        found = values[None, None]
        for axis in range(3):
            size, beside = [1, 1, 1], [0, 0, 0]
            size[axis], beside[axis] = _WINDOW, _WINDOW // 2
            found = functional.avg_pool3d(found, size, stride=1, padding=beside, count_include_pad=False)
        return found[0, 0]

    mean_a, mean_b = mean(a), mean(b)
    spread_a, spread_b = mean(a * a) - mean_a**2, mean(b * b) - mean_b**2
    both = mean(a * b) - mean_a * mean_b
    # Where nothing changes there is nothing to compare: a spread of 0.3 % of the range counts as none.
    found = both**2 / ((spread_a.clamp(min=0) + 1e-5) * (spread_b.clamp(min=0) + 1e-5))
    return (found * counted).sum() / counted.sum().clamp(min=1)


def mutual_information(a: Tensor, b: Tensor) -> Tensor:
    """Return the mutual information of values 0..1 at the same places, in nats (Parzen windows, Mattes 2003)."""
    centres = torch.linspace(0, 1, _BINS, device=a.device)
    width = 1.0 / (_BINS - 1)

    def bins(values: Tensor) -> Tensor:
        weight = torch.exp(-0.5 * ((values[:, None] - centres) / width) ** 2)
        return weight / weight.sum(dim=1, keepdim=True)

    joint = bins(a).T @ bins(b) / len(a)
    alone = joint.sum(dim=1, keepdim=True) * joint.sum(dim=0, keepdim=True)
    return (joint * (torch.log(joint + 1e-12) - torch.log(alone + 1e-12))).sum()


def _bending(values: Tensor) -> Tensor:
    """Return the mean square of the second differences of the coefficients, mm²."""
    axes = (1, 2, 3)
    straight = [torch.diff(values, n=2, dim=axis).square().mean() for axis in axes]
    mixed = [
        2 * torch.diff(torch.diff(values, dim=one), dim=other).square().mean()
        for one in axes
        for other in axes
        if one < other
    ]
    return torch.stack(straight + mixed).sum() / 100
