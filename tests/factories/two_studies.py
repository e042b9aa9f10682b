"""Two studies of one head in MR, some months apart: the earlier one turned and shifted in a known way."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np
from pydicom.uid import MRImageStorage

from annotations.services.workitems import workitem_open
from imaging.models import Series
from imaging.services.series_index import series_index
from tests.factories.dicom_files import dicom_dataset, file_bytes, file_uid, number_instance, set_pixels
from tests.imaging.arriving import arrived
from tests.inference.engine.soft_bodies import body, grid, turned

if TYPE_CHECKING:
    from collections.abc import Callable

    from annotations.models import Workitem
    from core.models import Project, User

SHAPE: Final = (20, 26, 22)
AFFINE: Final = grid((7.0, 6.5, 7.0), SHAPE)
TURN, SHIFT = turned((0.0, 0.0, 6.0)), np.array([8.0, -5.0, 6.0])


def back(places: Any) -> Any:
    """From a place of the earlier study to that of today's."""
    return (places - SHIFT) @ TURN


def _send(
    name: str, day: str, project: Project, admin: User, way: Callable[[Any], Any], *, downwards: bool = False
) -> Series:
    """Send a study as slices; ``downwards``: the first slice is the topmost."""
    from inference.engine.registration.placed import grid_points

    values = body(1)(way(grid_points(SHAPE, AFFINE)))
    order = range(SHAPE[0] - 1, -1, -1) if downwards else range(SHAPE[0])
    for number, k in enumerate(order, start=1):
        dataset = dicom_dataset(name, sop_class=MRImageStorage, modality="MR")
        number_instance(dataset, number, name)
        dataset.PatientName, dataset.PatientID, dataset.StudyDate = "Sample^One", "ID-ONE", day
        dataset.FrameOfReferenceUID = file_uid(name, "space")
        dataset.ImagePositionPatient = [float(one) for one in AFFINE[:3, 3] + k * AFFINE[:3, 0]]
        dataset.ImageOrientationPatient = [1, 0, 0, 0, 1, 0]
        dataset.PixelSpacing = [float(AFFINE[1, 1]), float(AFFINE[0, 2])]
        dataset.SliceThickness = float(AFFINE[2, 0])
        set_pixels(dataset, np.rint(np.clip(values[k], 0, 4000)).astype(np.uint16))
        [verdict] = arrived(file_bytes(dataset), project, admin)
        assert verdict.instance is not None, verdict.message
    series = Series.objects.get(study__study_instance_uid=file_uid(name, "study"))
    series_index(series=series)
    return Series.objects.select_related("study").get(pk=series.pk)


def two_studies(project: Project, admin: User) -> tuple[Workitem, Series, Series]:
    """Return the case of today's study, its series, and that of the earlier one."""
    earlier = _send("earlier", "20260103", project, admin, back, downwards=True)
    today = _send("today", "20260601", project, admin, lambda places: places)
    return workitem_open(project=project, study=today.study), today, earlier
