"""What is known of the places of a label: where it was seen, where it was looked for, where a person said it is not."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from inference.engine.preprocess import Geometry, Preprocessing
from inference.engine.sample import MaskLoader, Sample

Masks = dict[str, NDArray[np.bool_]]

#: What a pixel of a ``known`` tensor says. Outside of an image nothing is known.
UNKNOWN: Final = 0
KNOWN: Final = 1
REJECTED: Final = 2

#: In a segmentation the pixels of a rejected place count together as much as a tenth of the picture; in both recipes a
#: pixel or cell of one counts at most ten times.
_SHARE, _MOST = 0.1, 10.0


def masks_of(loaders: Mapping[str, MaskLoader | None], labels: Sequence[str]) -> Masks:
    """Read the masks of those labels that have one."""
    return {
        label: np.asarray(load(), dtype=bool) for label, load in loaders.items() if label in labels and load is not None
    }


def known_places(
    sample: Sample,
    label: str,
    *,
    seen: Mapping[str, NDArray[np.bool_]],
    rejected: Mapping[str, NDArray[np.bool_]],
    preprocessing: Preprocessing,
    geometry: Geometry,
) -> Tensor:
    """Return what is known of a label's places on the prepared grid.

    Known everywhere where the label was outlined, or looked for and not found. A rejected place is known there and
    says nothing of the rest; what was outlined, too, stays outlined.

    Args:
        sample: says whether the label is present.
        label: its key.
        seen, rejected: the case's masks by label, bool [K, J, I].
        preprocessing: brings masks to the grid.
        geometry: of the prepared image.

    Returns:
        uint8 [(D,) H, W]: ``UNKNOWN``, ``KNOWN`` or ``REJECTED``.
    """
    state = sample.present.get(label)
    everywhere = state == 0 or (state == 1 and label in seen and bool(seen[label].any()))
    known = torch.full(geometry.shape, KNOWN if everywhere else UNKNOWN, dtype=torch.uint8)
    if label in rejected:
        mask = rejected[label] & ~seen[label] if label in seen else rejected[label]
        known[preprocessing.apply_mask(mask, geometry) >= _part_of(mask)] = REJECTED
    return known


def _part_of(mask: NDArray[np.bool_]) -> float:
    """Return how much of a pixel of the grid has to lie in a mask: half, and any part of a mark of few pixels."""
    return 0.5 if mask.sum() >= 64 else 0.01


def rejected_boost(rejected: Tensor) -> Tensor:
    """Return how many times a pixel of a rejected place counts in a segmentation.

    Args:
        rejected: float [B, L, …], 0…1: how much of each pixel was rejected.

    Returns:
        float [B, L, 1…]: of each case and label, whatever else is in the batch.
    """
    axes = tuple(range(2, rejected.ndim))
    size = float(np.prod(rejected.shape[2:]))
    return (_SHARE * size / rejected.sum(dim=axes, keepdim=True).clamp(min=1.0)).clamp(1.0, _MOST)


def rejected_pull(marked: Tensor, rejected: Tensor, weight: Tensor) -> Tensor:
    """Return how much each rejected cell of a map counts: all together as much as the marked ones, in a batch.

    However many places were rejected, they pull no harder than the marked ones. Where the network cannot tell the two
    apart, more of a pull would cost the marked ones.

    Args:
        marked, rejected: float [B, L, …], from 0: how much each cell is marked, or rejected.
        weight: float [B, L], of each label of a case.

    Returns:
        float [1, L, 1…]: at most ten; 0 without a marked place.
    """
    axes = (0, *range(2, marked.ndim))
    of_case = weight.reshape(*weight.shape, *[1] * (marked.ndim - 2))
    pull = (of_case * marked).sum(dim=axes, keepdim=True)
    against = (of_case * rejected).sum(dim=axes, keepdim=True).clamp(min=1e-6)
    return (pull / against).clamp(max=_MOST)
