"""Somebody's hand on the keys of an open case."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from playwright.sync_api import expect

from tests.inference.planted_archive import COLUMNS, ROWS

if TYPE_CHECKING:
    from playwright.sync_api import Locator

    from annotations.models import Finding, Workitem
    from tests.browser import Desk


class Hand:
    """Somebody's hand on the keys of an open case."""

    def __init__(self, desk: Desk, workitem: Workitem, *, mode: str) -> None:
        self.desk, self.page, self.workitem = desk, desk.page, workitem
        desk.page.goto(f"{desk.url}/read/{workitem.pk}")
        expect(desk.page.get_by_test_id("read-page")).to_have_attribute("data-mode", mode)
        desk.page.get_by_test_id("viewport-surface").first.wait_for()

    def answers(self, key: str, *, present: bool) -> None:
        """Answer a label by its key: once for present, with Shift for absent."""
        buttons = self.page.locator('[data-testid^="image-label-"]')
        keys = [
            one.removeprefix("image-label-") for one in buttons.evaluate_all("all => all.map(o => o.dataset.testid)")
        ]
        self.page.keyboard.press(f"Alt+{'' if present else 'Shift+'}{keys.index(key) + 1}")
        told = "present" if present else "absent"
        expect(self.page.get_by_test_id(f"image-label-{key}")).to_have_attribute("data-answer", told)

    def row(self, finding: Finding) -> Locator:
        return self.page.locator(f'[data-testid="finding-row"][data-finding="{finding.pk}"]')

    def goes_to(self, finding: Finding) -> None:
        """Press J until the finding is selected."""
        rows = self.page.get_by_test_id("finding-row").count()
        for _ in range(rows + 1):
            if self.row(finding).get_attribute("data-selected") == "true":
                return
            before = self._selected()
            self.page.keyboard.press("j")
            expect(self.page.locator(f'[data-selected="true"]:not([data-finding="{before}"])')).to_have_count(1)
        raise AssertionError("J never comes to it")

    def _selected(self) -> str:
        chosen = self.page.locator('[data-testid="finding-row"][data-selected="true"]')
        return (chosen.get_attribute("data-finding") if chosen.count() else None) or "none"

    def decides(self, finding: Finding, key: str, told: str, *more: str) -> None:
        """Press a decision and what it asks for, and wait until the page shows it."""
        self.goes_to(finding)
        self.page.keyboard.press(key)
        if key == "x":
            self.page.get_by_test_id("reject-dialog").wait_for()
        for one in more:
            self.page.keyboard.press(one)
        expect(self.row(finding)).to_have_attribute("data-decision", told)

    def ends(self, *states: str) -> None:
        """Press Ctrl+Enter and wait until the case stands in one of these states."""
        self.page.keyboard.press("Control+Enter")
        shown = re.compile(f"^({'|'.join(states)})$")
        expect(self.page.get_by_test_id("workitem-state")).to_have_attribute("data-state", shown)

    def at(self, column: float, row: float) -> tuple[float, float]:
        """Return where a pixel's centre is on the screen; the picture fills the viewport."""
        area = self.page.get_by_test_id("viewport-surface").first.bounding_box()
        assert area is not None
        scale = min(area["width"] / COLUMNS, area["height"] / ROWS)
        middle = area["x"] + area["width"] / 2, area["y"] + area["height"] / 2
        return middle[0] + (column + 0.5 - COLUMNS / 2) * scale, middle[1] + (row + 0.5 - ROWS / 2) * scale

    def drags(self, start: tuple[float, float], end: tuple[float, float]) -> None:
        """Drag from pixel to pixel, (column, row) each."""
        mouse = self.page.mouse
        mouse.move(*self.at(*start))
        mouse.down()
        mouse.move(*self.at(*((one + other) / 2 for one, other in zip(start, end, strict=True))), steps=4)
        mouse.move(*self.at(*end), steps=4)
        mouse.up()
