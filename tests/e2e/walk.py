"""The steps of the story, as three people take them in a browser."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from playwright.sync_api import expect

if TYPE_CHECKING:
    from tests.browser import Desk

SYNTHETIC = "synthetic-chest"


def log_in(desk: Desk, username: str, password: str) -> None:
    """Log in through the page."""
    desk.page.goto(f"{desk.url}/login")
    desk.page.get_by_test_id("login-username").fill(username)
    desk.page.get_by_test_id("login-password").fill(password)
    desk.page.get_by_test_id("login-submit").click()
    desk.page.wait_for_url("**/worklist**")
    # Before anybody logs in the page asks who it is, and is told: nobody (401). That is no fault.
    desk.faults.clear()


def asked(desk: Desk, address: str) -> Any:
    """Return what the API answers to the person at this window: what is stored, whatever the page shows."""
    answer = desk.page.request.get(f"{desk.url}/api/v1/{address}")
    assert answer.ok, answer.text()
    return answer.json()


def findings_of(desk: Desk, case: str, *, by_model: bool) -> list[dict[str, Any]]:
    """Return the stored findings of a case that stand, of people or of models."""
    rows = asked(desk, f"workitems/{case}/findings")
    return [row for row in rows if (row["algorithm_type"] == "AUTOMATIC") is by_model and not row["deleted"]]


def id_of(desk: Desk) -> str:
    """Return the id of the work item whose page is open."""
    return re.search(r"/read/([0-9a-f-]+)", desk.page.url).group(1)  # type: ignore[union-attr]


def wait_for_image(desk: Desk) -> None:
    """Wait until a picture is drawn."""
    desk.page.get_by_test_id("read-page").wait_for()
    desk.page.locator('[data-testid="viewport-picture"] canvas').first.wait_for()
    expect(desk.page.get_by_test_id("overlay-view").first).to_contain_text("Image 1 / 1")


def drag(desk: Desk, start: tuple[float, float], end: tuple[float, float]) -> None:
    """Drag over the image, from and to shares of its width and height."""
    box = desk.page.get_by_test_id("viewport-surface").first.bounding_box()
    assert box is not None
    place = [(box["x"] + x * box["width"], box["y"] + y * box["height"]) for x, y in (start, end)]
    desk.page.mouse.move(*place[0])
    desk.page.mouse.down()
    desk.page.mouse.move((place[0][0] + place[1][0]) / 2, (place[0][1] + place[1][1]) / 2, steps=4)
    desk.page.mouse.move(*place[1], steps=4)
    desk.page.mouse.up()
