"""Rendered images and thumbnails (PS3.18 10.4.1.1.3, 10.4.1.1.4, 8.3.5.1)."""

from __future__ import annotations

import hashlib
import math
from collections import OrderedDict
from threading import Lock
from typing import TYPE_CHECKING, Final

from django.http import HttpResponse, QueryDict

from core import blobs
from core.errors import NotFound
from core.numbers import whole
from imaging.dicom.frame_facts import FrameFacts, VoiFunction
from imaging.dicom.grey_levels import GreyWindow
from imaging.dicom.pixels import REVISION, ImageFormat, render_frame
from imaging.dicomweb.door import DicomwebView, accepted, room_of
from imaging.dicomweb.errors import BadRequest, not_acceptable
from imaging.dicomweb.frame_bodies import REVALIDATED
from imaging.dicomweb.wado import chosen_instances
from imaging.held_back import note_sent
from imaging.models import Instance
from imaging.selectors import frame_facts_of, series_window

if TYPE_CHECKING:
    from rest_framework.request import Request

_THUMBNAIL: Final = (128, 128)
_MOST: Final = 8192
_FORMATS: Final[dict[str, ImageFormat]] = {"image/jpeg": "jpeg", "image/png": "png"}
_MEMO_LIMIT: Final = 400
#: Digest of the file, frame, window asked for, window found in the values, size, format and quality.
_Key = tuple[str, int, GreyWindow | None, GreyWindow | None, tuple[int, int] | None, ImageFormat, int]
_memo: OrderedDict[_Key, bytes] = OrderedDict()
_lock = Lock()


class RenderedView(DicomwebView):
    """``GET …/rendered`` of an instance or frame; of a study or series it is the picture of its middle image."""

    box: tuple[int, int] | None = None

    def get(
        self,
        request: Request,
        study: str,
        series: str | None = None,
        instance: str | None = None,
        frame: int | None = None,
        slug: str | None = None,
    ) -> HttpResponse:
        """Answer a JPEG or PNG."""
        query = request.GET
        image_format = _format(request)
        window, size, quality = _window(query), _viewport(query) or self.box, _quality(query)
        room = room_of(request, slug)
        chosen = _middle(chosen_instances(room, study, series, instance, all_sent=False))
        note_sent(room.user, Instance.objects.filter(pk=chosen.pk))
        frames = max(1, chosen.number_of_frames)
        # Without a frame number a cine is shown by its middle frame in thumbnails, by its first one elsewhere.
        number = frame if frame is not None else (frames + 1) // 2 if self.box else 1
        if not 1 <= number <= frames:
            raise NotFound("no_such_frame", f"This image has {frames} frames; ask for one of them.")
        facts = frame_facts_of(chosen, number)
        by_values = window is None and not facts.color and not facts.voi
        found = series_window(chosen.series) if by_values else None
        key = (chosen.blob_digest, number, window, found, size, image_format, quality)
        drawn_by = "-".join(str(part) for part in (REVISION, *key[1:]))
        tag = f'"{chosen.blob_digest[:40]}-{hashlib.sha256(drawn_by.encode()).hexdigest()[:24]}"'
        if request.headers.get("If-None-Match") == tag:
            response = HttpResponse(status=304)
        else:
            response = HttpResponse(_drawn(key, facts), content_type=f"image/{image_format}")
        response["ETag"], response["Cache-Control"] = tag, REVALIDATED
        response["Vary"] = "Accept, Cookie, Authorization"
        return response


class ThumbnailView(RenderedView):
    """``GET …/thumbnail``: small, in the window the image asks for."""

    box = _THUMBNAIL


def _middle(instances: list[Instance]) -> Instance:
    shown = [row for row in instances if row.is_shown] or [row for row in instances if row.is_decodable]
    if not shown:
        raise NotFound("no_picture", "There is no image here that can be drawn.")
    return shown[len(shown) // 2]


def _drawn(key: _Key, facts: FrameFacts) -> bytes:
    with _lock:
        known = _memo.get(key)
        if known is not None:
            _memo.move_to_end(key)
            return known
    digest, number, window, found, size, image_format, quality = key
    picture = render_frame(
        blobs.local_path(digest),
        number,
        levels=window,
        facts=facts,
        found=found,
        size=size,
        image_format=image_format,
        quality=quality,
    )
    with _lock:
        _memo[key] = picture
        if len(_memo) > _MEMO_LIMIT:
            _memo.popitem(last=False)
    return picture


def _format(request: Request) -> ImageFormat:
    for wanted in accepted(request):
        media = wanted.media_type
        if media == "multipart/related":
            media = wanted.parameters.get("type", "").lower()
        if media in _FORMATS:
            return _FORMATS[media]
        if media in ("*/*", "image/*"):
            return "jpeg"
    raise not_acceptable(*_FORMATS)


def _floats(query: QueryDict, name: str) -> list[str]:
    value = query.get(name, "").strip()
    return value.split(",") if value else []


def _window(query: QueryDict) -> GreyWindow | None:
    parts = _floats(query, "window")
    if not parts:
        return None
    try:
        center, width = float(parts[0]), float(parts[1])
    except (ValueError, IndexError):
        raise _wrong("window", "window is center,width[,function]") from None
    function = (parts[2] if len(parts) > 2 else "linear").upper().replace("-", "_")
    functions: dict[str, VoiFunction] = {"LINEAR": "LINEAR", "LINEAR_EXACT": "LINEAR_EXACT", "SIGMOID": "SIGMOID"}
    if function not in functions or not math.isfinite(center) or not 0 < width < math.inf:
        raise _wrong("window", "window is center,width[,linear|linear-exact|sigmoid] with a width above 0")
    return GreyWindow(center, width, functions[function])


def _viewport(query: QueryDict) -> tuple[int, int] | None:
    parts = _floats(query, "viewport")
    if not parts:
        return None
    try:
        columns, rows = int(float(parts[0])), int(float(parts[1]))
    except (ValueError, IndexError, OverflowError):
        raise _wrong("viewport", "viewport is columns,rows") from None
    if not (1 <= columns <= _MOST and 1 <= rows <= _MOST):
        raise _wrong("viewport", f"viewport is columns,rows, each from 1 to {_MOST}")
    if len(parts) > 2 and any(part.strip() for part in parts[2:]):
        raise _wrong("viewport", "a source rectangle in viewport is not offered here; leave it out")
    return columns, rows


def _quality(query: QueryDict) -> int:
    value = query.get("quality", "90")
    quality = whole(value, least=1, most=100)
    if quality is None:
        raise _wrong("quality", "quality is a whole number from 1 to 100")
    return quality


def _wrong(parameter: str, rule: str) -> BadRequest:
    return BadRequest("parameter_wrong", f"The parameter is wrong: {rule}.", parameter=parameter)
