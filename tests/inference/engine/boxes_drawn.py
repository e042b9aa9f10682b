"""Draws pictures and small volumes with bright things in boxes, and decoys that look a little like them."""

from __future__ import annotations

import numpy as np

from inference.engine.sample import Image, Sample
from tests.inference.engine.planted import noise_image


def thing_samples(count, seed, *, shape=(96, 96), key="b", label="thing", most=3, size=(10, 18)):
    """Two of three cases have one to ``most`` bright discs, apart from each other; the others have none.

    Returns:
        The samples, and of each the boxes (top, left, bottom, right) as edges in pixels.
    """
    rng = np.random.default_rng(seed)
    samples, boxes = [], []
    for number in range(count):
        pixels, mask, own = noise_image(rng, shape), np.zeros((1, *shape), bool), []
        for _ in range(int(rng.integers(1, most + 1)) if number % 3 else 0):
            wide = int(rng.integers(*size))
            top, left = (int(rng.integers(2, n - wide - 2)) for n in shape)
            if mask[0, max(0, top - 4) : top + wide + 4, max(0, left - 4) : left + wide + 4].any():
                continue
            disc(pixels, top, left, wide, 0.6)
            mask[0, top : top + wide, left : left + wide] = True
            own.append((top - 0.5, left - 0.5, top + wide - 0.5, left + wide - 0.5))
        image = Image(pixels * 1000, (1.0, 1.0, 1.0), "DX")
        samples.append(
            Sample(
                sample_id=f"{key}{number}",
                patient_key=f"{key}{number}",
                load=lambda image=image: image,
                present={label: float(bool(own))},
                regions={label: (lambda mask=mask: mask) if own else None},
            )
        )
        boxes.append(own)
    return samples, boxes


def disc(pixels, top, left, wide, brightness):
    rows, columns = np.mgrid[0:wide, 0:wide]
    middle = (wide - 1) / 2
    inside = (rows - middle) ** 2 + (columns - middle) ** 2 <= (wide / 2) ** 2
    pixels[0, top : top + wide, left : left + wide][inside] += brightness


def cross(pixels, top, left, wide, brightness):
    """A decoy: as bright and as large as a disc, but a cross."""
    third = max(2, wide // 4)
    middle = (wide - third) // 2
    part = pixels[0, top : top + wide, left : left + wide]
    arms = np.zeros(part.shape, bool)
    arms[middle : middle + third] = arms[:, middle : middle + third] = True
    part[arms] += brightness


def decoy_samples(count, seed, *, shape=(96, 96), key="r", label="thing", size=(10, 18)):
    """Cases with one cross, of which is known only that a reviewer rejected a box round it; and where it lies."""
    rng = np.random.default_rng(seed)
    samples, places = [], []
    for number in range(count):
        pixels, mask = noise_image(rng, shape), np.zeros((1, *shape), bool)
        wide = int(rng.integers(*size))
        top, left = (int(rng.integers(2, n - wide - 2)) for n in shape)
        cross(pixels, top, left, wide, 0.6)
        mask[0, top : top + wide, left : left + wide] = True
        image = Image(pixels * 1000, (1.0, 1.0, 1.0), "DX")
        samples.append(
            Sample(
                sample_id=f"{key}{number}",
                patient_key=f"{key}{number}",
                load=lambda image=image: image,
                present={label: None},
                rejected={label: lambda mask=mask: mask},
                rejected_draws=2.0,
            )
        )
        places.append((top - 0.5, left - 0.5, top + wide - 0.5, left + wide - 0.5))
    return samples, places


def nodule_samples(count, seed, *, shape=(20, 64, 64), key="n", label="nodule"):
    """Drawn CTs in HU, slices of 2 mm: balls of 3 to 5 mm in dark lung among vessels; every third case has none."""
    rng = np.random.default_rng(seed)
    spacing = np.array([2.0, 1.0, 1.0])
    places = np.stack(
        np.meshgrid(*[np.arange(n) * step for n, step in zip(shape, spacing, strict=True)], indexing="ij")
    )
    samples = []
    for number in range(count):
        pixels = rng.normal(-850, 40, shape).astype(np.float32)
        for _ in range(5):
            through, way = rng.uniform(0, 1, 3) * np.array(shape) * spacing, rng.normal(0, 1, 3)
            way /= np.linalg.norm(way)
            from_there = places - through[:, None, None, None]
            along = np.tensordot(way, from_there, axes=1)
            away = np.linalg.norm(from_there - along * way[:, None, None, None], axis=0)
            pixels[away <= rng.uniform(1.0, 2.5)] = rng.uniform(0, 200)
        mask = np.zeros(shape, bool)
        for _ in range(int(rng.integers(1, 3)) if number % 3 else 0):
            radius = rng.uniform(3, 5)
            low, high = radius + 1, np.array(shape) * spacing - radius - 1
            centre = rng.uniform(low, high)
            inside = np.linalg.norm(places - centre[:, None, None, None], axis=0) <= radius
            pixels[inside] = rng.uniform(-50, 100)
            mask |= inside
        image = Image(pixels + rng.normal(0, 30, shape).astype(np.float32), tuple(spacing), "CT")
        samples.append(
            Sample(
                sample_id=f"{key}{number}",
                patient_key=f"{key}{number}",
                load=lambda image=image: image,
                present={label: float(mask.any())},
                regions={label: (lambda mask=mask: mask) if mask.any() else None},
            )
        )
    return samples
