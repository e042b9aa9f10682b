"""What an image says is what the server draws, sends and gives to a model, by the formulas of the standard."""

from __future__ import annotations

from io import BytesIO

import numpy as np
import pytest
from PIL import Image

from imaging.dicom.pixels import facts_of, image_values, picture, render_frame, values_bytes
from imaging.dicom.volume import load_volume
from tests.factories.odd_pixel_cases import all_cases
from tests.factories.pixel_cases import PixelCase, case_of, file_of, ramp

CASES = {case.name: case for case in all_cases()}


@pytest.fixture(params=sorted(CASES))
def case(request: pytest.FixtureRequest) -> PixelCase:
    return CASES[request.param]


def test_values_and_pictures_are_those_of_the_standard(case: PixelCase) -> None:
    file = file_of(case)
    assert {one.code: one.words for one in facts_of(file).undrawn} == case.undrawn, "what is not drawn is named"
    wrong = np.abs(picture(file).astype(float) - np.nan_to_num(case.shown)).max()
    assert wrong <= 1.01, f"{case.name}: {wrong} grey levels beside the right one"
    if case.values is None:
        return
    values = image_values(file)
    assert np.array_equal(np.isnan(values), np.isnan(case.values))
    assert np.nanmax(np.abs(values - case.values)) <= 1e-9 * max(1.0, float(np.nanmax(np.abs(case.values))))


def test_a_rendered_picture_carries_the_overlays(case: PixelCase) -> None:
    drawn = np.asarray(Image.open(BytesIO(render_frame(file_of(case), image_format="png"))).convert("RGB"))
    expected = case.overlaid if case.overlaid is not None else np.nan_to_num(case.shown)
    expected = expected if expected.ndim == 3 else np.repeat(expected[..., None], 3, axis=2)
    assert np.abs(drawn.astype(float) - expected).max() <= 1.01


def test_the_image_offers_its_other_windows_and_tables(case: PixelCase) -> None:
    from imaging.dicom.frames import open_image
    from imaging.dicom.pixels import own_levels

    image = open_image(file_of(case))
    for index, shown in enumerate(case.choices, 1):
        drawn = picture(image, levels=own_levels(image, facts_of(image), index))
        assert np.abs(drawn.astype(float) - shown).max() <= 1.01
    assert len(facts_of(image).voi) <= 1 + len(case.choices)


def test_a_model_is_given_the_same_values(case: PixelCase) -> None:
    given = load_volume([file_of(case)]).pixels_kji[0].astype(float)
    if case.values is None:
        assert np.abs(given - case.shown).max() <= 1, "a model sees colours"
        return
    meant = case.values if case.mirrored is None else case.mirrored
    meant = np.where(np.isnan(meant), np.nanmin(meant), meant)
    assert np.abs(given - meant).max() <= 1e-6 * max(1.0, float(np.abs(meant).max()))


def test_values_are_sent_without_losing_any(case: PixelCase) -> None:
    if case.values is None:
        return
    file = file_of(case)
    body = values_bytes(file, 1, facts_of(file))
    sent = np.frombuffer(body, "<f8" if len(body) == case.values.size * 8 else "<f4").reshape(case.values.shape)
    tolerance = 1e-7 * float(np.nanmax(np.abs(case.values)))
    assert np.allclose(sent, case.values, rtol=0, atol=max(tolerance, 1e-9), equal_nan=True)


def test_only_the_frame_that_asks_for_own_colours_is_in_colour() -> None:
    file = file_of(CASES["own colours of one frame of two"])
    grey, colour = picture(file, 1), picture(file, 2)
    assert (grey.ndim, colour.ndim) == (2, 3)
    assert np.abs(colour - CASES["own colours above 900"].shown).max() <= 1.01


@pytest.mark.parametrize(
    ("attributes", "code"),
    [
        ({"PresentationLUTShape": "LIN OD"}, "presentation_shape"),
        ({"PresentationLUTShape": "INVERSE"}, None),
        ({"PresentationLUTShape": "IDENTITY"}, None),
        ({"ShutterShape": "CIRCULAR"}, "display_shutter"),
        ({"RecommendedViewingMode": "SUB"}, "mask_subtraction"),
        ({"RecommendedViewingMode": "NAT"}, None),
    ],
)
def test_what_no_picture_shows_is_named(attributes: dict[str, str], code: str | None) -> None:
    dataset = case_of("asks for more", ramp(0, 1000))
    for keyword, value in attributes.items():
        setattr(dataset, keyword, value)
    assert [one.code for one in facts_of(dataset).undrawn] == ([code] if code else [])
