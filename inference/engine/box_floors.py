"""Boxes that need no model, on the same test cases: the floor that a detector has to beat.

Where things lie in about the same place in every image, a fixed list of places finds them without a look at the
picture; where they are bright, so does whoever takes the brightest blobs.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, Self

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from inference.engine.boxes import Boxes, as_boxes, centred_in, kept_apart
from inference.engine.sample import Image

#: As many as FROC asks for at its highest rate.
MOST: Final = 8
_CANDIDATES: Final = 400
_OVERLAP: Final = 0.3


@dataclass(frozen=True, eq=False)
class UsualBoxes:
    """Where boxes of the training cases lie, relative to the image: the few places on which most of them are centred.

    Args:
        boxes: [N, 6], each axis from 0 to 1.
        shares: [N], share of the training boxes that each one adds, the largest first.
        size: [3], the median size of a training box on each axis.
    """

    boxes: Boxes
    shares: NDArray[np.float64]
    size: NDArray[np.float64]

    @classmethod
    def of(cls, cases: Iterable[tuple[Boxes, tuple[int, int, int]]]) -> Self | None:
        """Learn them from the boxes of training cases and the shapes of their images; None without any box."""
        every = [relative(boxes, shape) for boxes, shape in cases if len(boxes)]
        if not every:
            return None
        truths = np.concatenate(every)
        candidates = truths
        if len(truths) > _CANDIDATES:
            candidates = truths[np.sort(np.random.default_rng(0).choice(len(truths), _CANDIDATES, replace=False))]
        hits = centred_in(candidates, truths)
        chosen, shares = [], []
        for _ in range(MOST):
            counts = hits.sum(axis=1)
            best = int(counts.argmax())
            if not counts[best]:
                break
            chosen.append(candidates[best])
            shares.append(counts[best] / len(truths))
            hits = hits & ~hits[best]
        return cls(np.stack(chosen), np.array(shares), np.median(truths[:, 3:] - truths[:, :3], axis=0))

    def places(self, shape_kji: tuple[int, int, int]) -> tuple[Boxes, NDArray[np.float64]]:
        """Return the usual places in an image's own pixels, the best first, and their scores."""
        order = np.argsort(-self.shares, kind="stable")
        return absolute(self.boxes[order], shape_kji), self.shares[order]

    def blobs(self, image: Image) -> tuple[Boxes, NDArray[np.float64]]:
        """Return the brightest blobs of the usual size in an image's own pixels, the best first, and their scores."""
        pixels = image.pixels_kji.mean(axis=-1) if image.is_colour else image.pixels_kji
        shape = np.array(pixels.shape)
        size = np.maximum(1.0, self.size * shape)
        # A blob's own width and that of its surroundings; half of its size reaches two deviations.
        small = np.where(shape > 1, size / 4, 0.0)
        difference = ndimage.gaussian_filter(pixels, small) - ndimage.gaussian_filter(pixels, 2 * small)
        wide = tuple(int(one) // 2 * 2 + 1 for one in size)
        peaks = np.argwhere(difference == ndimage.maximum_filter(difference, size=wide))
        values = difference[tuple(peaks.T)] / max(float(difference.std()), 1e-9)
        order = np.argsort(-values, kind="stable")[: 4 * MOST]
        centres, values = peaks[order].astype(np.float64), values[order]
        boxes = np.concatenate([centres - size / 2, centres + size / 2], axis=1)
        stay = kept_apart(boxes, values, _OVERLAP)[:MOST]
        return boxes[stay], 1 / (1 + np.exp(-np.clip(values[stay] - 5.0, -60, 60)))


def relative(boxes: Boxes, shape_kji: tuple[int, int, int]) -> Boxes:
    """Return boxes with each axis of the image from 0 to 1."""
    shape = np.array([*shape_kji, *shape_kji])
    return np.asarray((boxes + 0.5) / shape)


def absolute(boxes: Boxes, shape_kji: tuple[int, int, int]) -> Boxes:
    """Return relative boxes in the image's own pixels."""
    shape = np.array([*shape_kji, *shape_kji])
    return as_boxes((boxes * shape - 0.5).tolist())
