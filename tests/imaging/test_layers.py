"""What lies over pictures lies where it is in the patient: each kind, by places computed from the shapes alone."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from django.test import Client

from annotations.models import ReadingProtocol, Workitem
from tests.factories import dicom_files as made
from tests.factories import layer_objects as drawn
from tests.factories.api import Api
from tests.webapp.test_api_archive import _sent

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from pydicom.dataset import FileDataset

    from core.models import Project, User

pytestmark = pytest.mark.django_db


def _root(picture: FileDataset) -> str:
    return f"studies/{picture.StudyInstanceUID}/series/{picture.SeriesInstanceUID}"


def _layers(user: User, picture: FileDataset) -> dict[str, dict[str, Any]]:
    """Return the layers over a picture's series by their label."""
    status, shown = Api(user)("GET", f"{_root(picture)}/layers")
    assert status == 200, shown
    return {layer["label"]: layer for layer in shown["layers"]}


def _laid(user: User, picture: FileDataset, layer: dict[str, Any], what: str = "pixels") -> Any:
    """Return the answer for a layer on a picture."""
    client = Client()
    client.force_login(user)
    below = f"instances/{picture.SOPInstanceUID}/frames/1/layers/{layer['sop_instance_uid']}/{layer['number']}/{what}"
    return client.get(f"/api/v1/{_root(picture)}/{below}")


def _file(user: User, dataset: FileDataset) -> int:
    """Return the status of asking for an object's file."""
    client = Client()
    client.force_login(user)
    answer = client.get(f"/api/v1/instances/{dataset.SOPInstanceUID}/file")
    if answer.streaming:
        # Read to its end: closing an answer outside its request closes the test's database as well.
        answer.getvalue()
    return int(answer.status_code)


def _shares(user: User, picture: FileDataset, layer: dict[str, Any]) -> NDArray[np.uint8]:
    answer = _laid(user, picture, layer)
    assert answer.status_code == 200, answer.content
    return np.frombuffer(answer.content, np.uint8).reshape(picture.Rows, picture.Columns)


def _values(user: User, picture: FileDataset, layer: dict[str, Any]) -> NDArray[np.float32]:
    answer = _laid(user, picture, layer)
    assert answer.status_code == 200, answer.content
    return np.frombuffer(answer.content, "<f4").reshape(picture.Rows, picture.Columns)


def _places(layer: dict[str, Any]) -> list[int]:
    return sorted(layer["places"])


def test_segments_lie_where_they_are_in_the_patient(project: Project, radiologist: User) -> None:
    pictures = drawn.pictures()
    _sent(project, radiologist, *pictures, drawn.binary(), drawn.label_map(), drawn.axial_segments())
    layers = _layers(radiologist, pictures[0])
    assert set(layers) == {"Box", "Right part", "Left part", "Box, axial"}, "no layer of a background"
    rgb = [int(layers["Box"]["color"][at : at + 2], 16) for at in (1, 3, 5)]
    # What dcmqi writes for (128, 174, 128); it takes the white of a screen for that of the standard, 4 levels off.
    assert rgb == pytest.approx([128, 174, 128], abs=5)
    assert layers["Box"]["words"] == "Lies on the images' own pixels."
    assert "in patient space by the nearest pixel" in layers["Box, axial"]["words"]
    assert layers["Box"]["made_by"] == "Drawn by a person"
    for number, picture in enumerate(pictures, 1):
        points = drawn.patient_points(number)
        inside = drawn.in_box(points)
        assert inside.any() == (number == 2), "the box is one slice thick"
        assert np.array_equal(_shares(radiologist, picture, layers["Box"]), inside * 255)
        first_half = inside & ((points - drawn.ORIGIN) @ drawn.ROW < 21)
        assert np.array_equal(_shares(radiologist, picture, layers["Left part"]), first_half * 255)
        assert np.array_equal(_shares(radiologist, picture, layers["Right part"]), (inside & ~first_half) * 255)
    # The nearest of the axial grid's points is the rounded one: its lines run along the patient's axes.
    low, step = drawn.axial_grid()
    for number, picture in enumerate(pictures, 1):
        nearest = low + step * np.rint((drawn.patient_points(number) - low) / step)
        shares = _shares(radiologist, picture, layers["Box, axial"])
        assert np.array_equal(shares, drawn.in_box(nearest) * 255)
        assert shares.any() == (number == 2)


def test_a_part_of_a_pixel_is_a_part_of_its_colour(project: Project, reviewer: User, radiologist: User) -> None:
    ReadingProtocol.objects.create(project=project, reveal="always")
    pictures = drawn.pictures()
    _sent(project, radiologist, *pictures, drawn.fractional())
    layer = _layers(radiologist, pictures[0])["Perhaps"]
    assert layer["made_by"] == "Made by an algorithm: Liverfinder 2"
    shares = _shares(radiologist, pictures[1], layer)
    assert set(np.unique(shares)) == {0, 64}, "50 of 200 parts of 255"
    assert np.array_equal(shares > 0, drawn.in_box(drawn.patient_points(2)))


def test_a_map_gives_its_quantity_in_its_unit(project: Project, radiologist: User) -> None:
    ReadingProtocol.objects.create(project=project, reveal="always")
    pictures = drawn.pictures()
    _sent(project, radiologist, *pictures, drawn.float_map())
    [layer] = _layers(radiologist, pictures[0]).values()
    assert (layer["kind"], layer["label"], layer["unit"]) == ("map", "Apparent Diffusion Coefficient", "mm²/s")
    points = drawn.patient_points(2)
    meant = np.where(drawn.in_box(points), drawn.field(points), np.nan)
    assert np.allclose(_values(radiologist, pictures[1], layer), meant, rtol=1e-5, equal_nan=True)
    assert (layer["low"], layer["high"]) == pytest.approx((np.nanmin(meant), np.nanmax(meant)), rel=1e-5)
    assert np.isnan(_values(radiologist, pictures[0], layer)).all(), "nothing was measured on the first picture"


@pytest.mark.parametrize("absolute", [False, True])
def test_dose_is_gray_at_the_place_of_each_pixel(absolute: bool, project: Project, radiologist: User) -> None:
    pictures = drawn.pictures()
    _sent(project, radiologist, *pictures, drawn.dose(absolute=absolute))
    [layer] = _layers(radiologist, pictures[0]).values()
    assert (layer["kind"], layer["unit"]) == ("dose", "Gy")
    assert "trilinear" in layer["words"]
    assert _places(layer) == [0, 1, 2]
    for number, picture in enumerate(pictures, 1):
        # A field that rises in a straight line is what trilinear interpolation gives back, but for its rounding.
        meant = drawn.field(drawn.patient_points(number))
        assert np.abs(_values(radiologist, picture, layer) - meant).max() <= drawn.DOSE_SCALE


@pytest.mark.parametrize("named", [True, False])
def test_outlines_lie_on_the_plane_they_were_drawn_on(named: bool, project: Project, radiologist: User) -> None:
    pictures = drawn.pictures()
    _sent(project, radiologist, *pictures, drawn.outlines(named=named))
    layers = _layers(radiologist, pictures[0])
    assert (layers["Target"]["color"], len(layers["Target"]["places"])) == ("#ff8000", 1)
    assert (layers["Empty"]["places"], layers["Empty"]["words"]) == ([], "Holds nothing that could be drawn.")
    [line] = _laid(radiologist, pictures[1], layers["Target"], "lines").json()["lines"]
    assert line["closed"]
    assert np.allclose(line["points"], drawn.SQUARE, atol=1e-4)
    assert _laid(radiologist, pictures[0], layers["Target"], "lines").json()["lines"] == []
    assert _laid(radiologist, pictures[1], layers["Target"]).json()["code"] == "layer_of_lines"


def test_what_lies_in_another_space_says_so(project: Project, radiologist: User) -> None:
    pictures = drawn.pictures()
    elsewhere, unplaced = drawn.dose(), drawn.binary(series="by name")
    elsewhere.FrameOfReferenceUID = made.file_uid("another", "space")
    # Without a common space, a segmentation that names its images and has their size lies on their pixels.
    unplaced.FrameOfReferenceUID = made.file_uid("another", "space")
    _sent(project, radiologist, *pictures, elsewhere, unplaced)
    layers = _layers(radiologist, pictures[0])
    dose = layers["Dose, physical plan"]
    assert (dose["places"], "another frame of reference" in dose["words"]) == ([], True)
    assert np.isnan(_values(radiologist, pictures[1], dose)).all()
    assert "pixel on pixel" in layers["Box"]["words"]
    shares = _shares(radiologist, pictures[1], layers["Box"])
    assert np.array_equal(shares, drawn.in_box(drawn.patient_points(2)) * 255)


def test_layers_by_algorithms_obey_the_protocol_like_models_findings(
    project: Project, radiologist: User, reviewer: User, stranger: User
) -> None:
    ReadingProtocol.objects.create(project=project, required_labels=[])
    pictures = drawn.pictures()
    by_model = drawn.binary("AUTOMATIC", series="by a model")
    by_model.SegmentSequence[0].SegmentLabel = "Lesion"
    _sent(project, radiologist, *pictures, by_model, drawn.outlines(), drawn.dose(), drawn.float_map())
    _sent(project, radiologist, drawn.device_report())
    reader, case = Api(radiologist), Workitem.objects.get()

    def told() -> str:
        uid = pictures[0].StudyInstanceUID
        return " ".join(
            str(reader("GET", address)[1])
            for address in (f"studies/{uid}/contents", f"workitems/{case.pk}", f"{_root(pictures[0])}/layers")
        )

    assert set(_layers(radiologist, pictures[0])) == {"Target", "Empty", "Dose, physical plan"}
    hidden = {"sop_instance_uid": by_model.SOPInstanceUID, "number": 1}
    assert _laid(radiologist, pictures[1], hidden).status_code == 404
    assert _file(radiologist, by_model) == 404
    assert "Lesion" not in told()
    assert "by a model" not in told()
    assert "Nodule found" not in told(), "a report by a device tells as much"
    assert "once you may see the models' findings" in told()
    for event, body in (("claim", {}), ("submit", {"reading_seconds": 3, "nothing_found": True})):
        version = reader("GET", f"workitems/{case.pk}")[1]["version"]
        status, answer = reader("POST", f"workitems/{case.pk}/{event}", body, match=version)
        assert status == 200, answer
    assert {"Lesion", "Apparent Diffusion Coefficient"} <= set(_layers(radiologist, pictures[0]))
    assert _laid(radiologist, pictures[1], hidden).status_code == 200
    assert _file(radiologist, by_model) == 200
    assert "by a model" in told()
    assert "Nodule found" in told()
    assert _laid(stranger, pictures[1], hidden).status_code == 404
