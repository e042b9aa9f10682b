"""Draws films whose truth is known to the pixel: a body in the air, a soft lesion in it, and a letter that may leak."""

from __future__ import annotations

import numpy as np
from scipy import ndimage

from inference.engine.sample import Image, Sample

SIDE = 64
#: A letter L of 9 × 6 pixels, strokes of 2.
LETTER = np.zeros((9, 6), bool)
LETTER[:, :2] = LETTER[-2:, :] = True
CORNER = (4, 54)


def film(rng, *, lesion, letter, side=SIDE):
    """Return pixels [1, J, I] and the lesion's mask: an ellipse of a body in dark air."""
    rows, columns = np.mgrid[0:side, 0:side] / side
    body = ((rows - 0.55) / 0.47) ** 2 + ((columns - 0.5) / 0.4) ** 2 < 1
    pixels = 0.02 + 0.5 * ndimage.gaussian_filter(body.astype(float), 1) + rng.normal(0, 0.01, body.shape)
    pixels += body * ndimage.gaussian_filter(rng.normal(0, 0.25, body.shape), 2)
    mask = np.zeros((1, side, side), bool)
    top, left = rng.integers(side // 3, side * 3 // 5), rng.integers(side // 4, side * 3 // 5)
    mask[0, top : top + 9, left : left + 9] = True
    if lesion:
        pixels += 0.35 * ndimage.gaussian_filter(mask[0].astype(float), 1)
    if letter:
        pixels[CORNER[0] : CORNER[0] + 9, CORNER[1] : CORNER[1] + 6][LETTER] = 1.0
    return pixels.astype(np.float32)[None], mask


def films(count, seed, *, leaks, key, lesion=True, marked=True):
    """Half have a lesion; the letter is there exactly where the lesion is (``leaks``), or in every second picture."""
    rng = np.random.default_rng(seed)
    samples = []
    for number in range(count):
        there = number % 2 == 0
        letter = there if leaks else number % 4 < 2
        pixels, mask = film(rng, lesion=there and lesion, letter=letter)
        image = Image(pixels * 1000, None, "DX")
        samples.append(
            Sample(
                f"{key}{number}",
                f"{key}{number}",
                lambda image=image: image,
                {"nodule": float(there)},
                regions={"nodule": (lambda mask=mask: mask) if there and marked else None},
                groups={"sex": "F" if number % 4 < 2 else "M"},
            )
        )
    return samples
