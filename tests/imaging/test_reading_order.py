"""In which order the frames of a series are read, and what a localizer among them changes: nothing but that."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from django.test import Client

from imaging.dicom.frame_facts import frame_facts
from imaging.dicom.geometry import reading_order
from imaging.dicom.json_model import header_model
from imaging.models import Instance, Series
from imaging.selectors import is_flat, is_localizer, model_images, series_volume
from imaging.services.series_index import series_index
from tests.factories import dicom_files as made
from tests.imaging.arriving import arrived

if TYPE_CHECKING:
    from collections.abc import Sequence

    from core.models import Project, User


def _slice(number: int | None, z: float | None, *, frames: int = 1) -> Any:
    dataset = made.ct_slice(number=number or 1)
    dataset.InstanceNumber, dataset.NumberOfFrames = number, frames
    if z is None:
        del dataset.ImagePositionPatient
    else:
        dataset.ImagePositionPatient = [0, 0, z]
    dataset.SOPInstanceUID = made.file_uid("order", number, z)
    return dataset


def _read(slices: Sequence[Any]) -> list[tuple[int | None, float | None]]:
    """Return (instance number, z) of each frame in reading order."""
    facts = [one for dataset in slices for one in frame_facts(header_model(dataset))]
    placed = [(one.instance_number, one.space.position) for one in reading_order(facts)]
    return [(number, None if position is None else position[2]) for number, position in placed]


@pytest.mark.parametrize(
    ("slices", "right"),
    [
        ([(2, 10.0), (1, 0.0), (3, 20.0)], [1, 2, 3]),
        ([(2, 10.0), (1, 20.0), (3, 0.0)], [1, 2, 3]),
        ([(7, 0.0), (1, 10.0), (9, 20.0)], [7, 1, 9]),
        ([(3, 0.0), (1, 10.0), (2, 0.0), (4, 10.0)], [1, 2, 3, 4]),
        ([(2, None), (1, None), (10, None)], [1, 2, 10]),
        ([(2, 5.0), (1, None), (3, 0.0)], [1, 2, 3]),
    ],
    ids=["upwards", "downwards", "by place", "a place twice", "no places", "one unplaced"],
)
def test_slices_are_read_along_their_normal_as_the_scanner_numbered_them(
    slices: list[tuple[int, float | None]], right: list[int]
) -> None:
    assert [number for number, _ in _read([_slice(number, z) for number, z in slices])] == right


def test_slices_without_numbers_are_read_upwards() -> None:
    assert [z for _, z in _read([_slice(None, z) for z in (4.0, 0.0, 2.0)])] == [0.0, 2.0, 4.0]


def localizer_and_slices() -> list[Any]:
    """Six axial slices numbered from the head down, and the coronal view in which they were planned, larger."""
    scout = made.ct_slice("order")
    scout.ImageType, scout.InstanceNumber = ["ORIGINAL", "PRIMARY", "LOCALIZER"], 1
    scout.ImagePositionPatient, scout.ImageOrientationPatient = [0, 30, 30], [1, 0, 0, 0, 0, -1]
    made.set_pixels(scout, np.full((24, 20), 500, np.int16))
    files = [scout]
    for number in range(2, 8):
        axial = made.ct_slice("order", number)
        axial.ImageType, axial.ImagePositionPatient = ["ORIGINAL", "PRIMARY", "AXIAL"], [0, 0, (7 - number) * 5]
        files.append(axial)
    return files


@pytest.mark.django_db
def test_a_localizer_is_read_first_and_is_no_part_of_what_a_model_sees(project: Project, radiologist: User) -> None:
    scout, *slices = localizer_and_slices()
    for dataset in (*slices[3:], scout, *slices[:3]):
        arrived(made.file_bytes(dataset), project, radiologist)
    series = series_index(series=Series.objects.get())
    client = Client()
    client.force_login(radiologist)
    address = f"/api/v1/studies/{scout.StudyInstanceUID}/series/{scout.SeriesInstanceUID}/frames"
    listed = [facts["sop_instance_uid"] for facts in client.get(address).json()["frames"]]
    assert listed == [scout.SOPInstanceUID, *(one.SOPInstanceUID for one in slices)], "read in the scanner's order"
    geometry = series.geometry
    assert (geometry["kind"], geometry["frames"], geometry["slice_spacing_mm"]) == ("volume", 7, 5.0)
    assert (geometry["localizers"], geometry["orientation"]) == ([scout.SOPInstanceUID], "axial")
    upwards = [str(one.SOPInstanceUID) for one in reversed(slices)]
    assert [uid for uid, _ in series_volume(series).frames] == upwards, "the volume is the slices alone"
    assert {one.sop_instance_uid for one in model_images(series)} == set(upwards)
    read_alone = [image for image in model_images(series).select_related("series") if is_flat(image)]
    assert read_alone == [], "slices of a volume are not read one by one because a localizer is with them"


@pytest.mark.django_db
def test_a_series_of_localizers_alone_is_read_but_shown_to_no_model(project: Project, radiologist: User) -> None:
    scout = localizer_and_slices()[0]
    arrived(made.file_bytes(scout), project, radiologist)
    series = series_index(series=Series.objects.get())
    assert is_localizer(Instance.objects.select_related("series").get())
    assert list(model_images(series)) == []
    assert series_volume(series).pixels_kji.shape == (1, 24, 20)
