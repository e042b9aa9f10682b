"""Who is who: Patient IDs under which different persons were sent, and what an admin decides about them."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any
from uuid import UUID

from django.urls import path
from drf_spectacular.utils import OpenApiParameter, extend_schema
from pydantic import BaseModel, ConfigDict
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from core import access, audit
from core.audit_kinds import AuditKind
from imaging import clashes
from imaging.dicom.identity import Statement
from imaging.services.identity import decisions_under, identity_decide
from webapp.api.base import IF_MATCH, caller, checked, if_match_version

_STATE = OpenApiParameter("state", str, enum=["open", "decided"])


class StatementIn(serializers.Serializer[Any]):
    """What was sent of a patient."""

    patient_name = serializers.CharField(allow_blank=True, max_length=324, trim_whitespace=False)
    patient_birth_date = serializers.DateField(allow_null=True)
    patient_sex = serializers.CharField(allow_blank=True, max_length=16, trim_whitespace=False)


class IdentityDecideIn(serializers.Serializer[Any]):
    """Every statement under the ID, once, by person."""

    persons = serializers.ListField(child=StatementIn(many=True), min_length=1, max_length=200)
    reason = serializers.CharField(max_length=500)


class _Out(BaseModel):
    model_config = ConfigDict(from_attributes=True, json_schema_serialization_defaults_required=True)


class StatedStudyOut(_Out):
    """A study in which a statement was sent."""

    study_instance_uid: str
    study_date: date | None
    study_description: str
    modalities: list[str]
    instances: int
    projects: list[str]


class StatementOut(_Out):
    """Name, birth date and sex as sent."""

    patient_name: str
    patient_birth_date: date | None
    patient_sex: str


class StatedOut(_Out):
    """One statement, whose it is held to be now (persons are numbered from 1), and where it was sent."""

    statement: StatementOut
    person: int
    studies: list[StatedStudyOut]


class IdentityDecisionOut(_Out):
    """What an admin decided."""

    persons: list[list[StatementOut]]
    reason: str
    decided_by: str
    created_at: datetime


class IdentityOut(_Out):
    """All that was sent under one Patient ID; ``version`` moves with decisions."""

    id: UUID
    version: int
    patient_id: str
    issuer_of_patient_id: str
    issuer_qualifiers: str
    is_open: bool
    statements: list[StatedOut]
    decisions: list[IdentityDecisionOut]


class IdentitiesOut(_Out):
    """Patient IDs."""

    results: list[IdentityOut]


def _out(group: clashes.IdentityGroup) -> IdentityOut:
    patient = group.patient
    return IdentityOut(
        id=patient.pk,
        version=decisions_under(patient),
        patient_id=patient.patient_id,
        issuer_of_patient_id=patient.issuer_of_patient_id,
        issuer_qualifiers=patient.issuer_qualifiers,
        is_open=group.is_open,
        statements=[
            StatedOut(
                statement=StatementOut.model_validate(one.statement),
                person=one.person,
                studies=[
                    StatedStudyOut(
                        study_instance_uid=study.study_instance_uid,
                        study_date=study.study_date,
                        study_description=study.study_description,
                        modalities=study.modalities_in_study.split("\\"),
                        instances=study.number_of_study_related_instances,
                        projects=[project.title for project in study.projects.all()],
                    )
                    for study in one.studies
                ],
            )
            for one in group.statements
        ],
        decisions=[
            IdentityDecisionOut(
                persons=one.persons, reason=one.reason, decided_by=str(one.decided_by), created_at=one.created_at
            )
            for one in group.decisions
        ],
    )


class Identities(APIView):
    """Patient IDs that name several persons."""

    @extend_schema(operation_id="identities_list", parameters=[_STATE], responses=IdentitiesOut)
    def get(self, request: Request) -> Response:
        """List those that wait for a decision, or those that have one."""
        user = caller(request)
        access.require_site(user, "archive.decide")
        groups = clashes.identity_groups(decided=request.query_params.get("state") == "decided")
        audit.record(AuditKind.IDENTITY_READ, actor=user, object_kind="patient", detail={"ids": len(groups)})
        return Response(IdentitiesOut(results=[_out(group) for group in groups]).model_dump(mode="json"))


class IdentityDecide(APIView):
    """A decision."""

    @extend_schema(
        operation_id="identities_decide", parameters=[IF_MATCH], request=IdentityDecideIn, responses=IdentityOut
    )
    def post(self, request: Request, id: str) -> Response:
        """Say which statements are of one person; 412 where somebody decided meanwhile."""
        user = caller(request)
        access.require_site(user, "archive.decide")
        patient, fields = clashes.access_patient(id), checked(IdentityDecideIn, request)
        persons = [[Statement(**stated) for stated in person] for person in fields["persons"]]
        seen = if_match_version(request)
        identity_decide(patient=patient, persons=persons, reason=fields["reason"], by=user, seen=seen)
        return Response(_out(clashes.identity_group(patient)).model_dump(mode="json"))


urlpatterns = [
    path("identities", Identities.as_view()),
    path("identities/<uuid:id>/decide", IdentityDecide.as_view()),
]
