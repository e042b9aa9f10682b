"""``manage.py demo``: people, images, readings and a first model for a first look."""

from __future__ import annotations

import time
from argparse import ArgumentTypeError
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError, CommandParser

from core.models import User
from core.numbers import whole
from webapp.demo.install import EDITION, Progress, demo_install, edition_here
from webapp.demo.people import has_people_of_its_own

_OLDER = (
    "The demo here was made by another version of Overread. For today's set OVERREAD_DATA_DIR to another folder, "
    "or move this one away."
)


def _how_many(text: str) -> int:
    """Read how many studies to read again."""
    number = whole(text, least=1)
    if number is None:
        raise ArgumentTypeError("say how many studies to read again: a number from 1 up, or none for all")
    return number


class Command(BaseCommand):
    help = "Install the demo; what is there already is left as it is."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--second-reading",
            type=_how_many,
            nargs="?",
            const=10_000,
            metavar="N",
            help="instead: read N (or all) of the reopened studies again as the demo's careful reviewer",
        )

        parser.add_argument(
            "--wrong-places",
            action="store_true",
            help="instead: add a project in which a model points at the wrong place, and what rejecting it is worth",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        if settings.PRODUCTION:
            raise CommandError("The demo's passwords are published; it is not installed in production mode.")
        # What has to wait for a worker runs here, in this process.
        settings.OVERREAD_JOBS_WAKE = "none"
        here = edition_here()
        if options["second_reading"] is not None:
            if here not in (None, EDITION):
                raise CommandError(f"{_OLDER} What is true of its pictures is known to that version only.")
            self._second_reading(options["second_reading"])
        elif options["wrong_places"]:
            self._wrong_places()
        elif here not in (None, EDITION):
            self._say(f"{_OLDER} It is served as it is.")
        elif here is None:
            started = time.monotonic()
            self._say("Preparing the demo …")
            call_command("migrate", interactive=False, verbosity=0)
            if has_people_of_its_own():
                raise CommandError(
                    "People of your own log in here, and the demo's passwords are published. "
                    "Set OVERREAD_DATA_DIR to another folder for the demo."
                )
            demo_install(say=self._say)
            self._say(f"The demo is ready ({time.monotonic() - started:.0f} s).")

    def _second_reading(self, limit: int) -> None:
        from webapp.demo.second_look import second_reading

        reviewer = User.objects.filter(username="demo-reviewer").first()
        if reviewer is None:
            raise CommandError("There is no demo here yet. Say: make demo")
        progress = Progress(self._say)
        progress.begin("Read the reopened studies again")
        count = second_reading(reviewer=reviewer, limit=limit, done=progress.step)
        progress.end(f"{count} studies signed off")

    def _wrong_places(self) -> None:
        from webapp.demo.wrong_places import wrong_places_install

        if not User.objects.filter(username="demo-admin").exists():
            raise CommandError("There is no demo here yet. Say: make demo")
        started = time.monotonic()
        wrong_places_install(Progress(self._say))
        self._say(f"Project synthetic-breast is ready ({time.monotonic() - started:.0f} s).")

    def _say(self, text: str) -> None:
        self.stdout.write(text)
        self.stdout.flush()
