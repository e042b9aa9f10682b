"""``manage.py check_archive``: hash every stored file again and say which are missing or altered."""

from __future__ import annotations

from typing import Any

from django.core.management.base import CommandError
from rich.console import Console
from rich.progress import Progress

from imaging.services.archive_check import archive_check, staging_swept
from webapp.management.prepared import PreparedCommand


class Command(PreparedCommand):
    """Exit status 1 when anything is missing or altered."""

    help = "Hash every stored image and header again; report what is missing or altered; tidy the staging folder."

    def handle(self, *_: Any, **__: Any) -> None:
        """Run."""
        with Progress(console=Console(stderr=True)) as shown:
            bar = shown.add_task("Checking", total=None)
            found = archive_check(by=None, progress=lambda done, total: shown.update(bar, completed=done, total=total))
        removed = staging_swept()
        for word, digests in (("missing", found.missing), ("altered", found.altered)):
            for digest, uid in digests.items():
                self.stdout.write(f"{word}: {digest} (needed by instance {uid})")
        if not found.whole:
            raise CommandError(
                f"{len(found.missing)} files are missing and {len(found.altered)} altered of {found.checked}. "
                "Restore them from the backup, or send the images again: a missing file is healed by its next arrival."
            )
        self.stdout.write(
            self.style.SUCCESS(
                f"The archive is whole: {found.checked} files checked, {removed} old staging files removed."
            )
        )
