"""Health for everybody, jobs and state of the installation for admins."""

from __future__ import annotations

import platform
import shutil
from datetime import timedelta
from typing import Any

import django
from django.conf import settings
from django.db import connection
from django.urls import path
from django.utils import timezone
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from core import access, jobs
from core.models import Job
from imaging.models import Instance, Study
from webapp.api.base import caller, page_limit


class HealthOut(serializers.Serializer[Any]):
    """Whether the house answers."""

    ok = serializers.BooleanField()
    version = serializers.CharField()
    mode = serializers.CharField()


class JobOut(serializers.Serializer[Any]):
    """A piece of long work."""

    id = serializers.UUIDField()
    kind = serializers.CharField()
    queue = serializers.CharField()
    state = serializers.CharField()
    attempt = serializers.IntegerField()
    progress = serializers.DictField()
    error_code = serializers.CharField()
    error_message = serializers.CharField()
    cancel_requested = serializers.BooleanField()
    created_at = serializers.DateTimeField()
    started_at = serializers.DateTimeField(allow_null=True)
    finished_at = serializers.DateTimeField(allow_null=True)


class SystemCheckOut(serializers.Serializer[Any]):
    """One part of the house, and whether it is well."""

    name = serializers.CharField()
    ok = serializers.BooleanField()
    message = serializers.CharField()


class SystemOut(serializers.Serializer[Any]):
    """The state of the installation."""

    version = serializers.CharField()
    mode = serializers.CharField()
    python = serializers.CharField()
    django = serializers.CharField()
    database = serializers.CharField()
    broker = serializers.CharField()
    blob_store = serializers.CharField()
    studies = serializers.IntegerField()
    instances = serializers.IntegerField()
    jobs_waiting = serializers.IntegerField()
    jobs_running = serializers.IntegerField()
    disk_free_bytes = serializers.IntegerField()
    checks = SystemCheckOut(many=True)


def _checks(free: int) -> list[dict[str, Any]]:
    stuck = Job.objects.filter(state=Job.State.QUEUED, not_before__lt=timezone.now() - timedelta(minutes=2)).exists()
    return [
        {"name": "database", "ok": True, "message": "The database answers."},
        {
            "name": "workers",
            "ok": not stuck,
            "message": "Jobs wait for over two minutes: is a worker running?" if stuck else "No job is stuck.",
        },
        {
            "name": "disk",
            "ok": free > 2 << 30,
            "message": "Less than 2 GiB is free in the data folder." if free <= 2 << 30 else "There is room.",
        },
    ]


class Health(APIView):
    """For load balancers and the supervisor."""

    permission_classes = [AllowAny]
    authentication_classes = []

    @extend_schema(operation_id="system_health", responses=HealthOut)
    def get(self, _request: Request) -> Response:
        """Answer when the database does."""
        with connection.cursor() as cursor:  # a question, for a kept connection may have died since
            cursor.execute("SELECT 1")
        return Response({"ok": True, "version": settings.VERSION, "mode": settings.OVERREAD_MODE})


class Status(APIView):
    """The state of the installation."""

    @extend_schema(operation_id="system_status", responses=SystemOut)
    def get(self, request: Request) -> Response:
        """Say what runs and how well."""
        access.require_site(caller(request), "system.read")
        free = shutil.disk_usage(settings.OVERREAD_DATA_DIR).free
        facts = {
            "version": settings.VERSION,
            "mode": settings.OVERREAD_MODE,
            "python": platform.python_version(),
            "django": django.get_version(),
            "database": connection.vendor,
            "broker": settings.CELERY_BROKER_URL.split(":")[0],
            "blob_store": "s3" if settings.OVERREAD_S3_BUCKET else "disk",
            "studies": Study.objects.count(),
            "instances": Instance.objects.count(),
            "jobs_waiting": Job.objects.filter(state=Job.State.QUEUED).count(),
            "jobs_running": Job.objects.filter(state=Job.State.RUNNING).count(),
            "disk_free_bytes": free,
            "checks": _checks(free),
        }
        return Response(SystemOut(facts).data)


class Jobs(APIView):
    """Long work."""

    @extend_schema(
        operation_id="jobs_list",
        parameters=[OpenApiParameter("state", str), OpenApiParameter("limit", int)],
        responses=JobOut(many=True),
    )
    def get(self, request: Request) -> Response:
        """List jobs, newest first."""
        access.require_site(caller(request), "job.read")
        rows = Job.objects.order_by("-created_at")
        if state := request.query_params.get("state"):
            rows = rows.filter(state=state)
        return Response(JobOut(rows[: page_limit(request.query_params)], many=True).data)


class JobCancel(APIView):
    """Cancelling."""

    @extend_schema(operation_id="jobs_cancel", request=None, responses=JobOut)
    def post(self, request: Request, id: str) -> Response:
        """Cancel a job: at once when it waits, within seconds when it runs."""
        row = jobs.job_cancel(job=access.job_for(caller(request), id=id), by=caller(request))
        return Response(JobOut(row).data)


urlpatterns = [
    path("system/health", Health.as_view()),
    path("system/status", Status.as_view()),
    path("jobs", Jobs.as_view()),
    path("jobs/<uuid:id>/cancel", JobCancel.as_view()),
]
