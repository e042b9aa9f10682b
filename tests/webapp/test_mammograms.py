"""Drawn mammograms: what was planted is where the truth says, and the file says what it is."""

from __future__ import annotations

from io import BytesIO

import numpy as np
import pydicom
import pytest

from webapp.demo.mammogram_cases import FIRST, LATER, TODAY, mammogram_cases, woman_shown
from webapp.demo.mammograms import draw_mammogram


@pytest.mark.parametrize("left", [True, False])
def test_what_is_planted_brightens_its_box_on_either_side(left: bool) -> None:
    seeds = [seed for seed in range(40) if draw_mammogram(seed, mass=False, calcified=False).left == left][:6]
    for seed in seeds:
        plain = draw_mammogram(seed, mass=False, calcified=False)
        assert plain.mass is None
        assert plain.calcification is None
        # The chest wall is where the picture is bright to its border.
        wall = plain.pixels_ji[:, :4].mean() > plain.pixels_ji[:, -4:].mean()
        assert wall == left
        for planted in (
            draw_mammogram(seed, mass=True, calcified=False),
            draw_mammogram(seed, mass=False, calcified=True),
        ):
            box = planted.mass or planted.calcification
            assert box is not None
            j0, i0, j1, i1 = box
            brighter = planted.pixels_ji.astype(float) - plain.pixels_ji.astype(float)
            assert brighter[j0 : j1 + 1, i0 : i1 + 1].mean() > 150
            assert brighter[j0 : j1 + 1, i0 : i1 + 1].sum() > 0.7 * np.abs(brighter)[np.abs(brighter) > 60].sum()


def test_a_calcification_never_lies_on_the_mass() -> None:
    for seed in range(30):
        both = draw_mammogram(seed, mass=True, calcified=True)
        assert both.mass is not None
        assert both.calcification is not None
        one, other = both.mass, both.calcification
        assert one[2] < other[0] or other[2] < one[0] or one[3] < other[1] or other[3] < one[1]


def test_the_file_is_a_mammogram_that_says_its_side_and_that_it_is_synthetic() -> None:
    case = mammogram_cases()[0]
    drawn = case.woman.draw()
    file = pydicom.dcmread(BytesIO(case.woman.file(drawn)))
    assert (file.Modality, file.ViewPosition, file.PatientSex) == ("MG", "MLO", "F")
    assert file.ImageLaterality == ("L" if drawn.left else "R")
    assert list(file.PatientOrientation) == (["A", "FR"] if drawn.left else ["P", "FL"])
    assert "SYNTHETIC" in str(file.PatientName)
    assert np.array_equal(file.pixel_array, drawn.pixels_ji)


@pytest.mark.parametrize("key", ["one key", "another key"])
def test_only_test_cases_and_the_young_are_outlined_and_only_older_women_are_judged(settings: object, key: str) -> None:
    settings.OVERREAD_SPLIT_KEY = key  # type: ignore[attr-defined]
    cases = mammogram_cases()
    counted = {
        weeks: {split: sum(one.weeks == weeks and one.split == split for one in cases) for split in wanted}
        for weeks, wanted in (("first", FIRST), ("later", LATER))
    }
    assert counted == {"first": FIRST, "later": LATER}
    assert sum(case.weeks == "today" for case in cases) == TODAY
    for case in cases:
        woman = woman_shown(case.woman.patient_id)
        assert woman == case.woman, "what a picture shows does not depend on the split"
        assert not (woman.young and woman.calcified)
        assert case.outlined == (woman.mass and case.weeks == "first" and (woman.young or case.split == "test"))
        assert case.weeks == "first" or not woman.young
