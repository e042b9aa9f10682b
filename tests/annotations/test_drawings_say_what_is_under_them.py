"""A stored drawing lies on its image, and its measures are those of the image's own values there."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from annotations.content.checks import checked_content
from annotations.services.workitems import workitem_open
from core.errors import OverreadError
from tests.factories.dicom_files import ct_slice, dx_image, file_bytes, file_uid, set_pixels, us_cine
from tests.factories.reading import drawn, make_label, painted
from tests.imaging.archive import archived

if TYPE_CHECKING:
    from pathlib import Path

    from pydicom.dataset import FileDataset

    from annotations.models import Workitem
    from core.models import Project, User
    from imaging.models import Instance

pytestmark = pytest.mark.django_db
SIZE = 20


@pytest.fixture
def stored(project: Project, radiologist: User, tmp_path: Path) -> Any:
    make_label(project)

    def store(*datasets: FileDataset) -> tuple[Workitem, list[Instance]]:
        images = []
        for number, dataset in enumerate(datasets):
            path = tmp_path / f"{number}.dcm"
            path.write_bytes(file_bytes(dataset))
            images.append(archived(path, project, radiologist))
        return workitem_open(project=project, study=images[0].series.study), images

    return store


def _ct(number: int = 1, *, slope: float = 1.0) -> tuple[FileDataset, np.ndarray[Any, Any]]:
    dataset = ct_slice("under", number, size=SIZE)
    dataset.SOPInstanceUID = file_uid("under", number)
    dataset.file_meta.MediaStorageSOPInstanceUID = dataset.SOPInstanceUID
    j, i = np.mgrid[:SIZE, :SIZE]
    pixels = (7 * i + 11 * j + 100 * number).astype(np.int16)
    set_pixels(dataset, pixels)
    dataset.RescaleSlope, dataset.RescaleIntercept = slope, -1024
    return dataset, pixels * slope - 1024


def _on(image: Instance, workitem: Workitem, points: list[list[float]], kind: str = "rectangle") -> dict[str, Any]:
    """Return a content on this image, in the patient space of the factory's CT."""
    content = drawn(workitem, kind, points)
    content["geometry"]["sop_instance_uid"] = image.sop_instance_uid
    return content


def _value(said: dict[str, Any], name: str) -> float:
    return float(said["measures"][name]["value"])


@pytest.mark.parametrize("slope", [1.0, 0.1, 0.0043])
def test_mean_deviation_and_range_are_those_of_the_modality_values_inside(stored: Any, slope: float) -> None:
    dataset, values = _ct(slope=slope)
    workitem, (image,) = stored(dataset)
    said = checked_content(
        _on(image, workitem, [[2.5, 3.5], [9.5, 3.5], [9.5, 15.5], [2.5, 15.5]]), workitem=workitem
    ).said
    inside = values[4:16, 3:10]
    assert _value(said, "pixels") == inside.size
    assert _value(said, "mean") == pytest.approx(inside.mean(), rel=1e-5)
    assert _value(said, "sd") == pytest.approx(inside.std(), rel=1e-4)
    assert (_value(said, "minimum"), _value(said, "maximum")) == pytest.approx((inside.min(), inside.max()), rel=1e-6)
    assert said["measures"]["mean"]["unit"] == "HU"


def test_padding_has_no_value(stored: Any) -> None:
    dataset, values = _ct()
    pixels = (values + 1024).astype(np.int16)
    pixels[5, 5] = -2000
    set_pixels(dataset, pixels)
    dataset.PixelPaddingValue = -2000
    dataset["PixelPaddingValue"].VR = "SS"
    workitem, (image,) = stored(dataset)
    said = checked_content(
        _on(image, workitem, [[3.5, 3.5], [7.5, 3.5], [7.5, 7.5], [3.5, 7.5]]), workitem=workitem
    ).said
    assert _value(said, "pixels") == 15
    assert _value(said, "minimum") == values[4, 4]


def test_a_mask_over_several_images_has_the_values_of_all_its_pixels(stored: Any) -> None:
    slices = [_ct(number) for number in (1, 2, 3)]
    workitem, images = stored(*(dataset for dataset, _ in slices))
    content = painted(workitem, [45, 6])
    content["mask"].update(
        rows=SIZE, columns=SIZE,
        frames=[
            {"sop_instance_uid": image.sop_instance_uid, "frame_number": 1, "runs": [45 + 20 * k, 6 + k]}
            for k, image in enumerate(images)
        ],
    )  # fmt: skip
    said = checked_content(content, workitem=workitem).said
    under = np.concatenate([values.ravel()[45 + 20 * k : 51 + 21 * k] for k, (_, values) in enumerate(slices)])
    assert _value(said, "pixels") == under.size == 21
    assert _value(said, "mean") == pytest.approx(under.mean(), rel=1e-6)
    assert _value(said, "sd") == pytest.approx(under.std(), rel=1e-5)


def test_colour_has_no_values_but_a_size(stored: Any) -> None:
    workitem, (image,) = stored(us_cine())
    said = checked_content(
        _on(image, workitem, [[1.5, 1.5], [6.5, 1.5], [6.5, 6.5], [1.5, 6.5]]), workitem=workitem
    ).said
    assert set(said["measures"]) == {"width_px", "height_px", "area_px2"}


def test_a_length_has_no_values(stored: Any) -> None:
    workitem, (image,) = stored(dx_image())
    said = checked_content(_on(image, workitem, [[1, 1], [4, 5]], "length"), workitem=workitem).said
    assert len(said["measures"]) == 1


def _oblique() -> tuple[FileDataset, Any]:
    """Return a tilted CT with unequal pixels, and how its pixels lie in the patient (PS3.3 C.7.6.2.1.1)."""
    dataset, _ = _ct()
    turn = np.radians(25)
    along, down = np.array([np.cos(turn), 0, -np.sin(turn)]), np.array([0, 1.0, 0])
    position = np.array([-31.0, 12.0, 7.0])
    dataset.ImageOrientationPatient = [float(f"{value:.8f}") for value in (*along, *down)]
    dataset.ImagePositionPatient = position.tolist()
    dataset.PixelSpacing = [0.9, 0.4]
    return dataset, lambda column, row: position + column * 0.4 * along + row * 0.9 * down


def _in_patient(image: Instance, workitem: Workitem, points: list[Any], kind: str) -> dict[str, Any]:
    content = _on(image, workitem, [[float(v) for v in point] for point in points], kind)
    content["geometry"].update(space="patient", frame_of_reference_uid=str(image.series.study.study_instance_uid))
    return content


def test_on_a_tilted_plane_with_unequal_pixels_every_measure_is_in_millimetres_of_the_patient(stored: Any) -> None:
    dataset, place = _oblique()
    reference = str(dataset.FrameOfReferenceUID)
    workitem, (image,) = stored(dataset)

    def said(kind: str, points: list[Any]) -> dict[str, Any]:
        content = _in_patient(image, workitem, points, kind)
        content["geometry"]["frame_of_reference_uid"] = reference
        return checked_content(content, workitem=workitem).said

    ends = [place(2, 3), place(12, 15)]
    assert _value(said("length", ends), "length_mm") == pytest.approx(
        float(np.linalg.norm(ends[1] - ends[0])), abs=1e-3
    )
    box = said("rectangle", [place(2, 3), place(12, 3), place(12, 15), place(2, 15)])
    assert (_value(box, "width_mm"), _value(box, "height_mm")) == pytest.approx((4.0, 10.8), abs=1e-3)
    eight = said("polygon", [place(2.2, 3.3), place(12.2, 13.3), place(12.2, 3.3), place(2.2, 13.3)])
    assert _value(eight, "area_mm2") == pytest.approx(2 * 0.5 * 10 * 5 * 0.36, abs=1e-3)

    with pytest.raises(OverreadError) as refused:
        said(
            "length",
            [ends[0], ends[1] + 900 * np.cross([np.cos(np.radians(25)), 0, -np.sin(np.radians(25))], [0, 1, 0])],
        )
    assert refused.value.code == "points_off_plane"


REFUSED: dict[str, tuple[str, str, list[list[float]]]] = {
    "beside the image": ("points_outside", "rectangle", [[-26, 3], [-13, 3], [-13, 9], [-26, 9]]),
    "over the edge": ("points_outside", "ellipse", [[18, 5], [18, 15], [10, 10], [26, 10]]),
    "without a pixel": ("shape_without_pixel", "rectangle", [[5.1, 5.1], [5.9, 5.1], [5.9, 5.9], [5.1, 5.9]]),
    "a huge place": ("points_outside", "point", [[1e300, 2]]),
    "one end twice": ("length_zero", "length", [[3, 3], [3, 3]]),
    "two places thrice": ("points_count_wrong", "freehand", [[3, 3], [8, 8], [3, 3]]),
    "corners crosswise": ("rectangle_skewed", "rectangle", [[3, 3], [9, 9], [9, 3], [3, 9]]),
}


@pytest.mark.parametrize("case", sorted(REFUSED))
def test_what_cannot_be_drawn_there_is_refused_with_its_own_code(stored: Any, case: str) -> None:
    code, kind, points = REFUSED[case]
    dataset, _ = _ct()
    workitem, (image,) = stored(dataset)
    with pytest.raises(OverreadError) as refused:
        checked_content(_on(image, workitem, points, kind), workitem=workitem)
    assert (refused.value.code, refused.value.status) == (code, 422)


def test_a_mask_without_a_pixel_is_refused(stored: Any) -> None:
    dataset, _ = _ct()
    workitem, _ = stored(dataset)
    content = painted(workitem, [])
    content["mask"].update(rows=SIZE, columns=SIZE)
    for frames in (content["mask"]["frames"], []):
        with pytest.raises(OverreadError) as refused:
            checked_content({**content, "mask": {**content["mask"], "frames": frames}}, workitem=workitem)
        assert refused.value.code == "mask_empty"
