"""The lots of a phantom patient, and of how a picture of them is taken: as unlike each other as people and rooms are.

Lengths are in the drawing's own coordinates, where the picture is 2 wide and 2 high (``webapp.demo.phantoms``).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np


@dataclass(frozen=True)
class Anatomy:
    """What stays the same in all pictures of one phantom patient.

    Attributes:
        width, height: of the lungs, right then left; 1 is usual.
        apart: of the lungs, half the width of what lies between them.
        domes: how much higher than usual the diaphragm stands, right then left.
        heart, heart_shift, heart_tall: its width and height, and how far to the left it lies.
        girth: soft tissue around the chest, 0 … 1.
        spine: sideways curve of the spine.
        ribs: their distance, slope and brightness.
        collar: slope and height of the clavicles.
        shoulders: how steeply they fall from the neck.
        breasts: size, 0 where there are none to see.
        bubble: size of the air in the stomach.
        build: seed of where the soft tissue is thick and thin.
    """

    sex: Literal["F", "M"]
    age_years: int
    width: tuple[float, float]
    height: tuple[float, float]
    apart: float
    domes: tuple[float, float]
    heart: float
    heart_shift: float
    heart_tall: float
    girth: float
    spine: float
    ribs: tuple[float, float, float]
    collar: tuple[float, float]
    shoulders: float
    breasts: float
    bubble: float
    build: int


@dataclass(frozen=True)
class Exposure:
    """How a picture was taken: two made-up devices differ in contrast, noise and grey direction.

    Attributes:
        turn: of the patient in the picture, in radians.
        shift: to the right and down.
        zoom: above 1 the chest is larger in the picture.
        oblique: how far the patient is turned about their own axis: heart and spine move against the ribs.
        breath: 1 is a full breath.
        edges: how far the collimator reaches into the picture: left, right, top, bottom.
        tilt: of the beam: darker on one side, and top against bottom.
        marker: column and row of the side marker's middle.
        arms: how far the arms reach into the picture, 0 … 1, left then right in the picture.
    """

    device: Literal["A", "B"]
    view: Literal["PA", "AP"]
    gamma: float
    noise: float
    turn: float
    shift: tuple[float, float]
    zoom: float
    oblique: float
    breath: float
    edges: tuple[float, float, float, float]
    tilt: tuple[float, float]
    marker: tuple[float, float]
    arms: tuple[float, float]


def draw_anatomy(seed: int) -> Anatomy:
    """Draw the lots of one phantom patient."""
    lots = np.random.default_rng([seed, 1])

    def between(low: float, high: float) -> float:
        return float(lots.uniform(low, high))

    female = lots.random() < 0.5
    width, height = between(0.86, 1.14), between(0.80, 1.12)
    return Anatomy(
        sex="F" if female else "M",
        age_years=int(lots.integers(22, 88)),
        width=(width * between(0.93, 1.07), width * between(0.93, 1.07)),
        height=(height * between(0.95, 1.05), height * between(0.95, 1.05)),
        apart=between(0.08, 0.17),
        domes=(between(-0.06, 0.10), between(-0.08, 0.10)),
        heart=between(0.78, 1.35),
        heart_shift=between(-0.05, 0.08),
        heart_tall=between(0.8, 1.2),
        girth=float(lots.beta(1.5, 2.0)),
        spine=float(lots.normal(0.0, 0.035)),
        ribs=(between(0.110, 0.165), between(0.12, 0.46), between(0.5, 1.5)),
        collar=(between(-0.32, 0.10), between(-0.10, 0.12)),
        shoulders=between(0.05, 0.55),
        breasts=between(0.3, 1.0) if female else 0.0,
        bubble=between(0.3, 1.0) if lots.random() < 0.6 else 0.0,
        build=int(lots.integers(2**31)),
    )


def draw_exposure(lots: np.random.Generator) -> Exposure:
    """Draw how a picture is taken."""

    def between(low: float, high: float) -> float:
        return float(lots.uniform(low, high))

    device: Literal["A", "B"] = "A" if lots.random() < 0.6 else "B"
    portable = lots.random() < 0.35
    wild = 1.4 if portable else 0.8
    left, right, top, bottom = (between(0.02, 0.12) if lots.random() < 0.5 else 0.0 for _ in range(4))
    side = -1.0 if lots.random() < 0.5 else 1.0
    return Exposure(
        device=device,
        view="AP" if portable else "PA",
        gamma=between(0.85, 1.05) if device == "A" else between(1.0, 1.25),
        noise=between(0.010, 0.016) if device == "A" else between(0.018, 0.028),
        turn=float(lots.normal(0.0, 0.045)) * wild,
        shift=(float(lots.normal(0.0, 0.06)) * wild, float(lots.normal(0.0, 0.07)) * wild),
        zoom=between(0.90, 1.25),
        oblique=float(lots.normal(0.0, 0.035)) * wild,
        breath=between(0.88, 1.0) if portable else between(0.94, 1.04),
        edges=(left, right, top, bottom),
        tilt=(float(lots.normal(0.0, 0.07)), float(lots.normal(0.0, 0.07))),
        marker=(side * between(0.66, 0.88), between(-0.90, -0.55)),
        arms=(between(0.0, 1.0), between(0.0, 1.0)),
    )
