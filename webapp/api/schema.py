"""The OpenAPI document: security schemes, and the live events."""

from __future__ import annotations

from typing import Any

from drf_spectacular.extensions import OpenApiAuthenticationExtension
from pydantic.json_schema import models_json_schema

from core.event_kinds import DETAILS, EventKind


class BearerScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]  # spectacular's hook is untyped
    """API tokens."""

    target_class = "webapp.api.authentication.BearerAuthentication"
    name = "token"

    def get_security_definition(self, auto_schema: Any) -> dict[str, str]:
        """Describe the scheme."""
        return {"type": "http", "scheme": "bearer"}


class SessionScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]  # spectacular's hook is untyped
    """The session cookie."""

    target_class = "webapp.api.authentication.SessionAuthentication"
    name = "session"

    def get_security_definition(self, auto_schema: Any) -> dict[str, str]:
        """Describe the scheme."""
        return {"type": "apiKey", "in": "cookie", "name": "sessionid"}


def live_events(result: dict[str, Any], **_: Any) -> dict[str, Any]:
    """Describe what the live socket says (``/live``) beside the HTTP API: one shape a kind of event."""
    schemas = result["components"]["schemas"]
    details = sorted(set(DETAILS.values()), key=lambda one: one.__name__)
    described: dict[str, Any] = models_json_schema(
        [(one, "serialization") for one in details], ref_template="#/components/schemas/{model}"
    )[1]
    schemas |= described["$defs"]
    variants = []
    for kind in EventKind:
        name = "".join(part.title() for part in kind.value.split(".")) + "Event"
        schemas[name] = {
            "type": "object",
            "properties": {
                "id": {"type": "integer"},
                "kind": {"type": "string", "enum": [kind.value]},
                "object_id": {"type": "string"},
                "version": {"type": "string"},
                "project": {"type": "string", "nullable": True},
                "detail": {"$ref": f"#/components/schemas/{DETAILS[kind].__name__}"},
            },
            "required": ["id", "kind", "object_id", "version", "project", "detail"],
        }
        variants.append({"$ref": f"#/components/schemas/{name}"})
    schemas["LiveEvent"] = {
        "oneOf": variants,
        "description": "What the live socket says: what changed, never the data.",
    }
    result["components"]["schemas"] = dict(sorted(schemas.items()))
    return result
