"""``manage.py prepare``: what every start needs first: the database up to date, and an inbox for studies."""

from __future__ import annotations

from typing import Any

from django.core.management import call_command
from django.core.management.base import BaseCommand

from annotations.services.projects import inbox_open


class Command(BaseCommand):
    """``serve`` does the same by itself."""

    help = "Bring the database up to date and open the inbox project; may be run at every start."

    def handle(self, *args: Any, **options: Any) -> None:
        call_command("migrate", interactive=False, verbosity=1)
        inbox_open()
