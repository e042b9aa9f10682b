"""What a study holds besides pictures, its documents, and the studies that hold no pictures at all."""

from __future__ import annotations

from datetime import date
from typing import Any, TypeVar
from uuid import UUID

from django.http import FileResponse, HttpResponse
from django.urls import path
from django.utils.http import content_disposition_header
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from pydantic import BaseModel, ConfigDict
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from annotations.rules.reveal import ai_hidden_in
from annotations.selectors.worklist import grown_cases
from annotations.services.sights import objects_sent
from core import access
from core.errors import NotFound
from core.models import User
from imaging.access import access_instance, access_study, accessible_studies
from imaging.contents import (
    PDF,
    document_of,
    file_of,
    held_objects,
    may_be_a_models,
    studies_without_pictures,
)
from imaging.dicomweb.door import note_read
from imaging.models import Instance, Study
from webapp.api.base import caller

#: A document may draw itself and nothing else: no script, no connection, no frame around or inside it.
_DOCUMENT_POLICY = "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'; form-action 'none'"


_Answer = TypeVar("_Answer", HttpResponse, FileResponse)


class _Out(BaseModel):
    model_config = ConfigDict(from_attributes=True, json_schema_serialization_defaults_required=True)


class ObjectLineOut(_Out):
    """One line of an object's content."""

    depth: int
    name: str
    text: str


class HeldObjectOut(_Out):
    """One object that is no picture; ``of_series`` are the images of this study that it speaks of."""

    sop_instance_uid: str
    series_instance_uid: str
    kind: str
    kind_words: str
    title: str
    lines: list[ObjectLineOut]
    remark: str
    is_document: bool
    is_pdf: bool
    is_layer: bool
    of_series: list[str]


class StudyHeadOut(_Out):
    """A study with its own patient module."""

    study_instance_uid: str
    patient_name: str
    patient_id: str
    patient_birth_date: date | None
    patient_sex: str
    identity_clash: bool
    study_date: date | None
    study_description: str
    modalities: list[str]
    instances: int


class GrownCaseOut(_Out):
    """A case of the study that has grown since it was read: in which project, and by how many images."""

    id: UUID
    project: str
    images: int


class StudyContentsOut(_Out):
    """A study, and what it holds besides pictures."""

    study: StudyHeadOut
    grown_since_read: list[GrownCaseOut]
    objects: list[HeldObjectOut]


class StudiesWithoutPicturesOut(_Out):
    """Studies that hold no picture."""

    results: list[StudyHeadOut]


def _head(study: Study) -> StudyHeadOut:
    return StudyHeadOut(
        study_instance_uid=study.study_instance_uid,
        patient_name=study.patient_name,
        patient_id=study.patient.patient_id,
        patient_birth_date=study.patient_birth_date,
        patient_sex=study.patient_sex,
        identity_clash=study.patient.identity_clash,
        study_date=study.study_date,
        study_description=study.study_description,
        modalities=[part for part in study.modalities_in_study.split("\\") if part],
        instances=study.number_of_study_related_instances,
    )


class StudyContents(APIView):
    """One study."""

    @extend_schema(operation_id="study_contents", responses=StudyContentsOut)
    def get(self, request: Request, study: str) -> Response:
        """Return what the study holds besides pictures; what a model may have made as the protocol reveals it."""
        user = caller(request)
        found = access_study(user, "study.read", study_instance_uid=study)
        for series in found.series.all():
            note_read(user, series)
        hidden = ai_hidden_in(user, found)
        held = [one for one in held_objects(found) if not (hidden and one.may_be_a_models)]
        objects_sent(user, found, [one.sop_instance_uid for one in held if one.may_be_a_models])
        objects = [HeldObjectOut.model_validate(one) for one in held]
        grown = [GrownCaseOut.model_validate(one) for one in grown_cases(user, found)]
        shown = StudyContentsOut(study=_head(found), grown_since_read=grown, objects=objects)
        return Response(shown.model_dump(mode="json"))


class StudiesWithoutPictures(APIView):
    """Studies of documents, reports, videos."""

    @extend_schema(
        operation_id="studies_without_pictures",
        parameters=[OpenApiParameter("project", str)],
        responses=StudiesWithoutPicturesOut,
    )
    def get(self, request: Request) -> Response:
        """List the caller's studies that hold no picture, newest first; at most 500. They are nobody's work."""
        user, slug = caller(request), request.query_params.get("project")
        project = access.project_for(user, "study.read", slug=slug) if slug else None
        rows = studies_without_pictures(accessible_studies(user, project))[:500]
        return Response(StudiesWithoutPicturesOut(results=[_head(row) for row in rows]).model_dump(mode="json"))


class StudyDocument(APIView):
    """An encapsulated document."""

    @extend_schema(operation_id="study_document", responses={(200, PDF): OpenApiTypes.BINARY})
    def get(self, request: Request, instance: str) -> HttpResponse:
        """Return the document: a PDF to be opened, anything else to be saved only."""
        user = caller(request)
        found = access_instance(user, "study.read", sop_instance_uid=instance)
        note_read(user, found.series)
        _not_held_back(user, found)
        document = document_of(found)
        response = HttpResponse(document.content, content_type=document.media_type)
        return _to_save(response, document.file_name, inline=document.media_type == PDF)


class StudyObjectFile(APIView):
    """An object that is no picture, as a file."""

    @extend_schema(operation_id="study_object_file", responses={(200, "application/dicom"): OpenApiTypes.BINARY})
    def get(self, request: Request, instance: str) -> FileResponse:
        """Return the DICOM file as it is stored, to be saved."""
        user = caller(request)
        found = access_instance(user, "study.read", sop_instance_uid=instance)
        note_read(user, found.series)
        _not_held_back(user, found)
        path_, name = file_of(found)
        return _to_save(FileResponse(path_.open("rb"), content_type="application/dicom"), name)


def _not_held_back(user: User, instance: Instance) -> None:
    """Raise NotFound while the protocol keeps what a model may have made from the user."""
    if instance.is_shown or not may_be_a_models(instance):
        return
    if ai_hidden_in(user, instance.series.study):
        raise NotFound("object_not_found", "There is no such object in this study.")
    objects_sent(user, instance.series.study, [instance.sop_instance_uid])


def _to_save(response: _Answer, name: str, *, inline: bool = False) -> _Answer:
    response["Content-Disposition"] = content_disposition_header(not inline, name) or "attachment"
    response["Content-Security-Policy"] = _DOCUMENT_POLICY
    response["X-Content-Type-Options"] = "nosniff"
    response["Cache-Control"] = "private, no-store"
    return response


urlpatterns: list[Any] = [
    path("studies/without-pictures", StudiesWithoutPictures.as_view()),
    path("studies/<str:study>/contents", StudyContents.as_view()),
    path("instances/<str:instance>/document", StudyDocument.as_view()),
    path("instances/<str:instance>/file", StudyObjectFile.as_view()),
]
