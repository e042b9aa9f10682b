"""Class activation maps: from the values of a layer and the gradient of a label's score to one number a cell.

Each takes [F, h, w] twice and returns [h, w]; what is below 0 speaks against the label.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from torch import Tensor


def hirescam(values: Tensor, gradient: Tensor) -> Tensor:
    """Multiply value and gradient cell by cell (Draelos & Carin 2020)."""
    return (values * gradient).sum(dim=0)


def gradcam(values: Tensor, gradient: Tensor) -> Tensor:
    """Weight each feature by the mean of its gradient (Selvaraju 2017)."""
    return (values * gradient.mean(dim=(1, 2), keepdim=True)).sum(dim=0)


def gradcam_pp(values: Tensor, gradient: Tensor) -> Tensor:
    """Weight each feature by its rising gradient, cells that raise the score more counting more (Chattopadhay 2018).

    As there, the score is taken through an exponential, whose higher derivatives are powers of the gradient.
    """
    squared = gradient**2
    below = 2 * squared + (values.sum(dim=(1, 2), keepdim=True) * gradient * squared)
    share = squared / below.where(below != 0, 1.0)
    weights = (share * gradient.clamp(min=0)).sum(dim=(1, 2), keepdim=True)
    return (values * weights).sum(dim=0)


def layercam(values: Tensor, gradient: Tensor) -> Tensor:
    """Weight each cell by its own gradient where that raises the score (Jiang 2021)."""
    return (values * gradient.clamp(min=0)).sum(dim=0)


CAMS: Final[Mapping[str, Callable[[Tensor, Tensor], Tensor]]] = {
    "hirescam": hirescam,
    "gradcam": gradcam,
    "gradcam_pp": gradcam_pp,
    "layercam": layercam,
}
