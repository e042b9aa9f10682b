"""multipart/related: what clients really send is read, in pieces of any size; broken bodies are refused."""

from __future__ import annotations

from io import BytesIO, RawIOBase

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.errors import Invalid, TooLarge
from imaging.dicom.multipart import join_parts, parse_accept, parse_header, part_head, read_parts


class Trickle(RawIOBase):
    """A stream that gives a few bytes at a time, as a network does."""

    def __init__(self, content: bytes, step: int) -> None:
        self.inner, self.step = BytesIO(content), step

    def read(self, size: int = -1) -> bytes:
        return self.inner.read(self.step if size < 0 else min(self.step, size))


def parts_of(
    body: bytes, boundary: str = "b", step: int = 7, limit: int = 1 << 20, part_limit: int = 1 << 20
) -> list[tuple[str, bytes]]:
    found: list[tuple[str, list[bytes]]] = []

    def open_sink(content_type: str, parameters: dict[str, str]) -> object:
        pieces: list[bytes] = []
        found.append((content_type, pieces))
        return pieces.append

    for _ in read_parts(Trickle(body, step), boundary, open_sink=open_sink, limit=limit, part_limit=part_limit):  # type: ignore[arg-type]
        pass
    return [(kind, b"".join(pieces)) for kind, pieces in found]


@settings(max_examples=60, deadline=None)
@given(
    contents=st.lists(st.binary(max_size=200) | st.just(b"\r\n--") | st.just(b"\r\n--b0--"), min_size=1, max_size=4),
    step=st.integers(1, 50),
)
def test_what_is_written_is_read_back_whatever_the_pieces(contents: list[bytes], step: int) -> None:
    boundary = "unguessable-boundary"
    body = b"".join(join_parts(boundary, ((part_head(boundary, "application/dicom"), (one,)) for one in contents)))
    assert [content for _, content in parts_of(body, boundary, step)] == contents


def test_a_preamble_an_epilogue_and_a_part_without_headers_are_read() -> None:
    body = b"hello\r\n--b\r\n\r\none\r\n--b  \r\nContent-Type: application/dicom\r\n\r\ntwo\r\n--b--\r\nbye"
    assert parts_of(body) == [("application/octet-stream", b"one"), ("application/dicom", b"two")]


@pytest.mark.parametrize("body", [b"", b"--b", b"--b\r\n\r\nno end", b"nothing here", b"--bXX\r\n\r\n\r\n--b--"])
def test_a_body_that_is_cut_off_is_refused(body: bytes) -> None:
    with pytest.raises(Invalid) as refused:
        parts_of(body)
    assert refused.value.code == "multipart_malformed"


def test_limits_hold_for_the_body_and_for_each_part() -> None:
    body = b"--b\r\n\r\n" + b"x" * 5000 + b"\r\n--b--"
    with pytest.raises(TooLarge) as part:
        parts_of(body, part_limit=4000)
    assert part.value.code == "part_too_large"
    with pytest.raises(TooLarge) as whole:
        parts_of(body, limit=4000)
    assert whole.value.code == "request_too_large"


def test_parameters_are_read_quoted_and_unquoted() -> None:
    quoted = parse_header('Multipart/Related; type="application/dicom"; boundary="a;b"')
    assert quoted == ("multipart/related", {"type": "application/dicom", "boundary": "a;b"})
    assert parse_header("multipart/related; type=application/octet-stream; transfer-syntax=*")[1] == {
        "type": "application/octet-stream",
        "transfer-syntax": "*",
    }


def test_accept_is_ordered_by_quality() -> None:
    wanted = parse_accept('image/png;q=0.5, multipart/related; type="a/b, c"; q=0.9, image/jpeg, text/html;q=0')
    assert [entry.media_type for entry in wanted] == ["image/jpeg", "multipart/related", "image/png"]
    assert wanted[1].parameters["type"] == "a/b, c"
    assert parse_accept("")[0].media_type == "*/*"
