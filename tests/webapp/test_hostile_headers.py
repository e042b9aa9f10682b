"""Whatever stands in a header: an answer or a coded refusal, never a server error."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from django.test import Client

from core.models import Project, User
from tests.factories.world import World, make_world
from tests.webapp.hostile import CELLS, LISTS, SOME, Faults, dealt
from tests.webapp.test_error_shape import address

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.django_db
ACCEPTS = [
    'multipart/related; type="application/octet-stream"; transfer-syntax=9.9.9',
    'multipart/related; type="application/dicom"; transfer-syntax=1.2.840.10008.1.2.4.999',
    "application/dicom; transfer-syntax=\xb2", "application/dicom; transfer-syntax=" + "1." * 5000, "*/*; q=nan",
    "*/*; q=inf", "*/*; q=-1", "*/*; q=\xb2", ";;;,,,", '"', 'image/jpeg; x="\\', "\xff", "a/b" * 5000, "q" * 60_000,
    "multipart/related", "application/json, " * 500, "image/png;q=1e999",
]  # fmt: skip
HEADERS: list[dict[str, str]] = [
    *({"If-Match": value} for value in ('"\xb2"', '"' + "9" * 5000 + '"', "", "*", "W/", 'W/"1"', '"a", "b"', '"-1"',
                                        '"1e3"', '"\xff"', '"1"' * 1000, '"٣"'.encode().decode("latin-1"))),
    *({"If-None-Match": value} for value in ("*", '"\xff"', "x" * 10_000)),
    *({"Range": value} for value in ("bytes=-", "bytes=9" + "9" * 5000, "bytes=1-0", "lines=1", "\xb2")),
    *({"Content-Type": value} for value in ("\xff", "a", "multipart/related", "multipart/related; boundary=",
                                            'multipart/related; type="application/dicom"; boundary=\xff',
                                            "application/json; charset=klingon",
                                            "multipart/form-data; boundary=" + "x" * 500,
                                            "multipart/form-data")),
    *({"X-Overread-User": value} for value in ("", "x", "\xff", "0" * 10_000)),
    *({"X-Request-ID": value} for value in ("\xff", "x" * 10_000)),
    *({"Accept-Language": value} for value in ("\xff", "x" * 10_000)),
    *({"Content-Length": value} for value in ("-1", "x", "")),
    *({"X-CSRFToken": value} for value in ("\xff", "x" * 10_000)),
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


def test_any_accept_header_is_answered_or_refused_with_a_code(
    world: World, client: Client, admin: User, faults: Faults
) -> None:
    for turn, route in enumerate([*(route for route in LISTS if route.startswith("dicomweb")), "api/v1/auth/me"]):
        for value in ACCEPTS if "frames/<str" in route else dealt(ACCEPTS, turn, 9):
            answer = client.get(address(world, route, admin), headers={"Accept": value})
            faults.look(answer, f"{route} Accept {value[:40]!r}")


def _where_read(header: str) -> list[tuple[str, str]]:
    """Return the cells in which a header means something, and a few others."""
    few = [(route, "GET") for route in SOME]
    if header in ("If-Match", "Content-Type", "Content-Length", "X-Overread-User"):
        return few + [cell for cell in CELLS if cell[1] != "GET" and "logout" not in cell[0]]
    if header in ("Range", "If-None-Match"):
        return few + [(route, "GET") for route in LISTS if "frames" in route or "map" in route or "bulkdata" in route]
    return few


@pytest.mark.parametrize("header", sorted({name for given in HEADERS for name in given}))
def test_any_header_is_answered_or_refused_with_a_code(
    header: str, world: World, client: Client, admin: User, faults: Faults
) -> None:
    values = [given[header] for given in HEADERS if header in given]
    for turn, (route, method) in enumerate(_where_read(header)):
        place = address(world, route, admin)
        for value in dealt(values, turn, min(len(values), 3)):
            kind = value if header == "Content-Type" else "application/json"
            given = {} if header == "Content-Type" else {header: value}
            answer = client.generic(method, place, b"{}", content_type=kind, headers=given)
            faults.look(answer, f"{method} {route} with {header}: {value[:60]!r}")
