"""What an admin of a new installation has still to do before somebody can read."""

from __future__ import annotations

from typing import Any

from django.urls import path
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from annotations import selectors
from core.access import require_site
from webapp.api.base import caller


class FirstStepOut(serializers.Serializer[Any]):
    """One step, and whether it is done."""

    key = serializers.ChoiceField(choices=["people", "labels", "images", "reading"])
    done = serializers.BooleanField()


class FirstSteps(APIView):
    """The first steps of the installation."""

    @extend_schema(operation_id="first_steps", responses=FirstStepOut(many=True))
    def get(self, request: Request) -> Response:
        """List the steps in their order."""
        require_site(caller(request), "project.create")
        return Response(FirstStepOut(selectors.first_steps(caller(request)), many=True).data)


urlpatterns = [path("system/first-steps", FirstSteps.as_view())]
