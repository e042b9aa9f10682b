"""Draws findings and, elsewhere on the image, bright clips that come with them: a shortcut to look at."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from inference.engine.predict import predict
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

    @property
    def reviewed(self):
        """The sample after an earlier version outlined the clip beside the finding.

        The reviewer says: right answer, wrong place. Nobody draws the right one.
        """
        if self.clip is None or self.finding is None:
            return self.sample
        return replace(self.sample, rejected={"finding": lambda: self.clip}, rejected_draws=2.0)


def outlined(model, cases):
    """Return on how many cases with both an outline lies on the finding, and on how many on the clip."""
    findings = clips = 0
    for case in cases:
        if case.finding is not None and case.clip is not None:
            regions = predict(model, case.sample.load()).regions
            findings += any(_middle_lies_in(region.box, case.finding) for region in regions)
            clips += any(_middle_lies_in(region.box, case.clip) for region in regions)
    return findings, clips


def _middle_lies_in(box, mask):
    left, top, right, bottom = box
    return bool(mask[0, round((top + bottom) / 2), round((left + right) / 2)])


def to_learn_from(seed, *, located=0.3):
    """Return 160 cases to learn from and 80 to choose the epoch and the threshold by: nine findings in ten have a clip
    beside them, apart from those that readers outlined.
    """
    shares = {"located": located, "with_finding": 0.9, "without": 0.05}
    return clip_cases(160, 100 + seed, key="t", **shares), clip_cases(80, 300 + seed, key="w", **shares)


def to_test_on(seed):
    """Return 160 cases; each of the 80 findings has a clip beside it, and half of the others have one."""
    return clip_cases(160, 200 + seed, key="v", located=0.0, with_finding=1.0, without=0.5)


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
