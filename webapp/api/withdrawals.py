"""Whose cases teach no more: patients and readers, why, and what has learned from them already."""

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

from annotations.dataset.sides import Sides, sides_of_archive
from annotations.dataset.withheld import standing_withdrawals
from annotations.models import Withdrawal
from annotations.services.withdrawals import patient_withdraw, reader_withdraw
from core import access
from core.errors import NotFound
from core.models import User
from imaging.models import Study
from inference.learned_from import Traces, traces_of
from inference.models import ModelVersion
from webapp.api.base import caller, checked


class WithdrawalIn(serializers.Serializer[Any]):
    """Who (one of a study of the patient, or a reader), whether they teach no more or again, and why."""

    study_instance_uid = serializers.CharField(max_length=64, required=False)
    reader_id = serializers.UUIDField(required=False)
    withdrawn = serializers.BooleanField(default=True)
    reason = serializers.CharField(max_length=500)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """Ask for exactly one of both."""
        if ("study_instance_uid" in attrs) == ("reader_id" in attrs):
            raise serializers.ValidationError("Name a study of the patient, or a reader.")
        return attrs


class _Out(BaseModel):
    model_config = ConfigDict(json_schema_serialization_defaults_required=True)


class TracedSnapshotOut(_Out):
    """A dataset with images of theirs, by split."""

    id: UUID
    name: str
    project: str
    question: str
    label_keys: list[str]
    images: dict[str, int]


class TracedVersionOut(_Out):
    """A version that was trained on such a dataset, or begun with the weights of one that was."""

    id: UUID
    number: int
    state: str
    family_id: UUID
    family: str
    project: str
    snapshot_id: UUID | None
    started_from: int | None


class TracedReportOut(_Out):
    """A report made on such a dataset, or of such a version."""

    id: UUID
    version_number: int
    family: str


class WithdrawalOut(_Out):
    """Who teaches no more, and what has learned from them already: it stays in history."""

    id: UUID
    kind: str
    named: str
    study_instance_uid: str
    reader_id: UUID | None
    reason: str
    decided_by: str
    created_at: datetime
    snapshots: list[TracedSnapshotOut]
    versions: list[TracedVersionOut]
    without: list[TracedVersionOut]
    reports: list[TracedReportOut]


class WithdrawalsOut(_Out):
    """Everybody who teaches no more, newest first."""

    results: list[WithdrawalOut]


def _named(row: Withdrawal) -> str:
    if row.reader is not None:
        return row.reader.display_name or row.reader.username
    number = row.patient_number or {}
    return str(number.get("patient_id") or "A study without a Patient ID")


def _version(one: ModelVersion) -> TracedVersionOut:
    run = one.training_run
    return TracedVersionOut(
        id=one.pk, number=one.number, state=one.state, family_id=one.family_id, family=one.family.title,
        project=one.family.project.slug, snapshot_id=run.snapshot_id if run else None,
        started_from=run.parent.number if run and run.parent else None,
    )  # fmt: skip


def _out(row: Withdrawal, sides: Sides) -> WithdrawalOut:
    traces: Traces = traces_of(row, sides)
    return WithdrawalOut(
        id=row.pk,
        kind=row.kind,
        named=_named(row),
        study_instance_uid=next(iter(row.study_instance_uids), ""),
        reader_id=row.reader_id,
        reason=row.reason,
        decided_by=str(row.decided_by),
        created_at=row.created_at,
        snapshots=[
            TracedSnapshotOut(
                id=one.pk, name=one.name, project=one.project.slug, question=one.question, label_keys=one.label_keys,
                images=traces.images[str(one.pk)],
            )
            for one in traces.snapshots
        ],
        versions=[_version(one) for one in traces.versions],
        without=[_version(one) for one in traces.without],
        reports=[
            TracedReportOut(id=one.pk, version_number=one.version.number, family=one.version.family.title)
            for one in traces.reports
        ],
    )  # fmt: skip


class Withdrawals(APIView):
    """Who teaches no more."""

    @extend_schema(operation_id="withdrawals_list", responses=WithdrawalsOut)
    def get(self, request: Request) -> Response:
        """List everybody who teaches no more, with the datasets, versions and reports that learned from them."""
        access.require_site(caller(request), "archive.decide")
        rows, sides = reversed(standing_withdrawals()), sides_of_archive()
        return Response(WithdrawalsOut(results=[_out(row, sides) for row in rows]).model_dump(mode="json"))

    @extend_schema(operation_id="withdrawals_add", request=WithdrawalIn, responses={201: WithdrawalOut})
    def post(self, request: Request) -> Response:
        """Withdraw a patient or a reader's work from teaching, or let them teach again."""
        user = caller(request)
        access.require_site(user, "archive.decide")
        fields = checked(WithdrawalIn, request)
        said: dict[str, Any] = {"withdrawn": fields["withdrawn"], "reason": fields["reason"], "by": user}
        if "reader_id" in fields:
            row = reader_withdraw(reader=_reader(fields["reader_id"]), **said)
        else:
            row = patient_withdraw(patient=_study(fields["study_instance_uid"]).patient, **said)
        return Response(_out(row, sides_of_archive()).model_dump(mode="json"), status=201)


def _reader(id: UUID) -> User:
    found = User.objects.filter(pk=id).first()
    if found is None:
        raise NotFound("user_not_found", "There is no such user.")
    return found


def _study(uid: str) -> Study:
    found = Study.objects.select_related("patient").filter(study_instance_uid=uid).first()
    if found is None:
        raise NotFound("study_not_found", "There is no such study.")
    return found


urlpatterns = [path("withdrawals", Withdrawals.as_view())]
