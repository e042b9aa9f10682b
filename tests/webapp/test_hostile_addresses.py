"""Whatever stands in an address, a header or a cursor: an answer or a coded refusal, never a server error."""

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
from tests.webapp.test_error_shape import address, assert_shape
from tests.webapp.test_permission_matrix import LIVE_CELLS
from webapp.api.authentication import user_of_scope

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.django_db
NUMBERS = ["\xb2", "9" * 5000, "9" * 19, "٣", "-1", "+1", "1e3", "0x1", "1_0", " ", "", "\x00", "½", "1.5", "nan"]


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


@pytest.fixture
def world(project: Project, admin: User) -> World:
    return make_world(project, admin, admin)


@pytest.fixture
def client(world: World, admin: User) -> Client:
    made = Client(raise_request_exception=False)
    made.force_login(admin)
    return made


FAULTS: list[str] = []


@pytest.fixture(autouse=True)
def every_fault() -> Iterator[None]:
    """Let a test go through its whole table, and fail with all that was wrong."""
    FAULTS.clear()
    yield
    assert FAULTS == []


def look(answer: Any, what: str) -> None:
    if answer.status_code >= 400:
        try:
            assert_shape(answer, what[:300])
        except (AssertionError, KeyError, ValueError) as error:
            FAULTS.append(f"{what[:200]}: {answer.status_code} {str(error)[:100]}")


def test_a_whole_number_is_ascii_digits_of_64_bits() -> None:
    assert [whole(text) for text in NUMBERS] == [None] * len(NUMBERS)
    assert [whole("007"), whole("0"), whole("9" * 18), whole("5", most=4), whole(5)] == [7, 0, 10**18 - 1, None, None]


#: The addresses below one project are the same views again.
#: (Pictures are not drawn here: the image of this world has no file behind it.)
CELLS = [
    cell
    for cell in LIVE_CELLS
    if not cell[0].startswith("dicomweb/projects") and not cell[0].endswith(("/rendered", "/thumbnail"))
]
LISTS = sorted({route for route, method in CELLS if method == "GET"})
PAGED = [route for route in LISTS if route in ("dicomweb/studies", "dicomweb/series", "dicomweb/instances")]
#: A few of every kind, for what is read before the address is.
SOME = [
    "api/v1/auth/me", "api/v1/audit", "api/v1/schema", "api/v1/projects/<slug:slug>", "api/v1/workitems/<uuid:id>",
    "dicomweb/studies", "dicomweb/studies/<str:study>/metadata",
]  # fmt: skip


@pytest.mark.parametrize(
    ("name", "routes"),
    [("limit", PAGED), ("offset", PAGED)],
)
def test_a_strange_number_in_a_query_is_refused_with_a_code(
    name: str, routes: list[str], world: World, client: Client, admin: User
) -> None:
    for route in routes:
        for value in NUMBERS:
            look(client.get(f"{address(world, route, admin)}?{name}={quote(value)}"), f"{route} {name}={value[:20]!r}")


def test_limits_that_are_none_are_never_taken_for_numbers(client: Client) -> None:
    for route in ("workitems", "jobs", "audit"):
        for value in NUMBERS:
            answer = client.get(f"/api/v1/{route}?limit={quote(value)}")
            assert (answer.status_code, answer.json()["code"]) in ((422, "limit_wrong"), (400, "bad_request")), value


@pytest.mark.parametrize("ordering", ["priority", "-ai_score", "study_date", "patient_name", "-updated_at", "state"])
def test_a_damaged_cursor_is_refused_with_a_code(ordering: str, client: Client) -> None:
    for value in CURSORS:
        query = f"cursor={quote(value)}"
        look(client.get(f"/api/v1/workitems?ordering={ordering}&{query}"), f"{ordering} {value[:40]!r}")
        if ordering == "priority":
            look(client.get(f"/api/v1/audit?{query}"), f"audit {value[:40]!r}")


@pytest.mark.parametrize("headers", STRANGERS)
def test_a_broken_key_opens_nothing_and_breaks_nothing(
    headers: dict[str, str], world: World, admin: User, client: Client
) -> None:
    stranger = Client(raise_request_exception=False)
    for route in SOME:
        answer = stranger.get(address(world, route, admin), headers=headers)
        if "health" not in route:
            assert answer.status_code in (400, 401), route
            assert_shape(answer, f"{route} with {headers}"[:200])
    scope = {"headers": [(name.lower().encode(), value.encode("latin-1")) for name, value in headers.items()]}
    assert user_of_scope(scope) is None, "and single frames, which do not go through Django, are as closed"
