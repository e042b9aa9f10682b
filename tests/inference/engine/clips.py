"""Draws findings and, elsewhere on the image, bright clips that come with them: a shortcut to look at."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from inference.engine.sample import Image, Sample
from tests.inference.engine.planted import noise_image, square_mask

SHAPE = (64, 64)
_SIZE = 8


@dataclass(frozen=True)
class ClipCase:
    """One image, with the masks [1, J, I] of its finding and its clip, or None."""

    sample: Sample
    finding: Any
    clip: Any

    def holds(self, box):
        """Say whether the middle of (left, top, right, bottom) lies on the clip."""
        if self.clip is None:
            return False
        left, top, right, bottom = box
        return bool(self.clip[0, round((top + bottom) / 2), round((left + right) / 2)])


def clip_cases(count, seed, *, key, located, with_finding, without):
    """Half of the cases have a faint finding in one half of the image, some a bright clip in the other.

    Args:
        located: share of the findings that a reader outlined; those images have no clip.
        with_finding, without: share of the other images with a clip.
    """
    rng = np.random.default_rng(seed)
    cases = []
    for number in range(count):
        there = number % 2 == 0
        outlined = there and rng.random() < located
        clipped = not outlined and rng.random() < (with_finding if there else without)
        finding_left = rng.random() < 0.5
        pixels, finding, clip = noise_image(rng, SHAPE), None, None
        rows = rng.integers(4, SHAPE[0] - _SIZE - 4, 2)
        columns = rng.integers(4, SHAPE[1] // 2 - _SIZE - 2, 2)
        if there:
            finding = square_mask(SHAPE, rows[0], columns[0] + (0 if finding_left else SHAPE[1] // 2), _SIZE)
            pixels[finding] += 0.35
        if clipped:
            left = columns[1] + (SHAPE[1] // 2 if finding_left else 0)
            clip = square_mask(SHAPE, rows[1], left, _SIZE)
            cross = np.zeros_like(clip)
            cross[0, rows[1] + 3 : rows[1] + 5, left : left + _SIZE] = True
            cross[0, rows[1] : rows[1] + _SIZE, left + 3 : left + 5] = True
            pixels[cross] += 0.8
        image = Image(pixels * 1000, (1.0, 1.0, 1.0), "DX")
        sample = Sample(
            f"{key}{number}",
            f"{key}{number}",
            lambda image=image: image,
            {"finding": float(there)},
            regions={"finding": lambda finding=finding: finding} if outlined else {},
        )
        cases.append(ClipCase(sample, finding, clip))
    return cases
