"""What the pixels of a series mean, as the archive found out once; the viewer draws by it and derives nothing."""

from __future__ import annotations

from django.http import HttpResponse
from django.urls import path
from drf_spectacular.utils import extend_schema
from pydantic import BaseModel, ConfigDict
from rest_framework.request import Request
from rest_framework.views import APIView

from core.errors import NotFound
from imaging.access import access_series
from imaging.dicom.frame_facts import FrameFacts
from imaging.dicomweb.door import note_read
from imaging.models import Series
from imaging.selectors import series_frame_facts, series_frames_digest
from webapp.api.base import caller


class SeriesFramesOut(BaseModel):
    """The facts of every frame of a series that can be shown, in the order of instances and frames."""

    model_config = ConfigDict(json_schema_serialization_defaults_required=True)

    series_instance_uid: str
    frames: list[FrameFacts]


def read_series(request: Request, study: str, series: str) -> Series:
    """Return a series that the caller may read, and note that they did; raises NotFound."""
    user = caller(request)
    found = access_series(user, "study.read", series_instance_uid=series)
    if found.study.study_instance_uid != study:
        raise NotFound("series_not_found", "There is no such series in this study.")
    note_read(user, found)
    return found


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
            out = SeriesFramesOut.model_construct(series_instance_uid=series, frames=series_frame_facts(found))
            response = HttpResponse(out.model_dump_json(), content_type="application/json")
        response["ETag"], response["Cache-Control"] = tag, "private, no-cache"
        return response


_SERIES = "studies/<str:study>/series/<str:series>/"

urlpatterns = [
    path(f"{_SERIES}frames", SeriesFrames.as_view()),
]
