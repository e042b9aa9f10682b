"""Maps over an image: spreading cells over pixels, the entropy of a probability, the largest part of a mask."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage
from torch import Tensor


def entropy_bits(probability: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the entropy of a yes/no probability in bits, 0…1, of any shape."""
    p = np.clip(probability, 1e-7, 1 - 1e-7)
    return np.asarray(-(p * np.log2(p) + (1 - p) * np.log2(1 - p)), dtype=np.float32)


def keep_largest(mask: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Return the largest connected part of a mask."""
    parts, count = ndimage.label(mask)
    if count < 2:
        return mask
    sizes = np.bincount(parts.ravel())
    sizes[0] = 0
    return np.asarray(parts == sizes.argmax())


def spread(
    cells: Tensor, shape: tuple[int, ...], *, stride: float | None = None, centre: float | None = None
) -> NDArray[np.float32]:
    """Spread the cells of a feature map over the pixels they stand for, linearly between their centres.

    Args:
        cells: [h, w].
        shape: (H, W) of the prepared image.
        stride: pixels from one cell's centre to the next; by default the cells share the image evenly.
        centre: pixel the first cell is centred on; by default the middle of its share.

    Returns:
        float32 [H, W].
    """
    values = cells.detach().float().cpu().numpy()
    for axis, pixels in enumerate(shape):
        count = values.shape[axis]
        step = pixels / count if stride is None else stride
        first = (step - 1) / 2 if centre is None else centre
        at = np.clip((np.arange(pixels) - first) / step, 0, count - 1)
        low = np.minimum(np.floor(at).astype(int), count - 1)
        high = np.minimum(low + 1, count - 1)
        share = (at - low).astype(np.float32)
        share = share[:, None] if axis == 0 else share[None, :]
        values = np.take(values, low, axis) * (1 - share) + np.take(values, high, axis) * share
    return np.ascontiguousarray(values, dtype=np.float32)
