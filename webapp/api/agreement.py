"""Whether reader and model say and drew the same."""

from __future__ import annotations

from typing import Any

from django.urls import path
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from annotations import selectors
from annotations.access import access_workitem
from annotations.rules.agreement import Verdict
from annotations.services.sights import What, sights_note
from inference.answers import model_says
from webapp.api.base import caller


class ExtentOut(serializers.Serializer[Any]):
    """The stored size of what a side drew."""

    measure = serializers.ChoiceField(choices=["area", "volume"])
    value = serializers.FloatField()
    unit = serializers.CharField()


class OpinionOut(serializers.Serializer[Any]):
    """What one side says of a label: present or absent, or nothing; and how large what it drew is."""

    present = serializers.BooleanField(allow_null=True)
    extent = ExtentOut(allow_null=True)


class AgreementOut(serializers.Serializer[Any]):
    """Reader and model about one label: ``dice`` compares what both drew; no ``verdict`` where no model looked for it.

    ``words`` is the verdict as a sentence; ``waiting`` are the findings without whose decision the case cannot be
    signed off, in the order to go through them.
    """

    label_key = serializers.CharField()
    reader = OpinionOut()
    model = OpinionOut()
    dice = serializers.FloatField(allow_null=True)
    verdict = serializers.ChoiceField(choices=[one.value for one in Verdict], allow_null=True)
    words = serializers.CharField(allow_blank=True)
    disagrees = serializers.BooleanField()
    waiting = serializers.ListField(child=serializers.UUIDField())


class WorkitemAgreement(APIView):
    """Reader and model side by side."""

    @extend_schema(operation_id="workitems_agreement", responses=AgreementOut(many=True))
    def get(self, request: Request, id: str) -> Response:
        """Compare what was said and drawn, label by label; empty while the model's findings are hidden."""
        user = caller(request)
        workitem = access_workitem(user, "workitem.read", id=id)
        rows = selectors.agreement_json(user, workitem, model_says(workitem))
        if any(row["model"]["present"] is not None for row in rows):
            sights_note(user, {workitem.pk: [(What.ANSWER, "")]})
        return Response(AgreementOut(rows, many=True).data)


urlpatterns = [path("workitems/<uuid:id>/agreement", WorkitemAgreement.as_view())]
