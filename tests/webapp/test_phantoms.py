"""Drawn radiographs: the same seed draws the same picture, and what was planted is where the truth says."""

from __future__ import annotations

from io import BytesIO

import numpy as np
import pydicom
import pytest

from webapp.demo.phantoms import LESION_KINDS, draw_anatomy, draw_radiograph
from webapp.demo.wrapping import radiograph_file


def test_the_same_seed_draws_the_same_picture_and_another_seed_another() -> None:
    first = draw_radiograph(seed=5, lesions=("nodule",))
    again = draw_radiograph(seed=5, lesions=("nodule",))
    other = draw_radiograph(seed=6, lesions=("nodule",))
    assert np.array_equal(first.pixels_ji, again.pixels_ji)
    assert first.lesions == again.lesions
    assert not np.array_equal(first.pixels_ji, other.pixels_ji)


@pytest.mark.parametrize("kind", LESION_KINDS)
def test_a_planted_lesion_brightens_its_box_and_hardly_anything_else(kind: str) -> None:
    for seed in range(6):
        plain = draw_radiograph(seed=seed)
        planted = draw_radiograph(seed=seed, lesions=(kind,))  # type: ignore[arg-type]
        assert planted.has(kind)
        assert not plain.has(kind)
        j0, i0, j1, i1 = planted.lesions[0].box_jiji
        assert 0 <= j0 < j1 < 256
        assert 0 <= i0 < i1 < 256
        brighter = planted.pixels_ji.astype(float) - plain.pixels_ji.astype(float)
        inside = np.zeros(brighter.shape, bool)
        inside[j0 : j1 + 1, i0 : i1 + 1] = True
        assert brighter[inside].mean() > 100
        assert brighter[inside].sum() > 0.85 * brighter.sum()
        assert (j1 - j0) * (i1 - i0) < 256 * 256 / 6


def test_a_nodule_is_smaller_than_an_opacity() -> None:
    def area(kind: str, seed: int) -> int:
        j0, i0, j1, i1 = draw_radiograph(seed=seed, lesions=(kind,)).lesions[0].box_jiji  # type: ignore[arg-type]
        return (j1 - j0 + 1) * (i1 - i0 + 1)

    assert max(area("nodule", seed) for seed in range(5)) < min(area("opacity", seed) for seed in range(5))


def test_a_patient_looks_like_themselves_in_each_picture() -> None:
    anatomy = draw_anatomy(3)
    one, two = draw_radiograph(seed=10, anatomy=anatomy), draw_radiograph(seed=11, anatomy=anatomy)
    assert one.anatomy == two.anatomy
    assert not np.array_equal(one.pixels_ji, two.pixels_ji)


@pytest.mark.parametrize(("bits", "inverted"), [(12, False), (12, True), (8, False), (8, True)])
def test_the_wrapped_file_is_dx_says_that_it_is_synthetic_and_shows_the_picture(bits: int, inverted: bool) -> None:
    drawn = draw_radiograph(seed=1, lesions=("opacity",))
    kept = radiograph_file(
        drawn, name="one", patient_id="SYN-0001", study_date="20260101", bits=bits, inverted=inverted
    )
    again = radiograph_file(
        drawn, name="one", patient_id="SYN-0001", study_date="20260101", bits=bits, inverted=inverted
    )
    assert kept == again
    dataset = pydicom.dcmread(BytesIO(kept))
    assert dataset.Modality == "DX"
    assert "SYNTHETIC" in dataset.StudyDescription
    assert str(dataset.PatientName).startswith("SYNTHETIC")
    assert "Not a patient" in dataset.ImageComments
    shown = dataset.pixel_array.astype(int)
    if inverted:
        assert dataset.PhotometricInterpretation == "MONOCHROME1"
        shown = (1 << bits) - 1 - shown
    assert np.array_equal(shown, drawn.pixels_ji.astype(int) >> (12 - bits))
