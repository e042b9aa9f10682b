"""Maps that ask the pixels: what the score hangs on by its gradient, and what happens when places are taken away."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from captum.attr import IntegratedGradients
from numpy.typing import NDArray
from scipy import ndimage
from torch import Tensor, nn
from torch.nn import functional

from inference.engine.question import Progress, Question

Map = NDArray[np.float32]
_PATH_STEPS = 32
_NOISY_COPIES = 32
_NOISE = 0.15
_MASKS = 256
_MASK_CELLS = 8


class _Logit(nn.Module):
    """The network as captum takes it: one number for each picture."""

    def __init__(self, question: Question) -> None:
        super().__init__()
        self._network, self._index = question.model.network, question.index

    def forward(self, image: Tensor) -> Tensor:
        logits: Tensor = self._network(image)["logits"]
        return logits[:, self._index]


def integrated_gradients(question: Question) -> tuple[Map, dict[str, Any]]:
    """Return what each pixel adds on the way from a blurred image (Sundararajan 2017), by captum; smoothed."""
    attributed = IntegratedGradients(_Logit(question)).attribute(
        question.tensor, baselines=question.blurred, n_steps=_PATH_STEPS, internal_batch_size=question.at_once
    )
    parameters = {"steps": _PATH_STEPS, "baseline": "blur", "sigma": question.blur_sigma}
    return _smoothed(attributed[0].sum(dim=0), question, parameters)


def smoothgrad(question: Question, seed: int) -> tuple[Map, dict[str, Any]]:
    """Return the mean size of the gradient over noisy copies of the image (Smilkov 2017); smoothed."""
    values, parameters = noisy_gradients(question.tensor, _Logit(question), at_once=question.at_once, seed=seed)
    return _smoothed(values, question, parameters)


def noisy_gradients(
    image: Tensor, score: Callable[[Tensor], Tensor], *, at_once: int, seed: int
) -> tuple[Tensor, dict[str, Any]]:
    """Return the mean size of a score's gradient over noisy copies of an image, [(D,) H, W], and its parameters.

    Args:
        image: [1, C, (D,) H, W].
        score: of images, one number for each.
        at_once: how many copies are asked together.
        seed: of the noise.
    """
    spread = _NOISE * float(image.max() - image.min())
    lots = torch.Generator().manual_seed(seed)
    total = torch.zeros_like(image[0, 0])
    for first in range(0, _NOISY_COPIES, at_once):
        some = min(at_once, _NOISY_COPIES - first)
        noise = torch.randn((some, *image.shape[1:]), generator=lots).to(image.device)
        with torch.enable_grad():
            noisy = (image + spread * noise).requires_grad_()
            (gradient,) = torch.autograd.grad(score(noisy).sum(), noisy)
        total += gradient.abs().sum(dim=(0, 1))
    return total / _NOISY_COPIES, {"copies": _NOISY_COPIES, "noise": _NOISE, "seed": seed}


def _smoothed(values: Tensor, question: Question, parameters: dict[str, Any]) -> tuple[Map, dict[str, Any]]:
    """Smooth a fine-grained map by one 64th of the image, for the eye."""
    width = min(question.shape) / 64
    smooth = ndimage.gaussian_filter(values.detach().float().cpu().numpy(), width)
    return np.asarray(smooth, dtype=np.float32), {**parameters, "smoothed": width}


def occlusion(question: Question, tell: Progress) -> tuple[Map, dict[str, Any]]:
    """Return how much the score falls where the image is blurred away (Zeiler & Fergus 2014).

    Filled with a blur, so that the hole itself is no finding.
    """
    rows, columns = question.shape
    size, stride = question.blur_sigma, max(4, min(rows, columns) // 16)
    # Starts run from outside to outside: every pixel is covered by the same number of windows.
    starts = [
        (top, left) for top in range(stride - size, rows, stride) for left in range(stride - size, columns, stride)
    ]
    inside_rows, inside_columns = question.prepared.geometry.inside()
    starts = [
        (top, left)
        for top, left in starts
        if top < inside_rows.stop
        and top + size > inside_rows.start
        and left < inside_columns.stop
        and left + size > inside_columns.start
    ]
    total, count = np.zeros((rows, columns), dtype=np.float64), np.zeros((rows, columns), dtype=np.float64)
    whole = question.logits(question.tensor)[0]
    for first in range(0, len(starts), question.at_once):
        some = starts[first : first + question.at_once]
        holes = [np.s_[max(0, t) : max(0, t + size), max(0, x) : max(0, x + size)] for t, x in some]
        batch = question.tensor.repeat(len(some), 1, 1, 1)
        for number, hole in enumerate(holes):
            batch[number, :, *hole] = question.blurred[0, :, *hole]
        for hole, score in zip(holes, question.logits(batch), strict=True):
            total[hole] += whole - score
            count[hole] += 1
        tell(min(1.0, (first + len(some)) / len(starts)))
    values = np.asarray(total / np.maximum(count, 1), dtype=np.float32)
    return values, {"window": size, "stride": stride, "fill": "blur", "sigma": size}


def rise(question: Question, seed: int, tell: Progress) -> tuple[Map, dict[str, Any]]:
    """Return how much the score rises where the image is left sharp, over random soft masks (Petsiuk 2018).

    What is masked is blurred away, and the mean score is taken off, so that a pixel that does nothing gets 0.
    """
    masks = random_masks(question.shape, seed)
    scores: list[float] = []
    for first in range(0, len(masks), question.at_once):
        some = masks[first : first + question.at_once, None].to(question.tensor.device)
        scores += question.logits(question.tensor * some + question.blurred * (1 - some)).tolist()
        tell(min(1.0, (first + len(some)) / len(masks)))
    values = slopes(np.array(scores), masks.numpy())
    return values, {"masks": _MASKS, "cells": _MASK_CELLS, "fill": "blur", "seed": seed}


def random_masks(shape: tuple[int, int], seed: int) -> Tensor:
    """Return soft masks [N, H, W]: coarse grids of 0 and 1, each alike probable, enlarged and shifted at random."""
    lots = torch.Generator().manual_seed(seed)
    grids = (torch.rand((_MASKS, 1, _MASK_CELLS + 1, _MASK_CELLS + 1), generator=lots) < 0.5).float()
    cell = [-(-side // _MASK_CELLS) for side in shape]
    wide = [(_MASK_CELLS + 1) * one for one in cell]
    shifts = [torch.randint(0, one, (_MASKS,), generator=lots).tolist() for one in cell]
    large = functional.interpolate(grids, size=wide, mode="bilinear", align_corners=False)[:, 0]
    cut = [one[top : top + shape[0], left : left + shape[1]] for one, top, left in zip(large, *shifts, strict=True)]
    return torch.stack(cut)


def slopes(scores: NDArray[np.float64], masks: NDArray[np.float32]) -> Map:
    """Return how much the score rises with each pixel of the masks, by least squares, [H, W].

    Args:
        scores: [N].
        masks: [N, H, W].
    """
    apart = masks - masks.mean(axis=0)
    varied = (apart**2).sum(axis=0)
    together = np.tensordot(scores - scores.mean(), apart, axes=1)
    return np.asarray(together / np.where(varied > 0, varied, 1), dtype=np.float32)
