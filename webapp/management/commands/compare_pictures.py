"""``manage.py compare_pictures``: look at pictures nobody looked at, and find those that came twice."""

from __future__ import annotations

from typing import Any

from rich.console import Console
from rich.progress import Progress

from imaging.models import NearCopy, Series
from imaging.services.looks import image_look, near_copies_find, not_looked_at
from webapp.management.prepared import PreparedCommand


class Command(PreparedCommand):
    """For an archive that was filled before pictures were compared; may be stopped and run again."""

    help = "Give pictures the digests and looks by which copies are found; say how many pairs wait for a person."

    def handle(self, *_: Any, **__: Any) -> None:
        """Run."""
        codes: dict[str, int] = {}
        series = list(Series.objects.order_by("id").values_list("pk", flat=True))
        with Progress(console=Console(stderr=True)) as shown:
            bar = shown.add_task("Looking", total=len(series))
            for one in series:
                for image in not_looked_at([one]):
                    code = image_look(image).code or "compared"
                    codes[code] = codes.get(code, 0) + 1
                shown.advance(bar)
        found = near_copies_find()
        told = ", ".join(f"{count} {code}" for code, count in sorted(codes.items())) or "none"
        waiting = NearCopy.objects.filter(decisions=None).count()
        self.stdout.write(
            self.style.SUCCESS(f"Looked at: {told}. {found} new pairs look alike; {waiting} wait under Archive.")
        )
