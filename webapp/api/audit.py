"""The audit trail for admins: read it, verify it. Reading it is itself recorded."""

from __future__ import annotations

from typing import Any

from django.db import transaction
from django.urls import path
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from core import access, audit
from core.audit_kinds import AuditKind
from core.models import AuditEvent, User
from webapp.api.base import caller, newest_first

FILTERS = ("event_type", "object_kind", "object_id", "actor_id", "outcome", "project_id")


class AuditEventOut(serializers.Serializer[Any]):
    """One thing somebody did."""

    id = serializers.IntegerField()
    chain = serializers.CharField()
    sequence = serializers.IntegerField()
    occurred_at = serializers.DateTimeField()
    event_type = serializers.ChoiceField([kind.value for kind in AuditKind])
    action = serializers.CharField()
    outcome = serializers.CharField()
    actor_id = serializers.CharField()
    actor_name = serializers.CharField()
    actor_role = serializers.CharField()
    source = serializers.CharField()  # type: ignore[assignment]  # the API's word; DRF keeps its own attribute
    object_kind = serializers.CharField()
    object_id = serializers.CharField()
    project_id = serializers.CharField()
    detail = serializers.DictField()
    request_id = serializers.CharField()
    hash = serializers.CharField()


class AuditPageOut(serializers.Serializer[Any]):
    """A page of the trail, newest first."""

    results = AuditEventOut(many=True)
    next_cursor = serializers.CharField(allow_null=True)


class AuditFaultOut(serializers.Serializer[Any]):
    """The first bad place of a chain."""

    chain = serializers.CharField()
    fault = serializers.CharField()


class AuditVerificationOut(serializers.Serializer[Any]):
    """Whether the trail is whole."""

    intact = serializers.BooleanField()
    events = serializers.IntegerField()
    broken = AuditFaultOut(many=True)


class AuditTrail(APIView):
    """The trail."""

    @extend_schema(
        operation_id="audit_list",
        parameters=[OpenApiParameter(name, str) for name in (*FILTERS, "actor", "cursor", "limit")],
        responses=AuditPageOut,
    )
    def get(self, request: Request) -> Response:
        """List events, newest first; exact filters."""
        access.require_site(caller(request), "audit.read")
        asked = request.query_params
        filters = {name: asked[name] for name in FILTERS if asked.get(name)}
        if asked.get("actor"):
            found = User.objects.filter(username=asked["actor"]).first()
            filters["actor_id"] = str(found.pk) if found else "nobody"
        rows, following = newest_first(AuditEvent.objects.filter(**filters), asked)
        names = {str(user.pk): str(user) for user in User.objects.all()}
        for row in rows:
            row.actor_name = names.get(row.actor_id, "the system")  # type: ignore[attr-defined]
        with transaction.atomic():
            audit.record(AuditKind.AUDIT_READ, actor=caller(request), object_kind="audit", detail={"filters": filters})
        return Response(AuditPageOut({"results": rows, "next_cursor": following}).data)


class AuditVerify(APIView):
    """Verification of the trail."""

    @extend_schema(operation_id="audit_verify", request=None, responses=AuditVerificationOut)
    def post(self, request: Request) -> Response:
        """Recompute every hash."""
        access.require_site(caller(request), "audit.read")
        found = audit.verify()
        audit.record(
            AuditKind.AUDIT_VERIFIED,
            actor=caller(request),
            object_kind="audit",
            outcome="intact" if found.intact else "broken",
        )
        return Response(AuditVerificationOut(found).data)


urlpatterns = [path("audit", AuditTrail.as_view()), path("audit/verify", AuditVerify.as_view())]
