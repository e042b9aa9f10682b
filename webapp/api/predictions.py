"""What models say of a study."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import UUID

from django.urls import path
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from annotations.access import access_workitem
from annotations.services.sights import What, sights_note
from inference.access import predictions_of
from inference.models import ModelVersion, Prediction
from inference.selectors import prediction_json
from inference.services.predictions import predictions_on_demand
from webapp.api.base import caller, checked

if TYPE_CHECKING:
    from core.models import User


class PredictingVersionOut(serializers.Serializer[Any]):
    """The model version that predicts."""

    id = serializers.UUIDField()
    family_id = serializers.UUIDField()
    family_slug = serializers.CharField()
    family_title = serializers.CharField()
    recipe = serializers.CharField()
    number = serializers.IntegerField()
    state = serializers.ChoiceField(choices=ModelVersion.State.choices)


class ExplanationOut(serializers.Serializer[Any]):
    """A way to explain a prediction (``cost``: instant, seconds or minutes), with the words of its legend."""

    method = serializers.CharField()
    label = serializers.CharField()  # type: ignore[assignment]  # DRF's Field has an attribute of this name
    cost = serializers.CharField()
    description = serializers.CharField()
    low = serializers.CharField()
    high = serializers.CharField()
    caption = serializers.CharField()
    scale = serializers.ChoiceField(choices=["relative", "probability", "bits"])
    of_label = serializers.BooleanField()
    label_keys = serializers.ListField(child=serializers.CharField(), help_text="The labels it is offered for.")


class WithheldExplanationOut(serializers.Serializer[Any]):
    """A map of one label that the version does not offer, and why."""

    method = serializers.CharField()
    label = serializers.CharField()  # type: ignore[assignment]
    label_key = serializers.CharField()
    code = serializers.CharField()
    why = serializers.CharField()


class OfferedMapOut(serializers.Serializer[Any]):
    """A kind of map that is offered for a label, with the grade that is printed on it."""

    method = serializers.CharField()
    grade = serializers.CharField()


class LabelMapsOut(serializers.Serializer[Any]):
    """The maps of one label that the version offers, the first one first, and what is known of them in a sentence."""

    label_key = serializers.CharField()
    sentence = serializers.CharField()
    offered = OfferedMapOut(many=True)


class PredictionOut(serializers.Serializer[Any]):
    """What one version says of one series: every label with its calibrated probability, below the threshold too."""

    id = serializers.UUIDField()
    workitem_id = serializers.UUIDField()
    series_instance_uid = serializers.CharField()
    version = PredictingVersionOut()
    state = serializers.ChoiceField(choices=Prediction.State.choices)
    output = serializers.JSONField()
    error_code = serializers.CharField()
    superseded = serializers.BooleanField()
    created_at = serializers.DateTimeField()
    finished_at = serializers.DateTimeField(allow_null=True)
    explanations_offered = ExplanationOut(many=True)
    explanations_withheld = WithheldExplanationOut(many=True)
    label_maps = LabelMapsOut(many=True)


class PredictionIn(serializers.Serializer[Any]):
    """Which model to ask; all live ones of the project when left out."""

    family = serializers.SlugField(required=False, allow_blank=True)


def _sent(user: User, workitem_id: str) -> list[dict[str, Any]]:
    """Return the predictions that the user may know of, noted as seen."""
    rows = [prediction_json(row) for row in predictions_of(user, workitem_id=workitem_id)]
    sights_note(user, {UUID(str(workitem_id)): [(What.ANSWER, str(row["id"])) for row in rows]})
    return rows


class WorkitemPredictions(APIView):
    """The predictions of a work item."""

    @extend_schema(operation_id="predictions_list", responses=PredictionOut(many=True))
    def get(self, request: Request, id: str) -> Response:
        """List them, newest first; none while the reading protocol hides them from the caller."""
        return Response(PredictionOut(_sent(caller(request), id), many=True).data)

    @extend_schema(operation_id="predictions_request", request=PredictionIn, responses={202: PredictionOut(many=True)})
    def post(self, request: Request, id: str) -> Response:
        """Ask the live models; the same question is answered once. Answers with what the caller may see."""
        user = caller(request)
        workitem, fields = access_workitem(user, "prediction.request", id=id), checked(PredictionIn, request)
        predictions_on_demand(workitem=workitem, requested_by=user, family=fields.get("family") or None)
        return Response(PredictionOut(_sent(user, id), many=True).data, status=202)


urlpatterns = [path("workitems/<uuid:id>/predictions", WorkitemPredictions.as_view())]
