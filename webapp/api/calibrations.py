"""Calibrations by hand of a case."""

from __future__ import annotations

from typing import Any

from django.urls import path
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from annotations.access import access_workitem
from annotations.selectors.calibrations import calibration_json, calibrations_json
from annotations.services.calibrations import calibration_add, calibration_withdraw
from webapp.api.base import caller, checked
from webapp.api.projects import PersonOut


class PointField(serializers.ListField):
    """(column, row) in pixels, (0, 0) at the centre of the first pixel."""

    child = serializers.FloatField()


class CalibrationIn(serializers.Serializer[Any]):
    """A line on an image and how long it really is."""

    sop_instance_uid = serializers.CharField(max_length=64)
    frame_number = serializers.IntegerField(min_value=1, default=1)
    points = serializers.ListField(child=PointField(min_length=2, max_length=2), min_length=2, max_length=2)
    length_mm = serializers.FloatField()
    whole_series = serializers.BooleanField(default=False)


class CalibratedSpacingOut(serializers.Serializer[Any]):
    """The distance of pixels that a calibration gives (see the spacing of a frame's facts)."""

    mm = serializers.ListField(child=serializers.FloatField(), min_length=2, max_length=2)
    source = serializers.CharField()  # type: ignore[assignment]  # a declared field is no attribute of the class
    words = serializers.CharField()
    aspect = serializers.ListField(child=serializers.FloatField(), min_length=2, max_length=2)


class CalibrationOut(serializers.Serializer[Any]):
    """A calibration that holds: for one image, or for every image of its size in the series."""

    id = serializers.UUIDField()
    series_instance_uid = serializers.CharField()
    sop_instance_uid = serializers.CharField()
    frame_number = serializers.IntegerField()
    whole_series = serializers.BooleanField()
    sop_instance_uids = serializers.ListField(
        child=serializers.CharField(), help_text="The images that are measured by it now."
    )
    points = serializers.ListField(child=PointField())
    length_mm = serializers.FloatField(allow_null=True)
    rows = serializers.IntegerField()
    columns = serializers.IntegerField()
    spacing = CalibratedSpacingOut()
    author = PersonOut()
    created_at = serializers.DateTimeField()


class WorkitemCalibrations(APIView):
    """What was calibrated by hand in a case."""

    @extend_schema(operation_id="calibrations_list", responses=CalibrationOut(many=True))
    def get(self, request: Request, id: str) -> Response:
        """List the calibrations that hold, oldest first."""
        workitem = access_workitem(caller(request), "workitem.read", id=id)
        return Response(CalibrationOut(calibrations_json(workitem), many=True).data)

    @extend_schema(operation_id="calibration_add", request=CalibrationIn, responses={201: CalibrationOut})
    def post(self, request: Request, id: str) -> Response:
        """Say how long a drawn line is; the author's own measures are taken again."""
        user = caller(request)
        workitem = access_workitem(user, "finding.write", id=id)
        row = calibration_add(workitem=workitem, author=user, **checked(CalibrationIn, request))
        return Response(CalibrationOut(calibration_json(row)).data, status=201)


class WorkitemCalibration(APIView):
    """One calibration."""

    @extend_schema(operation_id="calibration_withdraw", request=None, responses={204: None})
    def delete(self, request: Request, id: str, calibration_id: Any) -> Response:
        """Withdraw it; what was measured by it is measured as the image says again."""
        user = caller(request)
        workitem = access_workitem(user, "finding.write", id=id)
        calibration_withdraw(workitem=workitem, author=user, calibration_id=calibration_id)
        return Response(status=204)


urlpatterns = [
    path("workitems/<uuid:id>/calibrations", WorkitemCalibrations.as_view()),
    path("workitems/<uuid:id>/calibrations/<uuid:calibration_id>", WorkitemCalibration.as_view()),
]
