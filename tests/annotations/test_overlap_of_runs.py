"""What two drawings share, counted from runs, is what counting their pixels one by one gives."""

from __future__ import annotations

import numpy as np
import pytest

from annotations.geometry.overlap import overlap, runs_joined, runs_shared
from annotations.geometry.rasters import mask_to_runs


@pytest.mark.parametrize("seed", range(40))
def test_shared_and_joined_pixels_are_those_of_the_masks(seed: int) -> None:
    random = np.random.default_rng(seed)
    one, other = (random.random((9, 7)) < random.random() for _ in range(2))
    runs = mask_to_runs(one), mask_to_runs(other)
    assert runs_shared(*runs) == int((one & other).sum())
    assert runs_joined(runs) == mask_to_runs(one | other)
    found = overlap({"a": runs[0], "b": runs[1]}, {"a": runs[1]})
    assert (found.one, found.other, found.both) == (
        int(one.sum() + other.sum()),
        int(other.sum()),
        int((one & other).sum()),
    )


def test_nothing_drawn_has_no_overlap_to_speak_of() -> None:
    assert overlap({}, {}).dice is None
    assert overlap({"a": [0, 4]}, {"b": [0, 4]}).dice == 0
    assert overlap({"a": [0, 4]}, {"a": [2, 4]}).dice == 0.5
