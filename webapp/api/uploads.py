"""The browser's door for images: open a batch, send files one by one, finish."""

from __future__ import annotations

import shutil
from typing import Any

from django.core.files.uploadedfile import TemporaryUploadedFile, UploadedFile
from django.urls import path
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.parsers import MultiPartParser
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from core import access, blobs
from core.errors import Invalid
from imaging.access import access_upload
from imaging.models import Upload
from imaging.services.uploads import upload_file, upload_finish, upload_open
from webapp.api.base import caller, checked


class UploadIn(serializers.Serializer[Any]):
    """Where the images go."""

    project = serializers.SlugField()


class VerdictOut(serializers.Serializer[Any]):
    """What became of one file."""

    id = serializers.UUIDField()
    file_name = serializers.CharField()
    byte_size = serializers.IntegerField()
    outcome = serializers.CharField()
    code = serializers.CharField()
    message = serializers.CharField()
    study_instance_uid = serializers.CharField(
        source="instance.series.study.study_instance_uid", allow_null=True, default=None
    )


class UploadOut(serializers.Serializer[Any]):
    """A batch and what became of its files."""

    id = serializers.UUIDField()
    project = serializers.SlugField(source="project.slug")
    created_at = serializers.DateTimeField()
    finished_at = serializers.DateTimeField(allow_null=True)
    verdicts = VerdictOut(many=True)


class VerdictsOut(serializers.Serializer[Any]):
    """What became of the file that was just sent: one verdict, or one for each entry of a zip."""

    verdicts = VerdictOut(many=True)


def _out(upload: Upload) -> dict[str, Any]:
    verdicts = upload.verdicts.select_related("instance__series__study").order_by("created_at")
    facts = {"id": upload.pk, "project": upload.project, "created_at": upload.created_at,
             "finished_at": upload.finished_at, "verdicts": verdicts}  # fmt: skip
    return dict(UploadOut(facts).data)


class Uploads(APIView):
    """Batches."""

    @extend_schema(operation_id="uploads_open", request=UploadIn, responses={201: UploadOut})
    def post(self, request: Request) -> Response:
        """Open a batch."""
        user, fields = caller(request), checked(UploadIn, request)
        project = access.project_for(user, "study.store", slug=fields["project"])
        upload = upload_open(project=project, received_by=user, door=Upload.Door.BROWSER)
        return Response(_out(upload), status=201)


class UploadDetail(APIView):
    """One batch of the caller."""

    @extend_schema(operation_id="uploads_read", responses=UploadOut)
    def get(self, request: Request, id: str) -> Response:
        """Return the batch with its verdicts."""
        return Response(_out(access_upload(caller(request), id=id)))


class UploadFiles(APIView):
    """The files of a batch. How large one may be is said at the front door (``webapp.doors.bodies``)."""

    parser_classes = [MultiPartParser]

    @extend_schema(
        operation_id="uploads_send",
        request={
            "multipart/form-data": {"type": "object", "properties": {"file": {"type": "string", "format": "binary"}}}
        },
        responses=VerdictsOut,
    )
    def post(self, request: Request, id: str) -> Response:
        """Send one file (or one zip)."""
        upload, sent = access_upload(caller(request), id=id), request.FILES.get("file")
        if not isinstance(sent, UploadedFile):
            raise Invalid("file_missing", "Send the file in the field 'file'.")
        staging = blobs.staging_file(".upload")
        if isinstance(sent, TemporaryUploadedFile):
            # It lies in the staging folder already; closing it later finds it gone, which Django allows for.
            shutil.move(sent.temporary_file_path(), staging)
        else:
            with staging.open("wb") as target:
                shutil.copyfileobj(sent, target, 1 << 20)
        name = str(request.POST.get("path") or sent.name or "file")
        verdicts = upload_file(upload=upload, source=staging, file_name=name)
        return Response(VerdictsOut({"verdicts": verdicts}).data)


class UploadFinish(APIView):
    """The end of a batch."""

    @extend_schema(operation_id="uploads_finish", request=None, responses=UploadOut)
    def post(self, request: Request, id: str) -> Response:
        """Close the batch; its series are indexed and put on the worklist."""
        upload = upload_finish(upload=access_upload(caller(request), id=id))
        return Response(_out(upload))


urlpatterns = [
    path("uploads", Uploads.as_view()),
    path("uploads/<uuid:id>", UploadDetail.as_view()),
    path("uploads/<uuid:id>/files", UploadFiles.as_view()),
    path("uploads/<uuid:id>/finish", UploadFinish.as_view()),
]
