"""Near copies: pictures of different patients that look alike, and what a person saw of them."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from django.urls import path
from drf_spectacular.utils import OpenApiParameter, extend_schema
from pydantic import BaseModel, ConfigDict
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from core import access
from core.errors import NotFound
from imaging.models import Instance, NearCopy, NearCopyDecision
from imaging.near_copies import near_copy_rows
from imaging.services.looks import near_copy_decide
from webapp.api.base import caller, checked

_STATE = OpenApiParameter("state", str, enum=["open", "decided"])


class _Out(BaseModel):
    model_config = ConfigDict(json_schema_serialization_defaults_required=True)


class NearPictureOut(_Out):
    """One of the two pictures."""

    study_instance_uid: str
    series_instance_uid: str
    sop_instance_uid: str
    blob_digest: str
    patient_id: str
    patient_name: str
    study_date: str | None
    description: str
    rows: int | None
    columns: int | None
    projects: list[str]


class NearCopyDecisionOut(_Out):
    """What somebody saw."""

    verdict: str
    remark: str
    decided_by: str
    created_at: datetime


class NearCopyOut(_Out):
    """Two pictures that look alike; ``distance`` of 256 bits differ."""

    id: UUID
    distance: int
    first: NearPictureOut
    second: NearPictureOut
    decisions: list[NearCopyDecisionOut]


class NearCopiesOut(_Out):
    """Pairs, the most alike first; ``count`` of all in this state."""

    results: list[NearCopyOut]
    count: int


class NearCopyDecideIn(serializers.Serializer[Any]):
    """What is seen, of which two files."""

    verdict = serializers.ChoiceField(choices=NearCopyDecision.Verdict.choices)
    first_digest = serializers.CharField(max_length=64)
    second_digest = serializers.CharField(max_length=64)
    remark = serializers.CharField(max_length=500, allow_blank=True, default="")


def _picture(image: Instance) -> NearPictureOut:
    study = image.series.study
    return NearPictureOut(
        study_instance_uid=study.study_instance_uid,
        series_instance_uid=image.series.series_instance_uid,
        sop_instance_uid=image.sop_instance_uid,
        blob_digest=image.blob_digest,
        patient_id=study.patient.patient_id,
        patient_name=study.patient_name,
        study_date=study.study_date.isoformat() if study.study_date else None,
        description=" · ".join(part for part in (study.study_description, image.series.series_description) if part),
        rows=image.rows,
        columns=image.columns,
        projects=[project.title for project in study.projects.all()],
    )


def _out(row: NearCopy) -> NearCopyOut:
    return NearCopyOut(
        id=row.pk,
        distance=row.distance,
        first=_picture(row.first),
        second=_picture(row.second),
        decisions=[
            NearCopyDecisionOut(
                verdict=one.verdict, remark=one.remark, decided_by=str(one.decided_by), created_at=one.created_at
            )
            for one in row.decisions.all()
        ],
    )


class NearCopies(APIView):
    """Pairs of pictures."""

    @extend_schema(operation_id="near_copies_list", parameters=[_STATE], responses=NearCopiesOut)
    def get(self, request: Request) -> Response:
        """List the first hundred that wait for a person, or that have been compared."""
        access.require_site(caller(request), "archive.decide")
        rows = near_copy_rows(decided=request.query_params.get("state") == "decided")
        shown = NearCopiesOut(results=[_out(row) for row in rows[:100]], count=rows.count())
        return Response(shown.model_dump(mode="json"))


class NearCopyDecide(APIView):
    """A decision."""

    @extend_schema(operation_id="near_copies_decide", request=NearCopyDecideIn, responses=NearCopyOut)
    def post(self, request: Request, id: str) -> Response:
        """Say whether they are one picture; 412 where another version of one is shown by now."""
        user = caller(request)
        access.require_site(user, "archive.decide")
        row = near_copy_rows().filter(pk=id).first()
        if row is None:
            raise NotFound("near_copy_not_found", "There is no such pair of pictures.")
        fields = checked(NearCopyDecideIn, request)
        seen = (fields["first_digest"], fields["second_digest"])
        near_copy_decide(near_copy=row, verdict=fields["verdict"], seen=seen, remark=fields["remark"], by=user)
        return Response(_out(near_copy_rows().get(pk=row.pk)).model_dump(mode="json"))


urlpatterns = [
    path("near-copies", NearCopies.as_view()),
    path("near-copies/<uuid:id>/decide", NearCopyDecide.as_view()),
]
