"""``manage.py create_admin``: the first person of a new installation."""

from __future__ import annotations

import getpass
import sys
from typing import Any

from django.core.management.base import CommandError, CommandParser

from core.errors import OverreadError
from core.roles import Role
from core.users import user_create
from webapp.management.prepared import PreparedCommand


class Command(PreparedCommand):
    help = "Add an admin. The password is asked for, or read as one line from standard input."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("username")
        parser.add_argument("--display-name", default="")

    def handle(self, *args: Any, **options: Any) -> None:
        asked = sys.stdin.isatty()
        password = getpass.getpass("Password: ") if asked else sys.stdin.readline().rstrip("\n")
        if asked and getpass.getpass("Again: ") != password:
            raise CommandError("The two passwords differ. Nothing was changed.")
        name = options["display_name"] or options["username"]
        try:
            user_create(
                username=options["username"], display_name=name, role=Role.ADMIN.value, password=password, by=None
            )
        except OverreadError as error:
            raise CommandError(error.message) from None
        self.stdout.write(f"{options['username']} is an admin now.")
