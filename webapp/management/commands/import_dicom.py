"""``manage.py import_dicom PATH… --project SLUG``: take files, folders and zips into the archive."""

from __future__ import annotations

import errno
import os
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, cast

from django.core.management.base import CommandError
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from core.models import Project, User
from imaging.models import Upload, UploadVerdict
from imaging.services.uploads import is_skipped, staged_copy, upload_file, upload_finish, upload_open
from webapp.management.prepared import PreparedCommand

if TYPE_CHECKING:
    from argparse import ArgumentParser

_STORED = frozenset((UploadVerdict.Outcome.STORED.value, UploadVerdict.Outcome.ALREADY_STORED.value))
_NOT_READABLE = ("not readable", "no_permission", "This user may not read it. Change its permissions.")


class Command(PreparedCommand):
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
        target, person = _project(project), _user(user)
        found = _Found()
        for path in paths:
            found.look_into(path)
        if not found.files:
            raise CommandError(f"Nothing was imported. {found.why_nothing(paths)}")
        self._tell(self._import(found, upload_open(project=target, received_by=person, door=Upload.Door.COMMAND)))

    def _import(self, found: _Found, upload: Upload) -> _Tally:
        tally = _Tally()
        if found.passed_over:
            tally.note("passed over", "link_or_list", "Links, folder lists and system files.", found.passed_over)
        if found.closed:
            tally.note(*_NOT_READABLE, len(found.closed))
        columns = TextColumn("Importing"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn()
        with Progress(*columns, console=Console(stderr=True)) as progress:
            try:
                for file, name in progress.track(found.files):
                    self._take(file, name, upload, tally)
            finally:
                # What came in before an interruption is indexed too.
                upload_finish(upload=upload)
        return tally

    @staticmethod
    def _take(file: Path, name: str, upload: Upload, tally: _Tally) -> None:
        try:
            staged = staged_copy(file)
        except OSError as error:
            if error.errno == errno.ENOSPC:
                raise CommandError("The disk is full. What came before is stored; make some room.") from None
            tally.note(*_NOT_READABLE)
            return
        for verdict in upload_file(upload=upload, source=staged, file_name=name):
            stored = verdict.outcome in _STORED
            tally.note(verdict.outcome, verdict.code, "" if stored else verdict.message)

    def _tell(self, tally: _Tally) -> None:
        table = Table("outcome", "code", "files", "what to do")
        for (outcome, code), count in sorted(tally.counts.items()):
            table.add_row(outcome, code, str(count), tally.messages[outcome, code])
        Console(file=cast("IO[str]", self.stdout), width=110).print(table)
        if not any(outcome in _STORED for outcome, _ in tally.counts):
            raise CommandError("Nothing could be stored. The table says why.")


@dataclass(slots=True)
class _Tally:
    """How many files came to what, with what to do about it."""

    counts: Counter[tuple[str, str]] = field(default_factory=Counter)
    messages: dict[tuple[str, str], str] = field(default_factory=dict)

    def note(self, outcome: str, code: str, message: str, count: int = 1) -> None:
        self.counts[outcome, code] += count
        self.messages.setdefault((outcome, code), message)


class _Found:
    """What lies below the paths that were named: files to try, and what is passed over, with the reason."""

    def __init__(self) -> None:
        self.files: list[tuple[Path, str]] = []
        self.passed_over = 0
        self.closed: list[Path] = []

    def look_into(self, path: Path) -> None:
        """Note one path with all below it, in the order of names."""
        if path.is_file():
            self.files.append((path, path.name))
            return
        for folder, below, names in os.walk(path, onerror=self._note_closed):
            below.sort()
            for name in sorted(names):
                file = Path(folder) / name
                if file.is_symlink() or not file.is_file() or is_skipped(name):
                    self.passed_over += 1
                else:
                    self.files.append((file, str(file.relative_to(path.parent))))

    def _note_closed(self, error: OSError) -> None:
        self.closed.append(Path(error.filename))

    def why_nothing(self, paths: list[Path]) -> str:
        """Say why there is no file to try."""
        named = ", ".join(map(str, paths))
        if self.closed:
            return f"{self.closed[0]} cannot be read by this user. Change its permissions, or run this as its owner."
        if self.passed_over:
            return f"Below {named} are only links, folder lists or system files ({self.passed_over:,})."
        return f"There is no file below {named}. Name the folder with the images."


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
