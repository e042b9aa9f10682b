"""One series laid onto another: asked for, looked at, accepted or rejected."""

from __future__ import annotations

import zlib
from typing import Any

from django.http import HttpResponse
from django.urls import path
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from annotations.access import access_workitem
from imaging.access import READ, access_series
from imaging.dicomweb.door import note_read
from inference.access import access_registration, registrations_of
from inference.alignable import pairs_offered
from inference.models import Registration, RegistrationDecision
from inference.registrations import frame_deflated, registration_json
from inference.services.registrations import registration_cancel, registration_decide, registration_request
from webapp.api.base import IF_MATCH, caller, checked, if_match_version
from webapp.api.projects import PersonOut

METHODS = ("rigid", "affine", "deformable")


class AlignedSeriesOut(serializers.Serializer[Any]):
    """What tells a series from the others of a patient."""

    study_instance_uid = serializers.CharField()
    study_date = serializers.DateField(allow_null=True)
    study_description = serializers.CharField(allow_blank=True)
    series_instance_uid = serializers.CharField()
    series_number = serializers.IntegerField(allow_null=True)
    series_description = serializers.CharField(allow_blank=True)
    modality = serializers.CharField()
    slices = serializers.IntegerField()


class AlignableSeriesOut(AlignedSeriesOut):
    """A series, and the sentence that says why it cannot be aligned; "" where it can."""

    why_not = serializers.CharField(allow_blank=True)


class AlignablePairsOut(serializers.Serializer[Any]):
    """The series of the case that may stay, and those of the same patient number that may be laid onto them."""

    fixed = AlignableSeriesOut(many=True)
    moving = AlignableSeriesOut(many=True)


class LikenessOut(serializers.Serializer[Any]):
    """How alike two volumes are where both are."""

    correlation = serializers.FloatField(help_text="Of their values, -1..1.")
    local_correlation = serializers.FloatField(help_text="Mean square of the correlation in small windows, 0..1.")
    mutual_information = serializers.FloatField(help_text="Nats.")
    covered = serializers.FloatField(help_text="Share of the fixed body within the moving volume, 0..1.")


class RegistrationNumbersOut(serializers.Serializer[Any]):
    """What is known of an alignment; lengths in mm. ``before`` is null where the two do not meet as they lie."""

    before = LikenessOut(allow_null=True)
    rigid = LikenessOut()
    after = LikenessOut()
    moved_mm_mean = serializers.FloatField()
    moved_mm_p95 = serializers.FloatField()
    bent_mm_mean = serializers.FloatField()
    bent_mm_p95 = serializers.FloatField()
    volume_change = serializers.FloatField()
    jacobian_p5 = serializers.FloatField()
    jacobian_p95 = serializers.FloatField()
    folded_share = serializers.FloatField()
    inconsistency_mm_mean = serializers.FloatField()
    inconsistency_mm_p95 = serializers.FloatField()


class MovedRangeOut(serializers.Serializer[Any]):
    """The 1st and 99th percentile of the laid series' values."""

    low = serializers.FloatField()
    high = serializers.FloatField()


class RegistrationVerdictOut(serializers.Serializer[Any]):
    """What the computation itself says of it, with its reasons."""

    standing = serializers.ChoiceField(choices=["aligned", "not_convincing", "wrong_patient"])
    reasons = serializers.ListField(child=serializers.CharField())


class RegistrationSettingsOut(serializers.Serializer[Any]):
    """How it was found; nothing before it is finished."""

    method = serializers.ChoiceField(choices=METHODS, required=False)
    similarity = serializers.ChoiceField(choices=["local_correlation", "mutual_information"], required=False)


class RegistrationDecisionOut(serializers.Serializer[Any]):
    """A person's word on it."""

    number = serializers.IntegerField()
    word = serializers.ChoiceField(choices=RegistrationDecision.Word.choices)
    reason = serializers.CharField(allow_blank=True)
    decided_by = PersonOut()
    created_at = serializers.DateTimeField()


class RegistrationOut(serializers.Serializer[Any]):
    """An alignment. Nobody uses it before its latest ``word`` is accepted and while it is not ``outdated``."""

    id = serializers.UUIDField()
    workitem_id = serializers.UUIDField()
    fixed = AlignedSeriesOut()
    moving = AlignedSeriesOut()
    method = serializers.ChoiceField(choices=METHODS)
    state = serializers.ChoiceField(choices=Registration.State.choices)
    said_to_be_one_person = serializers.BooleanField()
    phase = serializers.ChoiceField(choices=["", "waiting", "loading", "aligning", "storing"])
    share = serializers.FloatField(allow_null=True)
    settings = RegistrationSettingsOut()
    numbers = RegistrationNumbersOut(allow_null=True)
    verdict = RegistrationVerdictOut(allow_null=True)
    moved_range = MovedRangeOut(allow_null=True)
    word = serializers.ChoiceField(choices=RegistrationDecision.Word.choices, allow_null=True)
    decisions = RegistrationDecisionOut(many=True)
    outdated = serializers.BooleanField(help_text="A series has other images now.")
    error_code = serializers.CharField(allow_blank=True)
    requested_by = PersonOut(allow_null=True)
    created_at = serializers.DateTimeField()
    finished_at = serializers.DateTimeField(allow_null=True)


class RegistrationIn(serializers.Serializer[Any]):
    """Which series stays, which is laid onto it, and how."""

    fixed = serializers.CharField(max_length=64, help_text="Series Instance UID, of the case's study.")
    moving = serializers.CharField(max_length=64, help_text="Series Instance UID.")
    method = serializers.ChoiceField(choices=METHODS)
    said_to_be_one_person = serializers.BooleanField(
        default=False, help_text="Needed where the two studies have different patient numbers."
    )


class RegistrationDecideIn(serializers.Serializer[Any]):
    """A word, and why: needed to reject, to accept what is not called aligned, and to change an earlier word."""

    word = serializers.ChoiceField(choices=RegistrationDecision.Word.choices)
    reason = serializers.CharField(max_length=2000, allow_blank=True, default="")


class WorkitemAlignable(APIView):
    """What can be aligned in a case."""

    @extend_schema(operation_id="workitem_alignable", responses=AlignablePairsOut)
    def get(self, request: Request, id: str) -> Response:
        """Return the series that may stay and those that may be laid onto them, each with why not."""
        workitem = access_workitem(caller(request), "prediction.request", id=id)
        return Response(AlignablePairsOut(pairs_offered(workitem, caller(request))).data)


class WorkitemRegistrations(APIView):
    """The alignments of a case."""

    @extend_schema(operation_id="registrations_list", responses=RegistrationOut(many=True))
    def get(self, request: Request, id: str) -> Response:
        """Return the alignments onto series of the case, the newest first."""
        workitem = access_workitem(caller(request), "workitem.read", id=id)
        rows = [registration_json(one) for one in registrations_of(workitem, caller(request))]
        return Response(RegistrationOut(rows, many=True).data)

    @extend_schema(
        operation_id="registration_request",
        request=RegistrationIn,
        responses={200: RegistrationOut, 202: RegistrationOut},
    )
    def post(self, request: Request, id: str) -> Response:
        """Ask for an alignment; the same question gives the same one. 202 while it is computed."""
        user = caller(request)
        workitem, asked = access_workitem(user, "prediction.request", id=id), checked(RegistrationIn, request)
        for which in ("fixed", "moving"):
            asked[which] = access_series(user, READ, series_instance_uid=asked[which])
        made = registration_request(workitem=workitem, requested_by=user, **asked)
        finished = made.state == Registration.State.FINISHED
        return Response(RegistrationOut(registration_json(made)).data, status=200 if finished else 202)


class RegistrationDetail(APIView):
    """One alignment."""

    @extend_schema(operation_id="registration_read", responses=RegistrationOut)
    def get(self, request: Request, id: str) -> Response:
        """Return its state, its numbers, what they are worth, and what people said of it."""
        found = access_registration(caller(request), "workitem.read", id=id)
        return Response(RegistrationOut(registration_json(found)).data)


class RegistrationCancel(APIView):
    """Stopping one."""

    @extend_schema(operation_id="registration_cancel", request=None, responses=RegistrationOut)
    def post(self, request: Request, id: str) -> Response:
        """Stop an alignment that waits or runs."""
        found = access_registration(caller(request), "prediction.request", id=id)
        stopped = registration_cancel(registration=found, by=caller(request))
        return Response(RegistrationOut(registration_json(stopped)).data)


class RegistrationDecide(APIView):
    """A person's word on one."""

    @extend_schema(
        operation_id="registration_decide",
        parameters=[IF_MATCH],
        request=RegistrationDecideIn,
        responses={201: RegistrationOut},
    )
    def post(self, request: Request, id: str) -> Response:
        """Accept or reject it; If-Match names how many decisions about it were seen (0 before the first)."""
        found = access_registration(caller(request), "finding.write", id=id)
        fields, seen = checked(RegistrationDecideIn, request), if_match_version(request)
        registration_decide(registration=found, by=caller(request), seen=seen, **fields)
        again = access_registration(caller(request), "finding.write", id=id)
        return Response(RegistrationOut(registration_json(again)).data, status=201)


class RegistrationFrame(APIView):
    """What an alignment has on one image of the fixed series."""

    what = "moved"

    def _answer(self, request: Request, id: str, instance: str, frame: int) -> HttpResponse:
        found = access_registration(caller(request), "workitem.read", id=id)
        for series in (found.fixed, found.moving):
            note_read(caller(request), series)
        content = frame_deflated(found, self.what, instance, frame)
        deflated = "deflate" in request.headers.get("Accept-Encoding", "")
        body = content if deflated else zlib.decompress(content)
        response = HttpResponse(body, content_type="application/octet-stream")
        if deflated:
            response["Content-Encoding"] = "deflate"
        response["Cache-Control"], response["Vary"] = "private, no-store", "Accept-Encoding, Cookie, Authorization"
        return response


class RegistrationMoved(RegistrationFrame):
    """The moving series on one image of the fixed one."""

    @extend_schema(
        operation_id="registration_moved", responses={(200, "application/octet-stream"): OpenApiTypes.BINARY}
    )
    def get(self, request: Request, id: str, instance: str, frame: int) -> HttpResponse:
        """Return its modality values on the image's pixels: little endian floats of 32 bits, NaN where it has none."""
        return self._answer(request, id, instance, frame)


class RegistrationInconsistency(RegistrationFrame):
    """How far forth and back disagree on one image of the fixed series."""

    what = "inconsistency"

    @extend_schema(
        operation_id="registration_inconsistency", responses={(200, "application/octet-stream"): OpenApiTypes.BINARY}
    )
    def get(self, request: Request, id: str, instance: str, frame: int) -> HttpResponse:
        """Return millimetres on the image's pixels: little endian floats of 32 bits, NaN where nothing is known."""
        return self._answer(request, id, instance, frame)


_FRAME = "registrations/<uuid:id>/instances/<str:instance>/frames/<int:frame>"

urlpatterns = [
    path("workitems/<uuid:id>/alignable", WorkitemAlignable.as_view()),
    path("workitems/<uuid:id>/registrations", WorkitemRegistrations.as_view()),
    path("registrations/<uuid:id>", RegistrationDetail.as_view()),
    path("registrations/<uuid:id>/cancel", RegistrationCancel.as_view()),
    path("registrations/<uuid:id>/decide", RegistrationDecide.as_view()),
    path(f"{_FRAME}/moved", RegistrationMoved.as_view()),
    path(f"{_FRAME}/inconsistency", RegistrationInconsistency.as_view()),
]
