"""Draws radiograph-like pictures of a chest with planted lesions, so that the truth about each picture is known.

They are drawings: ellipses, arcs and noise in the places of lungs, heart, ribs and vessels. They teach nothing about
patients and exist so that the whole story can be told without any. Pure NumPy and SciPy; the same seed draws the same
picture.

Coordinates of the drawing are ``u`` (left → right) and ``v`` (top → bottom), both −1 … 1 over the picture.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter, zoom

Floats = NDArray[np.float64]
LesionKind = Literal["nodule", "opacity"]
LESION_KINDS: tuple[LesionKind, ...] = ("nodule", "opacity")


@dataclass(frozen=True)
class Lesion:
    """What was planted and where.

    Attributes:
        box_jiji: first row, first column, last row, last column in pixels, all inclusive.
    """

    kind: LesionKind
    box_jiji: tuple[int, int, int, int]


@dataclass(frozen=True)
class Anatomy:
    """What stays the same in all pictures of one phantom patient."""

    sex: Literal["F", "M"]
    age_years: int
    width: float
    height: float
    heart: float
    lean: float


@dataclass(frozen=True)
class Exposure:
    """How a picture was taken: two made-up devices differ in contrast, noise and grey direction."""

    device: Literal["A", "B"]
    view: Literal["PA", "AP"]
    gamma: float
    noise: float


@dataclass(frozen=True)
class Radiograph:
    """A drawn picture with its truth.

    Attributes:
        pixels_ji: rows × columns, 0 … 4095, bright is dense.
    """

    pixels_ji: NDArray[np.uint16]
    lesions: tuple[Lesion, ...]
    anatomy: Anatomy
    exposure: Exposure

    def has(self, kind: str) -> bool:
        """Say whether a lesion of this kind was planted."""
        return any(lesion.kind == kind for lesion in self.lesions)


def draw_anatomy(seed: int) -> Anatomy:
    """Draw the lots of one phantom patient."""
    lots = np.random.default_rng([seed, 1])
    return Anatomy(
        sex="F" if lots.random() < 0.5 else "M",
        age_years=int(lots.integers(22, 88)),
        width=float(lots.uniform(0.92, 1.06)),
        height=float(lots.uniform(0.92, 1.06)),
        heart=float(lots.uniform(0.85, 1.15)),
        lean=float(lots.normal(0.0, 0.025)),
    )


def draw_exposure(lots: np.random.Generator) -> Exposure:
    """Draw how a picture is taken."""
    device: Literal["A", "B"] = "A" if lots.random() < 0.6 else "B"
    portable = lots.random() < 0.35
    return Exposure(
        device=device,
        view="AP" if portable else "PA",
        gamma=float(lots.uniform(0.85, 1.05) if device == "A" else lots.uniform(1.0, 1.25)),
        noise=float(lots.uniform(0.010, 0.016) if device == "A" else lots.uniform(0.018, 0.028)),
    )


def _soft(distance: Floats, edge: float) -> Floats:
    """Turn a signed distance (negative inside) into a smooth 1 … 0 step of width ``edge``."""
    return np.asarray(1.0 / (1.0 + np.exp(np.clip(distance / edge, -40.0, 40.0))))


def _ellipse(u: Floats, v: Floats, centre: tuple[float, float], radii: tuple[float, float], edge: float) -> Floats:
    radius = np.sqrt(((u - centre[0]) / radii[0]) ** 2 + ((v - centre[1]) / radii[1]) ** 2)
    return _soft((radius - 1.0) * min(radii), edge)


def _lungs(u: Floats, v: Floats) -> tuple[Floats, Floats]:
    """Return the two lung fields, 0 … 1: narrow at the top, hollowed towards the middle, cut by the diaphragm."""
    fields = []
    for side in (-1.0, 1.0):
        shape = _ellipse(u, v, (side * 0.40, 0.0), (0.31, 0.66), 0.02)
        middle = _soft(side * u - 0.12 - 0.05 * v, 0.02)
        dome = 0.50 - 0.16 * np.cos((side * u - 0.42) * 3.0) + (0.05 if side > 0 else 0.0)
        fields.append(shape * (1.0 - middle) * _soft(v - dome - 0.12, 0.015))
    return fields[0], fields[1]


def _ribs(u: Floats, v: Floats) -> Floats:
    bright = np.zeros_like(u)
    across = np.abs(u)
    for number in range(9):
        top = -0.66 + 0.135 * number
        behind = top + 0.30 * (across - 0.1) - 0.12 * np.sqrt(np.clip(across, 0.0, 1.0))
        before = top + 0.42 - 0.55 * np.clip(across - 0.05, 0.0, 1.0)
        for line, strength in ((behind, 0.085), (before, 0.04)):
            bright += strength * np.exp(-(((v - line) / 0.020) ** 2)) * _soft(across - 0.74, 0.02)
    collar = -0.66 - 0.16 * (across - 0.05)
    return np.asarray(bright + 0.10 * np.exp(-(((v - collar) / 0.024) ** 2)) * _soft(across - 0.62, 0.03))


def _vessels(lots: np.random.Generator, u: Floats, v: Floats) -> Floats:
    """Return a branching-looking texture that thins out away from the roots of the lungs."""
    size = u.shape[0]
    rough = lots.normal(size=u.shape)
    ridges = np.abs(gaussian_filter(rough, size / 90.0)) * size / 26.0
    ridges = np.exp(-((ridges / 0.16) ** 2))
    near = np.exp(-(((np.abs(u) - 0.22) / 0.24) ** 2) - ((v - 0.02) / 0.40) ** 2)
    return np.asarray(gaussian_filter(ridges, size / 256.0) * (0.02 + 0.085 * near))


def _clouds(lots: np.random.Generator, size: int, *, cells: int) -> Floats:
    """Return a smooth random field with a standard deviation of about one and ``cells`` lumps across."""
    field = zoom(lots.normal(size=(cells, cells)), size / cells, order=3, mode="nearest")
    return np.asarray(field[:size, :size] / 0.7)


def _plant(
    lots: np.random.Generator, kind: LesionKind, lung: Floats, u: Floats, v: Floats
) -> tuple[Floats, tuple[int, int, int, int]]:
    """Return the density of one lesion well inside a lung field, and its box in pixels."""
    size = u.shape[0]
    small = kind == "nodule"
    radius = float(lots.uniform(0.050, 0.085) if small else lots.uniform(0.15, 0.23))
    inside = gaussian_filter(lung, size * radius * (0.35 if small else 0.22)) > (0.93 if small else 0.72)
    if not inside.any():
        inside = lung > 0.9
    rows, columns = np.nonzero(inside)
    chosen = int(lots.integers(len(rows)))
    centre = (float(u[rows[chosen], columns[chosen]]), float(v[rows[chosen], columns[chosen]]))
    radii = (radius, radius * float(lots.uniform(0.85, 1.15)))
    if small:
        density = _ellipse(u, v, centre, radii, 0.010) * float(lots.uniform(0.24, 0.36))
    else:
        patchy = 1.0 + 0.35 * _clouds(lots, size, cells=24)
        density = _ellipse(u, v, centre, radii, 0.045) * patchy.clip(0.4, 1.6) * float(lots.uniform(0.22, 0.36))
        density = density * gaussian_filter(lung, size / 60.0)
    rows, columns = np.nonzero(density > 0.15 * density.max())
    return density, (int(rows.min()), int(columns.min()), int(rows.max()), int(columns.max()))


def draw_radiograph(
    *, seed: int, anatomy: Anatomy | None = None, lesions: tuple[LesionKind, ...] = (), size: int = 256
) -> Radiograph:
    """Draw one picture.

    Args:
        seed: the same seed, anatomy, lesions and size draw the same picture.
        anatomy: of the patient; drawn from the seed when missing.
        lesions: what to plant, in this order.
        size: rows and columns in pixels.
    """
    anatomy = anatomy or draw_anatomy(seed)
    lots = np.random.default_rng([seed, 2])
    exposure = draw_exposure(lots)
    axis = (np.arange(size) + 0.5) / size * 2.0 - 1.0
    v, u = np.meshgrid(axis, axis, indexing="ij")
    u, v = (u - lots.normal(0, 0.02)) / anatomy.width, (v - lots.normal(0, 0.02)) / anatomy.height
    u, v = u + anatomy.lean * v, v - anatomy.lean * u
    right, left = _lungs(u, v)
    air = np.maximum(right, left)
    body = _ellipse(u, v, (0.0, 0.35), (0.93, 1.35), 0.02)
    portable = 1.12 if exposure.view == "AP" else 1.0
    heart = _ellipse(u, v, (0.13, 0.28), (0.27 * anatomy.heart * portable, 0.29), 0.03)
    density = 0.70 * body - 0.46 * air + _ribs(u, v) * body
    density += 0.30 * np.exp(-((u / 0.10) ** 2)) * body * (0.8 + 0.2 * np.sin(v * 26.0))
    density += 0.26 * heart * (0.35 + 0.65 * air)
    density += _vessels(lots, u, v) * air
    if anatomy.sex == "F":
        for side in (-1.0, 1.0):
            density += 0.05 * _ellipse(u, v, (side * 0.40, 0.42), (0.26, 0.22), 0.05)
    planted = []
    # Lots of their own for lesions, so that the same seed without them draws the same chest.
    chances = np.random.default_rng([seed, 3])
    for kind in lesions:
        lung = (right, left)[int(chances.integers(2))] * (1.0 - 0.9 * heart)
        extra, box = _plant(chances, kind, lung, u, v)
        density += extra
        planted.append(Lesion(kind, box))
    density = gaussian_filter(density, size / 420.0)
    density += 0.02 * _clouds(lots, size, cells=8)
    density = density.clip(0.0, None) ** exposure.gamma
    density += exposure.noise * lots.normal(size=u.shape) * np.sqrt(density.clip(0.05, None))
    grey = (density * lots.uniform(0.88, 1.05) + lots.uniform(0.0, 0.04)).clip(0.0, 1.1) / 1.1
    return Radiograph((grey * 4095.0).round().astype(np.uint16), tuple(planted), anatomy, exposure)
