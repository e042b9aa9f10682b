"""multipart/related as DICOMweb uses it (RFC 2387, PS3.18 8.6): written in pieces, read in pieces."""

from __future__ import annotations

import re
import secrets
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from email.message import Message
from typing import BinaryIO, Final

from core.errors import Invalid, TooLarge

_MAX_HEADERS: Final = 16 * 1024
_CHUNK: Final = 256 * 1024


def new_boundary() -> str:
    """Return a boundary that no content can have guessed."""
    return "overread-" + secrets.token_hex(16)


def part_head(boundary: str, content_type: str, length: int | None = None, location: str = "") -> bytes:
    """Return what precedes a part's content: delimiter and headers.

    Args:
        boundary: of the whole body.
        content_type: with its parameters, as in ``application/octet-stream; transfer-syntax=1.2.840.10008.1.2.1``.
        length: bytes of the content, when known.
        location: its URL, when it has one.
    """
    lines = [f"--{boundary}", f"Content-Type: {content_type}"]
    if length is not None:
        lines.append(f"Content-Length: {length}")
    if location:
        lines.append(f"Content-Location: {location}")
    return ("\r\n".join(lines) + "\r\n\r\n").encode("ascii")


def closing(boundary: str) -> bytes:
    """Return what ends the body."""
    return f"--{boundary}--\r\n".encode("ascii")


def join_parts(boundary: str, parts: Iterable[tuple[bytes, Iterable[bytes]]]) -> Iterator[bytes]:
    """Yield a whole body from ``(head, content pieces)`` pairs."""
    for head, pieces in parts:
        yield head
        yield from pieces
        yield b"\r\n"
    yield closing(boundary)


def parse_header(value: str) -> tuple[str, dict[str, str]]:
    """Split a header like ``multipart/related; type="application/dicom"`` into value and parameters.

    Quoted and unquoted parameters are read alike, even an unquoted media type with its slash (which RFC 2045
    forbids and OHIF sends). Names and the value are lower case.
    """
    head, *rest = _split(value, ";")
    parameters: dict[str, str] = {}
    for item in rest:
        name, _, content = item.partition("=")
        content = content.strip()
        if len(content) >= 2 and content[0] == content[-1] == '"':
            content = re.sub(r"\\(.)", r"\1", content[1:-1])
        if name.strip():
            parameters[name.strip().lower()] = content
    return head.strip().lower(), parameters


def _split(value: str, separator: str) -> list[str]:
    return re.findall(rf'(?:[^{separator}"]|"(?:\\.|[^"\\])*"?)+', value) or [""]


@dataclass(frozen=True, slots=True)
class MediaRange:
    """One entry of an Accept header."""

    media_type: str
    parameters: dict[str, str] = field(default_factory=dict)
    quality: float = 1.0


def parse_accept(value: str) -> list[MediaRange]:
    """Return the media ranges of an Accept header, most wanted first; an empty header accepts anything."""
    ranges = []
    for entry in _split(value, ","):
        media_type, parameters = parse_header(entry)
        if not media_type:
            continue
        try:
            quality = float(parameters.pop("q", "1"))
        except ValueError:
            quality = 0.0
        ranges.append(MediaRange(media_type, parameters, quality))
    ranges.sort(key=lambda wanted: -wanted.quality)
    return [wanted for wanted in ranges if wanted.quality > 0] or [MediaRange("*/*")]


@dataclass(slots=True)
class Part:
    """One part that was read: its headers, and whatever the sink made of its content."""

    content_type: str
    parameters: dict[str, str]
    byte_size: int


class _Reader:
    """A buffer over a stream that can look for a delimiter across piece borders."""

    def __init__(self, stream: BinaryIO, limit: int) -> None:
        self.stream = stream
        self.buffer = b""
        self.left = limit
        self.ended = False

    def fill(self) -> bool:
        if self.ended:
            return False
        piece = self.stream.read(_CHUNK)
        if not piece:
            self.ended = True
            return False
        self.left -= len(piece)
        if self.left < 0:
            raise TooLarge("request_too_large", "The request is larger than this server takes. Send it in parts.")
        self.buffer += piece
        return True

    def until(self, delimiter: bytes, sink: Callable[[bytes], object] | None, most: int | None = None) -> bool:
        """Feed ``sink`` with everything before ``delimiter`` and drop the delimiter; False at the end without it."""
        passed = 0
        while True:
            at = self.buffer.find(delimiter)
            keep = at if at >= 0 else max(0, len(self.buffer) - len(delimiter) + 1)
            passed += keep
            if most is not None and passed > most:
                raise _malformed()
            if sink is not None and keep:
                sink(self.buffer[:keep])
            if at >= 0:
                self.buffer = self.buffer[at + len(delimiter) :]
                return True
            self.buffer = self.buffer[keep:]
            if not self.fill():
                return False

    def peek(self, length: int) -> bytes:
        while len(self.buffer) < length and self.fill():
            pass
        return self.buffer[:length]

    def take(self, length: int) -> bytes:
        taken = self.peek(length)
        self.buffer = self.buffer[length:]
        return taken


def _malformed() -> Invalid:
    return Invalid(
        "multipart_malformed",
        "The multipart body is not complete. Send multipart/related with a boundary, each part closed by it.",
    )


def read_parts(
    stream: BinaryIO,
    boundary: str,
    *,
    open_sink: Callable[[str, dict[str, str]], Callable[[bytes], object]],
    limit: int,
    part_limit: int,
) -> Iterator[Part]:
    """Read a multipart body piece by piece; memory use does not grow with the size of the parts.

    Args:
        stream: the request body.
        boundary: from the Content-Type header.
        open_sink: called with each part's content type and parameters; gets the content in pieces.
        limit: most bytes of the whole body.
        part_limit: most bytes of one part.

    Yields:
        Each part after its content has gone to its sink.

    Raises:
        Invalid: the body ends too early or has no delimiter (``multipart_malformed``).
        TooLarge: over one of the limits.
    """
    if not boundary or len(boundary) > 200:
        raise _malformed()
    delimiter = b"--" + boundary.encode("latin-1", "replace")
    reader = _Reader(stream, limit)
    if not reader.until(delimiter, None, most=_MAX_HEADERS):
        raise _malformed()
    while True:
        tail = reader.take(2)
        if tail == b"--":
            while reader.fill():  # The rest (an epilogue) is read and dropped, so that the connection stays usable.
                reader.buffer = b""
            return
        while tail[:1] in (b" ", b"\t"):
            tail = tail[1:] + reader.take(1)
        if tail != b"\r\n":
            raise _malformed()
        content_type, parameters = _part_headers(reader)
        size = 0
        sink = open_sink(content_type, parameters)

        def count(piece: bytes, sink: Callable[[bytes], object] = sink) -> None:
            nonlocal size
            size += len(piece)
            if size > part_limit:
                raise TooLarge("part_too_large", "One of the instances is larger than this server takes.")
            sink(piece)

        if not reader.until(b"\r\n" + delimiter, count):
            raise _malformed()
        yield Part(content_type, parameters, size)


def _part_headers(reader: _Reader) -> tuple[str, dict[str, str]]:
    pieces: list[bytes] = []
    if reader.peek(2) == b"\r\n":
        reader.take(2)
        return "application/octet-stream", {}
    if not reader.until(b"\r\n\r\n", pieces.append, most=_MAX_HEADERS):
        raise _malformed()
    message = Message()
    for line in b"".join(pieces).decode("latin-1").split("\r\n"):
        name, _, value = line.partition(":")
        if name.strip():
            message[name.strip()] = value.strip()
    return parse_header(message.get("Content-Type", "application/octet-stream"))
