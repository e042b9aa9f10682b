"""Second, blind readings: which cases the locked test lacks for want of one, who could give it, and asking for it."""

from __future__ import annotations

from typing import Any

from django.urls import path
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from annotations.access import access_person, access_snapshot_request, access_workitem
from annotations.dataset.settling import Unsettled
from annotations.selectors.second_readings import blind_readings_json
from annotations.services.sights import Seen, What, sights_note
from annotations.services.workitems import workitem_read_again
from webapp.api.base import IF_MATCH, caller, checked, etag, if_match_version
from webapp.api.projects import PersonOut

#: Why a person is nobody to read a case a second time.
_REFUSALS = ("second_reader_read_it", "second_reader_saw_model", "second_reader_saw_reading")


class BlindReadingCaseOut(serializers.Serializer[Any]):
    """A signed-off case of a test patient that lacks a blind reading."""

    id = serializers.UUIDField()
    version = serializers.IntegerField()
    patient_id = serializers.CharField(allow_blank=True)
    study_date = serializers.DateField(allow_null=True)
    study_description = serializers.CharField(allow_blank=True)
    why = serializers.DictField(
        child=serializers.ChoiceField(choices=[str(one) for one in Unsettled]), help_text="By label key."
    )
    readers = PersonOut(many=True)
    refused = serializers.DictField(
        child=serializers.ChoiceField(choices=_REFUSALS), help_text="By a person's id: why they cannot read it blind."
    )


class BlindReadingsOut(serializers.Serializer[Any]):
    """What is lacking; ``count`` may be more than the cases that are named."""

    count = serializers.IntegerField()
    cases = BlindReadingCaseOut(many=True)
    people = PersonOut(many=True)


class ReadAgainIn(serializers.Serializer[Any]):
    """Who is to read the case again, and why."""

    reader = serializers.UUIDField()
    reason = serializers.CharField(allow_blank=True, max_length=500)


class ReadAgainOut(serializers.Serializer[Any]):
    """The case as it stands then."""

    id = serializers.UUIDField()
    version = serializers.IntegerField()
    state = serializers.CharField()


def _of_models(case: dict[str, Any]) -> list[Seen]:
    """That a nod is all there is says that a model has found it."""
    nods = {Unsettled.TEST_NODDED_AT, Unsettled.TEST_BY_HABIT}
    return [(What.ANSWER, "")] if nods & set(case["why"].values()) else []


class BlindReadings(APIView):
    """What a preview found to lack a blind reading."""

    @extend_schema(operation_id="blind_readings_list", responses=BlindReadingsOut)
    def get(self, request: Request, id: str) -> Response:
        """List the cases of test patients that a blind reading would bring into the locked test, and who could read."""
        row = access_snapshot_request(caller(request), "snapshot.freeze", id=id)
        shown = blind_readings_json(row)
        sights_note(caller(request), {case["id"]: _of_models(case) for case in shown["cases"]})
        return Response(BlindReadingsOut(shown).data)


class WorkitemReadAgain(APIView):
    """A second reading."""

    @extend_schema(
        operation_id="workitems_read_again", parameters=[IF_MATCH], request=ReadAgainIn, responses=ReadAgainOut
    )
    def post(self, request: Request, id: str) -> Response:
        """Give a signed-off case to another person who has not seen what was said of it (admins of the project)."""
        user = caller(request)
        workitem = access_workitem(user, "project.change", id=id)
        version, fields = if_match_version(request), checked(ReadAgainIn, request)
        reader = access_person(user, project=workitem.project, id=fields["reader"])
        again = workitem_read_again(workitem=workitem, reader=reader, by=user, version=version, reason=fields["reason"])
        return Response(ReadAgainOut(again).data, headers=etag(again.version))


urlpatterns = [
    path("snapshot-requests/<uuid:id>/blind-readings", BlindReadings.as_view()),
    path("workitems/<uuid:id>/read-again", WorkitemReadAgain.as_view()),
]
