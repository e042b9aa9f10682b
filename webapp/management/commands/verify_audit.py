"""``manage.py verify_audit``: recompute the hash chains of the audit trail."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from core import audit


class Command(BaseCommand):
    """Exit status 1 when anything was altered, removed or inserted."""

    help = "Recompute the hash chains of the audit trail and compare them with the witness file."

    def handle(self, *_: Any, **__: Any) -> None:
        """Run."""
        found = audit.verify()
        if not found.intact:
            faults = "; ".join(f"{fault['chain']}: {fault['fault']}" for fault in found.broken)
            raise CommandError(f"The audit trail is broken. {faults}.")
        self.stdout.write(self.style.SUCCESS(f"The audit trail is whole: {found.events} events checked."))
