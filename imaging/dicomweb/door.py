"""What every DICOMweb view shares: who asks, what they may see, what they accept, and the audit of reads."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from django.db.models import QuerySet
from django.http import HttpRequest
from rest_framework.negotiation import BaseContentNegotiation
from rest_framework.renderers import JSONRenderer
from rest_framework.views import APIView

from core import audit
from core.access import project_for
from core.audit_kinds import AuditKind
from core.errors import NotFound, Unauthenticated
from core.models import Project, User
from imaging.access import READ, access_instance, access_series, access_study, accessible_studies
from imaging.dicom.multipart import MediaRange, parse_accept
from imaging.dicomweb.errors import not_acceptable
from imaging.models import Instance, Series, Study

if TYPE_CHECKING:
    from rest_framework.request import Request

DICOM_JSON: Final = "application/dicom+json"
_AUDIT_AGAIN_SECONDS: Final = 900.0
_noted: dict[tuple[object, object], float] = {}


class _AnyNegotiation(BaseContentNegotiation):
    """The views themselves read the Accept header: DICOMweb's media types are richer than DRF's."""

    def select_parser(self, request: Request, parsers: Any) -> Any:
        return parsers[0] if parsers else None

    def select_renderer(self, request: Request, renderers: Any, format_suffix: str | None = None) -> Any:
        return JSONRenderer(), "application/json"


class DicomwebView(APIView):
    """Base view: sign-in and the error shape come from the project's REST settings."""

    content_negotiation_class = _AnyNegotiation
    renderer_classes = (JSONRenderer,)
    schema = None
    swagger_fake_view = True


@dataclass(frozen=True, slots=True)
class Room:
    """What of the archive this request may see: the user's studies, or those of one project."""

    user: User
    project: Project | None
    root: str

    def studies(self) -> QuerySet[Study]:
        """Return the studies that can be seen here."""
        return accessible_studies(self.user, self.project)

    def study(self, study_uid: str) -> Study:
        """Return a study that may be read; raises NotFound."""
        return access_study(self.user, READ, study_instance_uid=study_uid, project=self.project)

    def series(self, study_uid: str, series_uid: str) -> Series:
        """Return a series of the study that may be read; raises NotFound."""
        series = access_series(self.user, READ, series_instance_uid=series_uid, project=self.project)
        if series.study.study_instance_uid != study_uid:
            raise NotFound("series_not_found", "There is no such series in this study.")
        return series

    def instance(self, study_uid: str, series_uid: str, instance_uid: str) -> Instance:
        """Return an instance of the series that may be read; raises NotFound."""
        instance = access_instance(self.user, READ, sop_instance_uid=instance_uid, project=self.project)
        series = instance.series
        if series.series_instance_uid != series_uid or series.study.study_instance_uid != study_uid:
            raise NotFound("instance_not_found", "There is no such instance in this series.")
        return instance


def room_of(request: Request, slug: str | None) -> Room:
    """Return what the request may see; raises Unauthenticated, NotFound (an unknown or foreign project)."""
    user = request.user
    if not isinstance(user, User):
        raise Unauthenticated("not_authenticated", "Log in first, or send an API token.")
    project = project_for(user, READ, slug=slug) if slug is not None else None
    path = f"/dicomweb/projects/{slug}" if slug is not None else "/dicomweb"
    return Room(user, project, request.build_absolute_uri(path))


def accepted(request: Request | HttpRequest) -> list[MediaRange]:
    """Return what the client accepts: the ``accept`` query parameter (PS3.18 8.3.3) before the header."""
    query = request.GET.get("accept", "")
    return parse_accept(query or request.headers.get("Accept", ""))


def require_json(request: Request) -> None:
    """Raise NotAcceptable unless the client takes DICOM JSON."""
    for wanted in accepted(request):
        if wanted.media_type in ("*/*", "application/*", "application/json", DICOM_JSON):
            return
        if wanted.media_type.startswith("multipart/related") and wanted.parameters.get("type") == DICOM_JSON:
            return
    raise not_acceptable(DICOM_JSON)


def note_read(user: User, series: Series) -> None:
    """Put into the audit trail that the user reads images of this series; once a quarter of an hour each."""
    key, now = (user.pk, series.pk), time.monotonic()
    if now - _noted.get(key, -_AUDIT_AGAIN_SECONDS) < _AUDIT_AGAIN_SECONDS:
        return
    audit.record(
        AuditKind.SERIES_READ,
        actor=user,
        object_kind="series",
        object_id=series.pk,
        detail={"study_id": series.study_id},
    )
    if len(_noted) > 20_000:
        _noted.clear()
    _noted[key] = now
