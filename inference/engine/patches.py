"""Patches for the training: around marked and unmarked places alike, with room for what moves them."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np
import torch
from monai.transforms.transform import Randomizable
from monai.transforms.utils import generate_pos_neg_label_crop_centers, map_binary_to_indices
from torch import Tensor


class Patches(Randomizable):
    """Cuts one patch at random, the same of every tensor.

    Half of the patches are centred on a marked pixel where there is one; the centre stays so far inside that a patch
    of ``shape`` lies in the image. ``margin`` is added on every side for a later turn or zoom, so that what comes in
    from the side is the image itself. Beyond the image its border goes on, and the ``known`` tensor is 0.

    Args:
        shape: of the patch, without its margin.
        margin: pixels on each side, one number for each axis.
        known: name of the tensor that says what is known.
    """

    def __init__(self, shape: Sequence[int], margin: Sequence[int], known: str) -> None:
        self._shape, self._margin, self._known = tuple(shape), tuple(margin), known

    def __call__(self, tensors: Mapping[str, Tensor], marked: Tensor) -> dict[str, Tensor]:
        """Return the patches of all tensors.

        Args:
            tensors: [C, (D,) H, W] by name.
            marked: bool [1, (D,) H, W].
        """
        size = marked.shape[1:]
        if marked.any():
            seen, others = map_binary_to_indices(marked)
            (centre,) = generate_pos_neg_label_crop_centers(
                self._shape, 1, 0.5, size, seen, others if len(others) else seen, rand_state=self.R
            )
            starts = [c - n // 2 for c, n in zip(centre, self._shape, strict=True)]
        else:
            starts = [int(self.R.randint(0, n - m + 1)) for n, m in zip(size, self._shape, strict=True)]
        return {name: self._cut(tensor, starts, blank=name == self._known) for name, tensor in tensors.items()}

    def _cut(self, tensor: Tensor, starts: Sequence[int], *, blank: bool) -> Tensor:
        for axis, (start, length, margin) in enumerate(zip(starts, self._shape, self._margin, strict=True), start=1):
            wanted = torch.arange(start - margin, start + length + margin)
            inside = wanted.clamp(0, tensor.shape[axis] - 1)
            tensor = tensor.index_select(axis, inside)
            if blank:
                outside = (wanted != inside).nonzero().flatten()
                tensor = tensor.index_fill(axis, outside, 0)
        return tensor


def margin_for(shape: Sequence[int], *, angle: float, zoom: float, shift: float) -> tuple[int, ...]:
    """Return how many pixels a patch needs on each side so that no turn, zoom or shift looks beyond them.

    Args:
        shape: of the patch; its last two axes are turned.
        angle: largest turn, in radians.
        zoom: largest share by which it grows or shrinks.
        shift: largest shift, as a share of each axis.
    """
    half = np.array(shape, dtype=float) / 2
    reach = half * (1 + zoom)
    rows, columns = half[-2:] * (1 + zoom)
    reach[-2] = rows * math.cos(angle) + columns * math.sin(angle)
    reach[-1] = columns * math.cos(angle) + rows * math.sin(angle)
    return tuple(math.ceil(r + s * shift - h) + 1 for r, s, h in zip(reach, np.array(shape), half, strict=True))
