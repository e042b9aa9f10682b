"""Draws small images whose truth is known to the pixel."""

from __future__ import annotations

import numpy as np

from inference.engine.sample import Image, Sample


def noise_image(rng, shape):
    """Grey noise with a soft bright side, like a radiograph that is not evenly exposed; [1, J, I]."""
    rows, columns = np.mgrid[0 : shape[0], 0 : shape[1]]
    tilt = rng.uniform(-0.2, 0.2) * rows / shape[0] + rng.uniform(-0.2, 0.2) * columns / shape[1]
    return (0.5 + tilt + rng.normal(0, 0.06, shape)).astype(np.float32)[None]


def square_mask(shape, top, left, size):
    mask = np.zeros((1, *shape), dtype=bool)
    mask[0, top : top + size, left : left + size] = True
    return mask


def square_image(rng, shape, top, left, size, brightness=0.6):
    pixels = noise_image(rng, shape)
    pixels[square_mask(shape, top, left, size)] += brightness
    return Image(pixels * 1000, (1.0, 1.0, 1.0), "DX")


SHAPES = ((96, 96), (96, 144), (144, 96))


def square_samples(
    count, seed, *, shapes=((96, 96),), size=12, located=1.0, brightness=0.6, key="p", label="square", wrong=0.0
):
    """Half of the cases have one bright square somewhere; ``located`` of those say where, ``wrong`` lie."""
    rng = np.random.default_rng(seed)
    samples = []
    for number in range(count):
        there = number % 2 == 0
        shape = shapes[number // 2 % len(shapes)]
        top, left = rng.integers(4, shape[0] - size - 4), rng.integers(4, shape[1] - size - 4)
        if there:
            image, mask = square_image(rng, shape, top, left, size, brightness), square_mask(shape, top, left, size)
        else:
            image, mask = Image(noise_image(rng, shape) * 1000, (1.0, 1.0, 1.0), "DX"), None
        said = there if rng.random() >= wrong else not there
        knows = there and said and rng.random() < located
        samples.append(
            Sample(
                sample_id=f"{key}{number}",
                patient_key=f"{key}{number}",
                load=lambda image=image: image,
                present={label: float(said)},
                regions={label: (lambda mask=mask: mask) if knows else None},
                groups={"sex": "F" if number % 4 < 2 else "M"},
            )
        )
    return samples


def disc_samples(count, seed, *, shape=(1, 64, 64), key="d", label="disc"):
    """Noise with one bright disc (a ball in 3D) and its mask."""
    rng = np.random.default_rng(seed)
    samples = []
    for number in range(count):
        pixels = np.concatenate([noise_image(rng, shape[1:]) for _ in range(shape[0])])
        radius = rng.uniform(6, 11)
        centre = [rng.uniform(radius, n - radius) if n > 1 else 0 for n in shape]
        grid = np.meshgrid(*[np.arange(n) for n in shape], indexing="ij")
        mask = sum((g - c) ** 2 for g, c in zip(grid, centre, strict=True)) <= radius**2
        pixels[mask] += 0.4
        image = Image(pixels.astype(np.float32), (1.0, 1.0, 1.0), "CT")
        samples.append(
            Sample(
                sample_id=f"{key}{number}",
                patient_key=f"{key}{number}",
                load=lambda image=image: image,
                present={label: 1.0},
                regions={label: lambda mask=mask: mask},
            )
        )
    return samples
