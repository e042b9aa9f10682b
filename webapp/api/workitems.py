"""One work item: what a reading page needs, and each act of its life."""

from __future__ import annotations

from typing import Any

from django.urls import path
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from annotations import selectors
from annotations.access import access_person, access_workitem
from annotations.models import Reading, ReadingProtocol, Review, Step, Workitem
from annotations.services import answers, sign_off, workitems
from core.models import User
from inference.answers import model_says
from webapp.api.answers import AnswerOut, with_all_answers
from webapp.api.base import IF_MATCH, caller, checked, etag, if_match_version
from webapp.api.labels import LabelOut
from webapp.api.projects import PersonOut
from webapp.api.worklist import WorkitemRowOut, cases_sent


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
    outside_question = serializers.CharField(
        help_text="Which of its images are no part of the project's question, and why, in words; empty when all are."
    )
    geometry = serializers.DictField()


class NoticeOut(serializers.Serializer[Any]):
    """What a reader must know of the study: a stable code and a sentence."""

    code = serializers.CharField()
    message = serializers.CharField()


class WorkitemMayOut(serializers.Serializer[Any]):
    """What the caller may do with the work item now."""

    claim = serializers.BooleanField()
    release = serializers.BooleanField()
    assign = serializers.BooleanField()
    submit = serializers.BooleanField()
    withdraw = serializers.BooleanField()
    edit = serializers.BooleanField()
    review = serializers.BooleanField()
    decide = serializers.BooleanField()
    reopen = serializers.BooleanField()
    read_again = serializers.BooleanField()
    comment = serializers.BooleanField()


class RefusalOut(serializers.Serializer[Any]):
    """Why something may not be done now."""

    code = serializers.CharField()
    message = serializers.CharField()


class ReadingOut(serializers.Serializer[Any]):
    """One reader's reading of a case."""

    id = serializers.UUIDField()
    reader = PersonOut()
    state = serializers.ChoiceField(choices=Reading.State.choices)
    version = serializers.IntegerField()
    reveal = serializers.ChoiceField(choices=ReadingProtocol.Reveal.choices)
    blind = serializers.BooleanField(help_text="Nothing of a model could be seen before the answer.")
    revealed_at = serializers.DateTimeField(
        allow_null=True, help_text="When something of a model was first sent to the reader; null: never."
    )
    claimed_at = serializers.DateTimeField()
    submitted_at = serializers.DateTimeField(allow_null=True)
    abandoned_at = serializers.DateTimeField(allow_null=True)
    ending = serializers.ChoiceField(choices=Reading.Ending.choices, allow_blank=True)
    seconds = serializers.IntegerField()


class AnswersOut(serializers.Serializer[Any]):
    """Keys of the labels a reading must answer, and which of them the caller's reading has answered."""

    required = serializers.ListField(child=serializers.CharField())  # type: ignore[assignment]  # a field of ours
    answered = serializers.ListField(child=serializers.CharField())
    missing = serializers.ListField(child=serializers.CharField())


class ReopenedOut(serializers.Serializer[Any]):
    """Why and by whom a case was reopened that nobody has decided since."""

    reason = serializers.CharField()
    by = PersonOut(allow_null=True)
    at = serializers.DateTimeField()


class StepOut(serializers.Serializer[Any]):
    """One step in the life of a case."""

    version = serializers.IntegerField()
    kind = serializers.ChoiceField(choices=Step.Kind.choices)
    by = PersonOut(allow_null=True)
    reader = PersonOut(allow_null=True)
    finding_id = serializers.UUIDField(allow_null=True)
    remark = serializers.CharField()
    at = serializers.DateTimeField()


class HistoryOut(serializers.Serializer[Any]):
    """The readings of a case, abandoned ones too, and the steps of its life, oldest first."""

    readings = ReadingOut(many=True)
    steps = StepOut(many=True)


class RejectionOut(serializers.Serializer[Any]):
    """A reason for which a finding can be rejected, and what it says."""

    reason = serializers.ChoiceField(choices=Review.Reason.choices)
    words = serializers.CharField()


class WorkitemOut(WorkitemRowOut):
    """A work item with what a reading page needs; ``may`` and ``why_not`` are the rule book's, for the caller, now."""

    notices = NoticeOut(many=True)
    series = SeriesOut(many=True)
    labels = LabelOut(many=True)
    instructions = serializers.CharField()
    rejections = RejectionOut(many=True)
    reveal_ai = serializers.BooleanField()
    ai_answers = AnswerOut(many=True)
    may = WorkitemMayOut()
    why_not = serializers.DictField(child=RefusalOut())
    events = serializers.ListField(child=serializers.CharField())
    remark = serializers.CharField()
    reading_seconds = serializers.IntegerField()
    reading = ReadingOut(allow_null=True)
    answers = AnswersOut()
    round = serializers.IntegerField()
    reopened = ReopenedOut(allow_null=True)
    images_digest = serializers.CharField()
    images_since_read = serializers.IntegerField()


class SubmitIn(serializers.Serializer[Any]):
    """How long it was read; that nothing to be found is meant; which images the reader's page shows."""

    reading_seconds = serializers.IntegerField(min_value=0, max_value=86_400, default=0)
    nothing_found = serializers.BooleanField(default=False)
    images = serializers.CharField(required=False, max_length=64)


class DecideIn(serializers.Serializer[Any]):
    """The reviewer's decision about the whole reading."""

    event = serializers.ChoiceField(choices=["accept", "correct", "reject"])
    remark = serializers.CharField(allow_blank=True, default="", max_length=4000)
    images = serializers.CharField(required=False, max_length=64)


class AssignIn(serializers.Serializer[Any]):
    """Who is to read it."""

    reader = serializers.UUIDField()


class ReopenIn(serializers.Serializer[Any]):
    """Why a sign-off is taken back."""

    reason = serializers.CharField(allow_blank=True, max_length=500)


def _answer(user: User, workitem: Workitem) -> Response:
    shown = with_all_answers(selectors.workitem_json(user, workitem))
    cases_sent(user, [shown])
    return Response(WorkitemOut(shown).data, headers=etag(workitem.version))


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


class WorkitemAssign(APIView):
    """Give a study to a reader."""

    @extend_schema(operation_id="workitems_assign", parameters=[IF_MATCH], request=AssignIn, responses=WorkitemOut)
    def post(self, request: Request, id: str) -> Response:
        """Give a study to a reader, or take it over (admins of the project); what was begun is abandoned."""
        user = caller(request)
        workitem = access_workitem(user, "project.change", id=id)
        version = if_match_version(request)
        reader = access_person(user, project=workitem.project, id=checked(AssignIn, request)["reader"])
        return _answer(user, workitems.workitem_assign(workitem=workitem, reader=reader, by=user, version=version))


class WorkitemAllNegative(APIView):
    """All unanswered labels at once."""

    @extend_schema(operation_id="workitems_all_negative", request=None, responses=WorkitemOut)
    def post(self, request: Request, id: str) -> Response:
        """Answer every required label that has no answer yet with absent."""
        user = caller(request)
        workitem = access_workitem(user, "finding.write", id=id)
        answers.answers_all_negative(workitem=workitem, author=user)
        return _answer(user, access_workitem(user, "workitem.read", id=id))


class WorkitemHistory(APIView):
    """What happened to a study."""

    @extend_schema(operation_id="workitems_history", responses=HistoryOut)
    def get(self, request: Request, id: str) -> Response:
        """Return its readings, and the steps of its life that the caller may know of."""
        user = caller(request)
        workitem = access_workitem(user, "workitem.read", id=id)
        shown = {"readings": selectors.readings_json(workitem), "steps": selectors.steps_json(user, workitem)}
        return Response(HistoryOut(shown).data)


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
        fields["model_says"] = model_says(workitem)
        return _answer(user, sign_off.workitem_decide(workitem=workitem, by=user, version=version, **fields))


class WorkitemReopen(APIView):
    """Take a sign-off back."""

    @extend_schema(operation_id="workitems_reopen", parameters=[IF_MATCH], request=ReopenIn, responses=WorkitemOut)
    def post(self, request: Request, id: str) -> Response:
        """Reopen a signed-off study, with a reason (admins of the project)."""
        user = caller(request)
        workitem = access_workitem(user, "project.change", id=id)
        version, fields = if_match_version(request), checked(ReopenIn, request)
        return _answer(user, sign_off.workitem_reopen(workitem=workitem, by=user, version=version, **fields))


urlpatterns = [
    path("workitems/<uuid:id>", WorkitemDetail.as_view()),
    path("workitems/<uuid:id>/claim", WorkitemClaim.as_view()),
    path("workitems/<uuid:id>/release", WorkitemRelease.as_view()),
    path("workitems/<uuid:id>/assign", WorkitemAssign.as_view()),
    path("workitems/<uuid:id>/all-negative", WorkitemAllNegative.as_view()),
    path("workitems/<uuid:id>/history", WorkitemHistory.as_view()),
    path("workitems/<uuid:id>/submit", WorkitemSubmit.as_view()),
    path("workitems/<uuid:id>/withdraw", WorkitemWithdraw.as_view()),
    path("workitems/<uuid:id>/decide", WorkitemDecide.as_view()),
    path("workitems/<uuid:id>/reopen", WorkitemReopen.as_view()),
]
