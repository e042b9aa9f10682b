"""Several numbers, one person? Pairs of patients that count as one, why, and what an admin decides about them."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from django.urls import path
from drf_spectacular.utils import extend_schema
from pydantic import BaseModel, ConfigDict
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from core import access
from imaging import clashes
from imaging.models import Patient, SamePersonDecision
from imaging.one_person import PairOfNumbers, pairs_of_numbers
from imaging.services.one_person import same_person_decide
from webapp.api.base import IF_MATCH, caller, checked, if_match_version
from webapp.api.identities import StatementOut


class _Out(BaseModel):
    model_config = ConfigDict(from_attributes=True, json_schema_serialization_defaults_required=True)


class NumberOut(_Out):
    """One patient number and what was sent under it."""

    id: UUID
    patient_id: str
    issuer_of_patient_id: str
    statements: list[StatementOut]
    studies: int


class SamePersonDecisionOut(_Out):
    """What somebody decided."""

    verdict: str
    reason: str
    decided_by: str
    created_at: datetime


class PairOfNumbersOut(_Out):
    """Two numbers, why they count as one person's, and what was decided; ``version`` moves with decisions."""

    first: NumberOut
    second: NumberOut
    reasons: list[str]
    version: int
    decisions: list[SamePersonDecisionOut]


class PairsOfNumbersOut(_Out):
    """Pairs."""

    results: list[PairOfNumbersOut]


class SamePersonIn(serializers.Serializer[Any]):
    """Two rows of patients, and whether they are one person."""

    first = serializers.UUIDField()
    second = serializers.UUIDField()
    verdict = serializers.ChoiceField(choices=SamePersonDecision.Verdict.choices)
    reason = serializers.CharField(max_length=500)


def _number(patient: Patient, pair: PairOfNumbers) -> NumberOut:
    return NumberOut(
        id=patient.pk,
        patient_id=patient.patient_id,
        issuer_of_patient_id=patient.issuer_of_patient_id,
        statements=[StatementOut.model_validate(one) for one in pair.stated[patient.pk]],
        studies=pair.studies[patient.pk],
    )


def _out(pair: PairOfNumbers) -> PairOfNumbersOut:
    return PairOfNumbersOut(
        first=_number(pair.first, pair),
        second=_number(pair.second, pair),
        reasons=pair.reasons,
        version=len(pair.decisions),
        decisions=[
            SamePersonDecisionOut(
                verdict=one.verdict, reason=one.reason, decided_by=str(one.decided_by), created_at=one.created_at
            )
            for one in pair.decisions
        ],
    )


class SamePersons(APIView):
    """Pairs of patient numbers."""

    @extend_schema(operation_id="same_person_list", responses=PairsOfNumbersOut)
    def get(self, request: Request) -> Response:
        """List pairs that count as one person without anybody's word, then those that were decided about."""
        access.require_site(caller(request), "archive.decide")
        shown = PairsOfNumbersOut(results=[_out(pair) for pair in pairs_of_numbers()])
        return Response(shown.model_dump(mode="json"))


class SamePersonDecide(APIView):
    """A decision."""

    @extend_schema(
        operation_id="same_person_decide", parameters=[IF_MATCH], request=SamePersonIn, responses=PairsOfNumbersOut
    )
    def post(self, request: Request) -> Response:
        """Say whether two numbers are one person's; 412 where somebody decided meanwhile."""
        user = caller(request)
        access.require_site(user, "archive.decide")
        fields, seen = checked(SamePersonIn, request), if_match_version(request)
        first, second = (clashes.access_patient(fields[name]) for name in ("first", "second"))
        same_person_decide(
            first=first, second=second, verdict=fields["verdict"], reason=fields["reason"], by=user, seen=seen
        )
        shown = PairsOfNumbersOut(results=[_out(pair) for pair in pairs_of_numbers()])
        return Response(shown.model_dump(mode="json"))


urlpatterns = [
    path("same-person", SamePersons.as_view()),
    path("same-person/decide", SamePersonDecide.as_view()),
]
