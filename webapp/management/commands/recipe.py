"""``manage.py recipe``: which recipes there are, and whether one passes its exam."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from annotations.dataset.questions import QUESTIONS
from inference.engine.errors import ConfigError
from inference.engine.recipe_cards import RECIPE_CARDS, recipe_card

if TYPE_CHECKING:
    from argparse import ArgumentParser


class Command(BaseCommand):
    """Exit status 1 where an answer of the exam does not hold."""

    help = "List the recipes there are; or examine one: does it learn, say where, repeat itself, stop, resume?"

    def add_arguments(self, parser: ArgumentParser) -> None:
        does = parser.add_subparsers(dest="does", required=True)
        does.add_parser("list", help="the recipes there are, also those of installed packages")
        check = does.add_parser("check", help="examine one on drawn cases; takes about a minute")
        check.add_argument("name", help="as ``recipe list`` says it")

    def handle(self, *_: Any, does: str, name: str = "", **__: Any) -> None:
        """Run."""
        if does == "list":
            for card in RECIPE_CARDS.values():
                self.stdout.write(f"{card.name}: {card.description} {card.licence}; {card.runs}")
            return
        try:
            card = recipe_card(name)
        except ConfigError:
            raise CommandError(f"There is no recipe {name}. There are {', '.join(RECIPE_CARDS)}.") from None
        if card.question not in QUESTIONS:
            raise CommandError(f"Its card asks {card.question}; datasets ask {' or '.join(QUESTIONS)}.")
        failed = self._examine(name)
        if failed:
            raise CommandError(f"{name} does not pass: {failed} of its answers do not hold.")
        self.stdout.write(self.style.SUCCESS(f"{card.title} passes."))

    def _examine(self, name: str) -> int:
        """Run the exam as a program of its own and show its answers as they come; returns how many do not hold."""
        failed = answered = 0
        with tempfile.TemporaryDirectory() as folder:
            command = [sys.executable, "-m", "inference.engine.exam.examine", name, folder]
            with subprocess.Popen(command, cwd=settings.BASE_DIR, stdout=subprocess.PIPE, text=True) as exam:
                assert exam.stdout is not None
                for line in exam.stdout:
                    answer = json.loads(line)
                    answered += 1
                    failed += not answer["passed"]
                    mark = self.style.SUCCESS("yes") if answer["passed"] else self.style.ERROR("NO ")
                    self.stdout.write(f"{mark} {answer['seconds']:6.1f} s  {answer['question']}: {answer['measured']}")
        if not answered:
            raise CommandError(f"{name} could not be examined at all; see above.")
        return failed
