"""Dates and times of day as moments: offsets from UTC, and ranges of both together (PS3.4 C.2.2.2.5)."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, time, timedelta, timezone
from typing import Final

_OFFSET: Final = re.compile(r"([+-])(\d{2}):?(\d{2})", re.ASCII)
_TIME: Final = re.compile(r"(\d{2})(?:(\d{2})(?:(\d{2})(?:\.(\d{1,6}))?)?)?", re.ASCII)
_MOST_MINUTES: Final = 14 * 60


def offset_of(text: str) -> str:
    """Return an offset from UTC as ``+HHMM``, or nothing where it is missing or none (range −1200 to +1400)."""
    found = _OFFSET.fullmatch(text.strip())
    if found is None:
        return ""
    minutes = int(found[2]) * 60 + int(found[3])
    return f"{found[1]}{found[2]}{found[3]}" if minutes <= _MOST_MINUTES and int(found[3]) < 60 else ""


def zone_of(offset: str) -> timezone:
    """Return the time zone of an offset that ``offset_of`` wrote."""
    minutes = int(offset[1:3]) * 60 + int(offset[3:5])
    return timezone(timedelta(minutes=-minutes if offset[0] == "-" else minutes))


def time_span(text: str) -> tuple[time, time] | None:
    """Return the first and the last instant that a time of day stands for, ``10`` for the whole hour; None: no time."""
    found = _TIME.fullmatch(text.strip().replace(":", ""))
    if found is None:
        return None
    hour, minute, second, fraction = found.groups()
    digits = fraction or ""
    try:
        begin = time(int(hour), int(minute or 0), min(59, int(second or 0)), int(digits.ljust(6, "0")) if digits else 0)
        end = time(
            int(hour),
            int(minute) if minute else 59,
            min(59, int(second)) if second else 59,
            int(digits.ljust(6, "9")) if digits else 999_999,
        )
    except ValueError:
        return None
    return begin, end


def moment_of(day: date | None, clock: str, offset: str) -> datetime | None:
    """Return a date and a time of day as a moment in UTC; None where either, or the offset, is not known."""
    span = time_span(clock)
    if day is None or span is None or not offset:
        return None
    try:
        return datetime.combine(day, span[0], zone_of(offset)).astimezone(UTC)
    except OverflowError:
        return None
