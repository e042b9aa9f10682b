"""Who sits at the window, and what has happened so far in README's story."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from playwright.sync_api import expect

from tests.browser import Desk, sat_down
from tests.e2e.walk import SYNTHETIC, asked, log_in
from webapp.demo.cases import visit_shown
from webapp.demo.people import DEMO_PASSWORDS

if TYPE_CHECKING:
    from contextlib import ExitStack

    from playwright.sync_api import Browser

    from webapp.demo.cases import Visit

TAUGHT = "opacity"
SIGNED = ("accepted", "corrected")


@dataclass
class Story:
    """Who sits at the window now, and what has happened so far."""

    browser: Browser
    url: str
    stack: ExitStack
    desk: Desk = field(init=False)
    read: str = ""
    reviewed: list[str] = field(default_factory=list)
    snapshot: dict[str, Any] = field(default_factory=dict)

    def comes(self, who: str, *, width: int = 1920, height: int = 1080) -> None:
        """Let the one before leave, and this one sit down and log in."""
        self.stack.close()
        self.desk = self.stack.enter_context(sat_down(self.browser, self.url, width=width, height=height))
        log_in(self.desk, who, DEMO_PASSWORDS[who][0])

    def picture(self, name: str) -> None:
        """Keep what is on the screen, by the database it ran on."""
        on = "postgres" if os.environ.get("OVERREAD_E2E_DATABASE_URL") else "sqlite"
        self.desk.picture(f"{on}-{name}")

    def rows(self, **filters: str) -> list[dict[str, Any]]:
        """Return the first hundred rows of the project's worklist, as stored."""
        query = "&".join(f"{name}={value}" for name, value in filters.items())
        return list(asked(self.desk, f"workitems?project={SYNTHETIC}&limit=100&{query}")["results"])

    def count(self, state: str = "") -> int:
        """Return how many cases of the project are in a state."""
        return int(asked(self.desk, f"workitems?project={SYNTHETIC}&state={state}&limit=1")["count"])


def truth_of(story: Story, workitem: str) -> Visit:
    """Return what was planted in a case."""
    study = asked(story.desk, f"workitems/{workitem}")["study"]
    return visit_shown(patient_id=study["patient_id"], study_instance_uid=study["study_instance_uid"])


def choose(story: Story, title: str) -> None:
    story.desk.page.get_by_test_id("project-switcher").click()
    story.desk.page.get_by_role("option", name=title, exact=True).click()
    expect(story.desk.page).to_have_url(re.compile(f"project={SYNTHETIC}"))


def narrowed(story: Story, state: str) -> None:
    """Press the card of a state and wait until the rows are of it."""
    page = story.desk.page
    card = page.get_by_test_id(f"state-card-{state}")
    if card.get_attribute("aria-pressed") != "true":
        card.click()
    expect(card).to_have_attribute("aria-pressed", "true")
    first = story.rows(state=state)[0]["id"]
    expect(page.get_by_test_id("worklist-row").first).to_have_attribute("data-workitem", first)
