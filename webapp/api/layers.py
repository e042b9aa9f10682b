"""What lies over the pictures of a series: segmentations, maps, dose and outlines of its study, on their pixels."""

from __future__ import annotations

import zlib

from django.http import HttpResponse
from django.urls import path
from drf_spectacular.utils import extend_schema
from pydantic import BaseModel, ConfigDict
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from annotations.rules.reveal import ai_hidden_in
from annotations.services.sights import objects_sent
from core.errors import NotFound
from imaging.dicom.frame_facts import FrameFacts
from imaging.layers import SeriesLayer, layer_contours, layer_of, layer_pixels, series_layers
from imaging.models import Series
from webapp.api.base import caller
from webapp.api.frames import OCTETS, read_frame, read_series

#: Said whether or not anything is held back: that there is something would itself be told.
_HELD_BACK = "Layers that a model may have made are shown once you may see the models' findings."


class SeriesLayersOut(BaseModel):
    """Everything that can be laid over a series; ``note`` says what the protocol may hold back now."""

    model_config = ConfigDict(json_schema_serialization_defaults_required=True)

    layers: list[SeriesLayer]
    note: str


class LineOut(BaseModel):
    """One line on a picture: (column, row) in pixels, (0, 0) at the centre of the first one."""

    closed: bool
    points: list[tuple[float, float]]


class LayerLinesOut(BaseModel):
    """The lines of a region on one picture."""

    lines: list[LineOut]


class SeriesLayers(APIView):
    """The layers of a series."""

    @extend_schema(operation_id="series_layers", responses=SeriesLayersOut)
    def get(self, request: Request, study: str, series: str) -> HttpResponse:
        """Return what can be laid over the pictures, who made it, and on which frames it lies."""
        found = read_series(request, study, series)
        hidden = ai_hidden_in(caller(request), found.study)
        layers = [one for one in series_layers(found) if not (hidden and one.may_be_a_models)]
        objects_sent(caller(request), found.study, [one.sop_instance_uid for one in layers if one.may_be_a_models])
        out = SeriesLayersOut.model_construct(layers=layers, note=_HELD_BACK if hidden else "")
        response = HttpResponse(out.model_dump_json(), content_type="application/json")
        response["Cache-Control"] = "private, no-cache"
        return response


def _read_layer(
    request: Request, study: str, series: str, instance: str, frame: int, layer: str, number: int
) -> tuple[Series, FrameFacts]:
    """Return the series and the facts of a picture, where the caller may see this layer of it; raises NotFound."""
    found, facts = read_frame(request, study, series, instance, frame)
    wanted = layer_of(found.series, layer, number)
    if wanted.may_be_a_models and ai_hidden_in(caller(request), found.series.study):
        raise NotFound("layer_not_found", "There is no such layer in this study.")
    if wanted.may_be_a_models:
        objects_sent(caller(request), found.series.study, [layer])
    return found.series, facts


class FrameLayerPixels(APIView):
    """A layer of pixels on one picture."""

    @extend_schema(operation_id="frame_layer_pixels", responses=OCTETS)
    def get(
        self, request: Request, study: str, series: str, instance: str, frame: int, layer: str, number: int
    ) -> HttpResponse:
        """Return the layer on the picture's pixels, row by row.

        A segment: one byte each, 0 (nothing) to 255 (all of it). A map or dose: little endian floats of 32 bits in
        its unit, NaN where it has no value.
        """
        found, facts = _read_layer(request, study, series, instance, frame, layer, number)
        pixels = layer_pixels(found, facts, layer, number)
        content = pixels.astype("<f4" if pixels.dtype.kind == "f" else "u1").tobytes()
        deflated = "deflate" in request.headers.get("Accept-Encoding", "")
        body = zlib.compress(content, 1) if deflated else content
        response = HttpResponse(body, content_type="application/octet-stream")
        if deflated:
            response["Content-Encoding"] = "deflate"
        # Kept by the page, not by the browser: who may see it changes with the case.
        response["Cache-Control"], response["Vary"] = "private, no-store", "Accept-Encoding, Cookie, Authorization"
        return response


class FrameLayerLines(APIView):
    """A region's outlines on one picture."""

    @extend_schema(operation_id="frame_layer_lines", responses=LayerLinesOut)
    def get(
        self, request: Request, study: str, series: str, instance: str, frame: int, layer: str, number: int
    ) -> Response:
        """Return the lines that lie on the picture."""
        found, facts = _read_layer(request, study, series, instance, frame, layer, number)
        lines = [
            LineOut(closed=closed, points=[(float(column), float(row)) for column, row in points])
            for closed, points in layer_contours(found, facts, layer, number)
        ]
        return Response(LayerLinesOut(lines=lines).model_dump(mode="json"))


_SERIES = "studies/<str:study>/series/<str:series>"
_LAYER = f"{_SERIES}/instances/<str:instance>/frames/<int:frame>/layers/<str:layer>/<int:number>"

urlpatterns = [
    path(f"{_SERIES}/layers", SeriesLayers.as_view()),
    path(f"{_LAYER}/pixels", FrameLayerPixels.as_view()),
    path(f"{_LAYER}/lines", FrameLayerLines.as_view()),
]
