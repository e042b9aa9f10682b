"""Which pictures a project's question is about."""

from __future__ import annotations

from typing import Any

from django.urls import path
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from annotations.rules.pictures import PictureRules
from annotations.selectors.pictures import pictures_preview
from core.access import project_for
from webapp.api.base import caller, checked


class PictureRulesField(serializers.Serializer[Any]):
    """Which pictures a project is about: an empty list means all, "" in it what says none."""

    modalities = serializers.ListField(child=serializers.CharField(allow_blank=True, max_length=16), max_length=50)
    views = serializers.ListField(child=serializers.CharField(allow_blank=True, max_length=64), max_length=100)
    body_parts = serializers.ListField(child=serializers.CharField(allow_blank=True, max_length=64), max_length=100)
    computed = serializers.BooleanField(help_text="Reformatted and computed images, too.")
    captures = serializers.BooleanField(help_text="Screen captures and secondary captures, too.")


class LeftOutOut(serializers.Serializer[Any]):
    """Why pictures are no part of a project's question."""

    reason = serializers.CharField()
    words = serializers.CharField()
    images = serializers.IntegerField()


class ChoiceOut(serializers.Serializer[Any]):
    """A value that pictures of the project have; "" is said by none of them."""

    value = serializers.CharField(allow_blank=True)
    images = serializers.IntegerField()


class PicturesPreviewOut(serializers.Serializer[Any]):
    """What rules would keep of the project's pictures."""

    images = serializers.IntegerField()
    kept = serializers.IntegerField()
    left_out = LeftOutOut(many=True)
    modalities = ChoiceOut(many=True)
    views = ChoiceOut(many=True)
    body_parts = ChoiceOut(many=True)


class ProjectPictures(APIView):
    """Which pictures a project is about."""

    @extend_schema(
        operation_id="projects_pictures_preview", request=PictureRulesField, responses={200: PicturesPreviewOut}
    )
    def post(self, request: Request, slug: str) -> Response:
        """Count what these rules would keep and leave out, without keeping the rules."""
        project = project_for(caller(request), "project.change", slug=slug)
        rules = PictureRules.of(checked(PictureRulesField, request))
        return Response(PicturesPreviewOut(pictures_preview(project, rules)).data)


urlpatterns = [path("projects/<slug:slug>/pictures/preview", ProjectPictures.as_view())]
