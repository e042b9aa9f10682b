"""A search read from its query string (PS3.18 8.3.4); what matches is said in ``imaging.search``."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from django.db.models import Q
from pydicom.datadict import tag_for_keyword

from core.errors import Invalid
from imaging.dicomweb.errors import BadRequest
from imaging.search.attributes import Level, keyword_of
from imaging.search.conditions import condition_of, count_of, is_searchable

if TYPE_CHECKING:
    from django.http import QueryDict

_CONTROL: Final = frozenset({"accept", "emptyvaluematching", "multiplevaluematching"})
_MOST: Final = 5000


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
    search, keys, fuzzy = Search(), dict[str, list[str]](), False
    try:
        for name, values in query.lists():
            lowered = name.lower()
            if lowered == "limit":
                search.limit = min(count_of(name, values[-1]), _MOST)
            elif lowered == "offset":
                search.offset = count_of(name, values[-1])
            elif lowered == "includefield":
                _include(search, values)
            elif lowered == "fuzzymatching":
                fuzzy = values[-1].lower() == "true"
            elif lowered not in _CONTROL:
                keyword = keyword_of(name)
                if keyword is None or not is_searchable(keyword, level):
                    search.ignored.append(name)
                else:
                    keys.setdefault(keyword, []).extend(values)
        search.condition = condition_of(keys, level, fuzzy=fuzzy)
    except Invalid as error:
        raise BadRequest(error.code, error.message, **error.detail) from None
    return search


def _include(search: Search, values: list[str]) -> None:
    for name in ",".join(values).split(","):
        if name.strip().lower() == "all":
            search.everything = True
        elif re.fullmatch(r"[0-9A-Fa-f]{8}", name.strip()):
            search.included.add(name.strip().upper())
        elif keyword_of(name.strip()):
            search.included.add(f"{tag_for_keyword(name.strip()):08X}")
