"""Commands that work on the database say in a sentence where it is not there, or not of this version."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import OperationalError, connection
from django.db.migrations.executor import MigrationExecutor


def is_behind() -> bool:
    """Say whether the database lacks what this version needs; raises OperationalError where it does not answer."""
    executor = MigrationExecutor(connection)
    return bool(executor.migration_plan(executor.loader.graph.leaf_nodes()))


class PreparedCommand(BaseCommand):
    """A command that needs the database of this version."""

    def execute(self, *args: Any, **options: Any) -> str | None:
        """Run, or raise CommandError."""
        try:
            behind = is_behind()
        except OperationalError:
            raise CommandError("The database does not answer. Check that it runs, and DATABASE_URL.") from None
        if behind:
            raise CommandError("The database is empty or of another version. Run `manage.py prepare` first.")
        return super().execute(*args, **options)
