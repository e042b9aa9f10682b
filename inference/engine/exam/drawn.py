"""Cases that the exam draws: noise, and in every second one a bright square or ball whose pixels are known."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from inference.engine.recipe_card import RecipeCard
from inference.engine.sample import Image, Sample

LABEL: Final = "drawn"
Mask = NDArray[np.bool_]
#: Of the drawn images: none is square, so that rows and columns cannot be taken for each other.
_SHAPES: Final = {2: ((1, 48, 80), (1, 80, 48)), 3: ((12, 40, 56), (12, 56, 40))}


def drawn_cases(card: RecipeCard, dimensions: int, count: int = 4, *, patients: str = "a") -> list[Sample]:
    """Return ``count`` cases, the same images for every name of patients; the first of each two shows the label."""
    return [_case(card, dimensions, number, patients) for number in range(count)]


def truth_of(sample: Sample) -> Mask | None:
    """Return the pixels of a case's label, mask_kji; None where it shows none."""
    read = sample.regions.get(LABEL)
    return None if read is None else read()


def _case(card: RecipeCard, dimensions: int, number: int, patients: str) -> Sample:
    random = np.random.default_rng(number)
    shape = _SHAPES[dimensions][number // 2 % 2]
    there = number % 2 == 0
    pixels = random.normal(0.4, 0.05, shape).astype(np.float32)
    mask = _square(random, shape) if dimensions == 2 else _ball(random, shape)
    if there:
        pixels[mask] += 0.5
    modality = card.modalities[0] if card.modalities else ("DX" if dimensions == 2 else "CT")
    image = Image(pixels * 1000, (2.0, 1.0, 1.0), modality)
    return Sample(
        sample_id=f"{patients}{number}",
        patient_key=f"{patients}{number}",
        load=lambda: image,
        present={LABEL: float(there)},
        regions={LABEL: (lambda: mask) if there else None},
    )


def _square(random: np.random.Generator, shape: tuple[int, int, int]) -> Mask:
    mask = np.zeros(shape, dtype=bool)
    top, left = (int(random.integers(4, side - 18)) for side in shape[1:])
    mask[0, top : top + 14, left : left + 14] = True
    return mask


def _ball(random: np.random.Generator, shape: tuple[int, int, int]) -> Mask:
    centre = [shape[0] / 2, *(random.uniform(12, side - 12) for side in shape[1:])]
    places = np.meshgrid(*[np.arange(side) for side in shape], indexing="ij")
    # A slice is twice as far from the next as a row.
    distances = ((places[0] - centre[0]) * 2, places[1] - centre[1], places[2] - centre[2])
    return np.asarray(sum(one**2 for one in distances) <= 9.0**2)
