"""``manage.py import_model``: a model that was trained elsewhere, from its two files."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.core.management.base import CommandError, CommandParser

from core.errors import OverreadError
from inference.engine.model_files import CARD_NAME, WEIGHTS_NAME
from inference.models import ModelFamily
from inference.services.importing import model_import
from webapp.management.prepared import PreparedCommand


class Command(PreparedCommand):
    help = (
        "Add a model from a folder with its weights and card. The first of a family goes live, a later one is judged."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("family", help="PROJECT/FAMILY, by their short names")
        parser.add_argument("folder", type=Path, help=f"holds {WEIGHTS_NAME} and {CARD_NAME}")

    def handle(self, *args: Any, **options: Any) -> None:
        project, _, slug = options["family"].partition("/")
        family = ModelFamily.objects.filter(project__slug=project, slug=slug).select_related("project").first()
        if family is None:
            raise CommandError(f"There is no model family {options['family']}. Make it on the models page first.")
        folder: Path = options["folder"]
        try:
            version = model_import(
                family=family, weights_path=folder / WEIGHTS_NAME, card_path=folder / CARD_NAME, by=None
            )
        except OverreadError as error:
            raise CommandError(error.message) from None
        self.stdout.write(f"{family.title}, version {version.number}: {version.state}.")
