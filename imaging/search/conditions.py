"""Attribute matching turned into database conditions (PS3.4 C.2.2.2), for every door that searches.

Knows nothing of query strings or network messages: keys come as DICOM keywords with their values as text. The same
rows match on every database.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, time
from typing import Any, Final

from django.db.models import Q

from core.errors import Invalid
from imaging.dicom.moments import offset_of, time_span, zone_of
from imaging.dicom.names import fold, name_form
from imaging.search.attributes import BY_KEYWORD, LEVELS, Attribute, Level, path_to

NUMBERS: Final = frozenset({"IS", "US", "UL", "SS", "SL"})
_OFFSET: Final = "TimezoneOffsetFromUTC"


def is_searchable(keyword: str, level: Level) -> bool:
    """Say whether a search at this level matches the attribute."""
    attribute = BY_KEYWORD.get(keyword)
    return attribute is not None and LEVELS.index(attribute.level) <= LEVELS.index(level)


def condition_of(keys: Mapping[str, Sequence[str]], level: Level, *, fuzzy: bool = False) -> Q:
    """Return the condition of a search on the model of its level.

    Study Date and Study Time that both are ranges of one form are matched together, as one moment. Timezone Offset
    From UTC is never matched: it says in which time zone the dates and times of the search are meant.

    Args:
        keys: searchable keywords with their values; an empty value matches everything.
        level: what is searched.
        fuzzy: each word of a person name may begin any component.

    Raises:
        Invalid: parameter_wrong: a value cannot be understood.
    """
    condition, left = Q(), {keyword: [value for value in values if value] for keyword, values in keys.items()}
    offset = _offset(left.pop(_OFFSET, []))
    days, clocks = left.get("StudyDate", []), left.get("StudyTime", [])
    if offset or _together(days, clocks):
        condition &= _moments(left.pop("StudyDate", []), left.pop("StudyTime", []), offset, level)
    for keyword, values in left.items():
        attribute = BY_KEYWORD[keyword]
        for value in values:
            condition &= _one(attribute, level, value, fuzzy=fuzzy)
    return condition


def _wrong(keyword: str, sentence: str) -> Invalid:
    return Invalid("parameter_wrong", f"{keyword} must be {sentence}.", parameter=keyword)


def count_of(keyword: str, value: str) -> int:
    """Return a whole number from 0; raises Invalid."""
    if not re.fullmatch(r"[0-9]{1,9}", value.strip()):
        raise _wrong(keyword, "a whole number from 0")
    return int(value)


def _one(attribute: Attribute, level: Level, value: str, *, fuzzy: bool) -> Q:
    path = path_to(attribute, level)
    if "\0" in value:
        raise _wrong(attribute.keyword, "text without NUL characters")
    if attribute.vr == "DA":
        return _dates(attribute, path, value)
    if attribute.vr == "TM":
        return _times(path, value)
    if attribute.vr in NUMBERS:
        return Q(**{f"{path}__in": [count_of(attribute.keyword, part) for part in value.split(",")]})
    if attribute.vr == "UI":
        return Q(**{f"{path}__in": re.split(r"[,\\]", value)})
    if attribute.form:
        return name_condition(path_to(attribute, level, attribute.form), value, fuzzy=fuzzy)
    # A code has no comma, so clients part several by one; a comma of a description is a part of it.
    parts = [part for part in re.split(r"[,\\]" if attribute.vr == "CS" else r"\\", value) if part]
    alternatives = Q()
    for part in parts:
        if set(part) == {"*"}:
            return Q()
        alternatives |= _text(attribute, path, part)
    return alternatives


# -- names -------------------------------------------------------------------------------------------------------


def name_condition(path: str, value: str, *, fuzzy: bool = False) -> Q:
    """Return the condition on a search form (``imaging.dicom.names.name_form``) that a person name matches.

    Args:
        path: of the column with the search form.
        value: a name, ``*`` and ``?`` being wild; one component group matches any of the name's groups, several
            (``alphabetic=ideographic``) must all be there.
        fuzzy: each word of the name may begin any component.
    """
    condition = Q()
    if fuzzy:
        for word in re.split(r"[\s^=,*?]+", fold(value)):
            if word:
                begins = Q()
                for before in "=^ ":
                    begins |= Q(**{f"{path}__contains": f"{before}{word}"})
                condition &= begins
        return condition
    for group in name_form(value).strip("=").split("=") if name_form(value) else [fold(value)]:
        if set(group) - {"*"}:
            condition &= _group(path, group)
    return condition


def _group(path: str, group: str) -> Q:
    pieces = re.split(r"[*?]", f"={group}=")
    condition = Q(**{f"{path}__contains": max(pieces, key=len)})
    if re.fullmatch(r"\*?[^*?]+\*?", group):
        begin, end = "" if group[0] == "*" else "=", "" if group[-1] == "*" else "="
        return Q(**{f"{path}__contains": f"{begin}{group.strip('*')}{end}"})
    pattern = "".join(
        {"*": "[^=]*", "?": "[^=]"}.get(letter, re.escape(letter)) for letter in re.sub(r"\*+", "*", group)
    )
    return condition & Q(**{f"{path}__regex": f"={pattern}="})


def words_condition(path: str, text: str) -> Q:
    """Return the condition that each word of a text occurs in a form of words; ``*`` and ``?`` are wild."""
    condition = Q()
    for word in fold(text).split():
        if "*" in word or "?" in word:
            # Databases differ in whether a dot is a line's end, which parts the texts of a form.
            wild = {"*": "[^\n]*", "?": "[^\n]"}
            inner = "".join(wild.get(letter, re.escape(letter)) for letter in word.strip("*"))
            condition &= Q(**{f"{path}__regex": inner}) if inner else Q()
        else:
            condition &= Q(**{f"{path}__contains": word})
    return condition


# -- other texts -------------------------------------------------------------------------------------------------


def holds(path: str, value: str) -> Q:
    """Return the condition that a column with backslash separated values holds a value, whatever its case."""
    if not value.isascii() or "*" in value or "?" in value:
        return Q(**{f"{path}__iregex": rf"(^|\\){_pattern(value)}(\\|$)"})
    return (
        Q(**{f"{path}__iexact": value})
        | Q(**{f"{path}__istartswith": f"{value}\\"})
        | Q(**{f"{path}__iendswith": f"\\{value}"})
        | Q(**{f"{path}__icontains": f"\\{value}\\"})
    )


def _text(attribute: Attribute, path: str, value: str) -> Q:
    if attribute.several:
        return holds(path, value)
    if "*" not in value and "?" not in value:
        return Q(**{path: value})
    inner = value.strip("*")
    if "*" not in inner and "?" not in inner and inner.isascii():
        lookup = {(True, True): "icontains", (True, False): "iendswith", (False, True): "istartswith"}[
            (value.startswith("*"), value.endswith("*"))
        ]
        return Q(**{f"{path}__{lookup}": inner})
    return Q(**{f"{path}__iregex": f"^{_pattern(value)}$"})


def _pattern(value: str) -> str:
    letters = []
    for letter in re.sub(r"\*+", "*", value):
        if letter in "*?":
            letters.append({"*": ".*", "?": "."}[letter])
        elif letter.isascii():
            letters.append(re.escape(letter))
        else:
            # Databases differ in which letters beyond ASCII have two cases for them: name both.
            both = {letter, letter.lower(), letter.upper()}
            letters.append("[" + "".join(sorted(one for one in both if len(one) == 1)) + "]")
    return "".join(letters)


# -- dates and times ---------------------------------------------------------------------------------------------


def _date(keyword: str, value: str) -> date:
    try:
        digits = value.strip().replace("-", "").replace(".", "")
        if len(digits) != 8 or not digits.isascii():
            raise ValueError
        return date.fromisoformat(digits)
    except ValueError:
        raise _wrong(keyword, "a date such as 20240131, or a range such as 20240101-20240131") from None


def _dates(attribute: Attribute, path: str, value: str) -> Q:
    begin, end = _date_range(attribute.keyword, value)
    if begin == end:
        return Q(**{path: begin})
    condition = Q(**{f"{path}__isnull": False})
    if begin:
        condition &= Q(**{f"{path}__gte": begin})
    if end:
        condition &= Q(**{f"{path}__lte": end})
    return condition


def _date_range(keyword: str, value: str) -> tuple[date | None, date | None]:
    text = value.strip()
    begin, dash, end = text.partition("-")
    if not dash or re.fullmatch(r"\d{4}-\d{2}-\d{2}", text, re.ASCII):
        one = _date(keyword, text)
        return one, one
    if not begin and not end:
        raise _wrong(keyword, "a date such as 20240131, or a range such as 20240101-20240131")
    return (_date(keyword, begin) if begin else None), (_date(keyword, end) if end else None)


def _time_range(value: str) -> tuple[time | None, time | None]:
    begin, dash, end = value.strip().partition("-")
    spans = [time_span(part) if part else None for part in (begin, end if dash else begin)]
    if any(part and span is None for part, span in zip((begin, end if dash else begin), spans, strict=True)):
        raise _wrong("StudyTime", "a time such as 1030, or a range such as 0800-1200")
    return (spans[0][0] if spans[0] else None), (spans[1][1] if spans[1] else None)


def _stored(clock: time) -> str:
    return clock.strftime("%H%M%S.%f")


def _times(path: str, value: str) -> Q:
    text = value.strip().replace(":", "")
    if "-" not in text:
        _time_range(text)
        return Q(**{f"{path}__startswith": text})
    begin, end = _time_range(text)
    # What is no time of day ("noon") lies after all that are.
    condition = ~Q(**{path: ""}) & Q(**{f"{path}__lte": f"{_stored(end or time.max)}~"})
    return condition & Q(**{f"{path}__gte": _bound(begin)}) if begin else condition


def _bound(begin: time) -> str:
    """Return the least text of a stored time that is not before ``begin``: 10 and 1000 are not before 100000."""
    text = _stored(begin)
    return re.sub(r"(00)?(00)?\.0{6}$", "", text) if text.endswith(".000000") else text


def _range_form(value: str) -> tuple[bool, bool] | None:
    text = value.strip()
    if "-" not in text or re.fullmatch(r"\d{4}-\d{2}-\d{2}", text, re.ASCII):
        return None
    begin, _, end = text.partition("-")
    return bool(begin), bool(end)


def _offset(values: list[str]) -> str:
    if not values:
        return ""
    offset = offset_of(values[0])
    if not offset:
        raise _wrong(_OFFSET, "an offset such as +0100 or -0500")
    return offset


def _moments(days: list[str], clocks: list[str], offset: str, level: Level) -> Q:
    """Return the condition of Study Date and Study Time matched together, or in the time zone of the search."""
    paths = {name: path_to(BY_KEYWORD["StudyDate"], level, name) for name in ("study_date", "study_time", "studied_at")}
    if _together(days, clocks):
        begin, end = _joined_range(days[0], clocks[0])
        return _between(paths, begin, end, offset)
    condition = Q()
    for value in days:
        first, last = _date_range("StudyDate", value)
        begin = datetime.combine(first, time.min) if first else None
        end = datetime.combine(last, time.max) if last else None
        condition &= _between(paths, begin, end, offset)
    for value in clocks:
        condition &= _of_day(paths, value, offset)
    return condition


def _together(days: list[str], clocks: list[str]) -> bool:
    """Say whether a date and a time are matched as one moment: both are ranges of the same form."""
    form = _range_form(days[0]) if len(days) == len(clocks) == 1 else None
    return form is not None and form == _range_form(clocks[0])


def _joined_range(day: str, clock: str) -> tuple[datetime | None, datetime | None]:
    days, clocks = _date_range("StudyDate", day), _time_range(clock)
    begin = datetime.combine(days[0], clocks[0] or time.min) if days[0] else None
    end = datetime.combine(days[1], clocks[1] or time.max) if days[1] else None
    return begin, end


def _between(paths: dict[str, str], begin: datetime | None, end: datetime | None, offset: str) -> Q:
    """Return the condition for studies from ``begin`` to ``end``, which are times on the wall of ``offset``'s zone.

    A study whose own offset is known is compared as a moment where the search names its zone; any other by the
    date and time that are written in it.
    """
    if not offset:
        return _on_the_wall(paths, begin, end)
    known: dict[str, Any] = {}
    try:
        if begin:
            known[f"{paths['studied_at']}__gte"] = begin.replace(tzinfo=zone_of(offset)).astimezone(UTC)
        if end:
            known[f"{paths['studied_at']}__lte"] = end.replace(tzinfo=zone_of(offset)).astimezone(UTC)
    except OverflowError:
        raise _wrong("StudyDate", "a date between the years 2 and 9998") from None
    unknown = Q(**{f"{paths['studied_at']}__isnull": True}) & _on_the_wall(paths, begin, end)
    return (Q(**{f"{paths['studied_at']}__isnull": False}) & Q(**known)) | unknown


def _on_the_wall(paths: dict[str, str], begin: datetime | None, end: datetime | None) -> Q:
    day, clock = paths["study_date"], paths["study_time"]
    condition = Q(**{f"{day}__isnull": False})
    if begin:
        at = Q()
        if begin.time() != time.min:
            at = Q(**{f"{clock}__gte": _bound(begin.time()), f"{clock}__lte": f"{_stored(time.max)}~"})
        condition &= Q(**{f"{day}__gt": begin.date()}) | (Q(**{day: begin.date()}) & at)
    if end:
        at = Q(**{f"{clock}__lte": f"{_stored(end.time())}~"}) if end.time() != time.max else Q()
        condition &= Q(**{f"{day}__lt": end.date()}) | (Q(**{day: end.date()}) & at)
    return condition


def _of_day(paths: dict[str, str], value: str, offset: str) -> Q:
    """Return the condition of a time of day, alone, in the time zone of the search."""
    begin, end = _time_range(value)
    zone = zone_of(offset)
    first, last = (
        datetime.combine(date(2000, 1, 2), clock, zone).astimezone(UTC).time()
        for clock in (begin or time.min, end or time.max)
    )
    path = paths["studied_at"]
    since, until = Q(**{f"{path}__time__gte": first}), Q(**{f"{path}__time__lte": last})
    of_moment = (since & until) if first <= last else (since | until)
    unknown = Q(**{f"{path}__isnull": True}) & _times(paths["study_time"], value)
    return (Q(**{f"{path}__isnull": False}) & of_moment) | unknown
