"""Reads JSON bodies as RFC 8259 has them, within limits, so that no value in them can trip what comes after."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any, NoReturn

from rest_framework.exceptions import ParseError
from rest_framework.parsers import BaseParser

from core.errors import TooLarge
from core.numbers import EXACT

if TYPE_CHECKING:
    from collections.abc import Mapping

BODY_LIMIT = 8 * 1024 * 1024
DEPTH_LIMIT = 32
_NUMBER_LIMIT = float(1 << 63)
#: PostgreSQL stores no NUL, and half a surrogate pair has no UTF-8.
_NOT_TEXT = re.compile("[\x00\ud800-\udfff]")


def _refuse_unstorable_text(text: str) -> None:
    if _NOT_TEXT.search(text):
        raise ParseError("a character that cannot be stored")


def _refuse_constant(name: str) -> NoReturn:
    raise ParseError(f"{name} is not JSON")


def _refuse_unstorable(value: Any) -> None:
    """Walk the whole value without recursion; raises ParseError at the first thing that cannot be kept."""
    level = [value]
    for _ in range(DEPTH_LIMIT):
        deeper: list[Any] = []
        for item in level:
            if isinstance(item, str):
                _refuse_unstorable_text(item)
            elif isinstance(item, int | float):
                limit = EXACT if isinstance(item, int) else _NUMBER_LIMIT
                if abs(item) > limit:
                    raise ParseError("a number out of range")
            elif isinstance(item, dict):
                deeper += item
                deeper += item.values()
            elif isinstance(item, list):
                deeper += item
        if not deeper:
            return
        level = deeper
    raise ParseError("nested too deeply")


class JsonParser(BaseParser):
    """JSON in UTF-8 up to 8 MiB: no NaN, no whole number beyond 2^53, no NUL, no half surrogate, 32 levels at most."""

    media_type = "application/json"

    def parse(self, stream: Any, media_type: str | None = None, parser_context: Mapping[str, Any] | None = None) -> Any:
        """Return the body's value; raises TooLarge before more than the limit was read, ParseError."""
        content = stream.read(BODY_LIMIT + 1)
        if len(content) > BODY_LIMIT:
            raise TooLarge("body_too_large", "The body is over 8 MiB. Send less at once.", limit_bytes=BODY_LIMIT)
        try:
            value = json.loads(content.decode(), parse_constant=_refuse_constant)
        except (ValueError, RecursionError):
            raise ParseError("not JSON") from None
        _refuse_unstorable(value)
        return value
