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

from webapp.demo.anatomy import Anatomy, Exposure, draw_anatomy, draw_exposure

Floats = NDArray[np.float64]
LesionKind = Literal["nodule", "opacity"]
Box = tuple[int, int, int, int]
LESION_KINDS: tuple[LesionKind, ...] = ("nodule", "opacity")


@dataclass(frozen=True)
class Lesion:
    """What was planted and where.

    Attributes:
        box_jiji: first row, first column, last row, last column in pixels, all inclusive.
    """

    kind: LesionKind
    box_jiji: Box


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


def _soft(distance: Floats, edge: float) -> Floats:
    """Turn a signed distance (negative inside) into a smooth 1 … 0 step of width ``edge``."""
    return np.asarray(1.0 / (1.0 + np.exp(np.clip(distance / edge, -40.0, 40.0))))


def _ellipse(u: Floats, v: Floats, centre: tuple[float, float], radii: tuple[float, float], edge: float) -> Floats:
    radius = np.sqrt(((u - centre[0]) / radii[0]) ** 2 + ((v - centre[1]) / radii[1]) ** 2)
    return _soft((radius - 1.0) * min(radii), edge)


def _lungs(u: Floats, v: Floats, anatomy: Anatomy, breath: float) -> tuple[Floats, Floats]:
    """Return the two lung fields, 0 … 1: narrow at the top, hollowed towards the middle, cut by the diaphragm."""
    fields = []
    for number, side in enumerate((-1.0, 1.0)):
        width, height = 0.31 * anatomy.width[number], 0.66 * anatomy.height[number] * breath
        middle = anatomy.apart + width + 0.01
        shape = _ellipse(u, v, (side * middle, 0.0), (width, height), 0.02)
        hollow = _soft(side * u - anatomy.apart - 0.05 * v, 0.02)
        dome = (0.62 - anatomy.domes[number]) * breath - 0.16 * np.cos((side * u - middle) * 3.0)
        fields.append(shape * (1.0 - hollow) * _soft(v - dome - 0.05 * (side > 0), 0.015))
    return fields[0], fields[1]


def _ribs(u: Floats, v: Floats, anatomy: Anatomy) -> Floats:
    bright = np.zeros_like(u)
    across = np.abs(u)
    distance, slope, strength = anatomy.ribs
    for number in range(11):
        top = -0.70 + distance * number
        behind = top + slope * (across - 0.1) - 0.12 * np.sqrt(np.clip(across, 0.0, 1.0))
        before = top + 0.42 - (slope + 0.25) * np.clip(across - 0.05, 0.0, 1.0)
        for line, bone in ((behind, 0.085), (before, 0.04)):
            bright += strength * bone * np.exp(-(((v - line) / 0.020) ** 2)) * _soft(across - 0.74, 0.02)
    rising, lower = anatomy.collar
    collar = -0.66 + lower + rising * (across - 0.05)
    return np.asarray(bright + 0.10 * np.exp(-(((v - collar) / 0.024) ** 2)) * _soft(across - 0.62, 0.03))


def _heart(u: Floats, v: Floats, anatomy: Anatomy, portable: float) -> Floats:
    width, height = 0.27 * anatomy.heart * portable, 0.29 * anatomy.heart_tall
    return _ellipse(u, v, (0.13 + anatomy.heart_shift, 0.57 - height), (width, height), 0.03)


def _body(u: Floats, v: Floats, anatomy: Anatomy, exposure: Exposure) -> Floats:
    """Return the trunk with neck, shoulders and what is seen of the arms, 0 … 1."""
    across = np.abs(u)
    half = 0.80 + 0.22 * anatomy.girth + 0.05 * v
    shoulder = -0.84 + anatomy.shoulders * np.clip(across - 0.24, 0.0, 1.0) + 0.5 * np.clip(across - 0.62, 0.0, 1.0)
    neck = _soft(across - 0.20 - 0.06 * anatomy.girth, 0.02)
    trunk = _soft(across - half, 0.02) * np.maximum(_soft(shoulder - v, 0.02), neck)
    arms = [
        _ellipse(u, v, (side * (1.16 - 0.14 * far), 0.25), (0.20, 0.75), 0.02)
        for side, far in zip((-1.0, 1.0), exposure.arms, strict=True)
    ]
    return np.asarray(np.maximum.reduce([trunk, 0.8 * arms[0], 0.8 * arms[1]]))


def _collimated(u: Floats, v: Floats, exposure: Exposure) -> Floats:
    """Return 1 where the beam fell on the detector, and little beside it."""
    left, right, top, bottom = exposure.edges
    inside = (u > -1 + 2 * left) & (u < 1 - 2 * right) & (v > -1 + 2 * top) & (v < 1 - 2 * bottom)
    return np.where(inside, 1.0, 0.06)


def _marker(u: Floats, v: Floats, exposure: Exposure) -> Floats:
    """Return the side marker: an L on the patient's left, an R on the right, of lead."""
    column, row = exposure.marker
    x, y = (u - column) / 0.045, (v - row) / 0.065
    stem = (np.abs(x + 0.7) < 0.3) & (np.abs(y) < 1)
    foot = (np.abs(x) < 1) & (np.abs(y - 0.8) < 0.2)
    bow = (np.abs(np.hypot(x, 1.6 * (y + 0.4)) - 0.75) < 0.25) | (np.abs(x - y + 0.1) < 0.3) & (y > 0) & (y < 1)
    return np.where(stem | (foot if column > 0 else bow), 0.9, 0.0)


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


def _plant(lots: np.random.Generator, kind: LesionKind, lung: Floats, u: Floats, v: Floats) -> tuple[Floats, Box]:
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
        patchy = 1.0 + 0.22 * _clouds(lots, size, cells=24)
        density = _ellipse(u, v, centre, radii, 0.060) * patchy.clip(0.6, 1.4) * float(lots.uniform(0.44, 0.62))
        density = density * gaussian_filter(lung, size / 60.0)
    return density, _box(density > 0.15 * density.max())


def _box(mask: NDArray[np.bool_]) -> Box:
    rows, columns = np.nonzero(mask)
    return int(rows.min()), int(columns.min()), int(rows.max()), int(columns.max())


def draw_radiograph(
    *,
    seed: int,
    anatomy: Anatomy | None = None,
    lesions: tuple[LesionKind, ...] = (),
    size: int = 256,
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
    seen = _collimated(u, v, exposure)
    marker = _marker(u, v, exposure)
    across, down = u, v
    u, v = (u - exposure.shift[0]) / exposure.zoom, (v - exposure.shift[1]) / exposure.zoom
    u, v = u + exposure.turn * v, v - exposure.turn * u
    right, left = _lungs(u, v, anatomy, exposure.breath)
    air = np.maximum(right, left)
    built = np.random.default_rng(anatomy.build)
    thick = 0.07 * _clouds(built, size, cells=5) + 0.035 * _clouds(built, size, cells=11)
    body = _body(u, v, anatomy, exposure)
    inner = u - exposure.oblique
    portable = 1.12 if exposure.view == "AP" else 1.0
    heart = _heart(inner, v, anatomy, portable)
    density = (0.62 + 0.16 * anatomy.girth + thick) * body - 0.46 * air + _ribs(u, v, anatomy) * body
    spine = inner - anatomy.spine * np.sin((v + 0.3) * 3.0)
    density += 0.30 * np.exp(-((spine / (0.6 * anatomy.apart + 0.03)) ** 2)) * body * (0.8 + 0.2 * np.sin(v * 26.0))
    density += 0.26 * heart * (0.35 + 0.65 * air)
    density += _vessels(lots, u, v) * air
    density -= 0.22 * anatomy.bubble * _ellipse(u, v, (0.36, 0.74), (0.17, 0.09), 0.02)
    for side in (-1.0, 1.0):
        breast = (0.26 * (0.7 + 0.3 * anatomy.breasts), 0.22 * (0.6 + 0.4 * anatomy.breasts))
        density += 0.08 * anatomy.breasts * _ellipse(u, v, (side * 0.40, 0.36 + 0.1 * anatomy.breasts), breast, 0.05)
    planted = []
    # Lots of their own for lesions, so that the same seed without them draws the same chest.
    chances = np.random.default_rng([seed, 3])
    for kind in lesions:
        lung = (right, left)[int(chances.integers(2))] * (1.0 - 0.9 * heart)
        extra, box = _plant(chances, kind, lung, u, v)
        density += extra
        planted.append(Lesion(kind, box))
    density = gaussian_filter(density, size / 420.0)
    density += 0.02 * _clouds(lots, size, cells=8) + exposure.tilt[0] * across + exposure.tilt[1] * down
    density = density.clip(0.0, None) ** exposure.gamma * seen + marker
    density += exposure.noise * lots.normal(size=u.shape) * np.sqrt(density.clip(0.05, None))
    grey = (density * lots.uniform(0.88, 1.05) + lots.uniform(0.0, 0.04)).clip(0.0, 1.1) / 1.1
    return Radiograph((grey * 4095.0).round().astype(np.uint16), tuple(planted), anatomy, exposure)
