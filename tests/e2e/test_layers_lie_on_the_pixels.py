"""Segmentations, maps, dose and outlines in a real browser: where they are drawn, against places computed from mm."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from playwright.sync_api import expect

from annotations.models import ReadingProtocol, Workitem
from tests.browser import wait_until
from tests.e2e.bench import need_the_front_end, reader_at
from tests.e2e.test_every_page_is_accessible import violations
from tests.factories import layer_objects as drawn
from tests.webapp.test_api_archive import _sent

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from playwright.sync_api import Page

    from core.models import Project, User
    from tests.browser import Desk

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

_READ = """(points) => {
    const canvas = document.querySelector('[data-testid="layer-pixels"]');
    const context = canvas.getContext("2d");
    const all = context.getImageData(0, 0, canvas.width, canvas.height).data;
    return points.map(([x, y]) => {
        const [column, row] = [Math.round(x * devicePixelRatio), Math.round(y * devicePixelRatio)];
        const outside = column < 0 || row < 0 || column >= canvas.width || row >= canvas.height;
        const at = (row * canvas.width + column) * 4;
        return outside ? null : Array.from(all.slice(at, at + 4));
    });
}"""


def _on_screen(desk: Desk, *, turned: bool = False, zoom: float = 1.0) -> NDArray[np.float64]:
    """Return where each pixel's centre lies on the canvas, ``[J, I, (x, y)]``: from millimetres, not from the page.

    Args:
        turned: a quarter to the right, then flipped left to right.
    """
    box = desk.page.get_by_test_id("viewport-surface").first.bounding_box()
    assert box is not None
    wide, high = drawn.COLUMNS * drawn.BETWEEN_COLUMNS, drawn.ROWS * drawn.BETWEEN_ROWS
    per_mm = min(box["width"] / wide, box["height"] / high) * zoom
    j, i = np.mgrid[: drawn.ROWS, : drawn.COLUMNS].astype(float)
    x = (i - (drawn.COLUMNS - 1) / 2) * drawn.BETWEEN_COLUMNS
    y = (j - (drawn.ROWS - 1) / 2) * drawn.BETWEEN_ROWS
    if turned:
        x, y = -y, x
        x = -x
    return np.stack([box["width"] / 2 + x * per_mm, box["height"] / 2 + y * per_mm], axis=-1)


def _seen(desk: Desk, places: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the RGBA of the layers' canvas at places, once nothing waits to be drawn; NaN outside of the canvas."""
    desk.page.evaluate("() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")
    found = desk.page.evaluate(_READ, places.reshape(-1, 2).tolist())
    rows = [one or [np.nan] * 4 for one in found]
    return np.array(rows, float).reshape(*places.shape[:-1], 4)


def _drawn(page: Page, count: int) -> None:
    wait_until(page, "(n) => document.querySelector('[data-testid=\"layer-pixels\"]').dataset.layers === n", str(count))


def _switch(page: Page, label: str) -> Any:
    return page.get_by_role("switch", name=label, exact=True)


def _toggle(page: Page, label: str) -> None:
    """Switch a layer with the keyboard alone."""
    _switch(page, label).focus()
    page.keyboard.press("Space")


def test_layers_are_drawn_where_they_are_in_the_patient(project: Project, radiologist: User, server_url: str) -> None:
    need_the_front_end()
    ReadingProtocol.objects.create(project=project, reveal="always")
    pictures = drawn.pictures()
    _sent(project, radiologist, *pictures, drawn.binary("AUTOMATIC"), drawn.outlines(), drawn.dose(), drawn.float_map())
    inside = drawn.in_box(drawn.patient_points(2))
    with reader_at(server_url, radiologist) as desk:
        page = desk.page
        page.goto(f"{server_url}/read/{Workitem.objects.get().pk}")
        pane = page.get_by_test_id("viewport-left")
        expect(pane).to_have_attribute("data-sop", str(pictures[0].SOPInstanceUID))
        page.get_by_test_id("tab-layers").click()
        expect(page.get_by_test_id("layer")).to_have_count(5)
        _drawn(page, 0)
        whole = page.get_by_role("region", name="Series binary")
        expect(whole).to_contain_text("Made by an algorithm: Liverfinder 2")
        page.get_by_test_id("layer").filter(has_text="Target").get_by_text("Go to it").click()
        expect(pane).to_have_attribute("data-sop", str(pictures[1].SOPInstanceUID))
        assert not np.nanmax(_seen(desk, _on_screen(desk))[..., 3]), "off until the reader switches it on"

        _toggle(page, "Box")
        _drawn(page, 1)
        seen = _seen(desk, _on_screen(desk))
        assert np.array_equal(seen[..., 3] > 0, inside)
        assert np.abs(seen[inside] - [124, 175, 127, 128]).max() <= 6, "its own colour, half opaque"
        desk.picture("layers-segment")
        for key in (".", "Shift+H", "+"):
            page.get_by_test_id("viewport-surface").first.focus()
            page.keyboard.press(key)
        seen = _seen(desk, _on_screen(desk, turned=True, zoom=1.2))
        known = ~np.isnan(seen[..., 3])
        assert known[inside].mean() > 0.5
        assert np.array_equal((seen[..., 3] > 0)[known], inside[known])
        page.keyboard.press("Shift+R")
        page.keyboard.press("ArrowDown")
        expect(pane).to_have_attribute("data-sop", str(pictures[2].SOPInstanceUID))
        # It has a frame there too, in which nothing is marked.
        _drawn(page, 1)
        assert not np.nanmax(_seen(desk, _on_screen(desk))[..., 3])
        page.keyboard.press("ArrowUp")
        _toggle(page, "Box")
        _drawn(page, 0)

        _toggle(page, "Target")
        _drawn(page, 1)
        places = _on_screen(desk)
        left, top, right, bottom = 9, 8, 25, 24
        edges = [places[row, column] for row, column in ((16, left), (16, right), (top, 17), (bottom, 17))]
        on, middle = _seen(desk, np.array(edges)), _seen(desk, places[12:20, 13:22])
        assert (on[:, 3] > 60).all()
        assert np.abs(on[:, :3] - [255, 128, 0]).max() <= 8
        assert not middle[..., 3].any(), "an outline is a line"
        _toggle(page, "Target")

        _toggle(page, "Dose, physical plan")
        _toggle(page, "Apparent Diffusion Coefficient")
        _drawn(page, 2)
        legends = page.get_by_test_id("layer-legend")
        expect(legends).to_have_count(2)
        expect(legends.filter(has_text="Dose")).to_contain_text("Gy")
        expect(legends.filter(has_text="Diffusion")).to_contain_text("mm²/s")
        row, column = 18, 16
        surface = page.get_by_test_id("viewport-surface").first.bounding_box()
        assert surface is not None
        x, y = places[row, column]
        page.mouse.move(surface["x"] + x, surface["y"] + y)
        readout = page.get_by_test_id("pixel-value").first
        expect(readout).to_contain_text(f"({column}, {row})")
        meant = drawn.field(drawn.patient_points(2))[row, column]
        texts = readout.inner_text()
        for label in ("Dose, physical plan", "Apparent Diffusion Coefficient"):
            said = re.search(rf"{label}: ([\d.]+)", texts)
            assert said is not None, texts
            assert float(said[1]) == pytest.approx(meant, rel=1e-3)
        desk.picture("layers-values")
        assert violations(desk) == []
        page.set_viewport_size({"width": 1366, "height": 768})
        desk.picture("layers-values-1366")

        page.get_by_test_id("viewport-surface").first.focus()
        page.keyboard.press("q")
        _drawn(page, 0)
        page.keyboard.press("q")
        _drawn(page, 2)
