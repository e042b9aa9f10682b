"""The letters at the edges of a picture: from its plane, else from Patient Orientation."""

from __future__ import annotations

from typing import Any

import pytest
from pydicom.dataset import Dataset

from imaging.dicom.header_values import FrameHeader, frame_headers
from imaging.dicom.json_model import header_model
from imaging.dicom.orientation import EdgeLetters, direction_letters, edges_of, laterality_of


def header(**attributes: Any) -> FrameHeader:
    dataset = Dataset()
    for keyword, value in attributes.items():
        setattr(dataset, keyword, value)
    return next(frame_headers(header_model(dataset)))


@pytest.mark.parametrize(
    ("orientation", "right"),
    [
        ([1, 0, 0, 0, 1, 0], ("R", "L", "A", "P")),
        ([0, 1, 0, 0, 0, -1], ("A", "P", "H", "F")),
        ([-1, 0, 0, 0, 0, -1], ("L", "R", "H", "F")),
        ([0.8, 0.6, 0, 0, 0, -1], ("RA", "LP", "H", "F")),
    ],
)
def test_a_plane_says_its_edges(orientation: list[float], right: tuple[str, str, str, str]) -> None:
    assert edges_of(header(PatientOrientation=["R", "F"]), orientation) == EdgeLetters(*right)


@pytest.mark.parametrize(
    ("said", "right"),
    [
        (["L", "F"], ("R", "L", "H", "F")),
        (["A", "FR"], ("P", "A", "HL", "FR")),
        (["P", "FL"], ("A", "P", "HR", "FL")),
        (["L", ""], ("R", "L", "", "")),
    ],
)
def test_without_a_plane_patient_orientation_says_them(said: list[str], right: tuple[str, str, str, str]) -> None:
    assert edges_of(header(PatientOrientation=said)) == EdgeLetters(*right)


@pytest.mark.parametrize("said", [["X", "Y"], ["L"], ["", ""], []])
def test_what_is_no_direction_says_nothing(said: list[str]) -> None:
    assert edges_of(header(PatientOrientation=said)) is None


def test_a_quadruped_has_its_own_words() -> None:
    dog = {"AnatomicalOrientationType": "QUADRUPED"}
    assert edges_of(header(**dog, PatientOrientation=["LE", "CDV"])) == EdgeLetters("RT", "LE", "CRD", "CDV")
    assert direction_letters([1, 0, 0], quadruped=True) == "LE"


def test_the_side_is_that_of_the_image_before_that_of_the_series() -> None:
    assert laterality_of(header(ImageLaterality="L", Laterality="R")) == "L"
    assert laterality_of(header(Laterality="R")) == "R"
    assert laterality_of(header()) == ""
