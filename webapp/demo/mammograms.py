"""Draws mammogram-like pictures of a breast with a planted mass and a coarse calcification, each or neither.

They are drawings, as those of chests are: half an ellipse of fat with cloudy glandular tissue. A coarse calcification
is benign; it lies elsewhere than the mass. Pure NumPy and SciPy; the same seed draws the same picture.

Coordinates of the drawing are ``u``, from the chest wall (0) towards the nipple, and ``v``, down (−1 … 1).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter, zoom

Floats = NDArray[np.float64]
Box = tuple[int, int, int, int]
SIZE = 256
#: Of a mass, beside tissue of 0.2 … 0.6 and a calcification of 0.75 … 0.95.
_DENSITY = (0.16, 0.26)


@dataclass(frozen=True)
class Mammogram:
    """A drawn picture with its truth.

    Attributes:
        pixels_ji: rows × columns, 0 … 4095, bright is dense.
        mass, calcification: first row, first column, last row, last column, all inclusive; None where there is none.
        left: of the patient's left breast: the chest wall is at the left of the picture.
    """

    pixels_ji: NDArray[np.uint16]
    mass: Box | None
    calcification: Box | None
    left: bool


def draw_mammogram(seed: int, *, mass: bool, calcified: bool, size: int = SIZE) -> Mammogram:
    """Draw one picture; the same seed draws the same breast, with and without what is planted."""
    lots = np.random.default_rng([seed, 11])
    axis = (np.arange(size) + 0.5) / size
    v, u = np.meshgrid(axis * 2 - 1, axis, indexing="ij")
    depth, height, middle = lots.uniform(0.70, 0.92), lots.uniform(0.76, 0.94), lots.uniform(-0.06, 0.10)
    inside = np.clip(1 - (u / depth) ** 2 - ((v - middle) / height) ** 2, 0.0, None)
    breast = np.clip(inside * 9.0, 0.0, 1.0) ** 0.8
    gland = np.exp(-(((u - 0.42 * depth) / (0.36 * depth)) ** 2) - ((v - middle) / (0.55 * height)) ** 2)
    rough = 0.6 * _clouds(lots, size, 9) + 0.35 * _clouds(lots, size, 20) + 0.2 * _clouds(lots, size, 44)
    strands = np.abs(_clouds(lots, size, 14))
    tissue = lots.uniform(0.10, 0.24) * gland * (1.0 + 0.55 * rough) + 0.05 * np.exp(-((strands / 0.12) ** 2)) * gland
    pectoral = 1 / (1 + np.exp(np.clip((u + 0.42 * (v + 1) - lots.uniform(0.22, 0.40)) / 0.012, -40, 40)))
    density = breast * (0.22 + 0.16 * np.sqrt(inside) + tissue.clip(0.0, None)) + 0.24 * pectoral * breast
    room = (inside > 0.32) & (u > 0.10) & (pectoral < 0.1)
    planted: list[Box] = []
    mass_box: Box | None = None
    calcified_box: Box | None = None
    chances = np.random.default_rng([seed, 12])
    if mass:
        extra, mass_box = _mass(chances, u, v, room)
        density = density + extra * breast
        planted.append(mass_box)
    density = gaussian_filter(density, size / 400.0)
    if calcified:
        extra, calcified_box = _calcification(np.random.default_rng([seed, 13]), u, v, room, planted)
        density = np.maximum(density, extra)
    density = density + lots.uniform(0.008, 0.014) * lots.normal(size=u.shape) * np.sqrt(density.clip(0.02, None) / 0.4)
    grey = (density * lots.uniform(0.92, 1.06)).clip(0.0, 1.0)
    left = bool(lots.random() < 0.5)
    pixels = (grey * 4095.0).round().astype(np.uint16)
    if not left:
        pixels = np.ascontiguousarray(pixels[:, ::-1])
        mass_box, calcified_box = _mirrored(mass_box, size), _mirrored(calcified_box, size)
    return Mammogram(pixels, mass_box, calcified_box, left)


def _mirrored(box: Box | None, size: int) -> Box | None:
    return None if box is None else (box[0], size - 1 - box[3], box[2], size - 1 - box[1])


def _clouds(lots: np.random.Generator, size: int, cells: int) -> Floats:
    field = zoom(lots.normal(size=(cells, cells)), size / cells, order=3, mode="nearest")
    return np.asarray(field[:size, :size] / 0.7)


def _place(lots: np.random.Generator, u: Floats, v: Floats, room: NDArray[np.bool_]) -> tuple[float, float]:
    rows, columns = np.nonzero(room)
    chosen = int(lots.integers(len(rows)))
    return float(u[rows[chosen], columns[chosen]]), float(v[rows[chosen], columns[chosen]])


def _mass(lots: np.random.Generator, u: Floats, v: Floats, room: NDArray[np.bool_]) -> tuple[Floats, Box]:
    """Return the density of a mass with a lobed edge and short spicules, and its box."""
    column, row = _place(lots, u, v, room)
    radius = float(lots.uniform(0.075, 0.115))
    x, y = 2 * (u - column), v - row
    angle, distance = np.arctan2(y, x), np.hypot(x, y) / 2
    lobes = sum(lots.uniform(0.01, 0.05) * np.cos(k * angle + lots.uniform(0, 6.3)) for k in (2, 3, 5))
    soft = 1 / (1 + np.exp(np.clip((distance / radius - 1 - lobes) / 0.10, -40, 40)))
    spikes = np.clip(np.cos(9 * angle + 3 * np.cos(2 * angle + lots.uniform(0, 6.3))), 0, 1) ** 6
    rays = 0.35 * spikes * np.exp(-((distance / radius) ** 2) / 2.2)
    density = float(lots.uniform(*_DENSITY)) * np.maximum(soft, rays)
    return density, _box(soft > 0.3)


def _calcification(
    lots: np.random.Generator, u: Floats, v: Floats, room: NDArray[np.bool_], planted: list[Box]
) -> tuple[Floats, Box]:
    """Return the brightness of a coarse calcification away from what is planted, and its box."""
    size = u.shape[0]
    while True:
        column, row = _place(lots, u, v, room)
        radius = float(lots.uniform(0.054, 0.077))
        x, y = 2 * (u - column), v - row
        angle, distance = np.arctan2(y, x), np.hypot(x, y) / 2
        lobes = sum(lots.uniform(0.03, 0.09) * np.cos(k * angle + lots.uniform(0, 6.3)) for k in (3, 4, 7))
        lump = 1 / (1 + np.exp(np.clip((distance / radius - 1 - lobes) / 0.08, -40, 40)))
        box = _box(lump > 0.5)
        if all(_apart(box, other, size // 12) for other in planted):
            return lump * float(lots.uniform(0.75, 0.95)), box


def _box(mask: NDArray[np.bool_]) -> Box:
    rows, columns = np.nonzero(mask)
    return int(rows.min()), int(columns.min()), int(rows.max()), int(columns.max())


def _apart(one: Box, other: Box, margin: int) -> bool:
    return (
        one[2] + margin < other[0] or other[2] + margin < one[0]
        or one[3] + margin < other[1] or other[3] + margin < one[1]
    )  # fmt: skip
