"""The worklist: its rows, its filters, and the next case."""

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
from annotations.models import Workitem
from annotations.selectors import WorklistFilter
from annotations.services.sights import Seen, What, sights_note
from core.access import project_for
from core.models import User
from inference.outlook import AnswerState
from webapp.api.answers import CaseAnswerOut, with_answers
from webapp.api.base import caller, cursor_text, cursor_values, page_limit
from webapp.api.projects import PersonOut


class WorkitemStudyOut(serializers.Serializer[Any]):
    """What the worklist shows of a study."""

    study_instance_uid = serializers.CharField()
    patient_name = serializers.CharField()
    patient_id = serializers.CharField()
    patient_birth_date = serializers.DateField(allow_null=True)
    patient_sex = serializers.CharField()
    patient_age = serializers.CharField()
    study_date = serializers.DateField(allow_null=True)
    study_description = serializers.CharField()
    accession_number = serializers.CharField()
    modalities = serializers.ListField(child=serializers.CharField())
    body_parts = serializers.ListField(child=serializers.CharField())
    instances = serializers.IntegerField()
    identity_clash = serializers.BooleanField(
        help_text="Studies under this Patient ID name different persons, and no admin has decided yet."
    )


class FindingCountsOut(serializers.Serializer[Any]):
    """People's findings, the model's (0 while hidden), and those nobody has judged yet."""

    own = serializers.IntegerField()
    ai = serializers.IntegerField()
    open = serializers.IntegerField()


class WorkitemRowOut(serializers.Serializer[Any]):
    """A work item in a list."""

    id = serializers.UUIDField()
    version = serializers.IntegerField()
    project = serializers.CharField()
    state = serializers.ChoiceField(choices=Workitem.State.choices)
    priority = serializers.IntegerField()
    ai_score = serializers.FloatField(allow_null=True)
    reader = PersonOut(allow_null=True)
    reviewer = PersonOut(allow_null=True)
    study = WorkitemStudyOut()
    finding_counts = FindingCountsOut()
    ai = CaseAnswerOut()
    grown_since_read = serializers.BooleanField(help_text="It has images that came after its reading was handed in.")
    updated_at = serializers.DateTimeField()
    submitted_at = serializers.DateTimeField(allow_null=True)


class WorkitemPageOut(serializers.Serializer[Any]):
    """A page of the worklist."""

    results = WorkitemRowOut(many=True)
    next_cursor = serializers.CharField(allow_null=True)
    count = serializers.IntegerField()


class WorklistIn(serializers.Serializer[Any]):
    """The filters of the worklist."""

    project = serializers.SlugField(required=False, allow_blank=True)
    state = serializers.CharField(required=False, allow_blank=True, max_length=80)
    modality = serializers.CharField(required=False, allow_blank=True, max_length=16)
    body_part = serializers.CharField(required=False, allow_blank=True, max_length=64)
    assignee = serializers.CharField(required=False, allow_blank=True, max_length=150)
    date_from = serializers.DateField(required=False)
    date_to = serializers.DateField(required=False)
    grown = serializers.BooleanField(required=False, help_text="Only cases with images that came after their reading.")
    q = serializers.CharField(required=False, allow_blank=True, max_length=200)
    ordering = serializers.CharField(required=False, max_length=40)


class WorklistQueryIn(WorklistIn):
    """Filters, place and length of a page."""

    cursor = serializers.CharField(required=False)
    limit = serializers.IntegerField(required=False, min_value=1, max_value=500)


class NextWorkitemIn(serializers.Serializer[Any]):
    """Where to go on from."""

    project = serializers.SlugField(required=False, allow_blank=True)
    after = serializers.UUIDField(required=False)
    mode = serializers.ChoiceField(choices=["read", "review"], default="read")


def cases_sent(user: User, rows: list[dict[str, Any]]) -> None:
    """Note which of these cases say something of a model to a user who reads them."""
    sights_note(user, {row["id"]: _of_models(row) for row in rows})


def _of_models(row: dict[str, Any]) -> list[Seen]:
    told = (AnswerState.FOUND, AnswerState.NOTHING_FOUND)
    seen: list[Seen] = [(What.SCORE, "")] if row["ai_score"] is not None else []
    if row["ai"]["state"] in told or row["finding_counts"]["ai"]:
        seen.append((What.ANSWER, ""))
    answers = [one for one in row.get("ai_answers", []) if one["state"] in told and one["prediction_id"]]
    return seen + [(What.ANSWER, str(one["prediction_id"])) for one in answers]


class Workitems(APIView):
    """The caller's worklist."""

    @extend_schema(operation_id="workitems_list", parameters=[WorklistQueryIn], responses=WorkitemPageOut)
    def get(self, request: Request) -> Response:
        """Return one page; ``state`` takes several, separated by commas."""
        filters = WorklistIn(data=request.query_params)
        filters.is_valid(raise_exception=True)
        cursor = request.query_params.get("cursor")
        page = selectors.worklist_page(
            caller(request),
            WorklistFilter(**filters.validated_data),
            limit=page_limit(request.query_params),
            after=cursor_values(cursor) if cursor else None,
        )
        following = cursor_text(page.following) if page.following else None
        rows = with_answers(page.rows)
        cases_sent(caller(request), rows)
        return Response(WorkitemPageOut({"results": rows, "next_cursor": following, "count": page.count}).data)


class WorkitemNext(APIView):
    """The next study."""

    @extend_schema(
        operation_id="workitems_next", parameters=[NextWorkitemIn], responses={200: WorkitemRowOut, 204: None}
    )
    def get(self, request: Request) -> Response:
        """Return the next study to read or to review after a given one; 204 when there is none."""
        wanted = NextWorkitemIn(data=request.query_params)
        wanted.is_valid(raise_exception=True)
        user, fields = caller(request), wanted.validated_data
        slug, after = fields.get("project"), fields.get("after")
        row = selectors.workitem_next(
            user,
            mode=fields["mode"],
            project=project_for(user, "workitem.read", slug=slug) if slug else None,
            after=access_workitem(user, "workitem.read", id=after) if after else None,
        )
        if row is None:
            return Response(status=204)
        (shown,) = with_answers([row])
        cases_sent(user, [shown])
        return Response(WorkitemRowOut(shown).data)


urlpatterns = [
    path("workitems", Workitems.as_view()),
    path("workitems/next", WorkitemNext.as_view()),
]
