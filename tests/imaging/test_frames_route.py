"""The raw route for single frames: the same bytes as the view, for the same people, cacheable for ever."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from core.models import AuditEvent, Membership
from imaging.dicom.frames import frame_bytes
from imaging.dicom.pixels import REVISION, rgb_frame
from imaging.dicomweb import frames_asgi
from imaging.dicomweb.frames_asgi import FrameApplication
from imaging.models import Instance, InstanceConflict
from imaging.services.conflicts import conflict_decide
from tests.factories import dicom_files as made
from tests.imaging.archive import address, archived, bundled
from tests.imaging.arriving import arrived

if TYPE_CHECKING:
    from core.models import Project, User

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.filterwarnings("ignore")]
ANY = "multipart/related; type=application/octet-stream; transfer-syntax=*"


class Answer:
    """What the application sent."""

    def __init__(self, messages: list[dict[str, Any]]) -> None:
        start, body = messages
        self.status: int = start["status"]
        self.headers = {name.decode(): value.decode() for name, value in start["headers"]}
        self.body: bytes = body["body"]

    def part(self) -> tuple[str, bytes]:
        boundary = self.headers["content-type"].partition("boundary=")[2].encode()
        head, _, rest = self.body.partition(b"\r\n\r\n")
        assert head.startswith(b"--" + boundary)
        content = rest.removesuffix(b"\r\n--" + boundary + b"--\r\n")
        kind = next(line for line in head.decode().split("\r\n") if line.lower().startswith("content-type:"))
        return kind.partition(":")[2].strip(), content


def ask(
    application: FrameApplication,
    path: str,
    accept: str = ANY,
    who: str = "ann",
    method: str = "GET",
    query: str = "",
    **headers: str,
) -> Answer:
    given = {
        "accept": accept,
        "authorization": who,
        **{name.replace("_", "-"): value for name, value in headers.items()},
    }
    scope = {
        "type": "http",
        "method": method,
        "path": path,
        "query_string": query.encode(),
        "client": ("127.0.0.1", 1),
        "headers": [(name.encode(), value.encode()) for name, value in given.items()],
    }
    sent: list[dict[str, Any]] = []

    async def receive() -> dict[str, str]:
        return {"type": "http.disconnect"}

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    assert FrameApplication.serves(scope)
    asyncio.run(application(scope, receive, send))
    return Answer(sent)


@pytest.fixture
def application(radiologist: User, stranger: User) -> FrameApplication:
    people = {b"ann": radiologist, b"stranger": stranger}
    return FrameApplication(authenticate=lambda scope: people.get(dict(scope["headers"])[b"authorization"]))


@pytest.fixture
def cine(project: Project, radiologist: User) -> Instance:
    return archived(bundled("examples_ybr_color.dcm"), project, radiologist)


def test_a_frame_is_the_files_own_bytes_with_its_transfer_syntax(application: FrameApplication, cine: Instance) -> None:
    for number in (1, 17, 30):
        answer = ask(application, address(cine, f"/frames/{number}"))
        kind, content = answer.part()
        assert answer.status == 200
        assert kind == "application/octet-stream; transfer-syntax=1.2.840.10008.1.2.4.50"
        assert content == frame_bytes(bundled("examples_ybr_color.dcm"), number)
        assert answer.headers["content-length"] == str(len(answer.body))


def test_a_converted_image_is_sent_as_rgb(application: FrameApplication, project: Project, radiologist: User) -> None:
    palette = archived(bundled("examples_palette.dcm"), project, radiologist)
    kind, content = ask(application, address(palette, "/frames/1")).part()
    assert kind == "application/octet-stream; transfer-syntax=1.2.840.10008.1.2.1"
    assert content == rgb_frame(bundled("examples_palette.dcm"))


def test_frames_are_cached_by_a_strong_tag_that_means_the_same_bytes(
    application: FrameApplication, cine: Instance
) -> None:
    first, again = (ask(application, address(cine, "/frames/2"), query=f"v=1.{REVISION}") for _ in range(2))
    assert first.body == again.body
    assert first.headers["etag"] == again.headers["etag"]
    assert first.headers["cache-control"] == "private, max-age=31536000, immutable"
    assert ask(application, address(cine, "/frames/2")).headers["cache-control"] == "private, no-cache"
    unchanged = ask(application, address(cine, "/frames/2"), if_none_match=first.headers["etag"])
    assert (unchanged.status, unchanged.body) == (304, b"")
    bare = ask(application, address(cine, "/frames/2"), "application/octet-stream; transfer-syntax=*")
    assert bare.headers["etag"] != first.headers["etag"]
    assert bare.body == first.part()[1]
    head = ask(application, address(cine, "/frames/2"), method="HEAD")
    assert (head.body, head.headers["content-length"]) == (b"", first.headers["content-length"])


def test_strangers_get_404_the_unknown_401_and_wrong_addresses_404(
    application: FrameApplication, cine: Instance
) -> None:
    assert ask(application, address(cine, "/frames/1"), who="stranger").status == 404
    unknown = ask(application, address(cine, "/frames/1"), who="nobody")
    assert (unknown.status, unknown.headers["www-authenticate"]) == (401, "Bearer")
    for path in (address(cine, "/frames/31"), address(cine, "/frames/0"), address(cine, "/frames/1") + "0000"):
        assert ask(application, path).status == 404
    assert ask(application, address(cine, "/frames/1").replace("/studies/1", "/studies/2")).status == 404
    assert ask(application, address(cine, "/frames/1", root="/dicomweb/projects/nowhere")).status == 404
    assert ask(application, address(cine, "/frames/1", root="/dicomweb/projects/chest")).status == 200
    assert ask(application, address(cine, "/frames/1"), "image/png").status == 406


def test_who_leaves_the_project_loses_the_frames_within_seconds(
    application: FrameApplication, cine: Instance, radiologist: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert ask(application, address(cine, "/frames/1")).status == 200
    Membership.objects.filter(user=radiologist).delete()
    now = time.monotonic()
    monkeypatch.setattr(frames_asgi.time, "monotonic", lambda: now + 4)
    assert ask(application, address(cine, "/frames/1")).status == 404


def test_after_an_admins_decision_the_other_version_is_sent_within_seconds(
    application: FrameApplication, project: Project, radiologist: User, admin: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = made.ct_slice(), made.ct_slice()
    second.PixelData = np.full(256, 500, np.int16).tobytes()
    arrived(made.file_bytes(first), project, radiologist)
    arrived(made.file_bytes(second), project, radiologist)
    path = address(Instance.objects.get(), "/frames/1")
    before = ask(application, path)
    assert before.part()[1] == first.PixelData
    conflict_decide(conflict=InstanceConflict.objects.get(), verdict="supersede", reason="repaired", by=admin)
    now = time.monotonic()
    monkeypatch.setattr(frames_asgi.time, "monotonic", lambda: now + 4)
    after = ask(application, path, if_none_match=before.headers["etag"])
    assert (after.status, after.part()[1]) == (200, second.PixelData)


def test_reading_a_hundred_frames_is_one_audit_event(application: FrameApplication, cine: Instance) -> None:
    for number in range(1, 31):
        ask(application, address(cine, f"/frames/{number}"))
    assert AuditEvent.objects.filter(event_type="series.read", object_id=str(cine.series_id)).count() == 1


def test_lists_of_frames_and_other_addresses_are_left_to_django(cine: Instance) -> None:
    for path in (
        address(cine, "/frames/1,2"),
        address(cine, "/frames/1/rendered"),
        address(cine, "/metadata"),
        "/live",
    ):
        assert not FrameApplication.serves({"method": "GET", "path": path})
    assert not FrameApplication.serves({"method": "POST", "path": address(cine, "/frames/1")})
