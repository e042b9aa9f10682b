"""WADO-RS: metadata, whole instances, frames and bulk data (PS3.18 10.4)."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Final

from django.http import HttpResponse, HttpResponseBase, StreamingHttpResponse

from core import blobs
from core.errors import NotFound
from core.numbers import whole
from imaging.dicom.frames import open_image
from imaging.dicom.json_model import bulk_value
from imaging.dicom.multipart import closing, join_parts, new_boundary, part_head
from imaging.dicomweb.door import DICOM_JSON, DicomwebView, accepted, note_read, require_json, room_of
from imaging.dicomweb.errors import BadRequest, not_acceptable
from imaging.dicomweb.frame_bodies import (
    OCTETS,
    REVALIDATED,
    FramedImage,
    FrameForm,
    cache_control,
    entity_tag,
    frame_body,
    framed_image,
    wanted_form,
)
from imaging.dicomweb.headers import joined_headers
from imaging.held_back import given_to, kept_from
from imaging.models import Instance, Series

if TYPE_CHECKING:
    from rest_framework.request import Request

    from imaging.dicomweb.door import Room

_DICOM: Final = "application/dicom"
_CHUNK: Final = 1024 * 1024
_WHOLE_FILE: Final = 4 * 1024 * 1024


def chosen_instances(
    room: Room, study: str, series: str | None, instance: str | None, *, all_sent: bool = True
) -> list[Instance]:
    """Return the instances an address names, in order, with series and study loaded; the read is noted.

    Args:
        all_sent: False: only some of them are sent, which the caller notes.

    Raises:
        NotFound: nothing there, or nothing this user may see.
    """
    if series is None:
        rows = Instance.objects.filter(series__study=room.study(study))
    elif instance is None:
        rows = Instance.objects.filter(series=room.series(study, series))
    else:
        rows = Instance.objects.filter(pk=room.instance(study, series, instance).pk)
    given = given_to(room.user, rows) if all_sent else rows.exclude(pk__in=kept_from(room.user, rows))
    chosen = list(given.order_by("instance_number", "sop_instance_uid"))
    if not chosen:
        raise NotFound("no_instances", "There are no instances here.")
    # The few series are loaded once and hung on their many instances.
    ids = {row.series_id for row in chosen}
    read = {row.pk: row for row in Series.objects.filter(pk__in=ids).select_related("study")}
    for row in chosen:
        row.series = read[row.series_id]
    for one in read.values():
        note_read(room.user, one)
    chosen.sort(key=lambda row: (row.series.series_number or 0, row.series.series_instance_uid))
    return chosen


class MetadataView(DicomwebView):
    """``GET …/metadata`` of a study, series or instance."""

    def get(
        self,
        request: Request,
        study: str,
        series: str | None = None,
        instance: str | None = None,
        slug: str | None = None,
    ) -> HttpResponse:
        """Answer the headers as DICOM JSON."""
        require_json(request)
        room = room_of(request, slug)
        chosen = chosen_instances(room, study, series, instance)
        seed = "".join(f"{row.header_digest}{row.display}" for row in chosen) + room.root
        tag = f'"{hashlib.sha256(seed.encode()).hexdigest()[:40]}"'
        if request.headers.get("If-None-Match") == tag:
            response = HttpResponse(status=304)
        else:
            response = HttpResponse(joined_headers(chosen, f"{room.root}/studies"), content_type=DICOM_JSON)
        response["ETag"] = tag
        response["Cache-Control"] = REVALIDATED
        return response


class RetrieveView(DicomwebView):
    """``GET`` of a whole study, series or instance: the files as they were stored."""

    def get(
        self,
        request: Request,
        study: str,
        series: str | None = None,
        instance: str | None = None,
        slug: str | None = None,
    ) -> HttpResponseBase:
        """Answer multipart/related application/dicom, or one bare file where that is asked for."""
        room = room_of(request, slug)
        bare = _wants_bare(request)
        chosen = chosen_instances(room, study, series, instance)
        _require_syntax(request, chosen)
        if bare and instance is not None:
            tag = f'"{chosen[0].blob_digest}"'
            if request.headers.get("If-None-Match") == tag:
                response: HttpResponseBase = HttpResponse(status=304)
            else:
                response = StreamingHttpResponse(_file(chosen[0]), content_type=_DICOM)
                response["Content-Length"] = str(chosen[0].byte_size)
            response["ETag"], response["Cache-Control"] = tag, REVALIDATED
            return response
        boundary = new_boundary()
        parts = [(part_head(boundary, _content_type(row), row.byte_size), row) for row in chosen]
        body = _body(boundary, parts)
        response = StreamingHttpResponse(body, content_type=f'multipart/related; type="{_DICOM}"; boundary={boundary}')
        size = sum(len(head) + row.byte_size + 2 for head, row in parts) + len(closing(boundary))
        response["Content-Length"] = str(size)
        return response


def _content_type(instance: Instance) -> str:
    return f"{_DICOM}; transfer-syntax={instance.transfer_syntax_uid}"


def _body(boundary: str, parts: list[tuple[bytes, Instance]]) -> Iterator[bytes]:
    """Yield a multipart body; a small file goes out in one piece with its head, each piece costs a thread switch."""
    for head, row in parts:
        if row.byte_size <= _WHOLE_FILE:
            with blobs.open_file(row.blob_digest) as stream:
                yield b"".join((head, stream.read(), b"\r\n"))
        else:
            yield head
            yield from _file(row)
            yield b"\r\n"
    yield closing(boundary)


def _file(instance: Instance) -> Iterator[bytes]:
    with blobs.open_file(instance.blob_digest) as stream:
        while piece := stream.read(_CHUNK):
            yield piece


def _wants_bare(request: Request) -> bool:
    """Say whether the client takes a bare file rather than multipart; raises NotAcceptable for other things."""
    for wanted in accepted(request):
        if wanted.media_type in ("*/*", "multipart/*"):
            return False
        if wanted.media_type == "multipart/related" and wanted.parameters.get("type", _DICOM).lower() in (
            _DICOM,
            "*/*",
        ):
            return False
        if wanted.media_type == _DICOM:
            return True
    raise not_acceptable(f'multipart/related; type="{_DICOM}"', _DICOM)


def _require_syntax(request: Request, chosen: list[Instance]) -> None:
    """Raise NotAcceptable when only other transfer syntaxes are accepted: files are sent as stored."""
    asked = {entry.parameters.get("transfer-syntax", "*") for entry in accepted(request)}
    if "*" not in asked and any(row.transfer_syntax_uid not in asked for row in chosen):
        raise not_acceptable(f'multipart/related; type="{_DICOM}"; transfer-syntax=*')


class FramesView(DicomwebView):
    """``GET …/frames/{list}``; single frames are usually answered by the raw route before they get here."""

    def get(
        self, request: Request, study: str, series: str, instance: str, frame_list: str, slug: str | None = None
    ) -> HttpResponseBase:
        """Answer one part for each frame of the list."""
        room = room_of(request, slug)
        chosen = chosen_instances(room, study, series, instance)[0]
        image = framed_image(chosen)
        numbers = _frame_numbers(frame_list)
        form = wanted_form(accepted(request), image)
        for number in numbers:
            if not 1 <= number <= image.number_of_frames:
                raise NotFound("no_such_frame", f"This image has {image.number_of_frames} frames; ask for one of them.")
        tag = entity_tag(image, ",".join(map(str, numbers)), form)
        if request.headers.get("If-None-Match") == tag:
            response: HttpResponseBase = HttpResponse(status=304)
        elif not form.multipart:
            if len(numbers) > 1:
                raise not_acceptable(f'multipart/related; type="{OCTETS}"; transfer-syntax=*')
            response = HttpResponse(frame_body(image, numbers[0], form), content_type=form.content_type)
        else:
            boundary = new_boundary()
            kind = form.content_type.partition(";")[0]
            # The first frame is made before the status is sent, so that a broken image is an error and not a cut.
            body = join_parts(boundary, _parts(boundary, image, numbers, form, frame_body(image, numbers[0], form)))
            response = StreamingHttpResponse(
                body, content_type=f'multipart/related; type="{kind}"; boundary={boundary}'
            )
        response["ETag"], response["Cache-Control"] = tag, cache_control(image, request.GET.get("v", ""))
        response["Vary"] = "Accept, Cookie, Authorization"
        return response


def _parts(
    boundary: str, image: FramedImage, numbers: list[int], form: FrameForm, first: bytes
) -> Iterator[tuple[bytes, Iterable[bytes]]]:
    for index, number in enumerate(numbers):
        body = first if index == 0 else frame_body(image, number, form)
        yield part_head(boundary, form.content_type, len(body)), (body,)


def _frame_numbers(frame_list: str) -> list[int]:
    numbers = [number for part in frame_list.split(",") if (number := whole(part.strip())) is not None]
    if len(numbers) != frame_list.count(",") + 1:
        raise BadRequest("frame_list_wrong", "Frames are a comma separated list of numbers from 1.")
    if len(numbers) > 10_000:
        raise BadRequest("frame_list_wrong", "Ask for at most 10000 frames at once.")
    return numbers


class BulkdataView(DicomwebView):
    """``GET …/bulkdata/{path}``: a large binary value that metadata point at."""

    def get(
        self, request: Request, study: str, series: str, instance: str, path: str, slug: str | None = None
    ) -> HttpResponse:
        """Answer the value's bytes, in multipart unless bare octets are asked for."""
        room = room_of(request, slug)
        chosen = chosen_instances(room, study, series, instance)[0]
        value = bulk_value(open_image(blobs.local_path(chosen.blob_digest)).dataset, path)
        if value is None:
            raise NotFound("no_such_value", "There is no bulk data at this address.")
        for wanted in accepted(request):
            if wanted.media_type == "multipart/related":
                boundary = new_boundary()
                body = b"".join(join_parts(boundary, [(part_head(boundary, OCTETS, len(value)), (value,))]))
                content_type = f'multipart/related; type="{OCTETS}"; boundary={boundary}'
                break
            if wanted.media_type in (OCTETS, "*/*", "application/*"):
                body, content_type = value, OCTETS
                break
        else:
            raise not_acceptable(OCTETS, f'multipart/related; type="{OCTETS}"')
        response = HttpResponse(body, content_type=content_type)
        response["Cache-Control"] = REVALIDATED
        return response
