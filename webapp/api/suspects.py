"""Doubtful labels of a frozen dataset: asked for, found, looked at. Looking changes no label."""

from __future__ import annotations

from typing import Any

from django.urls import path
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from annotations.access import access_snapshot
from annotations.models import Workitem
from annotations.services.sights import What, sights_note
from core.models import Job
from inference.doubts import doubts_json, newest_search, search_json
from inference.services.suspects import suspects_request
from webapp.api.base import caller
from webapp.api.projects import PersonOut


class SuspectErrorOut(serializers.Serializer[Any]):
    """Why a search came to nothing."""

    code = serializers.CharField()
    message = serializers.CharField()


class SuspectCountsOut(serializers.Serializer[Any]):
    """How many answers were judged, and how many of them are suspect."""

    judged = serializers.IntegerField(required=False)
    suspects = serializers.IntegerField(required=False)


class SuspectSearchOut(serializers.Serializer[Any]):
    """A search; ``state`` is that of its job, ``parts`` how many models each answered for patients they never saw."""

    id = serializers.UUIDField()
    snapshot_id = serializers.UUIDField()
    state = serializers.ChoiceField(choices=Job.State.choices)
    share = serializers.FloatField(allow_null=True)
    parts = serializers.IntegerField()
    counts = SuspectCountsOut()
    requested_by = PersonOut(allow_null=True)
    created_at = serializers.DateTimeField()
    found_at = serializers.DateTimeField(allow_null=True)
    error = SuspectErrorOut(allow_null=True)


class SuspectCaseOut(serializers.Serializer[Any]):
    """The case of a doubtful answer as it stands now."""

    id = serializers.UUIDField()
    state = serializers.ChoiceField(choices=Workitem.State.choices)
    version = serializers.IntegerField()
    patient_id = serializers.CharField(allow_blank=True)
    study_date = serializers.DateField(allow_null=True)
    looked_at_again = serializers.BooleanField(help_text="It was reopened, or signed off anew, since.")


class DoubtOut(serializers.Serializer[Any]):
    """One stored answer and what models say that never saw its patient; ``place`` counts from the most doubtful."""

    place = serializers.IntegerField()
    label_key = serializers.CharField()
    said = serializers.IntegerField(help_text="1 present, 0 absent.")
    probability = serializers.FloatField(help_text="Out-of-fold, that it is present; not calibrated.")
    doubt = serializers.FloatField()
    is_suspect = serializers.BooleanField()
    provenance = serializers.CharField(allow_blank=True)
    study_instance_uid = serializers.CharField()
    series_instance_uid = serializers.CharField()
    sop_instance_uid = serializers.CharField()
    frame_number = serializers.IntegerField()
    split = serializers.ChoiceField(choices=["train", "validation"])
    workitem = SuspectCaseOut(allow_null=True)


class DoubtsOut(serializers.Serializer[Any]):
    """The last search of a dataset (null before the first), and a part of what it found."""

    search = SuspectSearchOut(allow_null=True)
    count = serializers.IntegerField()
    results = DoubtOut(many=True)


class DoubtsIn(serializers.Serializer[Any]):
    """Which part to show."""

    label_key = serializers.CharField(max_length=64, required=False, allow_blank=True, default="")
    offset = serializers.IntegerField(required=False, min_value=0, max_value=10_000_000, default=0)
    limit = serializers.IntegerField(required=False, min_value=1, max_value=500, default=50)


_QUERY = [
    OpenApiParameter("label_key", str, description="Only of this label."),
    OpenApiParameter("offset", int),
    OpenApiParameter("limit", int, description="1..500; 50 if left out."),
]


class SnapshotSuspects(APIView):
    """The doubtful labels of a dataset."""

    @extend_schema(operation_id="suspects_read", parameters=_QUERY, responses=DoubtsOut)
    def get(self, request: Request, id: str) -> Response:
        """Return the last search and its doubts, the most doubtful first."""
        snapshot = access_snapshot(caller(request), "training.read", id=id)
        asked = DoubtsIn(data=request.query_params)
        asked.is_valid(raise_exception=True)
        search, part = newest_search(snapshot), asked.validated_data
        shown: dict[str, Any] = (
            {"count": 0, "results": []}
            if search is None
            else doubts_json(search, label_key=part["label_key"], offset=part["offset"], limit=part["limit"])
        )
        told = {row["workitem"]["id"]: [(What.ANSWER, "")] for row in shown["results"] if row["workitem"]}
        sights_note(caller(request), told)
        return Response(DoubtsOut({"search": search_json(search), **shown}).data)

    @extend_schema(operation_id="suspects_request", request=None, responses={202: SuspectSearchOut})
    def post(self, request: Request, id: str) -> Response:
        """Look for doubtful labels; the same dataset is searched once."""
        snapshot = access_snapshot(caller(request), "training.request", id=id)
        search = suspects_request(snapshot=snapshot, requested_by=caller(request))
        return Response(SuspectSearchOut(search_json(search)).data, status=202)


urlpatterns = [path("snapshots/<uuid:id>/suspects", SnapshotSuspects.as_view())]
