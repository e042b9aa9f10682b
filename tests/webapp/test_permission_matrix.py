"""Every route, every method, every kind of person: exactly the declared answer, and no route without a row."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver

from core.models import Project, User
from tests.factories.world import World, make_world

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

pytestmark = pytest.mark.django_db

PRINCIPALS = ("anonymous", "suspended", "stranger", "radiologist", "reviewer", "admin")
OK = 0  # anything but 401, 403, 404, 405 and 5xx: the door is open, the (empty) request may still be wrong


def _row(stranger: int, radiologist: int, reviewer: int, admin: int = OK, outside: int = 401) -> dict[str, int]:
    return dict(zip(PRINCIPALS, (outside, outside, stranger, radiologist, reviewer, admin), strict=True))


PUBLIC = _row(OK, OK, OK, OK, OK)
ANYBODY = _row(OK, OK, OK)
SITE_ADMIN = _row(403, 403, 403)
MEMBER = _row(404, OK, OK)
OWNER = _row(404, OK, 404, 404)
#: What a reader says is nobody else's to see before it is handed in.
OWN_OPEN_WORK = _row(404, OK, 404, 404)
REVIEWER = _row(404, 403, OK)
PROJECT_ADMIN = _row(404, 403, 403)

#: (route, method) → who gets what. The radiologist is the reader of the work item and author of its finding.
MATRIX: dict[tuple[str, str], dict[str, int]] = {
    ("api/v1/schema", "GET"): ANYBODY,
    ("api/v1/auth/login", "POST"): PUBLIC,
    ("api/v1/auth/logout", "POST"): ANYBODY,
    ("api/v1/auth/me", "GET"): ANYBODY,
    ("api/v1/auth/me", "PATCH"): ANYBODY,
    ("api/v1/auth/password", "POST"): ANYBODY,
    ("api/v1/auth/tokens", "GET"): ANYBODY,
    ("api/v1/auth/tokens", "POST"): ANYBODY,
    ("api/v1/auth/tokens/<str:id>", "DELETE"): _row(404, 404, 404),
    ("api/v1/users", "GET"): SITE_ADMIN,
    ("api/v1/users", "POST"): SITE_ADMIN,
    ("api/v1/users/<uuid:id>", "PATCH"): SITE_ADMIN,
    ("api/v1/users/<uuid:id>/cases", "GET"): SITE_ADMIN,
    ("api/v1/audit", "GET"): SITE_ADMIN,
    ("api/v1/audit/verify", "POST"): SITE_ADMIN,
    ("api/v1/system/health", "GET"): PUBLIC,
    ("api/v1/system/status", "GET"): SITE_ADMIN,
    ("api/v1/system/first-steps", "GET"): SITE_ADMIN,
    ("api/v1/jobs", "GET"): SITE_ADMIN,
    ("api/v1/jobs/<uuid:id>/cancel", "POST"): SITE_ADMIN,
    ("api/v1/uploads", "POST"): ANYBODY,  # no project is named in an empty body
    ("api/v1/uploads/<uuid:id>", "GET"): OWNER,
    ("api/v1/uploads/<uuid:id>/files", "POST"): OWNER,
    ("api/v1/uploads/<uuid:id>/finish", "POST"): OWNER,
    ("api/v1/questions", "GET"): ANYBODY,
    ("api/v1/recipes", "GET"): ANYBODY,
    ("api/v1/projects", "GET"): ANYBODY,
    ("api/v1/projects", "POST"): SITE_ADMIN,
    ("api/v1/projects/<slug:slug>", "GET"): MEMBER,
    ("api/v1/projects/<slug:slug>", "PATCH"): PROJECT_ADMIN,
    ("api/v1/projects/<slug:slug>/label-set", "GET"): MEMBER,
    ("api/v1/projects/<slug:slug>/label-set", "POST"): PROJECT_ADMIN,
    ("api/v1/projects/<slug:slug>/label-set/copy", "POST"): PROJECT_ADMIN,
    ("api/v1/projects/<slug:slug>/labels", "POST"): PROJECT_ADMIN,
    ("api/v1/projects/<slug:slug>/labels/<slug:key>", "PATCH"): PROJECT_ADMIN,
    ("api/v1/projects/<slug:slug>/members/<uuid:user_id>", "PUT"): PROJECT_ADMIN,
    ("api/v1/projects/<slug:slug>/members/<uuid:user_id>", "DELETE"): PROJECT_ADMIN,
    ("api/v1/projects/<slug:slug>/pictures/preview", "POST"): PROJECT_ADMIN,
    ("api/v1/projects/<slug:slug>/reviewers", "GET"): REVIEWER,
    ("api/v1/teaching", "GET"): ANYBODY,
    ("api/v1/projects/<slug:slug>/snapshots", "GET"): REVIEWER,
    ("api/v1/projects/<slug:slug>/snapshots", "POST"): PROJECT_ADMIN,
    ("api/v1/projects/<slug:slug>/snapshots/preview", "POST"): PROJECT_ADMIN,
    ("api/v1/projects/<slug:slug>/snapshots/requests", "GET"): PROJECT_ADMIN,
    ("api/v1/snapshot-requests/<uuid:id>", "GET"): PROJECT_ADMIN,
    ("api/v1/snapshot-requests/<uuid:id>/blind-readings", "GET"): PROJECT_ADMIN,
    ("api/v1/snapshot-requests/<uuid:id>/cancel", "POST"): PROJECT_ADMIN,
    ("api/v1/snapshots/<uuid:id>", "GET"): REVIEWER,
    ("api/v1/snapshots/<uuid:id>/datasheet", "GET"): REVIEWER,
    ("api/v1/snapshots/<uuid:id>/manifest", "GET"): REVIEWER,
    ("api/v1/snapshots/<uuid:id>/suspects", "GET"): REVIEWER,
    ("api/v1/snapshots/<uuid:id>/suspects", "POST"): PROJECT_ADMIN,
    ("api/v1/workitems", "GET"): ANYBODY,
    ("api/v1/workitems/next", "GET"): ANYBODY,
    ("api/v1/workitems/<uuid:id>", "GET"): MEMBER,
    ("api/v1/workitems/<uuid:id>/claim", "POST"): MEMBER,
    ("api/v1/workitems/<uuid:id>/release", "POST"): MEMBER,
    ("api/v1/workitems/<uuid:id>/assign", "POST"): PROJECT_ADMIN,
    ("api/v1/workitems/<uuid:id>/all-negative", "POST"): _row(404, OK, 403, 403),
    ("api/v1/workitems/<uuid:id>/agreement", "GET"): MEMBER,
    ("api/v1/workitems/<uuid:id>/history", "GET"): MEMBER,
    ("api/v1/workitems/<uuid:id>/submit", "POST"): MEMBER,
    ("api/v1/workitems/<uuid:id>/withdraw", "POST"): MEMBER,
    ("api/v1/workitems/<uuid:id>/decide", "POST"): REVIEWER,
    ("api/v1/workitems/<uuid:id>/reopen", "POST"): PROJECT_ADMIN,
    ("api/v1/workitems/<uuid:id>/read-again", "POST"): PROJECT_ADMIN,
    ("api/v1/workitems/<uuid:id>/calibrations", "GET"): MEMBER,
    ("api/v1/workitems/<uuid:id>/calibrations", "POST"): MEMBER,
    ("api/v1/workitems/<uuid:id>/calibrations/<uuid:calibration_id>", "DELETE"): _row(404, OK, 403, 403),
    ("api/v1/workitems/<uuid:id>/comments", "GET"): MEMBER,
    ("api/v1/workitems/<uuid:id>/comments", "POST"): MEMBER,
    ("api/v1/workitems/<uuid:id>/findings", "GET"): MEMBER,
    ("api/v1/workitems/<uuid:id>/findings", "POST"): MEMBER,
    ("api/v1/findings/<uuid:id>", "GET"): OWN_OPEN_WORK,
    ("api/v1/findings/<uuid:id>", "DELETE"): OWN_OPEN_WORK,
    ("api/v1/findings/<uuid:id>/revisions", "GET"): OWN_OPEN_WORK,
    ("api/v1/findings/<uuid:id>/revisions", "POST"): OWN_OPEN_WORK,
    ("api/v1/findings/<uuid:id>/restore", "POST"): OWN_OPEN_WORK,
    ("api/v1/findings/<uuid:id>/reviews", "POST"): _row(404, 403, 404, 404),
    ("api/v1/models", "GET"): ANYBODY,
    ("api/v1/models", "POST"): ANYBODY,  # no project is named in an empty body
    ("api/v1/models/plan-entries", "GET"): ANYBODY,
    ("api/v1/models/<uuid:id>", "GET"): MEMBER,
    ("api/v1/models/<uuid:id>/plans", "GET"): MEMBER,
    ("api/v1/models/<uuid:id>/plans", "POST"): PROJECT_ADMIN,
    ("api/v1/models/<uuid:id>/promotions", "GET"): MEMBER,
    ("api/v1/models/<uuid:id>/proof", "POST"): MEMBER,
    ("api/v1/models/<uuid:id>/roll-back", "POST"): PROJECT_ADMIN,
    ("api/v1/models/<uuid:id>/training", "POST"): PROJECT_ADMIN,
    ("api/v1/models/<uuid:id>/training/estimate", "POST"): PROJECT_ADMIN,
    ("api/v1/models/<uuid:id>/training/proposal", "POST"): PROJECT_ADMIN,
    ("api/v1/models/<uuid:id>/training/preview", "POST"): PROJECT_ADMIN,
    ("api/v1/versions/<uuid:id>", "GET"): MEMBER,
    ("api/v1/versions/<uuid:id>/claims", "GET"): MEMBER,
    ("api/v1/versions/<uuid:id>/evaluate", "POST"): PROJECT_ADMIN,
    ("api/v1/versions/<uuid:id>/promote", "POST"): PROJECT_ADMIN,
    ("api/v1/versions/<uuid:id>/refuse", "POST"): PROJECT_ADMIN,
    ("api/v1/versions/<uuid:id>/reports", "GET"): MEMBER,
    ("api/v1/reports/<uuid:id>", "GET"): MEMBER,
    ("api/v1/reports/<uuid:id>/examples", "GET"): REVIEWER,
    ("api/v1/reports/<uuid:id>/gaze", "GET"): REVIEWER,
    ("api/v1/training", "GET"): ANYBODY,
    ("api/v1/training/<uuid:id>", "GET"): REVIEWER,
    ("api/v1/training/<uuid:id>/cancel", "POST"): PROJECT_ADMIN,
    ("api/v1/training/<uuid:id>/resume", "POST"): PROJECT_ADMIN,
    ("api/v1/workitems/<uuid:id>/predictions", "GET"): MEMBER,
    ("api/v1/workitems/<uuid:id>/predictions", "POST"): MEMBER,
    # The reader of this world has not answered yet: until then the model's reasons exist for nobody.
    ("api/v1/predictions/<uuid:id>/saliency", "POST"): _row(404, 404, 404, 404),
    ("api/v1/saliency/<uuid:id>", "GET"): _row(404, 404, 404, 404),
    ("api/v1/saliency/<uuid:id>/map", "GET"): _row(404, 404, 404, 404),
    ("api/v1/workitems/<uuid:id>/alignable", "GET"): MEMBER,
    ("api/v1/workitems/<uuid:id>/registrations", "GET"): MEMBER,
    ("api/v1/workitems/<uuid:id>/registrations", "POST"): MEMBER,
    ("api/v1/registrations/<uuid:id>", "GET"): MEMBER,
    ("api/v1/registrations/<uuid:id>/cancel", "POST"): MEMBER,
    ("api/v1/registrations/<uuid:id>/decide", "POST"): MEMBER,
    ("dicomweb/studies", "GET"): ANYBODY,
    ("dicomweb/series", "GET"): ANYBODY,
    ("dicomweb/instances", "GET"): ANYBODY,
    ("dicomweb/studies", "POST"): MEMBER,  # into the inbox, which is the project of this world
}
MATRIX |= {
    ("api/v1/studies/without-pictures", "GET"): ANYBODY,
    ("api/v1/studies/<str:study>/contents", "GET"): MEMBER,
    ("api/v1/instances/<str:instance>/document", "GET"): _row(404, 404, 404, 404),  # the sample is no document
    ("api/v1/instances/<str:instance>/file", "GET"): _row(404, 404, 404, 404),  # and a picture
    ("api/v1/identities", "GET"): SITE_ADMIN,
    ("api/v1/identities/<uuid:id>/decide", "POST"): SITE_ADMIN,
    ("api/v1/same-person", "GET"): SITE_ADMIN,
    ("api/v1/same-person/decide", "POST"): SITE_ADMIN,
    ("api/v1/near-copies", "GET"): SITE_ADMIN,
    ("api/v1/near-copies/<uuid:id>/decide", "POST"): SITE_ADMIN,
    ("api/v1/withdrawals", "GET"): SITE_ADMIN,
    ("api/v1/withdrawals", "POST"): SITE_ADMIN,
    ("api/v1/conflicts", "GET"): SITE_ADMIN,
    ("api/v1/conflicts/<uuid:id>/picture/<str:version>", "GET"): _row(403, 403, 403, 404),  # nor can it be drawn
    ("api/v1/conflicts/<uuid:id>/decide", "POST"): SITE_ADMIN,
}
#: Searches below a study answer nothing to strangers, as the standard has it, and 404 is not needed to hide it.
_STUDY = "studies/<str:study>"
_SERIES = f"{_STUDY}/series/<str:series>"
_INSTANCE = f"{_SERIES}/instances/<str:instance>"
MATRIX[(f"api/v1/{_SERIES}/frames", "GET")] = MEMBER
MATRIX[(f"api/v1/{_INSTANCE}/frames/<int:frame>/values", "GET")] = MEMBER
MATRIX[(f"api/v1/{_SERIES}/layers", "GET")] = MEMBER
# The sample has neither tables, colours of its own, overlays nor layers, which members are told, too.
MATRIX[(f"api/v1/{_INSTANCE}/frames/<int:frame>/colors", "GET")] = _row(404, 404, 404, 404)
MATRIX[(f"api/v1/{_INSTANCE}/frames/<int:frame>/voi-tables/<int:table>", "GET")] = _row(404, 404, 404, 404)
MATRIX[(f"api/v1/{_INSTANCE}/frames/<int:frame>/overlays/<int:group>", "GET")] = _row(404, 404, 404, 404)
_LAYER = f"api/v1/{_INSTANCE}/frames/<int:frame>/layers/<str:layer>/<int:number>"
MATRIX[(f"{_LAYER}/pixels", "GET")] = MATRIX[(f"{_LAYER}/lines", "GET")] = _row(404, 404, 404, 404)
_ALIGNED = "api/v1/registrations/<uuid:id>/instances/<str:instance>/frames/<int:frame>"
MATRIX[(f"{_ALIGNED}/moved", "GET")] = MATRIX[(f"{_ALIGNED}/inconsistency", "GET")] = MEMBER
_PICTURES = ("metadata", "rendered", "thumbnail")
for _root in ("dicomweb/", "dicomweb/projects/<slug:slug>/"):
    for _below in (
        _STUDY,
        f"{_STUDY}/series",
        f"{_STUDY}/instances",
        _SERIES,
        f"{_SERIES}/instances",
        _INSTANCE,
        f"{_INSTANCE}/frames/<str:frame_list>",
        f"{_INSTANCE}/frames/<int:frame>/rendered",
        f"{_INSTANCE}/frames/<int:frame>/thumbnail",
        *(f"{place}/{name}" for place in (_STUDY, _SERIES, _INSTANCE) for name in _PICTURES),
    ):
        MATRIX[(f"{_root}{_below}", "GET")] = MEMBER
    # The sample has no bulk data, which members are told, too.
    MATRIX[(f"{_root}{_INSTANCE}/bulkdata/<path:path>", "GET")] = _row(404, 404, 404, 404)
    MATRIX[(f"{_root}{_STUDY}", "POST")] = MEMBER
for _search in ("studies", "series", "instances"):
    MATRIX[(f"dicomweb/projects/<slug:slug>/{_search}", "GET")] = MEMBER
MATRIX[("dicomweb/projects/<slug:slug>/studies", "POST")] = MEMBER
#: The page's shell and the catch-all for unknown addresses hold nothing of anybody.
WITHOUT_DATA = {"^(?:api|dicomweb|static|live)(?:/|$)", "^.*$"}


def _routes(patterns: list[Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    for pattern in patterns:
        route = prefix + str(pattern.pattern)
        if isinstance(pattern, URLResolver):
            yield from _routes(pattern.url_patterns, route)
        elif isinstance(pattern, URLPattern) and route not in WITHOUT_DATA:
            yield route, pattern.callback


def _methods(view: Any) -> list[str]:
    view_class = getattr(view, "view_class", None) or getattr(view, "cls", None)
    if view_class is not None:
        return [name.upper() for name in ("get", "post", "put", "patch", "delete") if hasattr(view_class, name)]
    return list(getattr(view, "methods", ("GET",)))


LIVE_CELLS = sorted(
    {(route, method) for route, view in _routes(get_resolver().url_patterns) for method in _methods(view)}
)


@pytest.fixture
def world(project: Project, radiologist: User, reviewer: User, admin: User, stranger: User) -> World:
    return make_world(project, radiologist, admin)


def test_every_route_has_a_row_and_every_row_has_a_route() -> None:
    assert sorted(MATRIX) == LIVE_CELLS


@pytest.fixture
def people(world: World, make_user: Callable[..., User]) -> dict[str, User]:
    """One person of each kind, by the kind's name; the suspended one is a member whose account was switched off."""
    make_user("suspended", "radiologist", world.project)
    names = {"radiologist": "ann", "reviewer": "rev", "admin": "adm"}
    return {kind: User.objects.get(username=names.get(kind, kind)) for kind in PRINCIPALS if kind != "anonymous"}


@pytest.mark.parametrize(("route", "method"), sorted(MATRIX))
def test_each_kind_of_person_gets_the_declared_answer(
    route: str, method: str, world: World, people: dict[str, User]
) -> None:
    inside = route.removeprefix("api/v1/")
    address = f"/{route.removesuffix(inside)}{world.fill(inside, people['stranger'].pk)}"
    wrong = {}
    for kind in PRINCIPALS:
        client = Client(raise_request_exception=False)
        if kind != "anonymous":
            client.force_login(people[kind])
        if kind == "suspended":
            User.objects.filter(pk=people[kind].pk).update(is_active=False)
        answer = client.generic(method, address, b"{}", content_type="application/json")
        expected, status = MATRIX[(route, method)][kind], answer.status_code
        if inside == "auth/login":
            fits = status in (401, 422)
        else:
            fits = status == expected if expected else status < 500 and status not in (401, 403, 404, 405)
        if not fits:
            wrong[kind] = f"{status} instead of {expected or 'an open door'}"
        if status >= 400:
            assert json.loads(answer.content)["code"], "every refusal carries a code"
    assert wrong == {}, f"{method} {address}"
