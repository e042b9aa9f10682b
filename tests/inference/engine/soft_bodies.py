"""Bodies that are a formula: their image on any grid is a direct computation, and so is the error of an alignment."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from inference.engine.registration.placed import PlacedVolume, grid_points

Way = Callable[[np.ndarray], np.ndarray]


def body(person: int) -> Way:
    """Return the values of one person at places in LPS mm: a soft ellipsoid with sixty soft organs in it."""
    random = np.random.default_rng(person)
    centres = random.uniform(-1, 1, (60, 3)) * (48, 60, 44)
    widths, heights = random.uniform(6, 13, 60), random.uniform(-0.6, 1.0, 60)

    def values(places: np.ndarray) -> np.ndarray:
        flat = places.reshape(-1, 3)
        radius = np.linalg.norm(flat / (62, 76, 58), axis=1)
        shell = 1 / (1 + np.exp((radius - 1) * 25))
        inside = np.ones(len(flat))
        for centre, width, height in zip(centres, widths, heights, strict=True):
            inside += height * np.exp(-0.5 * ((flat - centre) ** 2).sum(axis=1) / width**2)
        return (400 * shell * inside).reshape(places.shape[:-1])

    return values


def turned(degrees: tuple[float, float, float]) -> np.ndarray:
    """Return the rotation about x, then y, then z."""
    x, y, z = np.radians(degrees)
    about_x = np.array([[1, 0, 0], [0, np.cos(x), -np.sin(x)], [0, np.sin(x), np.cos(x)]])
    about_y = np.array([[np.cos(y), 0, np.sin(y)], [0, 1, 0], [-np.sin(y), 0, np.cos(y)]])
    about_z = np.array([[np.cos(z), -np.sin(z), 0], [np.sin(z), np.cos(z), 0], [0, 0, 1]])
    return about_z @ about_y @ about_x


def grid(
    spacing: tuple[float, float, float], shape: tuple[int, int, int], axes: np.ndarray | None = None
) -> np.ndarray:
    """Return the affine of a grid around the origin: steps of so many mm along the columns of ``axes``."""
    affine = np.eye(4)
    # Without axes: slices along z, rows along y, columns along x.
    affine[:3, :3] = (np.eye(3)[:, ::-1] if axes is None else axes) * spacing
    affine[:3, 3] = -affine[:3, :3] @ ((np.array(shape) - 1) / 2)
    return affine


def seen(
    values: Way,
    affine: np.ndarray,
    shape: tuple[int, int, int],
    *,
    back: Way = lambda places: places,
    noise: float = 4.0,
    seed: int = 0,
    modality: str = "MR",
) -> PlacedVolume:
    """Return the image of a body on a grid, with noise; ``back`` takes a place of the image to one of the body."""
    pixels = values(back(grid_points(shape, affine)))
    pixels = pixels + np.random.default_rng(seed).normal(0, noise, shape)
    return PlacedVolume(pixels.astype(np.float32), affine, modality)
