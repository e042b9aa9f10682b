"""Whole label sets: out as a file, in from a file, or copied from another project."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponse
from django.urls import path
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from annotations.exchange.label_sets import csv_of, json_of, rows_from
from annotations.models import Label
from annotations.services.label_sets import label_row, label_set_copy, label_set_import
from core.access import project_for
from core.errors import Invalid
from webapp.api.base import caller, checked

FORMS = {"csv": ("text/csv; charset=utf-8", csv_of), "json": ("application/json", json_of)}


class LabelSetIn(serializers.Serializer[Any]):
    """The content of a file with labels."""

    form = serializers.ChoiceField(choices=["csv", "json"])
    content = serializers.CharField(max_length=1 << 20, trim_whitespace=False)


class LabelSetCopyIn(serializers.Serializer[Any]):
    """Whose labels to copy."""

    from_project = serializers.SlugField()


class LabelSetOut(serializers.Serializer[Any]):
    """What came in: the keys that are new, and those that were there already, just so."""

    added = serializers.ListField(child=serializers.CharField())
    unchanged = serializers.ListField(child=serializers.CharField())


class LabelSet(APIView):
    """All labels of a project, as a file."""

    @extend_schema(
        operation_id="label_set_read",
        parameters=[OpenApiParameter("form", str, enum=["csv", "json"])],
        responses={(200, "text/csv"): OpenApiTypes.STR},
    )
    def get(self, request: Request, slug: str) -> HttpResponse:
        """Return the labels that are not retired as CSV (the default) or JSON, as ``import`` reads them."""
        project = project_for(caller(request), "project.read", slug=slug)
        form = request.query_params.get("form", "csv")
        if form not in FORMS:
            raise Invalid("form_unknown", "form must be csv or json.")
        kind, written = FORMS[form]
        rows = [label_row(label) for label in Label.objects.filter(project=project, retired_at=None)]
        name = f'attachment; filename="{project.slug}-labels.{form}"'
        return HttpResponse(written(rows), content_type=kind, headers={"Content-Disposition": name})

    @extend_schema(operation_id="label_set_import", request=LabelSetIn, responses=LabelSetOut)
    def post(self, request: Request, slug: str) -> Response:
        """Add all labels of a file, or none: what is wrong is said line by line."""
        project = project_for(caller(request), "project.change", slug=slug)
        fields = checked(LabelSetIn, request)
        rows = rows_from(fields["form"], fields["content"])
        return Response(LabelSetOut(label_set_import(project=project, rows=rows, by=caller(request))).data)


class LabelSetCopy(APIView):
    """Labels from another project."""

    @extend_schema(operation_id="label_set_copy", request=LabelSetCopyIn, responses=LabelSetOut)
    def post(self, request: Request, slug: str) -> Response:
        """Copy the labels that another project of the caller has."""
        project = project_for(caller(request), "project.change", slug=slug)
        source = project_for(caller(request), "project.read", slug=checked(LabelSetCopyIn, request)["from_project"])
        return Response(LabelSetOut(label_set_copy(project=project, source=source, by=caller(request))).data)


urlpatterns = [
    path("projects/<slug:slug>/label-set", LabelSet.as_view()),
    path("projects/<slug:slug>/label-set/copy", LabelSetCopy.as_view()),
]
