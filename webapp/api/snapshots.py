"""Frozen datasets."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponse
from django.urls import path
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema, extend_schema_field
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from annotations import selectors
from annotations.access import access_snapshot, access_snapshot_request
from annotations.dataset.questions import QUESTIONS
from annotations.models import SnapshotRequest
from annotations.services.sights import manifest_sent
from annotations.services.snapshot_requests import job_of, requests_open, snapshot_ask, snapshot_ask_cancel
from core.access import project_for
from core.models import Job
from webapp.api.base import caller, checked
from webapp.api.projects import PersonOut


class LabelBalanceOut(serializers.Serializer[Any]):
    """How often a label is present, absent, or not known."""

    positive = serializers.IntegerField()
    negative = serializers.IntegerField()
    unknown = serializers.IntegerField()
    positive_patients = serializers.IntegerField(required=False, help_text="Missing in old snapshots.")
    negative_patients = serializers.IntegerField(required=False, help_text="Missing in old snapshots.")
    share_positive = serializers.FloatField(allow_null=True)


class SplitCountsOut(serializers.Serializer[Any]):
    """What one split holds; ``cases`` are what is taught: images, or the frames of volumes."""

    cases = serializers.IntegerField()
    series = serializers.IntegerField(
        required=False, help_text="How many series these are of. Missing in old snapshots."
    )
    patients = serializers.IntegerField()
    labels = serializers.DictField(child=LabelBalanceOut())


class GapOut(serializers.Serializer[Any]):
    """Which readings would bring more into the locked test."""

    labels = serializers.DictField(
        child=serializers.DictField(child=serializers.IntegerField()),
        help_text="By label and reason: cases of test patients that lack a blind reading or a decision.",
    )
    waiting = serializers.IntegerField(help_text="Cases of test patients that are not signed off.")


class SnapshotCountsOut(SplitCountsOut):
    """What the dataset holds, in all and by split (train, validation, test), and what was left out."""

    splits = serializers.DictField(child=SplitCountsOut())
    provenance = serializers.DictField(child=serializers.IntegerField())
    left_out = serializers.DictField(child=serializers.IntegerField())
    unsettled = serializers.DictField(
        child=serializers.DictField(child=serializers.IntegerField()),
        required=False,
        help_text="By reason and label: answers that are not taught, or may not test. Missing in old snapshots.",
    )
    gap = GapOut(required=False, help_text="Missing in old snapshots.")
    grown_since_read = serializers.IntegerField(
        required=False,
        help_text="Signed-off cases with images that came after they were read. Missing in old snapshots.",
    )


@extend_schema_field(SnapshotCountsOut)
class SnapshotCountsField(serializers.JSONField):
    """Counts as they were frozen."""


class SnapshotOut(serializers.Serializer[Any]):
    """A frozen dataset, named by its digest."""

    id = serializers.UUIDField()
    project = serializers.CharField()
    name = serializers.CharField()
    digest = serializers.CharField()
    manifest_digest = serializers.CharField()
    datasheet_digest = serializers.CharField(help_text="Empty: frozen before datasheets were kept.")
    question = serializers.CharField()
    label_keys = serializers.ListField(child=serializers.CharField())
    counts = SnapshotCountsField()
    frozen_by = PersonOut(allow_null=True)
    created_at = serializers.DateTimeField()


class SnapshotPreviewOut(serializers.Serializer[Any]):
    """What freezing now would hold; ``missing`` says in sentences what it lacks, ``notes`` what to know.

    ``wants_blind_reading`` counts the cases of test patients that lack nothing but a blind reading.
    """

    question = serializers.CharField()
    label_keys = serializers.ListField(child=serializers.CharField())
    counts = SnapshotCountsField()
    missing = serializers.ListField(child=serializers.CharField())
    ready = serializers.BooleanField()
    wants_blind_reading = serializers.IntegerField()
    notes = serializers.ListField(child=serializers.CharField())


class QuestionOut(serializers.Serializer[Any]):
    """What a dataset can ask of its pictures; ``label_use``: of labels said of an image, drawn, or painted."""

    name = serializers.CharField()
    title = serializers.CharField()
    description = serializers.CharField()
    label_use = serializers.ChoiceField(choices=["image", "region", "segment"])


class SnapshotPreviewIn(serializers.Serializer[Any]):
    """What to train, on which labels."""

    question = serializers.CharField(max_length=24)
    label_keys = serializers.ListField(child=serializers.SlugField(), allow_empty=False, max_length=100)


class SnapshotIn(SnapshotPreviewIn):
    """A dataset to freeze."""

    name = serializers.CharField(max_length=120)


class SnapshotErrorOut(serializers.Serializer[Any]):
    """Why nothing came of a request; ``detail.missing`` are sentences."""

    code = serializers.CharField()
    message = serializers.CharField()
    detail = serializers.DictField()


class SnapshotRequestOut(serializers.Serializer[Any]):
    """A preview or a freeze that a worker answers: where it is, and at its end what came of it."""

    id = serializers.UUIDField()
    kind = serializers.ChoiceField(choices=SnapshotRequest.Kind.choices)
    name = serializers.CharField()
    question = serializers.CharField()
    label_keys = serializers.ListField(child=serializers.CharField())
    state = serializers.ChoiceField(choices=Job.State.choices)
    cancel_requested = serializers.BooleanField()
    phase = serializers.ChoiceField(choices=["", "pictures", "cases"])
    done = serializers.IntegerField()
    of = serializers.IntegerField()
    preview = SnapshotPreviewOut(allow_null=True)
    snapshot = SnapshotOut(allow_null=True)
    error = SnapshotErrorOut(allow_null=True)
    requested_by = PersonOut(allow_null=True)
    created_at = serializers.DateTimeField()


def _request_out(row: SnapshotRequest) -> dict[str, Any]:
    return dict(SnapshotRequestOut(selectors.request_json(row, job_of(row))).data)


class Questions(APIView):
    """What datasets can ask."""

    @extend_schema(operation_id="questions_list", responses=QuestionOut(many=True))
    def get(self, request: Request) -> Response:
        """List what a dataset can ask of its pictures."""
        return Response(QuestionOut(list(QUESTIONS.values()), many=True).data)


class ProjectSnapshots(APIView):
    """The datasets of a project."""

    @extend_schema(operation_id="snapshots_list", responses=SnapshotOut(many=True))
    def get(self, request: Request, slug: str) -> Response:
        """List the datasets, newest first."""
        project = project_for(caller(request), "snapshot.read", slug=slug)
        return Response(SnapshotOut(selectors.snapshots_json(project), many=True).data)

    @extend_schema(operation_id="snapshots_freeze", request=SnapshotIn, responses={202: SnapshotRequestOut})
    def post(self, request: Request, slug: str) -> Response:
        """Ask a worker to freeze what was signed off; the same content again comes to the same dataset."""
        project = project_for(caller(request), "snapshot.freeze", slug=slug)
        row = snapshot_ask(project=project, kind="freeze", by=caller(request), **checked(SnapshotIn, request))
        return Response(_request_out(row), status=202)


class SnapshotPreview(APIView):
    """A look before freezing."""

    @extend_schema(operation_id="snapshots_preview", request=SnapshotPreviewIn, responses={202: SnapshotRequestOut})
    def post(self, request: Request, slug: str) -> Response:
        """Ask a worker to count cases, patients and class balance by split, and to say what is missing."""
        project = project_for(caller(request), "snapshot.freeze", slug=slug)
        row = snapshot_ask(project=project, kind="preview", by=caller(request), **checked(SnapshotPreviewIn, request))
        return Response(_request_out(row), status=202)


class SnapshotRequests(APIView):
    """What is being counted or frozen now."""

    @extend_schema(operation_id="snapshots_requests", responses=SnapshotRequestOut(many=True))
    def get(self, request: Request, slug: str) -> Response:
        """List what waits or runs, newest first."""
        project = project_for(caller(request), "snapshot.freeze", slug=slug)
        return Response([_request_out(row) for row in requests_open(project)])


class SnapshotRequestDetail(APIView):
    """One request."""

    @extend_schema(operation_id="snapshots_request", responses=SnapshotRequestOut)
    def get(self, request: Request, id: str) -> Response:
        """Return how far it is, and at its end the counts, the dataset, or why there is none."""
        return Response(_request_out(access_snapshot_request(caller(request), "snapshot.freeze", id=id)))


class SnapshotRequestCancel(APIView):
    """The end of a request before its end."""

    @extend_schema(operation_id="snapshots_cancel", request=None, responses=SnapshotRequestOut)
    def post(self, request: Request, id: str) -> Response:
        """Cancel: at once when it waits, within seconds when it runs; nothing is left half done."""
        row = access_snapshot_request(caller(request), "snapshot.freeze", id=id)
        return Response(_request_out(snapshot_ask_cancel(request=row, by=caller(request))))


class SnapshotDetail(APIView):
    """One dataset."""

    @extend_schema(operation_id="snapshots_read", responses=SnapshotOut)
    def get(self, request: Request, id: str) -> Response:
        """Return the dataset's digest, labels and counts."""
        snapshot = access_snapshot(caller(request), "snapshot.read", id=id)
        return Response(SnapshotOut(selectors.snapshot_json(snapshot)).data)


class SnapshotManifest(APIView):
    """What the dataset's digest is of."""

    @extend_schema(operation_id="snapshots_manifest", responses={(200, "application/jsonl"): OpenApiTypes.BINARY})
    def get(self, request: Request, id: str) -> HttpResponse:
        """Return the manifest byte by byte: one image a line, patients as pseudonyms; its SHA-256 is its digest."""
        snapshot = access_snapshot(caller(request), "snapshot.read", id=id)
        manifest_sent(caller(request), snapshot)
        answer = HttpResponse(selectors.snapshot_manifest(snapshot), content_type="application/jsonl")
        answer["Content-Disposition"] = f'attachment; filename="{snapshot.manifest_digest}.jsonl"'
        return answer


urlpatterns = [
    path("questions", Questions.as_view()),
    path("projects/<slug:slug>/snapshots", ProjectSnapshots.as_view()),
    path("projects/<slug:slug>/snapshots/preview", SnapshotPreview.as_view()),
    path("projects/<slug:slug>/snapshots/requests", SnapshotRequests.as_view()),
    path("snapshot-requests/<uuid:id>", SnapshotRequestDetail.as_view()),
    path("snapshot-requests/<uuid:id>/cancel", SnapshotRequestCancel.as_view()),
    path("snapshots/<uuid:id>", SnapshotDetail.as_view()),
    path("snapshots/<uuid:id>/manifest", SnapshotManifest.as_view()),
]
