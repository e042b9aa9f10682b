"""Evaluation reports: how a version did on locked test cases, beside the live one."""

from __future__ import annotations

from typing import Any, cast, get_args

from django.urls import path
from drf_spectacular.utils import extend_schema, extend_schema_field
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from annotations.access import access_snapshot
from annotations.services.sights import What, sights_note
from inference import selectors
from inference.access import access_report, access_version
from inference.engine.gaze_report import PictureKind
from inference.engine.kept import ExampleKind
from inference.engine.report import Evaluation, Gate
from inference.examples import examples_json, gaze_examples_json
from inference.services.evaluation import evaluation_request
from webapp.api.base import caller, checked
from webapp.api.models import ModelSnapshotOut, ReportRowOut, ShortVersionOut
from webapp.api.system import JobOut


class ReportVersionOut(ShortVersionOut):
    """The version that a report is about."""

    family_id = serializers.UUIDField()
    family_slug = serializers.CharField()
    family_title = serializers.CharField()
    recipe = serializers.CharField()
    project = serializers.CharField()


# spectacular reads pydantic models; its type stubs do not say so.
@extend_schema_field(cast("Any", Evaluation))
class EvaluationField(serializers.JSONField):
    """The figures as they were kept."""


@extend_schema_field(cast("Any", Gate))
class GateField(serializers.JSONField):
    """The gate's verdict as it was kept."""


class ReportOut(serializers.Serializer[Any]):
    """A report, the live version's beside it, and what the gate says. Shapes: ``inference.engine.report``."""

    id = serializers.UUIDField()
    created_at = serializers.DateTimeField()
    version = ReportVersionOut()
    compared_with = ShortVersionOut(allow_null=True)
    snapshot = ModelSnapshotOut()
    report = EvaluationField()
    compared_report = EvaluationField(allow_null=True)
    gate = GateField()
    look = serializers.IntegerField(allow_null=True)
    look_sentence = serializers.CharField()
    held_out_sentence = serializers.CharField()
    operating_point_sentence = serializers.CharField()
    place_sentences = serializers.DictField(child=serializers.ListField(child=serializers.CharField()))
    digest = serializers.CharField()
    outputs_digest = serializers.CharField()
    is_current = serializers.BooleanField()


class ExamplePictureOut(serializers.Serializer[Any]):
    """The image and slice on which an example is shown; ``pixel_aspect`` is a pixel's height by its width."""

    study_instance_uid = serializers.CharField()
    series_instance_uid = serializers.CharField()
    sop_instance_uid = serializers.CharField()
    frame_number = serializers.IntegerField()
    pixel_aspect = serializers.FloatField()
    rows = serializers.IntegerField()
    columns = serializers.IntegerField()
    slice = serializers.IntegerField()
    slices = serializers.IntegerField()


def _lines() -> serializers.ListField:
    """Closed lines of [column, row] points; (0, 0) is the centre of the first pixel."""
    point = serializers.ListField(child=serializers.FloatField(), min_length=2, max_length=2)
    return serializers.ListField(child=serializers.ListField(child=point))


class ReportExampleOut(serializers.Serializer[Any]):
    """A test case with masks or boxes, true and said, as it was judged. ``why`` says why there is no picture."""

    label_key = serializers.CharField()
    shown_as = serializers.ChoiceField(choices=get_args(ExampleKind))
    missed = serializers.BooleanField(help_text="Something is there, and nothing of it was found.")
    dice = serializers.FloatField(allow_null=True)
    hd95 = serializers.FloatField(allow_null=True)
    volume_true = serializers.FloatField(allow_null=True)
    volume_predicted = serializers.FloatField(allow_null=True)
    marked = serializers.IntegerField(allow_null=True, help_text="Of boxes: the true ones.")
    found = serializers.IntegerField(allow_null=True, help_text="Of boxes: the true ones that were hit.")
    beside = serializers.IntegerField(allow_null=True, help_text="Of boxes: the false ones.")
    unit = serializers.CharField()
    extent_unit = serializers.CharField()
    picture = ExamplePictureOut(allow_null=True)
    truth = _lines()
    model = _lines()
    workitem_id = serializers.UUIDField(allow_null=True)
    why = serializers.CharField()


class GazePictureOut(serializers.Serializer[Any]):
    """A picture as the model got it, and what it said of it; ``png`` is in base64."""

    kind = serializers.ChoiceField(choices=get_args(PictureKind))
    words = serializers.CharField()
    logit = serializers.FloatField()
    probability = serializers.FloatField()
    png = serializers.CharField()


class GazeExampleOut(serializers.Serializer[Any]):
    """A case that tells where a version looks. ``why`` says why there are no pictures."""

    label_key = serializers.CharField()
    words = serializers.CharField()
    pictures = GazePictureOut(many=True)
    workitem_id = serializers.UUIDField(allow_null=True)
    why = serializers.CharField()


class EvaluateIn(serializers.Serializer[Any]):
    """On which dataset's test split; that of the version's training when left out."""

    snapshot_id = serializers.UUIDField(required=False, allow_null=True)


class VersionReports(APIView):
    """The reports of a version."""

    @extend_schema(operation_id="reports_list", responses=ReportRowOut(many=True))
    def get(self, request: Request, id: str) -> Response:
        """List them, newest first."""
        version = access_version(caller(request), "model.read", id=id)
        rows = version.reports.select_related("compared_with").order_by("-created_at")
        return Response(ReportRowOut([selectors.report_row_json(row) for row in rows], many=True).data)


class VersionEvaluate(APIView):
    """A new report."""

    @extend_schema(operation_id="versions_evaluate", request=EvaluateIn, responses={202: JobOut})
    def post(self, request: Request, id: str) -> Response:
        """Ask for the version to be judged beside the live one; the report arrives as ``report.ready``."""
        user = caller(request)
        version, fields = access_version(user, "training.request", id=id), checked(EvaluateIn, request)
        wanted = fields.get("snapshot_id")
        snapshot = access_snapshot(user, "snapshot.read", id=wanted) if wanted else None
        job = evaluation_request(version=version, requested_by=user, snapshot=snapshot)
        return Response(JobOut(job).data, status=202)


class ReportDetail(APIView):
    """One report."""

    @extend_schema(operation_id="reports_read", responses=ReportOut)
    def get(self, request: Request, id: str) -> Response:
        """Return the numbers, side by side, and the gate."""
        return Response(ReportOut(selectors.report_json(access_report(caller(request), "model.read", id=id))).data)


class ReportExamples(APIView):
    """The cases that a report shows."""

    @extend_schema(operation_id="reports_examples", responses=ReportExampleOut(many=True))
    def get(self, request: Request, id: str) -> Response:
        """Return the worst, middle and best cases of each label, and what was found in healthy ones."""
        user = caller(request)
        report = access_report(user, "training.read", id=id)
        shown = examples_json(report, user)
        sights_note(user, {row["workitem_id"]: [(What.ANSWER, "")] for row in shown if row["workitem_id"]})
        return Response(ReportExampleOut(shown, many=True).data)


class ReportGaze(APIView):
    """The cases that tell where a version looks."""

    @extend_schema(operation_id="reports_gaze", responses=GazeExampleOut(many=True))
    def get(self, request: Request, id: str) -> Response:
        """Return them with small pictures: as they are, and with a region replaced."""
        user = caller(request)
        report = access_report(user, "training.read", id=id)
        shown = gaze_examples_json(report, user)
        sights_note(user, {row["workitem_id"]: [(What.ANSWER, "")] for row in shown if row["workitem_id"]})
        return Response(GazeExampleOut(shown, many=True).data)


urlpatterns = [
    path("versions/<uuid:id>/reports", VersionReports.as_view()),
    path("versions/<uuid:id>/evaluate", VersionEvaluate.as_view()),
    path("reports/<uuid:id>", ReportDetail.as_view()),
    path("reports/<uuid:id>/examples", ReportExamples.as_view()),
    path("reports/<uuid:id>/gaze", ReportGaze.as_view()),
]
