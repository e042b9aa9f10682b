"""Patches for the training: around marked places of every label and around others, with room for what moves them."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Final

import numpy as np
import torch
from torch import Tensor

from inference.engine.places import REJECTED

#: Positions of an example: the places of each label that a patch may be centred on, int32 [N, 1 + axes] (label, …).
MARKED: Final = "marked"
_MOST_OF_A_LABEL: Final = 1000


def marked_places(where: Tensor, known: Tensor) -> Tensor:
    """Return pixels of each label that are marked or rejected, spread evenly over them; int32 [N, 1 + axes].

    Args:
        where: uint8 [L, (D,) H, W], marked above 0.
        known: uint8 [L, (D,) H, W] of ``inference.engine.places``.
    """
    found = []
    for label, mask in enumerate(torch.logical_or(where > 0, known == REJECTED)):
        places = mask.nonzero().to(torch.int32)
        if len(places) > _MOST_OF_A_LABEL:
            places = places[torch.linspace(0, len(places) - 1, _MOST_OF_A_LABEL).long()]
        found.append(torch.cat([torch.full((len(places), 1), label, dtype=torch.int32), places], dim=1))
    return torch.cat(found)


class Patches:
    """Cuts one patch at random, the same of every tensor.

    A share of the patches is centred on a marked pixel where there is one: first a label is drawn, each alike, then a
    pixel of it, so that a small label comes as often as a large one. The others lie anywhere. A patch of ``shape``
    lies in the image; ``margin`` is added on every side for a later turn or zoom, so that what comes in from the side
    is the image itself. Beyond the image its border goes on, and the ``known`` tensor is 0.

    Args:
        shape: of the patch, without its margin.
        margin: pixels on each side, one number for each axis.
        known: name of the tensor that says what is known.
        on_marked: how many are centred on a marked pixel, 0…1.
    """

    def __init__(self, shape: Sequence[int], margin: Sequence[int], known: str, on_marked: float = 0.5) -> None:
        self._shape, self._margin, self._known, self._on_marked = tuple(shape), tuple(margin), known, on_marked

    def __call__(self, tensors: Mapping[str, Tensor], marked: Tensor, random: np.random.Generator) -> dict[str, Tensor]:
        """Return the patches of all tensors.

        Args:
            tensors: [C, (D,) H, W] by name.
            marked: of ``marked_places``.
            random: decides where.
        """
        size = tensors[self._known].shape[1:]
        centre = [int(random.integers(n)) for n in size]
        if len(marked) and random.random() < self._on_marked:
            labels = np.unique(marked[:, 0].numpy())
            of_label = marked[marked[:, 0] == labels[int(random.integers(len(labels)))]]
            centre = of_label[int(random.integers(len(of_label))), 1:].tolist()
        starts = [min(max(c - n // 2, 0), whole - n) for c, n, whole in zip(centre, self._shape, size, strict=True)]
        return {name: self._cut(tensor, starts, blank=name == self._known) for name, tensor in tensors.items()}

    def _cut(self, tensor: Tensor, starts: Sequence[int], *, blank: bool) -> Tensor:
        for axis, (start, length, margin) in enumerate(zip(starts, self._shape, self._margin, strict=True), start=1):
            first, last = start - margin, start + length + margin
            inside = (max(first, 0), min(last, tensor.shape[axis]))
            before, after = inside[0] - first, last - inside[1]
            tensor = tensor.narrow(axis, inside[0], inside[1] - inside[0])
            if before or after:
                tensor = _continued(tensor, axis, before, after, blank=blank)
        return tensor


def _continued(tensor: Tensor, axis: int, before: int, after: int, *, blank: bool) -> Tensor:
    """Go on with a tensor's border on both sides of an axis, or with 0."""
    first, last = tensor.narrow(axis, 0, 1), tensor.narrow(axis, tensor.shape[axis] - 1, 1)
    sides = []
    for border, count in ((first, before), (last, after)):
        side = border.repeat_interleave(count, dim=axis)
        sides.append(torch.zeros_like(side) if blank else side)
    return torch.cat([sides[0], tensor, sides[1]], dim=axis)


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
