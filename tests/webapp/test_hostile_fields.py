"""Whatever stands in a field of a body: stored, or refused with a code, never a server error."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from django.test import Client

from core.models import Project, User
from tests.factories.world import World, make_world
from tests.webapp.hostile import CELLS, Faults, dealt
from tests.webapp.test_error_shape import _schema, address

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.django_db

Json = dict[str, Any]
EXACT = 2**53 - 1
NUMBERS: list[Any] = [EXACT, -EXACT, 2**31, 2**32, 32768, -1, 0, 1.5, 1e18, str(EXACT), str(2**63), "9" * 400, "1e400"]
OBJECTS: list[Any] = [
    [], {}, [None], [[[]]], [0] * 2000, ["x"] * 500, {"": None}, {"a": {"b": [1, {"c": EXACT}]}}, {"seed": EXACT},
    {"seed": "9" * 400}, {"epochs": 10**15}, {"kind": "image_label"},
    {"kind": "rectangle", "geometry": {"space": "image", "sop_instance_uid": "1", "frame_number": EXACT, "points": []}},
    {"kind": "mask", "mask": {"series_instance_uid": "1", "rows": EXACT, "columns": EXACT, "frames": [{}]}},
]  # fmt: skip
WORDS: list[Any] = [
    True, False, None, "", " ", "x", "x" * 5000, "٣", "\u202e", "\ufeff", "../../etc/passwd", "<script>", "%s%n",
    "2026-13-45T99:99:99Z", "9999-12-31T23:59:59Z", "00000000-0000-0000-0000-000000000000",
]  # fmt: skip
ALL = [*WORDS, *NUMBERS, *OBJECTS]


@pytest.fixture
def world(project: Project, admin: User) -> World:
    return make_world(project, admin, admin)


@pytest.fixture
def client(world: World, admin: User) -> Client:
    return Client(raise_request_exception=False)


@pytest.fixture
def faults() -> Iterator[Faults]:
    made = Faults()
    yield made
    assert made.found == []


def _resolved(schema: Json) -> Json:
    for one in (schema, *schema.get("allOf", []), *schema.get("oneOf", [])):
        if "$ref" in one:
            found: Json = _schema()["components"]["schemas"][one["$ref"].rsplit("/", 1)[1]]
            return found
    return schema


def _fields_of(route: str, method: str) -> Json:
    operation: Json = next((held for path, held in _schema()["paths"].items() if _same_route(path, route)), {})
    content = operation.get(method.lower(), {}).get("requestBody", {}).get("content", {})
    fields: Json = _resolved(content.get("application/json", {}).get("schema", {})).get("properties", {})
    return fields


def _same_route(path: str, route: str) -> bool:
    """Say whether the schema's ``{id}`` and the router's ``<uuid:id>`` mean one address."""
    given, known = path.strip("/").split("/"), route.split("/")
    return len(given) == len(known) and all(
        one == other or (one.startswith("{") and other.startswith("<")) for one, other in zip(given, known, strict=True)
    )


def _plausible(schema: Json) -> Any:
    """Return a value that the field takes, so that the others are looked at."""
    schema = _resolved(schema)
    if schema.get("enum"):
        return schema["enum"][0]
    if schema.get("type") == "array":
        return []
    by_type = {"integer": max(1, schema.get("minimum", 1)), "number": 1.0, "boolean": True, "object": {}}
    return by_type.get(schema.get("type", ""), "nodule")


def _of_its_kind(schema: Json) -> list[Any]:
    """Return the values that are nearly right for the field."""
    kind = _resolved(schema).get("type")
    if kind == "string":
        return WORDS[::4] if "enum" in _resolved(schema) else []
    return NUMBERS if kind in ("integer", "number") else OBJECTS if kind in ("object", "array", None) else []


BODIES = [
    (route, method, name)
    for route, method in CELLS
    if method in {"POST", "PUT", "PATCH"} and route.startswith("api/")
    for name in _fields_of(route, method)
]


def test_any_value_in_any_field_is_taken_or_refused_with_a_code(
    world: World, client: Client, admin: User, faults: Faults
) -> None:
    assert len(BODIES) > 60
    places = {route: address(world, route, admin) for route, _, _ in BODIES}
    for turn, (route, method, name) in enumerate(BODIES):
        schemas = _fields_of(route, method)
        fields = {one: _plausible(schema) for one, schema in schemas.items()}
        User.objects.filter(pk=admin.pk).update(is_active=True)
        client.force_login(admin)
        for value in [*_of_its_kind(schemas[name]), *dealt(ALL, turn, 3)]:
            body = json.dumps({**fields, name: value})
            answer = client.generic(method, places[route], body, "application/json", headers={"If-Match": '"1"'})
            faults.look(answer, f"{method} {route} {name}={json.dumps(value)[:60]}")
