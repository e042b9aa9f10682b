"""Puts the demo together, stage by stage. Every stage may run twice; what is there is left as it is."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from django.conf import settings

from annotations.models import Workitem
from imaging.models import Instance, Study
from webapp.demo.cases import Case, Use, all_cases, draw_visit, visit_file
from webapp.demo.first_model import family_install, first_model_install
from webapp.demo.people import people_install
from webapp.demo.projects import REAL, SYNTHETIC, projects_install
from webapp.demo.readings import case_read, case_signed_off
from webapp.demo.real_images import SAMPLES, sample_files
from webapp.demo.second_look import suspects_reopen
from webapp.demo.store import files_store

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from core.models import Project, User

#: Raised when the content changes. A demo of another edition stays as it is: pictures and truth belong together.
EDITION = 2
#: Published, and too short for production: it only makes every demo split its phantom patients alike.
SPLIT_KEY = "overread-demo-split"
_BATCH = 60


@dataclass
class Progress:
    """Says which stage runs, how far it is and how long it took."""

    say: Callable[[str], None]
    _title: str = ""
    _started: float = field(default_factory=time.monotonic)
    _told: float = 0.0
    _count: int = 0

    def begin(self, title: str) -> None:
        """Start a stage."""
        self._title, self._started, self._told, self._count = title, time.monotonic(), time.monotonic(), 0
        self.say(f"  → {title}")

    def step(self, *_: object) -> None:
        """Count one piece of the stage."""
        self._count += 1
        if time.monotonic() - self._told > 5:
            self._told = time.monotonic()
            self.say(f"    … {self._count} done ({self._seconds()})")

    def end(self, result: str = "") -> None:
        """Finish the stage."""
        self.say(f"  ✓ {self._title}{f': {result}' if result else ''} ({self._seconds()})")

    def _seconds(self) -> str:
        return f"{time.monotonic() - self._started:.0f} s"


def marker() -> Path:
    """Return the file that says which edition of the demo is complete here."""
    path: Path = settings.OVERREAD_DATA_DIR / "demo.json"
    return path


def edition_here() -> int | None:
    """Return which edition of the demo is complete here, if one is."""
    try:
        return int(json.loads(marker().read_text())["edition"])
    except (FileNotFoundError, ValueError, KeyError):
        return None


def demo_install(*, say: Callable[[str], None]) -> None:
    """Install everything that is missing."""
    progress = Progress(say)
    _share_the_split()
    people = people_install()
    projects = projects_install(people)
    _real_images(projects[REAL], people, progress)
    synthetic = projects[SYNTHETIC]
    _cases(synthetic, "taught", people, progress, title="Draw, store and read radiographs", sign_off=True)
    family = family_install(project=synthetic, admin=people["demo-admin"])
    if family.live is None:
        progress.begin("Train and evaluate the first model")
        version = first_model_install(family=family, admin=people["demo-admin"])
        progress.end(f"version {version.number} is live")
    if not Workitem.objects.filter(project=synthetic, priority__gt=0).exists():
        progress.begin("Open the second reader's work again, with the model's opinion")
        count = suspects_reopen(admin=people["demo-admin"], done=progress.step)
        progress.end(f"{count} wait for the reviewer")
    _cases(synthetic, "waiting", people, progress, title="Studies waiting for review", sign_off=False)
    _cases(synthetic, "open", people, progress, title="Studies waiting for a reader", read=False)
    marker().write_text(json.dumps({"edition": EDITION}))


def _share_the_split() -> None:
    """Use the demo's split key in a house without any study yet; a house with patients keeps its own."""
    if settings.ENVIRONMENT.split_key:
        return
    kept = settings.OVERREAD_DATA_DIR / "secrets" / "split_key"
    if not Study.objects.exists():
        kept.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        kept.write_text(SPLIT_KEY)
        kept.chmod(0o600)
        settings.OVERREAD_SPLIT_KEY = SPLIT_KEY
        all_cases.cache_clear()


def _real_images(project: Project, people: dict[str, User], progress: Progress) -> None:
    if Study.objects.filter(projects=project).count() >= len(SAMPLES):
        return
    progress.begin("Store real sample images")
    stored = files_store(project=project, by=people["demo-admin"], files=sample_files(), stored=progress.step)
    progress.end(f"{len(stored)} files")


def _cases(
    project: Project,
    use: Use,
    people: dict[str, User],
    progress: Progress,
    *,
    title: str,
    read: bool = True,
    sign_off: bool = False,
) -> None:
    wanted = [case for case in all_cases() if case.use == use]
    done = Workitem.objects.filter(project=project)
    if read:
        done = done.exclude(state=Workitem.State.OPEN)
    known = set(done.values_list("study__study_instance_uid", flat=True))
    missing = [case for case in wanted if case.study_instance_uid not in known]
    if not missing:
        return
    progress.begin(title)
    for start in range(0, len(missing), _BATCH):
        _batch(project, missing[start : start + _BATCH], people, progress, read=read, sign_off=sign_off)
    progress.end(f"{len(missing)} studies")


def _batch(
    project: Project, cases: list[Case], people: dict[str, User], progress: Progress, *, read: bool, sign_off: bool
) -> None:
    drawn = {case.name: draw_visit(case) for case in cases}
    studies = files_store(
        project=project,
        by=people["demo-admin"],
        files=((case.name, visit_file(case, drawn[case.name])) for case in cases),
        stored=progress.step,
    )
    for case in cases if read else ():
        study = studies[case.name]
        workitem = case_read(
            workitem=Workitem.objects.select_related("project", "study").get(project=project, study=study),
            case=case,
            drawn=drawn[case.name],
            instance=Instance.objects.get(series__study=study),
            reader=people[case.reader],
        )
        if sign_off:
            case_signed_off(workitem=workitem, reviewer=people["demo-reviewer"])
