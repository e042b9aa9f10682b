"""Triggers by which the database itself refuses to change rows that are written once."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import migrations

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.apps.registry import Apps
    from django.db.backends.base.schema import BaseDatabaseSchemaEditor

_SQLITE = """
CREATE TRIGGER {table}_append_only BEFORE UPDATE ON {table}
BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END
"""
_POSTGRESQL = """
CREATE FUNCTION {table}_refuse() RETURNS trigger LANGUAGE plpgsql AS
$$ BEGIN RAISE EXCEPTION '{table} is append-only'; END $$;
CREATE TRIGGER {table}_append_only BEFORE UPDATE{and_delete} ON {table}
FOR EACH ROW EXECUTE FUNCTION {table}_refuse();
"""


def append_only(table: str, *, deletable: bool) -> migrations.RunPython:
    """Return a migration step after which rows of ``table`` cannot be updated.

    Args:
        deletable: False also refuses DELETE (PostgreSQL; on SQLite the hash chain betrays it).
    """

    def make(statement: str) -> Callable[[Apps, BaseDatabaseSchemaEditor], None]:
        def run(_apps: Apps, editor: BaseDatabaseSchemaEditor) -> None:
            and_delete = "" if deletable else " OR DELETE"
            sqlite = editor.connection.vendor == "sqlite"
            template = {"make": _SQLITE if sqlite else _POSTGRESQL, "drop": _drop(sqlite=sqlite)}[statement]
            editor.execute(template.format(table=table, and_delete=and_delete))

        return run

    return migrations.RunPython(make("make"), make("drop"))


def _drop(*, sqlite: bool) -> str:
    if sqlite:
        return "DROP TRIGGER {table}_append_only"
    return "DROP TRIGGER {table}_append_only ON {table}; DROP FUNCTION {table}_refuse();"
