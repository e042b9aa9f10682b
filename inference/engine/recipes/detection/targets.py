"""From boxes to what the network is to say at each cell, and how far it is from that.

Boxes travel through the augmentation as pixels that carry a number each (1…255): where an image is turned, they turn
with it. What such pixels enclose is a box again: as wide as their spread says, which no turn of a square changes.
"""

from __future__ import annotations

from typing import Final

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from inference.engine.boxes import Boxes
from inference.engine.places import REJECTED, UNKNOWN
from inference.engine.recipe import Outputs
from inference.engine.recipes.detection.network import STRIDE

MOST_BOXES: Final = 255
#: Width of the hill around a centre: a sixth of the box, and never less than this many cells.
_HILL, _LEAST_HILL = 1 / 6, 0.6
#: From this height on a cell of the hill says how large the box is.
_SIZED: Final = 0.3
_SIZE_WEIGHT, _SHIFT_WEIGHT = 0.5, 0.5


def numbered(boxes: Boxes, shape: tuple[int, ...]) -> Tensor:
    """Return the pixels of boxes with their numbers, uint8 [(D,) H, W]; smaller ones lie over larger ones.

    Args:
        boxes: [N, 2 × axes] (low edges, high edges) on the prepared grid; the 255 largest are taken.
        shape: of the grid.
    """
    pixels, axes = torch.zeros(shape, dtype=torch.uint8), len(shape)
    order = np.argsort(-(boxes[:, axes:] - boxes[:, :axes]).prod(axis=1), kind="stable")[:MOST_BOXES]
    for number, box in enumerate(boxes[order], start=1):
        where = []
        for low, high, count in zip(box[:axes], box[axes:], shape, strict=True):
            first, last = int(np.ceil(low - 1e-6)), int(np.floor(high + 1e-6))
            if last < first:  # thinner than a pixel of the grid
                first = last = int(np.floor((low + high) / 2 + 0.5))
            first, last = max(0, min(first, count - 1)), max(0, min(last, count - 1))
            where.append(slice(first, last + 1))
        pixels[tuple(where)] = number
    return pixels


def boxes_in(pixels: Tensor) -> tuple[Tensor, Tensor]:
    """Return centre and size of each numbered box, [N, axes] in pixels.

    Args:
        pixels: uint8 [(D,) H, W].
    """
    where = pixels.nonzero()
    if not len(where):
        nothing = torch.zeros((0, pixels.ndim), device=pixels.device)
        return nothing, nothing
    _, member, counts = pixels[tuple(where.T)].unique(return_inverse=True, return_counts=True)  # type: ignore[no-untyped-call]
    places, many = where.double(), counts.double()[:, None]
    zeros = torch.zeros((len(counts), pixels.ndim), dtype=torch.float64, device=pixels.device)
    centre = zeros.index_add(0, member, places) / many
    spread = zeros.index_add(0, member, (places - centre[member]) ** 2) / many
    # n pixels in a row have a variance of (n² - 1) / 12.
    return centre.float(), (12 * spread + 1).sqrt().float()


def box_loss(outputs: Outputs, where: Tensor, known: Tensor, weight: Tensor) -> tuple[Tensor, dict[str, float]]:
    """Return the loss of the maps and its parts: focal loss of the centres (Law 2018), distances of size and shift.

    Args:
        outputs: of the network.
        where: uint8 [B, L, …], numbered boxes.
        known: uint8 [B, L, …] of ``inference.engine.places``.
        weight: float [B, L], how much each label of a case counts.
    """
    logits = outputs["logits"].float()
    axes = logits.ndim - 2
    cells = logits.shape[2:]
    hill, peak = torch.zeros_like(logits), torch.zeros_like(logits)
    size, shift = (
        torch.zeros_like(outputs["size"], dtype=torch.float32),
        torch.zeros_like(outputs["shift"], dtype=torch.float32),
    )
    grids = torch.meshgrid(*[torch.arange(n, device=logits.device) for n in cells], indexing="ij")
    places = torch.stack(grids).float()  # [axes, …]
    for case, label in where.flatten(2).any(dim=2).nonzero().tolist():
        for centre, wide in zip(*boxes_in(where[case, label]), strict=True):
            at, extent = (centre + 0.5) / STRIDE - 0.5, wide / STRIDE
            sigma = (extent * _HILL).clamp(min=_LEAST_HILL)
            away = places - at.reshape(-1, *[1] * axes)
            own = torch.exp(-0.5 * ((away / sigma.reshape(-1, *[1] * axes)) ** 2).sum(dim=0))
            higher = own > hill[case, label]
            hill[case, label] = torch.maximum(hill[case, label], own)
            size[case, label] = torch.where(higher, extent.log().reshape(-1, *[1] * axes), size[case, label])
            shift[case, label] = torch.where(higher, -away, shift[case, label])
            top = tuple(int(min(max(round(x), 0), n - 1)) for x, n in zip(at.tolist(), cells, strict=True))
            peak[(case, label, *top)] = 1.0
    hill = torch.maximum(hill, peak)
    sure = _sure(known, cells)
    counts = weight.reshape(*weight.shape, *[1] * axes)
    chance = logits.sigmoid().clamp(1e-4, 1 - 1e-4)
    there = -((1 - chance) ** 2) * chance.log() * peak
    not_there = -((1 - hill) ** 4) * chance**2 * (1 - chance).log() * (1 - peak)
    total = (counts * peak).sum().clamp(min=1.0)
    centre_loss = (counts * sure * (there + not_there)).sum() / total
    sized = counts * torch.where(hill >= _SIZED, hill, 0.0) * sure
    share = sized.sum().clamp(min=1e-6) * axes
    size_loss = (sized[:, :, None] * (outputs["size"].float() - size).abs()).sum() / share
    shift_loss = (sized[:, :, None] * (outputs["shift"].float() - shift).abs()).sum() / share
    parts = {name: float(one.detach()) for name, one in (("centre", centre_loss), ("size", size_loss))}
    return centre_loss + _SIZE_WEIGHT * size_loss + _SHIFT_WEIGHT * shift_loss, parts


def _sure(known: Tensor, cells: tuple[int, ...]) -> Tensor:
    """Return of which cells something is known, 1 or 0: half of their pixels, or one that was rejected."""
    half = functional.interpolate((known != UNKNOWN).float(), size=cells, mode="area") >= 0.5
    rejected = functional.interpolate((known == REJECTED).float(), size=cells, mode="area") > 0
    return (half | rejected).float()
