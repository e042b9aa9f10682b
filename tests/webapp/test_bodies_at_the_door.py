"""What is sent reaches the archive whole, whatever way it is sent; a slow or endless sender holds up nobody."""

from __future__ import annotations

import http.client
import io
import json
import socket
import threading
import time
from contextlib import ExitStack
from itertools import chain
from typing import TYPE_CHECKING, Any

import pytest
import requests
from dicomweb_client.api import DICOMwebClient
from pydicom import dcmread

from core import blobs
from core.models import ApiToken, Project, User
from imaging.models import Instance, Upload
from tests.imaging.archive import bundled
from tests.serving import served
from webapp.doors import protocol
from webapp.doors.bodies import body_limit
from webapp.doors.bridge import WORKING, DjangoBridge

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.filterwarnings("ignore")]
DICOM = "application/dicom"
MULTIPART = 'multipart/related; type="application/dicom"; boundary=here'


def in_parts(*contents: bytes) -> bytes:
    parts = (b"--here\r\nContent-Type: application/dicom\r\n\r\n" + content + b"\r\n" for content in contents)
    return b"".join(parts) + b"--here--\r\n"


def dripped(content: bytes, size: int) -> Iterator[bytes]:
    """Yield the content in pieces: requests sends an iterator with ``Transfer-Encoding: chunked``."""
    stream = io.BytesIO(content)
    while piece := stream.read(size):
        yield piece


@pytest.fixture
def sender(radiologist: User, project: Project) -> requests.Session:
    """A program with a token of a member of the inbox."""
    _, token = ApiToken.objects.create(user=radiologist, name="sender")
    session = requests.Session()
    session.headers["Authorization"] = f"Bearer {token}"
    return session


@pytest.mark.parametrize("size", [1, 7, 4096, 1 << 20])
def test_instances_sent_in_chunks_are_stored_byte_for_byte(
    size: int, server_url: str, sender: requests.Session
) -> None:
    files = [bundled(name).read_bytes() for name in ("CT_small.dcm", "MR_small.dcm")]
    body = in_parts(*files)
    head = body[:-200] if size == 1 else b""  # a chunk a byte: only so many that the test stays short
    pieces = chain([head] if head else [], dripped(body[len(head) :], size))
    answer = sender.post(f"{server_url}/dicomweb/studies", data=pieces, headers={"Content-Type": MULTIPART})
    assert answer.status_code == 200, answer.text
    assert len(answer.json()["00081199"]["Value"]) == len(files)
    stored = {blobs.get(instance.blob_digest) for instance in Instance.objects.all()}
    assert stored == set(files)


def test_one_instance_piped_from_a_program_is_stored(server_url: str, sender: requests.Session) -> None:
    content = bundled("CT_small.dcm").read_bytes()
    answer = sender.post(f"{server_url}/dicomweb/studies", data=dripped(content, 1000), headers={"Content-Type": DICOM})
    assert answer.status_code == 200, answer.text
    assert blobs.get(Instance.objects.get().blob_digest) == content


def test_a_client_that_streams_its_parts_is_answered(server_url: str, sender: requests.Session) -> None:
    client = DICOMwebClient(
        f"{server_url}/dicomweb", headers={"Authorization": str(sender.headers["Authorization"])}, chunk_size=1000
    )
    source = dcmread(bundled("CT_small.dcm"))
    assert len(client.store_instances([source]).ReferencedSOPSequence) == 1
    assert Instance.objects.get().sop_instance_uid == source.SOPInstanceUID


def test_json_sent_in_chunks_is_read(server_url: str, sender: requests.Session) -> None:
    answer = sender.patch(
        f"{server_url}/api/v1/auth/me",
        data=dripped(b'{"display_name": "Ann of the chunks"}', 5),
        headers={"Content-Type": "application/json"},
    )
    assert (answer.status_code, answer.json()["display_name"]) == (200, "Ann of the chunks")
    assert User.objects.get(username="ann").display_name == "Ann of the chunks"


def test_a_file_uploaded_in_chunks_gets_its_verdict(
    server_url: str, sender: requests.Session, project: Project
) -> None:
    upload = sender.post(f"{server_url}/api/v1/uploads", json={"project": project.slug}).json()["id"]
    form = requests.Request("POST", "http://x", files={"file": ("a.dcm", bundled("CT_small.dcm").read_bytes())})
    made = form.prepare()
    assert isinstance(made.body, bytes)
    answer = sender.post(
        f"{server_url}/api/v1/uploads/{upload}/files",
        data=dripped(made.body, 10_000),
        headers={"Content-Type": made.headers["Content-Type"]},
    )
    assert [verdict["outcome"] for verdict in answer.json()["verdicts"]] == ["stored"]
    assert Instance.objects.count() == 1


@pytest.mark.parametrize("chunked", [True, False])
def test_the_limit_of_size_holds_however_the_body_is_sent(
    chunked: bool, server_url: str, sender: requests.Session, project: Project, settings: Any, own_data_folder: Path
) -> None:
    settings.OVERREAD_UPLOAD_LIMIT_BYTES = 100_000
    upload = sender.post(f"{server_url}/api/v1/uploads", json={"project": project.slug}).json()["id"]
    for path, kind, code in (
        (f"/api/v1/uploads/{upload}/files", "multipart/form-data; boundary=b", "upload_too_large"),
        ("/dicomweb/studies", MULTIPART, "request_too_large"),
        ("/api/v1/auth/me", "application/json", "body_too_large"),
    ):
        body = bytes(body_limit(path) + 1)
        data: Any = dripped(body, 1 << 16) if chunked else body
        method = "PATCH" if path.endswith("me") else "POST"
        answer = sender.request(method, server_url + path, data=data, headers={"Content-Type": kind})
        assert (answer.status_code, answer.json()["code"]) == (413, code)
        assert answer.json()["request_id"] == answer.headers["X-Request-ID"]
    assert not Instance.objects.exists()
    assert list((own_data_folder / "staging").iterdir()) == []


def test_an_instance_over_the_limit_of_one_is_refused_in_chunks_too(
    server_url: str, sender: requests.Session, settings: Any
) -> None:
    settings.OVERREAD_UPLOAD_LIMIT_BYTES = 20_000
    answer = sender.post(
        f"{server_url}/dicomweb/studies",
        data=dripped(bundled("CT_small.dcm").read_bytes(), 5000),
        headers={"Content-Type": DICOM},
    )
    assert (answer.status_code, answer.json()["code"]) == (413, "part_too_large")
    assert not Instance.objects.exists()


def test_nothing_large_of_a_stranger_is_taken_in(server_url: str, project: Project) -> None:
    answer = requests.post(
        f"{server_url}/dicomweb/studies", data=dripped(bytes(2_000_000), 1 << 16), headers={"Content-Type": DICOM},
        timeout=30,
    )  # fmt: skip
    assert (answer.status_code, answer.json()["code"]) == (401, "not_authenticated")
    assert not Upload.objects.exists()


def connected(server_url: str, stack: ExitStack) -> socket.socket:
    host, port = server_url.removeprefix("http://").split(":")
    return stack.enter_context(socket.create_connection((host, int(port)), timeout=30))


def answered(made: socket.socket) -> tuple[int, bytes]:
    response = http.client.HTTPResponse(made)
    response.begin()
    return response.status, response.read()


@pytest.mark.parametrize("way", ["announced", "chunked"])
def test_many_half_sent_requests_keep_nobody_from_working(
    way: str, server_url: str, radiologist: User, project: Project, settings: Any
) -> None:
    settings.OVERREAD_BODY_PATIENCE_SECONDS = 3600
    length = b"Content-Length: 5000" if way == "announced" else b"Transfer-Encoding: chunked"
    with ExitStack() as stack:
        for _ in range(40):
            made = connected(server_url, stack)
            made.sendall(b"POST /api/v1/auth/login HTTP/1.1\r\nHost: 127.0.0.1\r\n" + length + b'\r\n\r\n4\r\n{"us')
        began = time.monotonic()
        for _ in range(5):
            answer = requests.get(f"{server_url}/api/v1/system/health", timeout=20)
            assert answer.status_code == 200
        assert time.monotonic() - began < 20


def test_a_sender_who_falls_silent_is_told_so_and_left(server_url: str, project: Project, settings: Any) -> None:
    settings.OVERREAD_BODY_PATIENCE_SECONDS = 0.5
    with ExitStack() as stack:
        made = connected(server_url, stack)
        made.sendall(b"POST /api/v1/auth/login HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 5000\r\n\r\n{")
        status, body = answered(made)
        assert (status, json.loads(body)["code"]) == (408, "body_too_slow")
        assert made.recv(1) == b""


def test_a_sender_who_drips_is_left_although_never_silent(server_url: str, project: Project, settings: Any) -> None:
    settings.OVERREAD_BODY_PATIENCE_SECONDS = 0.5
    with ExitStack() as stack:
        made = connected(server_url, stack)
        made.sendall(b"POST /api/v1/auth/login HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 500000\r\n\r\n")
        over = threading.Event()

        def drip() -> None:
            while not over.wait(0.1):
                try:
                    made.sendall(b" ")
                except OSError:
                    return

        thread = threading.Thread(target=drip)
        thread.start()
        try:
            assert answered(made)[0] == 408
        finally:
            over.set()
            thread.join()


@pytest.mark.parametrize("head", [b"", b"GET / HT", b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Slow: "])
def test_a_head_that_never_ends_is_not_waited_for(head: bytes, server_url: str, settings: Any) -> None:
    settings.OVERREAD_HEAD_PATIENCE_SECONDS = 0.3
    with ExitStack() as stack:
        made = connected(server_url, stack)
        made.sendall(head)
        assert made.recv(1) == b""


def test_a_head_without_measure_is_refused(server_url: str) -> None:
    with ExitStack() as stack:
        made = connected(server_url, stack)
        made.sendall(b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Long: " + b"x" * (protocol.HEAD_LIMIT + 1000))
        status, body = answered(made)
        assert (status, json.loads(body)["code"]) == (431, "head_too_large")


def test_what_is_not_http_is_refused_in_the_one_shape(server_url: str) -> None:
    with ExitStack() as stack:
        made = connected(server_url, stack)
        made.sendall(b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n")
        status, body = answered(made)
        assert (status, json.loads(body)["code"]) == (400, "not_http")


def test_two_requests_on_one_connection_and_a_large_body_after_a_small_head_are_served(server_url: str) -> None:
    with ExitStack() as stack:
        made = connected(server_url, stack)
        for body in (b"{}", b" " * 200_000):
            made.sendall(
                b"POST /api/v1/auth/login HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
                b"Content-Length: %d\r\n\r\n" % len(body) + body
            )
            assert answered(made)[0] in (400, 403)


def test_many_who_take_nothing_of_their_answers_keep_nobody_from_working(settings: Any) -> None:
    settings.OVERREAD_BODY_PATIENCE_SECONDS = 3600
    piece = bytes(1 << 20)

    def large_or_small(environ: dict[str, Any], start_response: Any) -> Iterator[bytes]:
        start_response("200 OK", [("Content-Type", "application/octet-stream")])
        yield from (piece for _ in range(64 if environ["PATH_INFO"] == "/large" else 1))

    bridge = DjangoBridge(large_or_small, authenticate=lambda _: None)
    with served(bridge) as url, ExitStack() as stack:
        waiting = [connected(url, stack) for _ in range(2 * WORKING)]
        for made in waiting:
            made.sendall(b"GET /large HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
            assert made.recv(12) == b"HTTP/1.1 200"
        assert requests.get(url, timeout=30).content == piece
        settings.OVERREAD_BODY_PATIENCE_SECONDS = 0.3
        last = connected(url, stack)
        last.sendall(b"GET /large HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
        assert requests.get(url, timeout=30).content == piece


def test_raw_bytes_in_an_address_are_answered(server_url: str, radiologist: User, sender: requests.Session) -> None:
    with ExitStack() as stack:
        for target in (b"/api/v1/workitems?q=M\xfcller", b"/api/v1/workitems?q=%ZZ%", b"/api/v1/pr\xf6jects"):
            made = connected(server_url, stack)
            token = str(sender.headers["Authorization"]).encode()
            made.sendall(b"GET " + target + b" HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: " + token + b"\r\n\r\n")
            status, body = answered(made)
            assert status < 500, target
            assert isinstance(json.loads(body), dict), target
