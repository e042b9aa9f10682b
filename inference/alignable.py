"""Which series can be aligned with which: volumes of one person, and why another cannot. No images are read for it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from core.digest import digest_of
from imaging.access import accessible_studies
from imaging.models import Series, Study
from imaging.selectors import model_images, series_frames_digest
from inference.engine.registration.transform import REVISION

if TYPE_CHECKING:
    from annotations.models import Workitem
    from core.models import User
    from inference.models import Registration

Json = dict[str, Any]
_FEWEST_SLICES: Final = 8
#: What two cores align within minutes and a worker holds in memory.
_MOST_VOXELS: Final = 80_000_000


def why_not_alignable(series: Series) -> str:
    """Return a sentence that says why a series is no volume that could be aligned; "" where it is one."""
    geometry = series.geometry
    if geometry.get("kind") != "volume":
        return "Only volumes can be aligned: this series is no stack of parallel slices at places of their own."
    if geometry.get("length_unit") != "mm":
        return "The images of this series do not say how many millimetres a pixel is."
    if not geometry.get("slice_spacing_regular"):
        return "The slices of this series are not evenly spaced, or some are missing."
    images = model_images(series)
    if images.filter(samples_per_pixel__gt=1).exists():
        return "Series in colour cannot be aligned."
    slices = geometry.get("frames", 0) - len(geometry.get("localizers", ()))
    if slices < _FEWEST_SLICES:
        return f"A series of fewer than {_FEWEST_SLICES} slices cannot be aligned."
    if slices * geometry.get("rows", 0) * geometry.get("columns", 0) > _MOST_VOXELS:
        return f"A series of more than {_MOST_VOXELS // 1_000_000} million pixels is too large to be aligned."
    return ""


def pair_digest(fixed: Series, moving: Series, method: str) -> str:
    """Return the digest of what an alignment would see and how it would be found."""
    return digest_of([series_frames_digest(fixed), series_frames_digest(moving), method, REVISION])


def is_outdated(registration: Registration) -> bool:
    """Say whether a series has other images now than when it was aligned."""
    return pair_digest(registration.fixed, registration.moving, registration.method) != registration.input_digest


def one_patient(first: Study, second: Study) -> bool:
    """Say whether two studies have one patient number."""
    return first.patient_id == second.patient_id


def pairs_offered(workitem: Workitem, user: User) -> Json:
    """Return the series of the case that may stay, and those of the same patient number that may be laid onto them.

    The newest studies come first. What cannot be aligned is there with the reason, if it holds pictures at all.
    """
    studies = accessible_studies(user).filter(patient=workitem.study.patient_id)
    rows = Series.objects.filter(study__in=studies).select_related("study").exclude(geometry={})
    ordered = rows.order_by("-study__study_date", "study_id", "series_number", "series_instance_uid")
    entries = [_entry(one) for one in ordered if model_images(one).exists()]
    own = workitem.study.study_instance_uid
    return {"fixed": [one for one in entries if one["study_instance_uid"] == own], "moving": entries}


def _entry(series: Series) -> Json:
    return {**series_json(series), "why_not": why_not_alignable(series)}


def series_json(series: Series) -> Json:
    """Return what tells a series from the others of a patient."""
    return {
        "study_instance_uid": series.study.study_instance_uid,
        "study_date": series.study.study_date,
        "study_description": series.study.study_description,
        "series_instance_uid": series.series_instance_uid,
        "series_number": series.series_number,
        "series_description": series.series_description,
        "modality": series.modality,
        "slices": series.geometry.get("frames", 0) - len(series.geometry.get("localizers", ())),
    }
