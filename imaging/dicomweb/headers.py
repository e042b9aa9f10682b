"""Stored headers: read from their blobs, completed for a client."""

from __future__ import annotations

import json
import zlib
from collections import OrderedDict
from threading import Lock
from typing import TYPE_CHECKING, Final

from core import blobs
from imaging.dicom.json_model import Json, converted_model, dump
from imaging.models import Instance

if TYPE_CHECKING:
    from collections.abc import Sequence

_MEMO_LIMIT: Final = 512
_TEXT_BYTES: Final = 48 * 1024 * 1024
_memo: OrderedDict[str, Json] = OrderedDict()
_lock = Lock()


class _Remembered:
    """Texts by digest, the least recently used ones forgotten above a number of bytes."""

    def __init__(self, limit: int) -> None:
        self._limit, self._size, self._texts = limit, 0, OrderedDict[str, bytes]()

    def get(self, digest: str) -> bytes | None:
        with _lock:
            text = self._texts.get(digest)
            if text is not None:
                self._texts.move_to_end(digest)
            return text

    def put(self, digest: str, text: bytes) -> None:
        with _lock:
            self._size += len(text) - len(self._texts.pop(digest, b""))
            self._texts[digest] = text
            while self._size > self._limit:
                self._size -= len(self._texts.popitem(last=False)[1])


_texts = _Remembered(_TEXT_BYTES)


def header_bytes(instance: Instance) -> bytes:
    """Return the instance's DICOM JSON as it was written at ingest; raises NotFound, Unavailable."""
    text = _texts.get(instance.header_digest)
    if text is None:
        text = zlib.decompress(blobs.get(instance.header_digest))
        _texts.put(instance.header_digest, text)
    return text


def header_of(instance: Instance) -> Json:
    """Return the instance's header as stored; the dictionary is shared and must not be changed."""
    with _lock:
        known = _memo.get(instance.header_digest)
    if known is None:
        known = json.loads(header_bytes(instance))
        with _lock:
            _memo[instance.header_digest] = known
            if len(_memo) > _MEMO_LIMIT:
                _memo.popitem(last=False)
    return known


def sent_header(instance: Instance, instance_url: str) -> bytes:
    """Return the header as a client gets it: bulk data addresses complete, converted images described as RGB.

    Args:
        instance: the instance.
        instance_url: its own address, without a slash at the end.
    """
    content = header_bytes(instance)
    if instance.display == Instance.Display.CONVERTED:
        content = dump(converted_model(json.loads(content)))
    # The quotes of this key cannot occur inside a JSON string, where they would be escaped.
    return content.replace(b'"BulkDataURI":"bulkdata/', b'"BulkDataURI":"' + instance_url.encode() + b"/bulkdata/")


def joined_headers(instances: Sequence[Instance], series_root: str) -> bytes:
    """Return a JSON array of headers.

    Args:
        instances: with their series and study loaded.
        series_root: address of the studies resource.
    """
    parts = []
    for instance in instances:
        series = instance.series
        address = f"{series_root}/{series.study.study_instance_uid}/series/{series.series_instance_uid}"
        parts.append(sent_header(instance, f"{address}/instances/{instance.sop_instance_uid}"))
    return b"[" + b",".join(parts) + b"]"
