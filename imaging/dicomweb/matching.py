"""Query parameters of a search turned into database conditions (PS3.4 C.2.2.2, PS3.18 8.3.4)."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import date
from typing import TYPE_CHECKING, Final

from django.db.models import Q

from imaging.dicomweb.attributes import BY_KEYWORD, LEVELS, Attribute, Level, keyword_of, path_to
from imaging.dicomweb.errors import BadRequest

if TYPE_CHECKING:
    from django.http import QueryDict

_CONTROL: Final = frozenset(
    {"limit", "offset", "includefield", "fuzzymatching", "accept", "emptyvaluematching", "multiplevaluematching"}
)
_MOST: Final = 5000
_NUMBERS: Final = frozenset({"IS", "US", "UL", "SS", "SL"})


@dataclass(slots=True)
class Search:
    """A search, read from its query string.

    Attributes:
        condition: on the model of the level that is searched.
        limit: most answers, or None for the server's own limit.
        offset: answers to skip.
        included: tags (eight hexadecimal digits) wanted beyond the usual ones; ``everything`` for includefield=all.
        ignored: parameters that were not understood.
    """

    condition: Q = field(default_factory=Q)
    limit: int = _MOST
    offset: int = 0
    included: set[str] = field(default_factory=set)
    everything: bool = False
    ignored: list[str] = field(default_factory=list)


def read_search(query: QueryDict, level: Level) -> Search:
    """Read a search at a level.

    Args:
        query: the query string; attribute names are keywords or eight hexadecimal digits.
        level: what is searched.

    Raises:
        BadRequest: a parameter has a value that cannot be understood.
    """
    search = Search()
    for name, values in query.lists():
        lowered = name.lower()
        if lowered in ("limit", "offset"):
            number = _count(name, values[-1])
            if lowered == "limit":
                search.limit = min(number, _MOST)
            else:
                search.offset = number
        elif lowered == "includefield":
            _include(search, values)
        elif lowered in _CONTROL:
            continue
        else:
            keyword = keyword_of(name)
            attribute = BY_KEYWORD.get(keyword or "")
            if attribute is None or LEVELS.index(attribute.level) > LEVELS.index(level):
                search.ignored.append(name)
                continue
            search.condition &= _matches(attribute, path_to(attribute, level), [value for value in values if value])
    return search


def _count(name: str, value: str) -> int:
    if not re.fullmatch(r"\d{1,9}", value.strip()):
        raise BadRequest("parameter_wrong", f"{name} must be a whole number from 0.", parameter=name)
    return int(value)


def _include(search: Search, values: list[str]) -> None:
    for name in ",".join(values).split(","):
        if name.strip().lower() == "all":
            search.everything = True
        elif re.fullmatch(r"[0-9A-Fa-f]{8}", name.strip()):
            search.included.add(name.strip().upper())
        elif keyword_of(name.strip()):
            from pydicom.datadict import tag_for_keyword

            search.included.add(f"{tag_for_keyword(name.strip()):08X}")


def _matches(attribute: Attribute, path: str, values: list[str]) -> Q:
    """Return the condition of one attribute; no values means universal matching."""
    condition = Q()
    for value in values:
        if attribute.vr == "DA":
            condition &= _dates(attribute, path, value)
        elif attribute.vr == "TM":
            condition &= _times(path, value)
        elif attribute.vr in _NUMBERS:
            condition &= Q(**{f"{path}__in": [_count(attribute.keyword, part) for part in value.split(",")]})
        elif attribute.vr == "UI":
            condition &= Q(**{f"{path}__in": re.split(r"[,\\]", value)})
        else:
            condition &= _texts(attribute, path, value)
    return condition


def _texts(attribute: Attribute, path: str, value: str) -> Q:
    # A person name is one text: its commas do not part it.
    parts = [value] if attribute.vr == "PN" else re.split(r"[,\\]", value)
    alternatives = Q()
    for part in parts:
        if not part or set(part) == {"*"}:
            return Q()
        alternatives |= _text(attribute, path, part)
    return alternatives


def _text(attribute: Attribute, path: str, value: str) -> Q:
    if attribute.several:
        # Values lie backslash separated in one column: match whole ones.
        pattern = r"(^|\\)" + _pattern(value) + r"(\\|$)"
        return Q(**{f"{path}__iregex": pattern})
    if "*" not in value and "?" not in value:
        return Q(**{f"{path}__iexact" if attribute.vr == "PN" else path: value})
    inner = value.strip("*")
    if "*" not in inner and "?" not in inner:
        lookup = {(True, True): "icontains", (True, False): "iendswith", (False, True): "istartswith"}[
            (value.startswith("*"), value.endswith("*"))
        ]
        return Q(**{f"{path}__{lookup}": inner})
    return Q(**{f"{path}__iregex": f"^{_pattern(value)}$"})


def _pattern(value: str) -> str:
    return "".join({"*": ".*", "?": "."}.get(letter, re.escape(letter)) for letter in re.sub(r"\*+", "*", value))


def _date(attribute: Attribute, value: str) -> date:
    try:
        return date.fromisoformat(value.strip().replace("-", "").replace(".", ""))
    except ValueError:
        raise BadRequest(
            "parameter_wrong",
            f"{attribute.keyword} must be a date such as 20240131, or a range such as 20240101-20240131.",
            parameter=attribute.keyword,
        ) from None


def _dates(attribute: Attribute, path: str, value: str) -> Q:
    begin, dash, end = value.strip().partition("-")
    if not dash or re.fullmatch(r"\d{4}-\d{2}-\d{2}", value.strip()):
        return Q(**{path: _date(attribute, value)})
    condition = Q(**{f"{path}__isnull": False})
    if begin:
        condition &= Q(**{f"{path}__gte": _date(attribute, begin)})
    if end:
        condition &= Q(**{f"{path}__lte": _date(attribute, end)})
    return condition


def _times(path: str, value: str) -> Q:
    begin, dash, end = value.strip().replace(":", "").partition("-")
    if not dash:
        return Q(**{f"{path}__startswith": begin})
    condition = ~Q(**{path: ""})
    if begin:
        condition &= Q(**{f"{path}__gte": begin})
    if end:
        # 1030 as an end includes 10:30:59.99.
        condition &= Q(**{f"{path}__lte": end + "~"})
    return condition
