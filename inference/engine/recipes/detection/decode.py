"""From the maps of the network to boxes: on the prepared grid, and in the image's own pixels."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import torch
from numpy.typing import NDArray
from torch.nn import functional

from inference.engine.boxes import Boxes, kept_apart
from inference.engine.preprocess import Geometry
from inference.engine.recipe import Outputs
from inference.engine.recipes.detection.network import STRIDE

#: Of one label in one image: more than anybody looks through.
MOST: Final = 30
_PEAKS: Final = 120
#: Boxes that overlap a better one by more than this mark the same thing.
_OVERLAP: Final = 0.3


@dataclass(frozen=True, eq=False)
class Decoded:
    """Boxes of one label on the prepared grid, the best first.

    Args:
        boxes: [N, 6] as of ``inference.engine.boxes``, in pixels of the prepared grid; of a flat image one slice deep.
        logits: [N].
        cells: int64 [N, axes], where each was read.
    """

    boxes: Boxes
    logits: NDArray[np.float64]
    cells: NDArray[np.int64]


def decoded(outputs: Outputs, label: int) -> Decoded:
    """Return the boxes of a label: one at each cell that is higher than its neighbours, those of one thing once.

    Args:
        outputs: of the network, of a batch of one.
        label: its place.
    """
    logits = outputs["logits"][0, label].float()
    axes = logits.ndim
    pool = functional.max_pool3d if axes == 3 else functional.max_pool2d
    highest = pool(logits[None, None], 3, stride=1, padding=1)[0, 0]
    cells = (logits == highest).nonzero()
    values = logits[tuple(cells.T)]
    order = torch.argsort(values, descending=True, stable=True)[:_PEAKS]
    cells, values = cells[order], values[order]
    at = tuple(cells.T)
    size = outputs["size"][0, label][(slice(None), *at)].float().T.exp().clamp(max=4096) * STRIDE
    shift = outputs["shift"][0, label][(slice(None), *at)].float().T
    centre = (cells + shift + 0.5) * STRIDE - 0.5
    low, high = (centre - size / 2).double().cpu().numpy(), (centre + size / 2).double().cpu().numpy()
    if axes == 2:
        flat = np.full((len(low), 1), 0.5)
        low, high = np.concatenate([-flat, low], axis=1), np.concatenate([flat, high], axis=1)
    boxes, said = np.concatenate([low, high], axis=1), values.double().cpu().numpy()
    stay = kept_apart(boxes, said, _OVERLAP)[:MOST]
    return Decoded(boxes[stay], said[stay], cells.cpu().numpy()[stay])


def on_image(found: Decoded, geometry: Geometry) -> Decoded:
    """Bring boxes to the image's own pixels; what is centred outside of the image is left out."""
    axes = len(geometry.shape)
    skip = 3 - axes
    boxes = found.boxes.copy()
    for axis, (old, new, before) in enumerate(
        zip(geometry.source, geometry.resized, geometry.before, strict=True), start=skip
    ):
        for side in (axis, axis + 3):
            boxes[:, side] = (boxes[:, side] - before + 0.5) * old / new - 0.5
    centre = (boxes[:, :3] + boxes[:, 3:]) / 2
    ends = np.array(geometry.source) - 0.5
    inside = ((centre[:, skip:] > -0.5) & (centre[:, skip:] < ends)).all(axis=1)
    boxes[:, skip:3] = np.maximum(boxes[:, skip:3], -0.5)
    boxes[:, 3 + skip :] = np.minimum(boxes[:, 3 + skip :], ends)
    if geometry.frame is not None:
        boxes[:, 0], boxes[:, 3] = geometry.frame - 0.5, geometry.frame + 0.5
    return Decoded(boxes[inside], found.logits[inside], found.cells[inside])


def on_grid(boxes: Boxes, geometry: Geometry) -> NDArray[np.float64]:
    """Bring boxes of an image to the prepared grid, [N, 2 × axes]; of a flat grid those of its frame."""
    axes = len(geometry.shape)
    skip = 3 - axes
    if geometry.frame is not None:
        boxes = boxes[(boxes[:, 0] < geometry.frame) & (boxes[:, 3] > geometry.frame)]
    scaled = [
        (boxes[:, side + axis] + 0.5) * new / old - 0.5 + before
        for side in (0, 3)
        for axis, (old, new, before) in enumerate(
            zip(geometry.source, geometry.resized, geometry.before, strict=True), start=skip
        )
    ]
    return np.stack(scaled, axis=1) if len(boxes) else np.zeros((0, 2 * axes))
