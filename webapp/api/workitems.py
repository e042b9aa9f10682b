"""The worklist, and the life of one work item."""

from __future__ import annotations

from typing import Any

from django.urls import path
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from annotations import selectors
from annotations.access import access_workitem
from annotations.models import Workitem
from annotations.selectors import WorklistFilter
from annotations.services import workitems
from core.access import project_for
from core.models import User
from webapp.api.answers import AnswerOut, CaseAnswerOut, with_all_answers, with_answers
from webapp.api.base import caller, checked, cursor_text, cursor_values, etag, if_match_version, page_limit
from webapp.api.labels import LabelOut
from webapp.api.projects import PersonOut

IF_MATCH = OpenApiParameter("If-Match", str, OpenApiParameter.HEADER, required=True, description="The version, quoted.")


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
    updated_at = serializers.DateTimeField()
    submitted_at = serializers.DateTimeField(allow_null=True)


class WorkitemPageOut(serializers.Serializer[Any]):
    """A page of the worklist."""

    results = WorkitemRowOut(many=True)
    next_cursor = serializers.CharField(allow_null=True)
    count = serializers.IntegerField()


class SeriesOut(serializers.Serializer[Any]):
    """A series of the study being read."""

    series_instance_uid = serializers.CharField()
    modality = serializers.CharField()
    series_number = serializers.IntegerField(allow_null=True)
    series_description = serializers.CharField()
    instances = serializers.IntegerField()
    frames = serializers.IntegerField()
    displayable = serializers.BooleanField()
    kind = serializers.CharField(help_text="Of imaging.dicom.object_kinds: picture, document, report …")
    kind_words = serializers.CharField()
    geometry = serializers.DictField()


class NoticeOut(serializers.Serializer[Any]):
    """What a reader must know of the study: a stable code and a sentence."""

    code = serializers.CharField()
    message = serializers.CharField()


class WorkitemOut(WorkitemRowOut):
    """A work item with what a reading page needs."""

    notices = NoticeOut(many=True)
    series = SeriesOut(many=True)
    labels = LabelOut(many=True)
    instructions = serializers.CharField()
    reveal_ai = serializers.BooleanField()
    ai_answers = AnswerOut(many=True)
    may = serializers.DictField(child=serializers.BooleanField())
    events = serializers.ListField(child=serializers.CharField())
    remark = serializers.CharField()
    reading_seconds = serializers.IntegerField()


class WorklistIn(serializers.Serializer[Any]):
    """The filters of the worklist."""

    project = serializers.SlugField(required=False, allow_blank=True)
    state = serializers.CharField(required=False, allow_blank=True, max_length=80)
    modality = serializers.CharField(required=False, allow_blank=True, max_length=16)
    body_part = serializers.CharField(required=False, allow_blank=True, max_length=64)
    assignee = serializers.CharField(required=False, allow_blank=True, max_length=150)
    date_from = serializers.DateField(required=False)
    date_to = serializers.DateField(required=False)
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


class SubmitIn(serializers.Serializer[Any]):
    """How long it was read."""

    reading_seconds = serializers.IntegerField(min_value=0, max_value=86_400, default=0)


class DecideIn(serializers.Serializer[Any]):
    """The reviewer's decision about the whole reading."""

    event = serializers.ChoiceField(choices=["accept", "correct", "reject"])
    remark = serializers.CharField(allow_blank=True, default="", max_length=4000)


class ReopenIn(serializers.Serializer[Any]):
    """Why a sign-off is taken back."""

    reason = serializers.CharField(allow_blank=True, max_length=500)


def _answer(user: User, workitem: Workitem) -> Response:
    shown = with_all_answers(user, selectors.workitem_json(user, workitem))
    return Response(WorkitemOut(shown).data, headers=etag(workitem.version))


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
        rows = with_answers(caller(request), page.rows)
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
        return Response(WorkitemRowOut(with_answers(user, [row])[0]).data) if row else Response(status=204)


class WorkitemDetail(APIView):
    """One work item."""

    @extend_schema(operation_id="workitems_read", responses=WorkitemOut)
    def get(self, request: Request, id: str) -> Response:
        """Return it with its series, labels, and what the caller may do."""
        user = caller(request)
        return _answer(user, access_workitem(user, "workitem.read", id=id))


class WorkitemClaim(APIView):
    """Take a study."""

    @extend_schema(operation_id="workitems_claim", parameters=[IF_MATCH], request=None, responses=WorkitemOut)
    def post(self, request: Request, id: str) -> Response:
        """Claim an open study, or one's own that was sent back."""
        user = caller(request)
        workitem = access_workitem(user, "workitem.claim", id=id)
        return _answer(user, workitems.workitem_claim(workitem=workitem, by=user, version=if_match_version(request)))


class WorkitemRelease(APIView):
    """Give a study back."""

    @extend_schema(operation_id="workitems_release", parameters=[IF_MATCH], request=None, responses=WorkitemOut)
    def post(self, request: Request, id: str) -> Response:
        """Give a claimed study back to the worklist."""
        user = caller(request)
        workitem = access_workitem(user, "workitem.claim", id=id)
        return _answer(user, workitems.workitem_release(workitem=workitem, by=user, version=if_match_version(request)))


class WorkitemSubmit(APIView):
    """Hand in a reading."""

    @extend_schema(operation_id="workitems_submit", parameters=[IF_MATCH], request=SubmitIn, responses=WorkitemOut)
    def post(self, request: Request, id: str) -> Response:
        """Submit the reading for review."""
        user = caller(request)
        workitem = access_workitem(user, "workitem.claim", id=id)
        version, fields = if_match_version(request), checked(SubmitIn, request)
        return _answer(user, workitems.workitem_submit(workitem=workitem, by=user, version=version, **fields))


class WorkitemWithdraw(APIView):
    """Take a submission back."""

    @extend_schema(operation_id="workitems_withdraw", parameters=[IF_MATCH], request=None, responses=WorkitemOut)
    def post(self, request: Request, id: str) -> Response:
        """Go on with a submitted reading that nobody has decided yet."""
        user = caller(request)
        workitem = access_workitem(user, "workitem.claim", id=id)
        return _answer(user, workitems.workitem_withdraw(workitem=workitem, by=user, version=if_match_version(request)))


class WorkitemDecide(APIView):
    """Sign off, or send back."""

    @extend_schema(operation_id="workitems_decide", parameters=[IF_MATCH], request=DecideIn, responses=WorkitemOut)
    def post(self, request: Request, id: str) -> Response:
        """Accept, correct or reject the whole reading."""
        user = caller(request)
        workitem = access_workitem(user, "finding.review", id=id)
        version, fields = if_match_version(request), checked(DecideIn, request)
        return _answer(user, workitems.workitem_decide(workitem=workitem, by=user, version=version, **fields))


class WorkitemReopen(APIView):
    """Take a sign-off back."""

    @extend_schema(operation_id="workitems_reopen", parameters=[IF_MATCH], request=ReopenIn, responses=WorkitemOut)
    def post(self, request: Request, id: str) -> Response:
        """Reopen a signed-off study, with a reason (admins of the project)."""
        user = caller(request)
        workitem = access_workitem(user, "project.change", id=id)
        version, fields = if_match_version(request), checked(ReopenIn, request)
        return _answer(user, workitems.workitem_reopen(workitem=workitem, by=user, version=version, **fields))


urlpatterns = [
    path("workitems", Workitems.as_view()),
    path("workitems/next", WorkitemNext.as_view()),
    path("workitems/<uuid:id>", WorkitemDetail.as_view()),
    path("workitems/<uuid:id>/claim", WorkitemClaim.as_view()),
    path("workitems/<uuid:id>/release", WorkitemRelease.as_view()),
    path("workitems/<uuid:id>/submit", WorkitemSubmit.as_view()),
    path("workitems/<uuid:id>/withdraw", WorkitemWithdraw.as_view()),
    path("workitems/<uuid:id>/decide", WorkitemDecide.as_view()),
    path("workitems/<uuid:id>/reopen", WorkitemReopen.as_view()),
]
