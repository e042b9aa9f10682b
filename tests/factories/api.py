"""A small client of the JSON API, as a person uses it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.test import Client

if TYPE_CHECKING:
    from core.models import User


class Api:
    """Calls below ``/api/v1/`` of one logged-in person; every answer is (status, body)."""

    def __init__(self, user: User) -> None:
        self.client = Client()
        self.client.force_login(user)
        self.etag = ""

    def __call__(self, method: str, address: str, body: Any = None, *, match: object = None) -> tuple[int, Any]:
        """Send one request; ``match`` becomes If-Match."""
        headers = {} if match is None else {"If-Match": f'"{match}"'}
        given: dict[str, Any] = {"content_type": "application/json", "headers": headers}
        answer = self.client.generic(method, f"/api/v1/{address}", _json(body), **given)
        self.etag = answer.headers.get("ETag", "").strip('"')
        return answer.status_code, answer.json() if answer.content else None


def _json(body: Any) -> bytes:
    import json

    return b"" if body is None else json.dumps(body).encode()
