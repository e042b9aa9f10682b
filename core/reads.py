"""Several questions to the database about one moment of it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.db import connection, transaction


@contextmanager
def one_moment() -> Iterator[None]:
    """Let all that is read inside be of one moment, whatever others commit meanwhile. Nothing may be written inside.

    PostgreSQL: a REPEATABLE READ transaction that only reads; SQLite in WAL mode: a deferred one, which never takes
    the writers' lock. Inside another transaction it is that one's business (there the isolation cannot be chosen any
    more); services call it before they begin theirs.
    """
    if connection.in_atomic_block:
        yield
        return
    with _deferred(), transaction.atomic():
        if connection.vendor == "postgresql":
            with connection.cursor() as cursor:
                cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        yield


@contextmanager
def _deferred() -> Iterator[None]:
    """Let SQLite's next transaction begin as a reader: the house's others take the writers' lock at once."""
    sqlite: Any = connection
    if connection.vendor != "sqlite":
        yield
        return
    mode, sqlite.transaction_mode = sqlite.transaction_mode, "DEFERRED"
    try:
        yield
    finally:
        sqlite.transaction_mode = mode
