"""Whatever bytes come over the wire, to the real server: an answer or a refusal, never a failure or its trace."""

from __future__ import annotations

import json
import socket
from typing import TYPE_CHECKING, Any

import pytest
from django.conf import settings
from django.test import Client

from tests.factories import dicom_files
from tests.imaging.archive import address
from tests.imaging.arriving import arrived
from tests.patience import SECONDS
from tests.webapp.test_hostile_headers import ACCEPTS, HEADERS

if TYPE_CHECKING:
    from core.models import Project, User

pytestmark = [pytest.mark.django_db(transaction=True)]

LINES = [
    b"GET /api/v1/workitems?limit=\xb2 HTTP/1.1", b"GET /\xff HTTP/1.1", b"GET /%FF%FE HTTP/1.1",
    b"GET /%00 HTTP/1.1", b"GET //api/v1/workitems HTTP/1.1", b"GET http://evil/ HTTP/1.1", b"GET /a b HTTP/1.1",
    b"BREW / HTTP/1.1", b"GET / HTTP/3.0", b"OPTIONS * HTTP/1.1", b"GET /?" + b"&" * 3000 + b" HTTP/1.1",
    b"GET /dicomweb/studies/%ED%A0%80/series/1/instances/1/frames/1 HTTP/1.1", b"CONNECT a:1 HTTP/1.1",
    b"GET /dicomweb/studies/1/series/1/instances/1/frames/" + b"9" * 7 + b" HTTP/1.1", b"GET /live HTTP/1.1",
    b"\x16\x03",
    b"GET / HTTP/1.1\r\nUpgrade: websocket\r\nConnection: upgrade", b"\r\n\r\n", b"GET",
]  # fmt: skip
HEADS = [
    b"If-Match: \"\xb2\"", b"Cookie: sessionid=\xff", b"Authorization: Bearer \xff", b"Content-Length: \xb2",
    b"Content-Length: 5\r\nContent-Length: 6", b"Transfer-Encoding: chunked\r\nContent-Length: 3",
    b"Transfer-Encoding: x", b"Expect: 200-maybe", b"Host: evil", b"Host: \xff", b"X-Forwarded-For: \xff",
    b"Accept: \xff", b"Content-Length: " + b"9" * 30, b"Content-Length: -1", b"a" * 70_000 + b": b", b": b",
    b"a\x00: b",
]  # fmt: skip
CHUNKS = [b"zz\r\n", b"-1\r\n", b"ffffffffffffffffff\r\n", b"5\r\nabc\r\n0\r\n\r\n"]
FRAMES = [
    "\xb2", "%FF%FE", "%ED%A0%80", "%00", "0", "-1", "+1", "1_0", "1,", ",1", "1,1,1,1", "1,2,1000000000000",
    "9" * 5000, "%D9%A3", "1%2C1", "1/", "1/rendered", "1/rendered?window=nan,1,linear", "2", "1?accept=*/*", "",
]  # fmt: skip


def ask(server_url: str, request: bytes) -> tuple[int, bytes]:
    """Send raw bytes and return the status (0 where the server hung up) and the whole answer."""
    host, port = server_url.removeprefix("http://").split(":")
    answer = b""
    with socket.create_connection((host, int(port)), timeout=SECONDS) as made:
        try:
            made.sendall(request)
            while piece := made.recv(65536):
                answer += piece
        except ConnectionError:
            pass  # the server has hung up, which is an answer to bytes that are no request
    return (int(answer.split(b" ", 2)[1]) if answer else 0), answer


def fault(status: int, answer: bytes) -> str:
    """Say what is wrong with an answer; empty where nothing is."""
    if not status:
        return "no answer"
    if status >= 500 and status != 501:
        return f"{status}: {answer[:200]!r}"
    if b"Traceback" in answer or b'File "/' in answer:
        return f"a trace: {answer[:200]!r}"
    if status >= 400 and b"application/json" in answer.partition(b"\r\n\r\n")[0] and not told(answer).get("code"):
        return f"no code: {answer[:200]!r}"
    return ""


def told(answer: bytes) -> dict[str, Any]:
    """Return the JSON object in an answer, whether it came with its length or as one chunk."""
    body = answer.partition(b"\r\n\r\n")[2]
    found: dict[str, Any] = json.loads(body[body.find(b"{") : body.rfind(b"}") + 1] or "{}")
    return found


@pytest.fixture
def patience(settings: Any) -> None:
    """Let the server wait only shortly for those that announce more than they send."""
    settings.OVERREAD_BODY_PATIENCE_SECONDS = 1


def test_raw_bytes_are_answered_by_the_real_server(server_url: str, patience: None) -> None:
    requests = [line + b"\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n" for line in LINES]
    login = b"POST /api/v1/auth/login HTTP/1.1\r\nHost: 127.0.0.1\r\n"
    requests += [login + b"Connection: close\r\n" + head + b"\r\n\r\n0\r\n\r\n" for head in HEADS]
    requests += [login + b"Connection: close\r\nTransfer-Encoding: chunked\r\n\r\n" + chunk for chunk in CHUNKS]
    wrong = {request[:80]: seen for request in requests if (seen := fault(*ask(server_url, request)))}
    assert wrong == {}


def test_the_raw_route_of_frames_takes_any_header_and_any_list(
    server_url: str, project: Project, radiologist: User
) -> None:
    [verdict] = arrived(dicom_files.file_bytes(dicom_files.dx_image()), project, radiologist)
    assert verdict.instance is not None
    client = Client()
    client.force_login(radiologist)
    name = settings.SESSION_COOKIE_NAME
    known = f"Host: 127.0.0.1\r\nConnection: close\r\nCookie: {name}={client.cookies[name].value}\r\n"
    place = address(verdict.instance, "/frames/")

    def asked(path: str, more: str = "") -> tuple[int, bytes]:
        return ask(server_url, f"GET {path} HTTP/1.1\r\n{known}{more}\r\n".encode("latin-1"))

    assert asked(f"{place}1")[0] == 200
    lines = [f"Accept: {value}" for value in ACCEPTS]
    lines += [f"{name}: {value}" for given in HEADERS for name, value in given.items() if name != "Content-Length"]
    wrong = {line[:80]: seen for line in lines if (seen := fault(*asked(f"{place}1", f"{line}\r\n")))}
    wrong |= {numbers[:80]: seen for numbers in FRAMES if (seen := fault(*asked(f"{place}{numbers}")))}
    assert wrong == {}
    status, answer = asked(f"{place}1", f"{lines[0]}\r\n")
    assert (status, told(answer)["code"]) == (406, "not_acceptable")
