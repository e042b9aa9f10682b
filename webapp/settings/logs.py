"""Structured logs: one JSON object a line, with an allow-list of fields, so that no patient data gets in.

What a library says of an error may quote the value it failed at, and the value may be a patient's name. So a traceback
is logged with its files, lines and types, never with the exception's text; a library's line about an error is logged
as its template; a warning is logged as its category and place.
"""

from __future__ import annotations

import logging
import logging.config
import re
import sys
import threading
import traceback
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, TextIO, TypeGuard

import structlog

from core import context
from core.errors import OverreadError

if TYPE_CHECKING:
    from types import TracebackType

    from structlog.typing import EventDict, WrappedLogger

    ExceptionFacts = tuple[type[BaseException], BaseException, TracebackType | None]

_ALLOWED = {
    "event", "level", "timestamp", "logger", "request_id", "source", "exception", "code", "status", "method", "route",
    "job", "kind", "attempt", "error", "seconds", "count", "queue", "worker", "process", "port", "version", "project",
    "upload", "outcome", "broker", "reason",
}  # fmt: skip


_READERS_OF_IMAGES = {"pydicom", "pynetdicom", "highdicom", "PIL", "monai", "nibabel", "pylibjpeg"}
_UID = re.compile(r"\d+(?:\.\d+){4,}")


def _only_allowed(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    return {name: value for name, value in event.items() if name in _ALLOWED}


def _without_uids(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """DICOM UIDs lead to patients, and addresses hold them."""
    if isinstance(event.get("event"), str):
        event["event"] = _UID.sub("<uid>", event["event"])
    return event


def _lines_of(error: BaseException, seen: set[int]) -> list[str]:
    """Return the traceback, oldest cause first, without what any exception in it says."""
    seen.add(id(error))
    earlier = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    lines = [*_lines_of(earlier, seen), ""] if earlier is not None and id(earlier) not in seen else []
    lines += [line.rstrip("\n") for line in traceback.format_tb(error.__traceback__)]
    kind = type(error)
    # The family's messages are written to be shown; every other text stays out.
    lines.append(f"{kind.__module__}.{kind.__qualname__}" + (f": {error.code}" if _is_ours(error) else ""))
    if isinstance(error, BaseExceptionGroup):
        for one in error.exceptions:
            lines += _lines_of(one, seen) if id(one) not in seen else []
    return lines


def _is_ours(error: BaseException) -> TypeGuard[OverreadError]:
    return isinstance(error, OverreadError)


def exception_without_its_text(facts: ExceptionFacts) -> str:
    """Return files, lines, functions and types of an exception and its causes, without their messages."""
    return "\n".join(_lines_of(facts[1], set()))


def _with_traceback(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    given = event.pop("exc_info", None)
    if isinstance(given, BaseException):
        given = (type(given), given, given.__traceback__)
    elif given and not isinstance(given, tuple):
        given = sys.exc_info()
    if isinstance(given, tuple) and isinstance(given[1], BaseException):
        event["exception"] = exception_without_its_text(given)
    return event


class _JsonFormatter(structlog.stdlib.ProcessorFormatter):
    """Libraries put an error's text into their line about it; its template says as much, and its type follows.

    Those that read images quote values in any line, and one of them sets its own level when it is imported: of their
    lines only the place is kept.
    """

    def format(self, record: logging.LogRecord) -> str:
        if isinstance(record.msg, str):
            quoted = record.args.values() if isinstance(record.args, dict) else record.args or ()
            about_error = record.exc_info or any(isinstance(value, BaseException) for value in quoted)
            reads_images = record.name.partition(".")[0] in _READERS_OF_IMAGES
            if reads_images or about_error:
                record = logging.makeLogRecord(record.__dict__)
                template = record.msg if record.args and not reads_images else f"said by {record.name}"
                record.msg, record.args = f"{template} ({record.module}:{record.lineno})", ()
        return super().format(record)


def _log_warning(
    message: Warning | str,
    category: type[Warning],
    filename: str,
    lineno: int,
    file: TextIO | None = None,
    line: str | None = None,
) -> None:
    place = f"{Path(filename).parent.name}/{Path(filename).name}:{lineno}"
    structlog.get_logger("overread.warning").warning("warning", kind=category.__name__, reason=place)


def _log_thread_crash(crashed: threading.ExceptHookArgs) -> None:
    structlog.get_logger("overread.error").error("thread.crashed", exc_info=crashed.exc_value)


def _with_request(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    request = context.current()
    event.setdefault("request_id", request.request_id)
    return event


def configure_logs(level: str) -> None:
    """Send every log line, Django's and Celery's too, through one JSON formatter to standard error."""
    shared: list[structlog.typing.Processor] = [
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        _with_request,
    ]
    logging.config.dictConfig(
        {
            "version": 1,
            "disable_existing_loggers": False,
            "formatters": {
                "json": {
                    "()": _JsonFormatter,
                    "foreign_pre_chain": shared,
                    "processors": [
                        structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                        _with_traceback,
                        _only_allowed,
                        _without_uids,
                        structlog.processors.JSONRenderer(),
                    ],
                }
            },
            "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "json"}},
            "root": {"handlers": ["stderr"], "level": level.upper()},
            "loggers": {
                "uvicorn.access": {"level": "WARNING"},
                "axes": {"level": "ERROR"},
                "django.request": {"level": "ERROR"},
                "botocore": {"level": "WARNING"},
                "matplotlib": {"level": "WARNING"},
            },
        }
    )
    warnings.showwarning = _log_warning
    threading.excepthook = _log_thread_crash
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
