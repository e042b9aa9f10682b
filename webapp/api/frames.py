"""What the pixels of a series mean, as the archive found out once; the viewer draws by it and derives nothing."""

from __future__ import annotations

from collections.abc import Callable

from django.http import HttpResponse
from django.urls import path
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from pydantic import BaseModel, ConfigDict
from rest_framework.request import Request
from rest_framework.views import APIView

from core import blobs
from core.errors import NotFound
from imaging.access import access_instance, access_series
from imaging.dicom.frame_facts import FrameFacts, VoiChoice
from imaging.dicom.frames import open_image
from imaging.dicom.grey_levels import GreyWindow
from imaging.dicom.lookup_tables import voi_table
from imaging.dicom.overlays import overlay_plane, packed_plane
from imaging.dicom.palettes import palette_table
from imaging.dicom.pixels import REVISION, values_bytes
from imaging.dicomweb.door import note_read
from imaging.models import Instance, Series
from imaging.selectors import (
    frame_facts_of,
    replaced_instances,
    series_frame_facts,
    series_frames_digest,
    series_window,
)
from webapp.api.base import caller

OCTETS = {(200, "application/octet-stream"): OpenApiTypes.BINARY}


class SeriesFramesOut(BaseModel):
    """The facts of every frame of a series that can be shown, in reading order.

    ``window`` is for grey frames that name none themselves; null where each frame does. ``replaced`` names the
    instances of which an admin chose another version, with the number of the version that is shown, and ``revision``
    how this server makes pictures: an address of pixels that ends in ``?v=<version>.<revision>`` may be kept for ever.
    """

    model_config = ConfigDict(json_schema_serialization_defaults_required=True)

    series_instance_uid: str
    window: GreyWindow | None
    replaced: dict[str, int]
    revision: str
    frames: list[FrameFacts]


def read_series(request: Request, study: str, series: str) -> Series:
    """Return a series that the caller may read, and note that they did; raises NotFound."""
    user = caller(request)
    found = access_series(user, "study.read", series_instance_uid=series)
    if found.study.study_instance_uid != study:
        raise NotFound("series_not_found", "There is no such series in this study.")
    note_read(user, found)
    return found


def read_frame(request: Request, study: str, series: str, instance: str, frame: int) -> tuple[Instance, FrameFacts]:
    """Return an instance that the caller may read, and the facts of one of its frames.

    Raises:
        NotFound: there is none. PixelsUnreadable: its header does not describe the frame.
    """
    user = caller(request)
    found = access_instance(user, "study.read", sop_instance_uid=instance)
    if (found.series.series_instance_uid, found.series.study.study_instance_uid) != (series, study):
        raise NotFound("instance_not_found", "There is no such instance in this series.")
    note_read(user, found.series)
    if not found.is_shown:
        raise NotFound("no_such_frame", "This object has no frames that can be shown.")
    return found, frame_facts_of(found, frame)


def _octets(request: Request, instance: Instance, made: Callable[[], bytes]) -> HttpResponse:
    """Answer what is made of an instance, or that the caller has it already."""
    tag = f'"{instance.blob_digest[:40]}-{REVISION}"'
    if request.headers.get("If-None-Match") == tag:
        response = HttpResponse(status=304)
    else:
        response = HttpResponse(made(), content_type="application/octet-stream")
    response["ETag"], response["Cache-Control"] = tag, "private, no-cache"
    response["Vary"] = "Cookie, Authorization"
    return response


class SeriesFrames(APIView):
    """The frames of a series."""

    @extend_schema(operation_id="series_frames", responses=SeriesFramesOut)
    def get(self, request: Request, study: str, series: str) -> HttpResponse:
        """Return what each frame is and what its pixels mean."""
        found = read_series(request, study, series)
        tag = f'"{series_frames_digest(found)}"'
        if request.headers.get("If-None-Match") == tag:
            response = HttpResponse(status=304)
        else:
            facts, window = series_frame_facts(found), series_window(found)
            out = SeriesFramesOut.model_construct(
                series_instance_uid=series,
                window=window,
                replaced=replaced_instances(found),
                revision=REVISION,
                frames=facts,
            )
            response = HttpResponse(out.model_dump_json(), content_type="application/json")
        response["ETag"], response["Cache-Control"] = tag, "private, no-cache"
        return response


class FrameValues(APIView):
    """The numbers of a frame that a browser cannot make itself."""

    @extend_schema(operation_id="frame_values", responses=OCTETS)
    def get(self, request: Request, study: str, series: str, instance: str, frame: int) -> HttpResponse:
        """Return modality values row by row, little endian floats of 32 or 64 bits; NaN where there is no image."""
        found, facts = read_frame(request, study, series, instance, frame)
        if facts.color:
            raise NotFound("no_values", "A colour image has no modality values; ask for its frames.")
        return _octets(request, found, lambda: values_bytes(blobs.local_path(found.blob_digest), frame, facts))


class FrameVoiTable(APIView):
    """A VOI lookup table of a frame."""

    @extend_schema(operation_id="frame_voi_table", responses=OCTETS)
    def get(self, request: Request, study: str, series: str, instance: str, frame: int, table: int) -> HttpResponse:
        """Return its entries as grey levels 0..1, little endian floats of 32 bits."""
        found, facts = read_frame(request, study, series, instance, frame)
        choice = next((one for one in facts.voi if one.table == table), None)
        if choice is None:
            raise NotFound("no_such_table", "This image has no such lookup table.")
        return _octets(request, found, lambda: _table(found, facts, choice))


def _table(instance: Instance, facts: FrameFacts, choice: VoiChoice) -> bytes:
    dataset = open_image(blobs.local_path(instance.blob_digest)).dataset
    return voi_table(dataset, facts, choice).levels.astype("<f4").tobytes()


class FrameColors(APIView):
    """The colours of a grey frame's own palette."""

    @extend_schema(operation_id="frame_colors", responses=OCTETS)
    def get(self, request: Request, study: str, series: str, instance: str, frame: int) -> HttpResponse:
        """Return red, green and blue of each entry, a byte each."""
        found, facts = read_frame(request, study, series, instance, frame)
        if facts.own_colors is None:
            raise NotFound("no_own_colors", "This image has no colours of its own.")
        dataset = open_image(blobs.local_path(found.blob_digest)).dataset
        return _octets(request, found, lambda: palette_table(dataset)[1].tobytes())


class FrameOverlay(APIView):
    """An overlay plane of a frame."""

    @extend_schema(operation_id="frame_overlay", responses=OCTETS)
    def get(self, request: Request, study: str, series: str, instance: str, frame: int, group: int) -> HttpResponse:
        """Return its bits row by row without gaps, the first one lowest in its byte."""
        found, facts = read_frame(request, study, series, instance, frame)
        overlay = next((one for one in facts.overlays if one.group == group), None)
        if overlay is None:
            raise NotFound("no_such_overlay", "This image has no such overlay plane.")
        image = open_image(blobs.local_path(found.blob_digest))
        return _octets(request, found, lambda: packed_plane(overlay_plane(image, facts, overlay)))


_SERIES = "studies/<str:study>/series/<str:series>"
_FRAME = f"{_SERIES}/instances/<str:instance>/frames/<int:frame>"

urlpatterns = [
    path(f"{_SERIES}/frames", SeriesFrames.as_view()),
    path(f"{_FRAME}/values", FrameValues.as_view()),
    path(f"{_FRAME}/voi-tables/<int:table>", FrameVoiTable.as_view()),
    path(f"{_FRAME}/colors", FrameColors.as_view()),
    path(f"{_FRAME}/overlays/<int:group>", FrameOverlay.as_view()),
]
