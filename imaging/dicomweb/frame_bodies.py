"""Frames as they go over the wire: in which form a client wants them, and their bytes in that form."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass
from threading import Lock
from typing import TYPE_CHECKING, Final

import numpy as np
from pydicom.uid import UID

from core import blobs
from core.errors import NotFound
from imaging.dicom import decoding, frames, pixels
from imaging.dicom.multipart import MediaRange
from imaging.dicomweb.errors import not_acceptable
from imaging.models import Instance

if TYPE_CHECKING:
    from collections.abc import Sequence

FOREVER: Final = "private, max-age=31536000, immutable"
#: Kept, but asked about each time: the address stays when an admin shows another version, or this server draws anew.
REVALIDATED: Final = "private, no-cache"
EXPLICIT_LITTLE_ENDIAN: Final = "1.2.840.10008.1.2.1"
OCTETS: Final = "application/octet-stream"
_MEDIA: Final = {
    "1.2.840.10008.1.2.5": "image/dicom-rle",
    "1.2.840.10008.1.2.4.50": "image/jpeg",
    "1.2.840.10008.1.2.4.51": "image/jpeg",
    "1.2.840.10008.1.2.4.57": "image/jpeg",
    "1.2.840.10008.1.2.4.70": "image/jpeg",
    "1.2.840.10008.1.2.4.80": "image/jls",
    "1.2.840.10008.1.2.4.81": "image/jls",
    "1.2.840.10008.1.2.4.90": "image/jp2",
    "1.2.840.10008.1.2.4.91": "image/jp2",
    "1.2.840.10008.1.2.4.92": "image/jpx",
    "1.2.840.10008.1.2.4.93": "image/jpx",
    "1.2.840.10008.1.2.4.201": "image/jphc",
    "1.2.840.10008.1.2.4.202": "image/jphc",
    "1.2.840.10008.1.2.4.203": "image/jphc",
}
_MEMO_BYTES: Final = 64 * 1024 * 1024
_memo: OrderedDict[tuple[str, int, str], bytes] = OrderedDict()
_memo_size = 0
_lock = Lock()


@dataclass(frozen=True, slots=True)
class FramedImage:
    """What is needed to send frames of one instance; never changes for one version of it."""

    version: int
    blob_digest: str
    display: str
    transfer_syntax_uid: str
    number_of_frames: int
    spans: tuple[tuple[int, int], ...]

    @property
    def sent_syntax(self) -> str:
        """The transfer syntax of frames that are sent without decoding."""
        syntax = UID(self.transfer_syntax_uid)
        if self.display == Instance.Display.CONVERTED or syntax == frames.DEFLATED_FRAMES:
            return EXPLICIT_LITTLE_ENDIAN
        return str(syntax) if syntax.is_private or syntax.is_encapsulated else EXPLICIT_LITTLE_ENDIAN


@dataclass(frozen=True, slots=True)
class FrameForm:
    """How frames are sent.

    Attributes:
        name: ``stored`` (as stored or normalised to little endian), ``decoded`` (uncompressed), ``rgb`` (converted).
        content_type: of each frame, with its transfer syntax.
        multipart: as multipart/related, else one bare body.
    """

    name: str
    content_type: str
    multipart: bool


def framed_image(instance: Instance) -> FramedImage:
    """Return what is needed to send the instance's frames.

    Raises:
        NotFound: it has no image (``no_pixels``), or one that cannot be shown (its own code).
    """
    if instance.display == Instance.Display.NO_PIXELS:
        raise NotFound("no_pixels", "This object has no image.")
    return FramedImage(
        instance.version,
        instance.blob_digest,
        instance.display,
        instance.transfer_syntax_uid,
        max(1, instance.number_of_frames),
        tuple((int(offset), int(length)) for offset, length in instance.frame_spans),
    )


def wanted_form(wanted: Sequence[MediaRange], image: FramedImage) -> FrameForm:
    """Choose the form in which frames are sent (PS3.18 8.7).

    ``transfer-syntax=*`` and ``*/*`` give frames as stored; octets without a transfer syntax mean explicit little
    endian, so compressed frames are decoded then.

    Raises:
        NotAcceptable: nothing the client accepts can be sent.
    """
    syntax = image.sent_syntax
    untouched = "rgb" if image.display == Instance.Display.CONVERTED else "stored"
    as_is = f"{OCTETS}; transfer-syntax={syntax}"
    plain = f"{OCTETS}; transfer-syntax={EXPLICIT_LITTLE_ENDIAN}"
    for entry in wanted:
        multipart = entry.media_type in ("multipart/related", "*/*", "multipart/*")
        media = entry.parameters.get("type", "*/*").lower() if multipart else entry.media_type
        asked = entry.parameters.get("transfer-syntax")
        if media in ("*/*", "application/*") and asked is None:
            asked = "*"
        if media in (OCTETS, "*/*", "application/*"):
            if asked in ("*", syntax):
                return FrameForm(untouched, as_is, multipart)
            if asked in (None, EXPLICIT_LITTLE_ENDIAN):
                return FrameForm("decoded", plain, multipart)
        elif media == _MEDIA.get(syntax) and asked in (None, "*", syntax):
            return FrameForm(untouched, f"{media}; transfer-syntax={syntax}", multipart)
    raise not_acceptable(
        f'multipart/related; type="{OCTETS}"; transfer-syntax={syntax}', f'multipart/related; type="{OCTETS}"'
    )


def span_of(image: FramedImage, number: int, form: FrameForm) -> tuple[int, int] | None:
    """Return where in the blob the frame's bytes lie when they can be sent untouched, else None."""
    if not 1 <= number <= image.number_of_frames:
        raise NotFound("no_such_frame", f"This image has {image.number_of_frames} frames; ask for one of them.")
    untouched = form.name == "stored" or (form.name == "decoded" and image.sent_syntax == EXPLICIT_LITTLE_ENDIAN)
    if untouched and image.display != Instance.Display.CONVERTED and len(image.spans) >= number:
        return image.spans[number - 1]
    return None


def frame_body(image: FramedImage, number: int, form: FrameForm) -> bytes:
    """Return one frame's bytes in a form.

    Args:
        image: whose frame.
        number: from 1.
        form: from ``wanted_form``.

    Raises:
        NotFound: there is no such frame, or the blob is missing.
        PixelsUnreadable: the frame cannot be decoded.
    """
    span = span_of(image, number, form)
    if span is not None:
        return blobs.read_span(image.blob_digest, *span)
    key = (image.blob_digest, number, form.name)
    with _lock:
        known = _memo.get(key)
        if known is not None:
            _memo.move_to_end(key)
            return known
    body = _made(image, number, form)
    _remember(key, body)
    return body


def _made(image: FramedImage, number: int, form: FrameForm) -> bytes:
    opened = frames.open_image(blobs.local_path(image.blob_digest))
    if image.display == Instance.Display.CONVERTED:
        return pixels.rgb_frame(opened, number)
    if form.name == "stored" or image.sent_syntax == EXPLICIT_LITTLE_ENDIAN:
        return frames.frame_payload(opened, number)
    decoded = decoding.decode_frame(opened, number).pixels
    return np.ascontiguousarray(decoded, decoded.dtype.newbyteorder("<")).tobytes()


def _remember(key: tuple[str, int, str], body: bytes) -> None:
    global _memo_size
    if len(body) > _MEMO_BYTES // 4:
        return
    with _lock:
        if key not in _memo:
            _memo[key] = body
            _memo_size += len(body)
        while _memo_size > _MEMO_BYTES:
            _, dropped = _memo.popitem(last=False)
            _memo_size -= len(dropped)


def entity_tag(image: FramedImage, numbers: str, form: FrameForm) -> str:
    """Return a strong entity tag: the same bytes, for ever."""
    syntax = form.content_type.rpartition("=")[2]
    made = form.name if form.name == "stored" else f"{form.name}{pixels.REVISION}"
    return f'"{image.blob_digest[:40]}-{numbers}-{made}-{syntax}-{"m" if form.multipart else "s"}"'


def cache_control(image: FramedImage, asked: str) -> str:
    """Return how long an answer may be kept: for ever under an address that names the version, else until asked again.

    Args:
        image: that is sent.
        asked: ``v`` of the address: ``<version of the instance>.<REVISION>``.
    """
    return FOREVER if asked == f"{image.version}.{pixels.REVISION}" else REVALIDATED
