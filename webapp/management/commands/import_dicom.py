"""``manage.py import_dicom PATH… --project SLUG``: take files, folders and zips into the archive."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, cast

from django.core.management.base import BaseCommand, CommandError
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from core.models import Project, User
from imaging.models import Upload
from imaging.services.uploads import is_skipped, staged_copy, upload_file, upload_finish, upload_open

if TYPE_CHECKING:
    from argparse import ArgumentParser
    from collections.abc import Iterator


class Command(BaseCommand):
    """Exit status 1 when nothing could be stored."""

    help = "Import DICOM files, folders (with all below them) and zip archives."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("paths", nargs="+", type=Path)
        parser.add_argument("--project", help="Slug of the project; the inbox when left out.")
        parser.add_argument("--user", help="User name that the import is recorded under.")

    def handle(self, *_: Any, paths: list[Path], project: str | None, user: str | None, **__: Any) -> None:
        missing = [str(path) for path in paths if not path.exists()]
        if missing:
            raise CommandError(f"There is no {missing[0]}. Nothing was imported.")
        files = [(file, _name(file, path)) for path in paths for file in sorted(_files(path))]
        upload = upload_open(project=_project(project), received_by=_user(user), door=Upload.Door.COMMAND)
        counts: Counter[tuple[str, str]] = Counter()
        columns = TextColumn("Importing"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn()
        with Progress(*columns, console=Console(stderr=True)) as progress:
            try:
                for file, name in progress.track(files):
                    verdicts = upload_file(upload=upload, source=staged_copy(file), file_name=name)
                    counts.update((verdict.outcome, verdict.code) for verdict in verdicts)
            finally:
                # What came in before an interruption is indexed too.
                upload_finish(upload=upload)
        self._tell(counts)
        if not any(outcome in {"stored", "already_stored"} for outcome, _ in counts):
            raise CommandError("Nothing could be stored. The table says why.")

    def _tell(self, counts: Counter[tuple[str, str]]) -> None:
        table = Table("outcome", "code", "files")
        for (outcome, code), count in sorted(counts.items()):
            table.add_row(outcome, code, str(count))
        Console(file=cast("IO[str]", self.stdout), width=100).print(table)


def _files(path: Path) -> Iterator[Path]:
    if path.is_file():
        yield path
        return
    for below in path.rglob("*"):
        if below.is_file() and not below.is_symlink() and not is_skipped(below.name):
            yield below


def _name(file: Path, root: Path) -> str:
    """Return the file's name for its verdict: below the folder that was named, else its own."""
    return str(file.relative_to(root.parent)) if file != root else file.name


def _project(slug: str | None) -> Project:
    found = Project.objects.filter(slug=slug).first() if slug else Project.objects.filter(is_inbox=True).first()
    if found is None:
        known = ", ".join(Project.objects.values_list("slug", flat=True)) or "none yet"
        raise CommandError(f"There is no such project. Known projects: {known}.")
    return found


def _user(name: str | None) -> User | None:
    if name is None:
        return None
    found = User.objects.filter(username=name).first()
    if found is None:
        raise CommandError(f"There is no user {name}.")
    return found
