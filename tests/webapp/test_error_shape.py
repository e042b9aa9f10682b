"""Whatever is sent to whichever address: one error shape, never a server error, never a page."""

from __future__ import annotations

import json
from functools import cache
from typing import TYPE_CHECKING, Any

import pytest
from django.test import Client
from django.urls import get_resolver
from drf_spectacular.generators import SchemaGenerator

from core.models import Project, User
from tests.factories.world import World, make_world
from tests.webapp.test_permission_matrix import LIVE_CELLS, _methods, _routes

if TYPE_CHECKING:
    from django.http import HttpResponse

pytestmark = pytest.mark.django_db

UNSAFE = [cell for cell in LIVE_CELLS if cell[1] in {"POST", "PUT", "PATCH"} and cell[0].startswith("api/")]
ROUTES = sorted({route for route, _ in LIVE_CELLS})
SEARCHES = [route for route, method in LIVE_CELLS if method == "GET" and "<" not in route]
DEEP = 100_000
HOSTILE: dict[str, bytes] = {
    "half a document": b'{"project": "che',
    "not JSON at all": b"<xml/>",
    "not UTF-8": b'{"text": "\xff\xfe"}',
    "another encoding": '{"text": "x"}'.encode("utf-16"),
    "NaN": b'{"config": {"seed": NaN}, "reading_seconds": NaN}',
    "Infinity": b'{"config": {"seed": -Infinity}, "reading_seconds": Infinity}',
    "an infinity in digits": b'{"config": {"seed": 1e999}, "preferences": {"a": 1e999}}',
    "an endless number": b'{"days": 1' + b"0" * 5000 + b"}",
    "a number over 64 bits": b'{"days": 99999999999999999999999, "reading_seconds": 99999999999999999999999}',
    "a number over 53 bits": b"""{"days": 9007199254740992, "config": {"seed": 9007199254740992}, "text": "x",
        "preferences": {"a": -9007199254740992}, "content": {"geometry": 9223372036854775807}}""",
    "brackets": b"[" * DEEP + b"]" * DEEP,
    "braces": b'{"preferences":' * DEEP + b"1" + b"}" * DEEP,
    "nested just under Python's limit": b'{"preferences": {"a":' + b"[" * 900 + b"]" * 900 + b"}}",
    "nine mebibytes": b'{"text": "' + b"x" * (9 << 20) + b'"}',
    "a NUL": b'{"preferences": {"a": "b\\u0000c"}, "text": "a\\u0000", "display_name": "\\u0000"}',
    "half a surrogate pair": b'{"preferences": {"\\ud800": 1}, "text": "\\ud800", "display_name": "\\udc00"}',
    "a list": b'[1, "two"]',
    "a word": b'"hello"',
    "nothing": b"null",
}
BAD_REQUEST = {
    "half a document", "not JSON at all", "not UTF-8", "another encoding", "NaN", "Infinity", "an infinity in digits",
    "an endless number", "a number over 64 bits", "a number over 53 bits", "brackets", "braces",
    "nested just under Python's limit", "a NUL", "half a surrogate pair",
}  # fmt: skip


@pytest.fixture
def world(project: Project, admin: User) -> World:
    """Everything belongs to the admin, so that no door is closed before the body is looked at."""
    return make_world(project, admin, admin)


@pytest.fixture
def client(world: World, admin: User) -> Client:
    made = Client(raise_request_exception=False)
    made.force_login(admin)
    return made


def address(world: World, route: str, user: User) -> str:
    inside = route.removeprefix("api/v1/")
    return f"/{route.removesuffix(inside)}{world.fill(inside, user.pk)}"


def assert_shape(answer: HttpResponse, what: str) -> dict[str, Any]:
    """Check the one shape and return the body."""
    assert 400 <= answer.status_code < 500, f"{what}: {answer.status_code} {answer.content[:200]!r}"
    assert answer["Content-Type"].split(";")[0] == "application/json", what
    body: dict[str, Any] = json.loads(answer.content)
    assert sorted(body) == ["code", "detail", "message", "request_id"], what
    assert body["code"] == body["code"].lower().replace(" ", "_") != "", what
    assert body["message"].endswith((".", "?", "!")), what
    assert isinstance(body["detail"], dict), what
    assert body["request_id"] == answer["X-Request-ID"] != "", what
    return body


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_body_is_refused_with_a_code_by_every_route(
    name: str, world: World, client: Client, admin: User
) -> None:
    for route, method in UNSAFE:
        client.force_login(admin)  # one of the routes is the way out
        answer = client.generic(
            method, address(world, route, admin), HOSTILE[name], "application/json", headers={"If-Match": '"1"'}
        )
        what = f"{method} {route} with {name}"
        if answer.status_code < 400:  # it takes no body, or every field may be left out
            continue
        body = assert_shape(answer, what)
        if name in BAD_REQUEST and body["code"] == "not_json":
            assert answer.status_code == 400, what
        if body["code"] == "body_too_large":
            assert answer.status_code == 413, what
    client.force_login(admin)
    code = client.generic("PATCH", "/api/v1/auth/me", HOSTILE[name], "application/json").json()["code"]
    assert code == {"nine mebibytes": "body_too_large"}.get(name, "not_json" if name in BAD_REQUEST else "fields_wrong")


@pytest.mark.parametrize("media_type", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data", ""])
def test_a_wrong_media_type_is_refused_with_a_code(media_type: str, world: World, client: Client, admin: User) -> None:
    refused = 0
    for route, method in UNSAFE:
        client.force_login(admin)
        answer = client.generic(method, address(world, route, admin), b"a=1&b=2", media_type)
        if answer.status_code >= 400:
            body = assert_shape(answer, f"{method} {route} as {media_type!r}")
            refused += body["code"] == "unsupported_media_type"
    assert refused > 15


def test_an_unknown_method_is_refused_with_a_code_by_every_route(world: World, client: Client, admin: User) -> None:
    known = {route: set(_methods(view)) for route, view in _routes(get_resolver().url_patterns)}
    for route in ROUTES:
        for method in {"BREW", "TRACE", "PROPFIND", "DELETE", "PUT"} - known[route]:
            if any(route == other and method == cell for other, cell in LIVE_CELLS):
                continue
            answer = client.generic(method, address(world, route, admin), b"", "application/json")
            body = assert_shape(answer, f"{method} {route}")
            assert (answer.status_code, body["code"]) == (405, "method_not_allowed"), f"{method} {route}"


@cache
def _schema() -> dict[str, Any]:
    made: dict[str, Any] = SchemaGenerator().get_schema(request=None, public=True)
    return made


def _query_names(route: str) -> list[str]:
    named = _schema()["paths"].get("/" + route, {}).get("get", {}).get("parameters", [])
    return [parameter["name"] for parameter in named if parameter["in"] == "query"]


@pytest.mark.parametrize(
    "value", ["\x00", "a\x00b", "\ud800", "999999999999999999999999", "-1", "nan", "[" * 5000, "'\";--", "x" * 4000]
)
def test_a_hostile_search_is_answered_or_refused_but_never_fails(value: str, client: Client) -> None:
    dicom = ["PatientName", "PatientID", "StudyDate", "limit", "offset", "00100020", "includefield", "fuzzymatching"]
    for route in SEARCHES:
        for name in {*_query_names(route), *(dicom if route.startswith("dicomweb") else ["q", "cursor", "limit"])}:
            raw = value.encode("utf-8", "surrogatepass")
            query = f"{name}=" + "".join(f"%{byte:02X}" for byte in raw)
            answer = client.get(f"/{route}?{query}")
            if answer.status_code >= 400:
                assert_shape(answer, f"{route}?{name}={value[:20]!r}")


@pytest.mark.parametrize(
    "place",
    ["/api/v1/nothing", "/api/", "/dicomweb/nothing", "/static/nothing.js", "/live", "/api/v1/workitems/none",
     "/api/v1/projects/%00", "/api/v1/workitems/%F0%28", "/api/v1/auth/tokens/%00%00%00%00%00%00%00%00%00%00%00%00"
     "%00%00%00%00%00%00%00%00%00%00%00%00", "/dicomweb/studies/%00", "/dicomweb/studies/1/series/%00",
     "/dicomweb/projects/chest/studies/%ED%A0%80", "/api/v1/projects/chest/labels/" + "x" * 3000],
)  # fmt: skip
def test_an_unknown_address_answers_in_the_same_shape(place: str, client: Client) -> None:
    for method in ("GET", "DELETE"):
        assert_shape(client.generic(method, place), f"{method} {place}")


def test_a_wrong_host_is_refused_in_the_same_shape(client: Client) -> None:
    answer = client.get("/api/v1/auth/me", headers={"Host": "evil.example"})
    assert assert_shape(answer, "a wrong host")["code"] == "bad_request"


def test_the_senders_request_id_comes_back_and_a_strange_one_does_not(client: Client) -> None:
    given = client.get("/api/v1/nothing", headers={"X-Request-ID": "my-own-request-1"})
    assert assert_shape(given, "named")["request_id"] == "my-own-request-1"
    strange = client.get("/api/v1/nothing", headers={"X-Request-ID": "<script>"})
    assert "script" not in assert_shape(strange, "strange")["request_id"]


def test_every_hostile_body_reaches_a_real_server_and_leaves_it_well(server_url: str) -> None:
    import http.client

    host = server_url.removeprefix("http://")
    for name, body in HOSTILE.items():
        connection = http.client.HTTPConnection(host, timeout=30)
        connection.request("POST", "/api/v1/auth/login", body, {"Content-Type": "application/json"})
        answer = connection.getresponse()
        told = json.loads(answer.read())
        assert 400 <= answer.status < 500, name
        assert told["request_id"] == answer.headers["X-Request-ID"], name
        connection.close()
