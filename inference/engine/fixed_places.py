"""Places that need no model, on the same test cases: the floor that a map has to beat."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from inference.engine.map_marks import Place, energy_inside, is_in, peak_of
from inference.engine.map_report import FixedPlaceName
from inference.engine.question import Question
from inference.engine.trivial import Prior

#: The brightest place is sought among blobs of this part of the image's shorter side.
_BLOB: Final = 1 / 32


def priors_of_others(masks: Sequence[NDArray[np.bool_]], patients: Sequence[str]) -> list[Prior | None]:
    """Return for each marked case where the marks of the other patients lie; None where there is no other one.

    What stands for the training marks where no training case is marked.

    Args:
        masks: of single frames, bool [1, J, I] each.
        patients: whose they are.
    """
    each = [Prior.of([mask], 0, flat=True) for mask in masks]
    found: list[Prior | None] = []
    for own in patients:
        others = [one.share for one, patient in zip(each, patients, strict=True) if one and patient != own]
        found.append(Prior(np.mean(others, axis=0, dtype=np.float32), 0.0, 1.0) if others else None)
    return found


def fixed_places(question: Question, prior: Prior | None) -> dict[FixedPlaceName, Place | None]:
    """Return where answers without a model point in a frame: its middle, where marks lie most, its brightest place.

    Args:
        question: about the frame.
        prior: where marks of other cases lie; None where there are none.
    """
    rows, columns = question.prepared.geometry.source
    found: dict[FixedPlaceName, Place | None] = {"centre": (rows // 2, columns // 2)}
    if prior is not None:
        found["location"] = peak_of(prior.spread((1, rows, columns))[0])
    found["bright"] = peak_of(_blobs(question))
    return found


def fixed_hits(places: Mapping[FixedPlaceName, Place | None], mark_ji: NDArray[np.bool_]) -> dict[FixedPlaceName, bool]:
    """Say which of them lie in a mark."""
    return {name: is_in(place, mark_ji) for name, place in places.items()}


def prior_energy(prior: Prior | None, mark_ji: NDArray[np.bool_]) -> float | None:
    """Return the share of the mean of other marks that lies in a mark."""
    return None if prior is None else energy_inside(prior.spread((1, *mark_ji.shape))[0], mark_ji)


def _blobs(question: Question) -> NDArray[np.float32]:
    grey = question.tensor[0].mean(dim=0).cpu().numpy()
    smooth = ndimage.gaussian_filter(grey, min(grey.shape) * _BLOB)
    restored = question.model.preprocessing.restore_part(smooth, question.prepared.geometry)
    return np.asarray(restored - restored.min(), dtype=np.float32)
