"""Why a model says what it says: maps in the image's own grid."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.http import HttpResponse
from django.urls import path
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from annotations.services.sights import What, sights_note
from inference.access import access_prediction, access_saliency
from inference.models import SaliencyMap
from inference.selectors import saliency_bytes, saliency_deflated, saliency_json
from inference.services.saliency import saliency_request
from webapp.api.base import caller, checked

if TYPE_CHECKING:
    from core.models import User


class SaliencyFrameOut(serializers.Serializer[Any]):
    """The image of one k of the map."""

    sop_instance_uid = serializers.CharField()
    frame_number = serializers.IntegerField()


class SaliencyVersionOut(serializers.Serializer[Any]):
    """The model version whose reasons the map shows."""

    id = serializers.UUIDField()
    family_slug = serializers.CharField()
    number = serializers.IntegerField()


class MapScaleOut(serializers.Serializer[Any]):
    """Where a map stands among those of its version, in its own ``unit``.

    ``share`` is ``high`` of the ``strongest`` such map on ``cases`` validation cases (of a probability: itself).
    """

    unit = serializers.ChoiceField(choices=["logit", "probability", "bits"])
    low = serializers.FloatField()
    high = serializers.FloatField()
    strongest = serializers.FloatField(allow_null=True)
    cases = serializers.IntegerField()
    share = serializers.FloatField(allow_null=True)
    is_weak = serializers.BooleanField()


class SaliencyOut(serializers.Serializer[Any]):
    """A saliency map's facts; ``shape_kji`` are slices, rows and columns of the images in ``frames``."""

    id = serializers.UUIDField()
    prediction_id = serializers.UUIDField()
    state = serializers.ChoiceField(choices=SaliencyMap.State.choices)
    label_key = serializers.CharField()
    method = serializers.CharField()
    layer = serializers.CharField()
    parameters = serializers.JSONField()
    shape_kji = serializers.ListField(child=serializers.IntegerField())
    frames = SaliencyFrameOut(many=True)
    version = SaliencyVersionOut()
    scale = MapScaleOut(allow_null=True)
    grade = serializers.CharField(help_text="How this kind of map did on marked test cases, in words.")
    error_code = serializers.CharField()


class SaliencyIn(serializers.Serializer[Any]):
    """What to explain, and how."""

    label_key = serializers.CharField(max_length=64)
    method = serializers.CharField(max_length=30)


def _note_sent(user: User, saliency: SaliencyMap) -> None:
    """Note a map as seen, of which the facts alone tell how strong it is."""
    sights_note(user, {saliency.prediction.workitem_id: [(What.MAP, str(saliency.pk))]})


class PredictionSaliency(APIView):
    """The maps of a prediction."""

    @extend_schema(operation_id="saliency_request", request=SaliencyIn, responses={200: SaliencyOut, 202: SaliencyOut})
    def post(self, request: Request, id: str) -> Response:
        """Ask for a map; the same question gives the same map. 202 while it is computed."""
        user, prediction = caller(request), access_prediction(caller(request), id=id)
        saliency = saliency_request(prediction=prediction, requested_by=user, **checked(SaliencyIn, request))
        _note_sent(user, saliency)
        finished = saliency.state == SaliencyMap.State.FINISHED
        return Response(SaliencyOut(saliency_json(saliency)).data, status=200 if finished else 202)


class SaliencyDetail(APIView):
    """One map's facts."""

    @extend_schema(operation_id="saliency_read", responses=SaliencyOut)
    def get(self, request: Request, id: str) -> Response:
        """Return its state, method, layer and place."""
        saliency = access_saliency(caller(request), id=id)
        _note_sent(caller(request), saliency)
        return Response(SaliencyOut(saliency_json(saliency)).data)


class SaliencyPixels(APIView):
    """One map."""

    @extend_schema(operation_id="saliency_map", responses={(200, "application/octet-stream"): OpenApiTypes.BINARY})
    def get(self, request: Request, id: str) -> HttpResponse:
        """Return uint8 values 0..255, slice by slice, row by row."""
        saliency = access_saliency(caller(request), id=id)
        _note_sent(caller(request), saliency)
        deflated = "deflate" in request.headers.get("Accept-Encoding", "")
        content = saliency_deflated(saliency) if deflated else saliency_bytes(saliency)
        response = HttpResponse(content, content_type="application/octet-stream")
        if deflated:
            response["Content-Encoding"] = "deflate"
        response["Cache-Control"], response["Vary"] = "private, max-age=3600, immutable", "Accept-Encoding, Cookie"
        return response


urlpatterns = [
    path("predictions/<uuid:id>/saliency", PredictionSaliency.as_view()),
    path("saliency/<uuid:id>", SaliencyDetail.as_view()),
    path("saliency/<uuid:id>/map", SaliencyPixels.as_view()),
]
