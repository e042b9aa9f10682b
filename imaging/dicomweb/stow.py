"""STOW-RS: instances come in by POST (PS3.18 10.5), through the same service as every other door."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, Final, cast

from django.conf import settings
from django.http import HttpResponse
from pydicom import dcmread
from pydicom.filereader import read_file_meta_info
from pydicom.uid import DeflatedExplicitVRLittleEndian

from core import blobs
from core.access import project_for
from core.errors import Conflict, Invalid, Unsupported
from core.models import Project
from imaging.dicom.json_model import Json, dump
from imaging.dicom.multipart import parse_header, read_parts
from imaging.dicomweb.door import DICOM_JSON, DicomwebView, Room, require_json, room_of
from imaging.dicomweb.errors import BadRequest
from imaging.dicomweb.qido import SearchStudiesView
from imaging.dicomweb.wado import RetrieveView
from imaging.models import Instance, Upload, UploadVerdict
from imaging.services.instance_store import instance_store
from imaging.services.uploads import upload_finish, upload_open

if TYPE_CHECKING:
    from rest_framework.request import Request

_DICOM: Final = "application/dicom"
_STORE: Final = "study.store"
_CHUNK: Final = 1 << 20
#: A request may carry several instances: so many times the limit of one.
REQUEST_FACTOR: Final = 16
_WRONG_STUDY, _NOT_UNDERSTOOD, _DUPLICATE = 0xA900, 0xC000, 0x0111
#: Warning Reason of this server: stored, but its patient module contradicts others under the same Patient ID.
_IDENTITY_CLASH = 0xB100


@dataclass(slots=True)
class _Outcome:
    """What became of the parts of one request."""

    stored: list[Instance] = field(default_factory=list)
    warned: dict[object, str] = field(default_factory=dict)
    failed: list[tuple[str, str, int]] = field(default_factory=list)


class StudiesDoor(SearchStudiesView):
    """``GET /studies`` searches, ``POST /studies`` stores."""

    def post(self, request: Request, slug: str | None = None) -> HttpResponse:
        """Store the instances of the body."""
        return store(self, request, slug, None)


class StudyDoor(RetrieveView):
    """``GET /studies/{study}`` retrieves, ``POST /studies/{study}`` stores instances of that study only."""

    def post(self, request: Request, study: str, slug: str | None = None) -> HttpResponse:
        """Store the instances of the body."""
        return store(self, request, slug, study)


def store(_view: DicomwebView, request: Request, slug: str | None, study_uid: str | None) -> HttpResponse:
    """Store the instances of a request's body and answer what became of each.

    Args:
        request: multipart/related or a single application/dicom body; read as a stream.
        slug: the project of the address; else ``?project=<slug>``, else the inbox.
        study_uid: of the address; instances of other studies are refused.

    Returns:
        200 when all were stored, 202 when some were or a warning is due, 409 when none was.

    Raises:
        Unsupported: another content type. BadRequest: a broken body. TooLarge: over a limit.
    """
    require_json(request)
    room = room_of(request, slug)
    project = _target(request, room)
    media_type, parameters = parse_header(request.headers.get("Content-Type", ""))
    upload = upload_open(project=project, received_by=room.user, door=Upload.Door.STOW)
    outcome = _Outcome()
    stream = cast("BinaryIO", request._request)
    try:
        if media_type == "multipart/related" and parameters.get("type", _DICOM).lower() == _DICOM:
            _store_parts(stream, parameters.get("boundary", ""), upload, study_uid, outcome)
        elif media_type == _DICOM:
            path = blobs.staging_file(".dcm")
            with path.open("wb") as staging:
                _copy(stream, staging)
            _store_one(path, "body", upload, study_uid, outcome)
        else:
            raise Unsupported(
                "unsupported_media_type",
                'Send multipart/related; type="application/dicom", or one application/dicom body.',
            )
    except Invalid as error:
        raise BadRequest(error.code, error.message) from error
    finally:
        # What was stored before an error stays stored, so its story goes on.
        upload_finish(upload=upload)
    if not outcome.stored and not outcome.failed:
        raise BadRequest("nothing_sent", "The body holds no instance.")
    plain = not outcome.failed and not outcome.warned
    status = 200 if plain else 202 if outcome.stored else 409
    response = HttpResponse(dump(_report(room, study_uid, outcome)), content_type=DICOM_JSON, status=status)
    for message in sorted(set(outcome.warned.values()))[:1]:
        response["Warning"] = f'299 overread "{message}"'
    return response


def _target(request: Request, room: Room) -> Project:
    slug = request.GET.get("project")
    if room.project is not None:
        return project_for(room.user, _STORE, slug=room.project.slug)
    if slug:
        return project_for(room.user, _STORE, slug=slug)
    inbox = Project.objects.filter(is_inbox=True).first()
    if inbox is None:
        raise Conflict(
            "no_inbox",
            "There is no inbox project: run `manage.py prepare`, or name a project: /dicomweb/projects/<slug>/studies.",
        )
    return project_for(room.user, _STORE, id=inbox.pk)


def _copy(stream: BinaryIO, staging: BinaryIO) -> None:
    from core.errors import TooLarge

    left = settings.OVERREAD_UPLOAD_LIMIT_BYTES
    while piece := stream.read(_CHUNK):
        left -= len(piece)
        if left < 0:
            raise TooLarge("part_too_large", "The instance is larger than this server takes.")
        staging.write(piece)


def _store_parts(stream: BinaryIO, boundary: str, upload: Upload, study_uid: str | None, outcome: _Outcome) -> None:
    waiting: list[tuple[Path, BinaryIO]] = []

    def open_sink(content_type: str, parameters: dict[str, str]) -> Callable[[bytes], object]:
        path = blobs.staging_file(".dcm")
        staging = path.open("wb")
        waiting.append((path, staging))
        return staging.write

    limit = settings.OVERREAD_UPLOAD_LIMIT_BYTES
    try:
        parts = read_parts(stream, boundary, open_sink=open_sink, limit=limit * REQUEST_FACTOR, part_limit=limit)
        for number, part in enumerate(parts, start=1):
            path, staging = waiting.pop()
            staging.close()
            if part.content_type not in (_DICOM, "application/octet-stream"):
                path.unlink()
                outcome.failed.append(("", "", _NOT_UNDERSTOOD))
                continue
            _store_one(path, f"part {number}", upload, study_uid, outcome)
    finally:
        for path, staging in waiting:
            staging.close()
            with contextlib.suppress(FileNotFoundError):
                path.unlink()


def _store_one(path: Path, name: str, upload: Upload, study_uid: str | None, outcome: _Outcome) -> None:
    sop_class, sop_instance, study = _named(path, with_study=study_uid is not None)
    try:
        if study_uid is not None and study and study != study_uid:
            outcome.failed.append((sop_class, sop_instance, _WRONG_STUDY))
            return
        verdict = instance_store(
            source=path,
            project=upload.project,
            received_by=upload.received_by,
            door=Upload.Door.STOW,
            file_name=name,
            upload=upload,
        )
    finally:
        with contextlib.suppress(FileNotFoundError):
            path.unlink()
    instance = verdict.instance
    stored = verdict.outcome in (UploadVerdict.Outcome.STORED, UploadVerdict.Outcome.ALREADY_STORED)
    if stored and instance is not None:
        outcome.stored.append(instance)
        if verdict.code == "identity_clash":
            outcome.warned[instance.pk] = verdict.message
        return
    reason = _DUPLICATE if verdict.outcome == UploadVerdict.Outcome.CONFLICT else _NOT_UNDERSTOOD
    outcome.failed.append((sop_class, sop_instance, reason))


def _named(path: Path, *, with_study: bool) -> tuple[str, str, str]:
    """Return (SOP Class, SOP Instance, Study) UIDs as far as the file tells them cheaply; empty where it does not."""
    sop_class = sop_instance = study = ""
    with contextlib.suppress(Exception):
        meta = read_file_meta_info(path)
        sop_class = str(meta.get("MediaStorageSOPClassUID") or "")
        sop_instance = str(meta.get("MediaStorageSOPInstanceUID") or "")
        # A deflated data set would have to be inflated whole, which is not done in this process.
        if with_study and meta.get("TransferSyntaxUID") != DeflatedExplicitVRLittleEndian:
            tags: list[Any] = [0x0020000D]
            dataset = dcmread(path, stop_before_pixels=True, defer_size=1024, specific_tags=tags)
            study = str(dataset.get("StudyInstanceUID") or "")
    return sop_class, sop_instance, study


def _report(room: Room, study_uid: str | None, outcome: _Outcome) -> Json:
    """Return the Store Instances Response module (PS3.18 10.5.3, I.2)."""
    report: Json = {}
    studies = {instance.series.study.study_instance_uid for instance in outcome.stored}
    if study_uid is not None:
        studies = {study_uid}
    if len(studies) == 1:
        report["00081190"] = {"vr": "UR", "Value": [f"{room.root}/studies/{studies.pop()}"]}
    if outcome.failed:
        report["00081198"] = {
            "vr": "SQ",
            "Value": [
                {
                    "00081150": {"vr": "UI", "Value": [sop_class]} if sop_class else {"vr": "UI"},
                    "00081155": {"vr": "UI", "Value": [sop_instance]} if sop_instance else {"vr": "UI"},
                    "00081197": {"vr": "US", "Value": [reason]},
                }
                for sop_class, sop_instance, reason in outcome.failed
            ],
        }
    if outcome.stored:
        references = [_reference(room, instance, outcome.warned) for instance in outcome.stored]
        report["00081199"] = {"vr": "SQ", "Value": references}
    return report


def _reference(room: Room, instance: Instance, warned: dict[object, str]) -> Json:
    series = instance.series
    address = (
        f"{room.root}/studies/{series.study.study_instance_uid}/series/{series.series_instance_uid}"
        f"/instances/{instance.sop_instance_uid}"
    )
    warning = {"00081196": {"vr": "US", "Value": [_IDENTITY_CLASH]}} if instance.pk in warned else {}
    return {
        "00081150": {"vr": "UI", "Value": [instance.sop_class_uid]},
        "00081155": {"vr": "UI", "Value": [instance.sop_instance_uid]},
        "00081190": {"vr": "UR", "Value": [address]},
        **warning,
    }
