"""Frozen datasets."""

from __future__ import annotations

from typing import Any

from django.urls import path
from drf_spectacular.utils import extend_schema, extend_schema_field
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from annotations import selectors
from annotations.access import access_snapshot
from annotations.services.snapshots import snapshot_freeze, snapshot_preview
from core.access import project_for
from inference.engine.recipe_cards import RECIPES
from webapp.api.base import caller, checked
from webapp.api.projects import PersonOut


class LabelBalanceOut(serializers.Serializer[Any]):
    """How often a label is present, absent, or not known."""

    positive = serializers.IntegerField()
    negative = serializers.IntegerField()
    unknown = serializers.IntegerField()
    share_positive = serializers.FloatField(allow_null=True)


class SplitCountsOut(serializers.Serializer[Any]):
    """What one split holds; ``cases`` are what is taught: images, or the frames of volumes."""

    cases = serializers.IntegerField()
    patients = serializers.IntegerField()
    labels = serializers.DictField(child=LabelBalanceOut())


class SnapshotCountsOut(SplitCountsOut):
    """What the dataset holds, in all and by split (train, validation, test), and what was left out."""

    splits = serializers.DictField(child=SplitCountsOut())
    provenance = serializers.DictField(child=serializers.IntegerField())
    left_out = serializers.DictField(child=serializers.IntegerField())


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
    recipe = serializers.ChoiceField(choices=RECIPES)
    label_keys = serializers.ListField(child=serializers.CharField())
    counts = SnapshotCountsField()
    frozen_by = PersonOut(allow_null=True)
    created_at = serializers.DateTimeField()


class SnapshotPreviewOut(serializers.Serializer[Any]):
    """What freezing now would hold; ``missing`` says in sentences what it lacks."""

    recipe = serializers.CharField()
    label_keys = serializers.ListField(child=serializers.CharField())
    counts = SnapshotCountsOut()
    missing = serializers.ListField(child=serializers.CharField())
    ready = serializers.BooleanField()


class SnapshotPreviewIn(serializers.Serializer[Any]):
    """What to train, on which labels."""

    recipe = serializers.ChoiceField(choices=RECIPES)
    label_keys = serializers.ListField(child=serializers.SlugField(), allow_empty=False, max_length=100)


class SnapshotIn(SnapshotPreviewIn):
    """A dataset to freeze."""

    name = serializers.CharField(max_length=120)


class ProjectSnapshots(APIView):
    """The datasets of a project."""

    @extend_schema(operation_id="snapshots_list", responses=SnapshotOut(many=True))
    def get(self, request: Request, slug: str) -> Response:
        """List the datasets, newest first."""
        project = project_for(caller(request), "snapshot.read", slug=slug)
        return Response(SnapshotOut(selectors.snapshots_json(project), many=True).data)

    @extend_schema(operation_id="snapshots_freeze", request=SnapshotIn, responses={201: SnapshotOut})
    def post(self, request: Request, slug: str) -> Response:
        """Freeze what was signed off; the same content again returns the same dataset."""
        project = project_for(caller(request), "snapshot.freeze", slug=slug)
        snapshot = snapshot_freeze(project=project, by=caller(request), **checked(SnapshotIn, request))
        return Response(SnapshotOut(selectors.snapshot_json(snapshot)).data, status=201)


class SnapshotPreview(APIView):
    """A look before freezing."""

    @extend_schema(operation_id="snapshots_preview", request=SnapshotPreviewIn, responses=SnapshotPreviewOut)
    def post(self, request: Request, slug: str) -> Response:
        """Count cases, patients and class balance by split, and say what is missing."""
        project = project_for(caller(request), "snapshot.freeze", slug=slug)
        shown = snapshot_preview(project=project, **checked(SnapshotPreviewIn, request))
        return Response(SnapshotPreviewOut(shown).data)


class SnapshotDetail(APIView):
    """One dataset."""

    @extend_schema(operation_id="snapshots_read", responses=SnapshotOut)
    def get(self, request: Request, id: str) -> Response:
        """Return the dataset's digest, labels and counts."""
        snapshot = access_snapshot(caller(request), "snapshot.read", id=id)
        return Response(SnapshotOut(selectors.snapshot_json(snapshot)).data)


urlpatterns = [
    path("projects/<slug:slug>/snapshots", ProjectSnapshots.as_view()),
    path("projects/<slug:slug>/snapshots/preview", SnapshotPreview.as_view()),
    path("snapshots/<uuid:id>", SnapshotDetail.as_view()),
]
