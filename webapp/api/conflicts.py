"""The same UID with other content: both versions side by side, and which of them is shown."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any, Literal
from uuid import UUID

from django.http import HttpResponse
from django.urls import path
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from pydantic import BaseModel, ConfigDict
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from core import access, audit, blobs
from core.audit_kinds import AuditKind
from core.errors import NotFound
from imaging import clashes
from imaging.dicom.errors import PixelsUnreadable
from imaging.dicom.pixels import render_frame
from imaging.models import ConflictDecision, InstanceConflict
from imaging.services.conflicts import conflict_decide, decisions_on
from webapp.api.base import IF_MATCH, caller, checked, if_match_version

_PICTURE: int = 512


class ConflictDecideIn(serializers.Serializer[Any]):
    """Which version is shown, and why."""

    verdict = serializers.ChoiceField(choices=ConflictDecision.Verdict.choices)
    reason = serializers.CharField(max_length=500)


class _Out(BaseModel):
    model_config = ConfigDict(from_attributes=True, json_schema_serialization_defaults_required=True)


class DifferenceOut(_Out):
    """One attribute in which the versions differ; null where a version lacks it."""

    tag: str
    name: str
    first: str | None
    second: str | None


class ConflictDecisionOut(_Out):
    """What an admin decided."""

    verdict: Literal["keep", "supersede"]
    reason: str
    pixels_changed: bool
    decided_by: str
    created_at: datetime


class ConflictOut(_Out):
    """Two versions of one instance; ``shown``: which is served now; ``version`` moves with decisions."""

    id: UUID
    version: int
    kind: str
    kind_words: str
    sop_instance_uid: str
    study_instance_uid: str
    patient_name: str
    patient_id: str
    study_date: date | None
    study_description: str
    projects: list[str]
    source: str
    received_by: str
    created_at: datetime
    shown: Literal["first", "second", "another"]
    is_drawn: bool
    second_is_kept: bool
    may_supersede: bool
    differences: list[DifferenceOut]
    decisions: list[ConflictDecisionOut]


class ConflictsOut(_Out):
    """Conflicts, newest first."""

    results: list[ConflictOut]


def _out(row: InstanceConflict) -> ConflictOut:
    instance, study = row.instance, row.instance.series.study
    shown: Literal["first", "second", "another"] = "another"
    if instance.blob_digest == row.first_digest:
        shown = "first"
    elif instance.blob_digest == row.refused_digest:
        shown = "second"
    decisions = row.decisions.select_related("decided_by").order_by("-created_at")
    return ConflictOut(
        id=row.pk,
        version=decisions_on(instance),
        kind=row.kind,
        kind_words=row.get_kind_display(),
        sop_instance_uid=instance.sop_instance_uid,
        study_instance_uid=study.study_instance_uid,
        patient_name=study.patient_name,
        patient_id=study.patient.patient_id,
        study_date=study.study_date,
        study_description=study.study_description,
        projects=[project.title for project in study.projects.all()],
        source=row.source,
        received_by=str(row.received_by or "the system"),
        created_at=row.created_at,
        shown=shown,
        is_drawn=instance.is_decodable,
        second_is_kept=bool(row.header_digest),
        may_supersede=bool(row.header_digest) and row.kind != InstanceConflict.Kind.STUDY,
        differences=[DifferenceOut.model_validate(one) for one in clashes.conflict_differences(row)],
        decisions=[
            ConflictDecisionOut(
                verdict=one.verdict,
                reason=one.reason,
                pixels_changed=one.pixels_changed,
                decided_by=str(one.decided_by),
                created_at=one.created_at,
            )
            for one in decisions
        ],
    )


class Conflicts(APIView):
    """Conflicts."""

    @extend_schema(
        operation_id="conflicts_list",
        parameters=[OpenApiParameter("state", str, enum=["open", "decided"])],
        responses=ConflictsOut,
    )
    def get(self, request: Request) -> Response:
        """List those that wait for a decision, or those that have one; at most 200."""
        user = caller(request)
        access.require_site(user, "archive.decide")
        rows = list(clashes.conflict_rows(decided=request.query_params.get("state") == "decided")[:200])
        audit.record(AuditKind.CONFLICT_READ, actor=user, object_kind="instance", detail={"conflicts": len(rows)})
        return Response(ConflictsOut(results=[_out(row) for row in rows]).model_dump(mode="json"))


class ConflictPicture(APIView):
    """A version drawn."""

    @extend_schema(operation_id="conflicts_picture", responses={(200, "image/png"): OpenApiTypes.BINARY})
    def get(self, request: Request, id: str, version: str) -> HttpResponse:
        """Return the first frame of the first or the second version, in the window it asks for."""
        access.require_site(caller(request), "archive.decide")
        row = clashes.access_conflict(id)
        if version not in ("first", "second"):
            raise NotFound("version_not_found", "There are two versions: first and second.")
        digest = row.first_digest if version == "first" else row.refused_digest
        try:
            drawn = render_frame(blobs.local_path(digest), 1, size=(_PICTURE, _PICTURE), image_format="png")
        except PixelsUnreadable as error:
            raise NotFound("no_picture", "This version has no image that can be drawn.") from error
        response = HttpResponse(drawn, content_type="image/png")
        response["Cache-Control"] = "private, no-store"
        return response


class ConflictDecide(APIView):
    """A decision."""

    @extend_schema(
        operation_id="conflicts_decide", parameters=[IF_MATCH], request=ConflictDecideIn, responses=ConflictOut
    )
    def post(self, request: Request, id: str) -> Response:
        """Keep the version of first arrival, or show the other one instead; 412 where somebody decided meanwhile."""
        user = caller(request)
        access.require_site(user, "archive.decide")
        conflict, fields = clashes.access_conflict(id), checked(ConflictDecideIn, request)
        conflict_decide(conflict=conflict, by=user, seen=if_match_version(request), **fields)
        return Response(_out(clashes.access_conflict(id)).model_dump(mode="json"))


urlpatterns = [
    path("conflicts", Conflicts.as_view()),
    path("conflicts/<uuid:id>/picture/<str:version>", ConflictPicture.as_view()),
    path("conflicts/<uuid:id>/decide", ConflictDecide.as_view()),
]
