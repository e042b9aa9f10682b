"""Answers that need no model, on the same test cases: the floor that a segmentation has to beat.

Where a structure lies in about the same place in every image, the mean of the training masks scores well without a
look at the picture; where it fills the image, so does painting everything.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final, Self

import numpy as np
import torch
from numpy.typing import NDArray
from torch.nn import functional

from inference.engine.grid import Grid
from inference.engine.mask_score import SegmentationScore, counted
from inference.engine.report import TrivialName

Mask = NDArray[np.bool_]
_FLAT: Final = (1, 64, 64)
_DEEP: Final = (32, 64, 64)
_LEVELS: Final = 40


@dataclass(frozen=True, eq=False)
class Prior:
    """Where a label lies in the training cases, relative to the image.

    Args:
        share: float32 [D, 64, 64]: the mean coverage of each place by the masks of the training cases that have one.
        level: places with at least this share, painted, give the highest mean Dice on these training cases.
        present: share of the training cases that have a mask.
    """

    share: NDArray[np.float32]
    level: float
    present: float

    @classmethod
    def of(cls, masks: Iterable[Mask], empty: int, *, flat: bool) -> Self | None:
        """Learn it from masks_kji, of single slices where ``flat``; ``empty`` more cases have none. No mask: None."""
        covers = [_covered(mask, _FLAT if flat else _DEEP) for mask in masks]
        if not covers:
            return None
        each = np.stack(covers)
        share = each.mean(axis=0, dtype=np.float32)
        return cls(share, _best_level(each, share), len(covers) / (len(covers) + empty))

    def spread(self, shape_kji: tuple[int, ...]) -> NDArray[np.float32]:
        """Return the share on an image's own grid, float32 [K, J, I]."""
        share = torch.from_numpy(self.share)[None, None]
        return functional.interpolate(share, size=tuple(shape_kji), mode="trilinear", align_corners=False)[0, 0].numpy()


def trivial_scores(truth_kji: Mask, grid: Grid, prior: Prior | None) -> Mapping[TrivialName, SegmentationScore]:
    """Score every trivial answer on one case.

    Args:
        truth_kji: bool [K, J, I].
        grid: of the image.
        prior: of the label; without one only what needs no training case is scored.
    """
    there, voxels = int(np.count_nonzero(truth_kji)), truth_kji.size
    scores: dict[TrivialName, SegmentationScore] = {
        "nothing": counted(0, there, 0, voxels, grid),
        "all": counted(voxels, there, there, voxels, grid),
    }
    if prior is None:
        return scores
    share = prior.spread(truth_kji.shape)
    levels: dict[TrivialName, float] = {
        "mean_mask": 0.5,
        "location": prior.level,
        "majority": 0.5 / prior.present,
    }
    for name, level in levels.items():
        mask = share >= level
        shared = int(np.count_nonzero(mask & truth_kji))
        scores[name] = counted(int(np.count_nonzero(mask)), there, shared, voxels, grid)
    return scores


def _covered(mask_kji: Mask, places: tuple[int, int, int]) -> NDArray[np.float16]:
    """Return how much of each place a mask covers, 0…1."""
    tensor = torch.from_numpy(np.ascontiguousarray(mask_kji, dtype=np.float32))[None]
    return functional.adaptive_avg_pool3d(tensor, places)[0].numpy().astype(np.float16)


def _best_level(covers: NDArray[np.float16], share: NDArray[np.float32]) -> float:
    each, flat = covers.reshape(len(covers), -1).astype(np.float32), share.ravel()
    levels = np.unique(np.quantile(flat[flat > 0], np.linspace(0, 1, _LEVELS)))
    sizes = each.sum(axis=1)
    dices = [
        float((2 * each[:, inside].sum(axis=1) / (inside.sum() + sizes)).mean())
        for inside in (flat >= level for level in levels)
    ]
    return float(levels[int(np.argmax(dices))])
