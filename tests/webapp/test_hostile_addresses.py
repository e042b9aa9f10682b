"""Whatever stands in an address, a query or a cursor: an answer or a coded refusal, never a server error."""

from __future__ import annotations

import base64
import json
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import pytest
from django.conf import settings
from django.test import Client

from core.models import Project, User
from core.numbers import whole
from tests.factories.world import World, make_world
from tests.webapp.hostile import CELLS, LISTS, NUMBERS, SOME, Faults, dealt
from tests.webapp.test_error_shape import _query_names, address, assert_shape
from webapp.api.authentication import user_of_scope

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.django_db
TEXTS = [*NUMBERS, "x" * 3000, "%", "\\", "*" * 200, "2024-13-45", "0000-00-00", "99999-01-01"]
PAGED = [route for route in LISTS if route in ("dicomweb/studies", "dicomweb/series", "dicomweb/instances")]
DRAWN = [route for route in LISTS if route.endswith(("/rendered", "/thumbnail"))]


def cursor(value: Any) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")


PLACES: list[Any] = [
    [], {}, None, "x", 7, [None], [None, None], [[]], [[], []], [{}, {}], ["x", "y"], [True, True], [10**30, 10**30],
    [-(10**30), "x"], [float("inf"), "x"], [float("nan"), "x"], ["9" * 5000, "x"], ["\x00", "\x00"], ["\ud800", "x"],
    ["0001-01-01T00:00:00+23:59", "00000000-0000-0000-0000-000000000000"],
    ["9999-12-31T23:59:59-23:59", "00000000-0000-0000-0000-000000000000"],
    ["0000-00-00", "00000000-0000-0000-0000-000000000000"],
    [40000, "00000000-0000-0000-0000-000000000000"], [1e308, "00000000-0000-0000-0000-000000000000"],
    [2**62, "00000000-0000-0000-0000-000000000000"], ["x" * 100_000, "00000000-0000-0000-0000-000000000000"],
]  # fmt: skip
CURSORS = [
    "", "=", "%%%", "ÿ", "\x00", "A", "AAAA", "x" * 10_000, "gICA", *map(cursor, PLACES),
    base64.urlsafe_b64encode(b"[" * 20_000).decode(), base64.urlsafe_b64encode(b"\xff\xfe").decode(),
]  # fmt: skip
STRANGERS = [
    {"Authorization": value}
    for value in ("Bearer", "Bearer \xff", "Bearer a b", "Bearer " + "x" * 50_000, "Basic xx", "bearer x", "\xb2",
                  "Token x",
                  "Bearer \x00")
] + [
    {"Cookie": value.replace("KEY", settings.SESSION_COOKIE_NAME)}
    for value in ("KEY=\xff", "KEY=" + "x" * 5000, "KEY=;csrftoken=\xff", "=;=;=", "KEY=" + "\x00" * 32, 'KEY="\\',
                  'KEY="' + r"\000" * 32 + '"', "KEY=a" + "\xed\xa0\x80" * 9)
]  # fmt: skip
SEGMENTS = [
    "\xb2", "%FF%FE", "%ED%A0%80", "%00", "%0A", "9" * 5000, "..", ".", "%2e%2e%2f", "a b", "'", '"', "<x>", "%25",
    "%zz", "%",
    "1.2.3,", "0", "-1", "1,2,1000000000000", ",", "٣", "+1", "1_0", "x" * 5000,
]  # fmt: skip


@pytest.fixture
def world(project: Project, admin: User) -> World:
    return make_world(project, admin, admin)


@pytest.fixture
def client(world: World, admin: User) -> Client:
    made = Client(raise_request_exception=False)
    made.force_login(admin)
    return made


@pytest.fixture
def faults() -> Iterator[Faults]:
    made = Faults()
    yield made
    assert made.found == []


def test_a_whole_number_is_ascii_digits_of_64_bits() -> None:
    assert [whole(text) for text in NUMBERS] == [None] * len(NUMBERS)
    assert [whole("007"), whole("0"), whole("9" * 18), whole("5", most=4), whole(5)] == [7, 0, 10**18 - 1, None, None]


@pytest.mark.parametrize(
    ("name", "routes"),
    [("limit", PAGED), ("offset", PAGED), ("quality", DRAWN), ("viewport", DRAWN), ("window", DRAWN)],
)
def test_a_strange_number_in_a_query_is_refused_with_a_code(
    name: str, routes: list[str], world: World, client: Client, admin: User, faults: Faults
) -> None:
    assert routes
    for turn, route in enumerate(routes):
        for value in NUMBERS if routes is PAGED else dealt([*NUMBERS, "1,2", "0,0", "9" * 9 + ",1,linear"], turn, 6):
            faults.look(
                client.get(f"{address(world, route, admin)}?{name}={quote(value)}"), f"{route} {name}={value[:20]!r}"
            )


def test_limits_that_are_none_are_never_taken_for_numbers(client: Client) -> None:
    for route in ("workitems", "jobs", "audit"):
        for value in NUMBERS:
            answer = client.get(f"/api/v1/{route}?limit={quote(value)}")
            assert (answer.status_code, answer.json()["code"]) in ((422, "limit_wrong"), (400, "bad_request")), value


@pytest.mark.parametrize("ordering", ["priority", "-ai_score", "study_date", "patient_name", "-updated_at", "state"])
def test_a_damaged_cursor_is_refused_with_a_code(ordering: str, client: Client, faults: Faults) -> None:
    for value in CURSORS:
        query = f"cursor={quote(value)}"
        faults.look(client.get(f"/api/v1/workitems?ordering={ordering}&{query}"), f"{ordering} {value[:40]!r}")
        if ordering == "priority":
            faults.look(client.get(f"/api/v1/audit?{query}"), f"audit {value[:40]!r}")


def test_every_query_of_every_list_takes_any_text(world: World, client: Client, admin: User, faults: Faults) -> None:
    turn = 0
    for route in LISTS:
        place = address(world, route, admin)
        for name in _query_names(route):
            for value in dealt(TEXTS, turn, 6):
                faults.look(client.get(f"{place}?{name}={quote(value)}"), f"{route} {name}={value[:20]!r}")
            turn += 1
    assert turn > len(TEXTS)


def test_a_broken_key_opens_nothing_and_breaks_nothing(world: World, admin: User) -> None:
    stranger = Client(raise_request_exception=False)
    for headers in STRANGERS:
        for route in SOME:
            answer = stranger.get(address(world, route, admin), headers=headers)
            assert answer.status_code in (400, 401), f"{route} with {headers}"[:200]
            assert_shape(answer, f"{route} with {headers}"[:200])
        scope = {"headers": [(name.lower().encode(), value.encode("latin-1")) for name, value in headers.items()]}
        assert user_of_scope(scope) is None, "and single frames, which do not go through Django, are as closed"


def test_any_text_in_the_place_of_an_id_is_answered_or_refused_with_a_code(
    world: World, client: Client, admin: User, faults: Faults
) -> None:
    turn = 0
    for route, method in dict(CELLS).items():
        parts = address(world, route, admin).strip("/").split("/")
        for place in [index for index, part in enumerate(route.split("/")) if part.startswith("<")]:
            for segment in dealt(SEGMENTS, turn, 9):
                target = "/" + "/".join([*parts[:place], segment, *parts[place + 1 :]])
                answer = client.generic(method, target, b"{}", content_type="application/json")
                faults.look(answer, f"{method} {target}")
            turn += 1
    assert turn > len(SEGMENTS)
