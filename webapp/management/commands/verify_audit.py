"""``manage.py verify_audit``: recompute the hash chains of the audit trail."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from django.core.management.base import CommandError

from core import audit
from webapp.management.prepared import PreparedCommand

if TYPE_CHECKING:
    from argparse import ArgumentParser


class Command(PreparedCommand):
    """Exit status 1 when anything was altered, removed or inserted."""

    help = "Recompute the hash chains of the audit trail and compare them with the witness file."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--witness", type=Path, help="a copy of the witness file that was kept elsewhere")

    def handle(self, *_: Any, witness: Path | None = None, **__: Any) -> None:
        """Run."""
        if witness is not None and not witness.is_file():
            raise CommandError(f"There is no {witness}. Nothing was checked.")
        try:
            found = audit.verify(witness)
        except (ValueError, KeyError, TypeError, UnicodeDecodeError):
            raise CommandError("The witness file is damaged: each line has to be chain, sequence and head.") from None
        if not found.intact:
            faults = "; ".join(f"{fault['chain']}: {fault['fault']}" for fault in found.broken)
            raise CommandError(f"The audit trail is broken. {faults}.")
        self.stdout.write(self.style.SUCCESS(f"The audit trail is whole: {found.events} events checked."))
