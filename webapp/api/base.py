"""What the API's views share: the caller, If-Match and ETag, and pages of long lists."""

from __future__ import annotations

import base64
import json
from typing import TYPE_CHECKING, Any, TypeVar

from django.db.models import Model, Q, QuerySet
from drf_spectacular.utils import OpenApiParameter
from rest_framework import serializers

from core.errors import Invalid, PreconditionRequired, Unauthenticated
from core.models import User
from core.numbers import whole

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rest_framework.request import Request
    from rest_framework.serializers import BaseSerializer

_Row = TypeVar("_Row", bound=Model)
PAGE_LIMIT = 500
IF_MATCH = OpenApiParameter("If-Match", str, OpenApiParameter.HEADER, required=True, description="The version, quoted.")


class ErrorOut(serializers.Serializer[Any]):
    """The one error shape."""

    code = serializers.CharField()
    message = serializers.CharField()
    detail = serializers.DictField()
    request_id = serializers.CharField()


def caller(request: Request) -> User:
    """Return the user who asks; raises Unauthenticated."""
    if not isinstance(request.user, User):
        raise Unauthenticated("not_authenticated", "Log in first, or send an API token.")
    return request.user


def checked(serializer: type[BaseSerializer[Any]], request: Request) -> dict[str, Any]:
    """Return the request's body as validated fields; raises DRF's ValidationError (answered as fields_wrong)."""
    bound = serializer(data=request.data)
    bound.is_valid(raise_exception=True)
    fields: dict[str, Any] = bound.validated_data
    return fields


def if_match(request: Request, *, required: bool = True) -> str | None:
    """Return the entity tag of ``If-Match`` without its quotes; raises PreconditionRequired (428)."""
    value = request.headers.get("If-Match")
    if value is None:
        if required:
            raise PreconditionRequired(
                "if_match_missing", "Send If-Match with the version you have read, so that no change is lost."
            )
        return None
    return value.strip().removeprefix("W/").strip('"')


def if_match_version(request: Request) -> int:
    """Return ``If-Match`` as a version number; raises PreconditionRequired, Invalid."""
    version = whole(if_match(request))
    if version is None:
        raise Invalid("if_match_wrong", 'If-Match must be a version number in quotes, such as "3".')
    return version


def if_match_version_given(request: Request) -> int | None:
    """Return ``If-Match`` as a version number, or None where it was not sent; raises Invalid."""
    return if_match_version(request) if request.headers.get("If-Match") else None


def etag(value: object) -> dict[str, str]:
    """Return the header that carries an entity tag."""
    return {"ETag": f'"{value}"'}


def cursor_text(values: list[Any]) -> str:
    """Return the place after a row as the opaque cursor of the next page."""
    return base64.urlsafe_b64encode(json.dumps(values, default=str).encode()).decode().rstrip("=")


def cursor_values(cursor: str) -> list[Any]:
    """Return the place that a cursor stands for; raises Invalid."""
    try:
        values = json.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
    except (ValueError, RecursionError):
        values = None
    if not isinstance(values, list) or not values or any(isinstance(value, list | dict) for value in values):
        raise Invalid("cursor_wrong", "This page address is damaged. Go back to the first page.")
    return values


def page_limit(parameters: Mapping[str, str], default: int = 100) -> int:
    """Return ``limit`` of a query string; raises Invalid when it is not 1..500."""
    limit = whole(parameters.get("limit", str(default)), least=1, most=PAGE_LIMIT)
    if limit is None:
        raise Invalid("limit_wrong", f"limit must be a number from 1 to {PAGE_LIMIT}.")
    return limit


def newest_first(rows: QuerySet[_Row], parameters: Mapping[str, str]) -> tuple[list[_Row], str | None]:
    """Return one page of rows, highest id first, and the cursor of the next page (keyset on ``id``)."""
    limit = page_limit(parameters)
    if cursor := parameters.get("cursor"):
        after = whole(str(cursor_values(cursor)[0]))
        if after is None:
            raise Invalid("cursor_wrong", "This page address is damaged. Go back to the first page.")
        rows = rows.filter(Q(pk__lt=after))
    found = list(rows.order_by("-pk")[: limit + 1])
    following = cursor_text([found[limit - 1].pk]) if len(found) > limit else None
    return found[:limit], following
