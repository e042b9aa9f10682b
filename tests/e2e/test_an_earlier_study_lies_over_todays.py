"""An earlier study is laid onto today's in a real browser: asked for, looked at in each way, accepted; all by keys."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from playwright.sync_api import expect

from annotations.models import ReadingProtocol
from core.jobs import run_waiting_jobs
from inference.models import Registration, RegistrationDecision
from tests.browser import wait_until
from tests.e2e.bench import need_the_front_end, reader_at
from tests.factories.api import Api
from tests.factories.two_studies import AFFINE, SHAPE, two_studies

if TYPE_CHECKING:
    from playwright.sync_api import Page

    from core.models import Project, User

pytestmark = [pytest.mark.slow, pytest.mark.browser, pytest.mark.django_db(transaction=True)]

_SIZE = """() => {
    const canvas = document.querySelector('[data-testid="layer-pixels"]');
    return [canvas.width, canvas.height];
}"""
_READ = """(points) => {
    const canvas = document.querySelector('[data-testid="layer-pixels"]');
    const all = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height).data;
    return points.map(([x, y]) => Array.from(all.slice((y * canvas.width + x) * 4, (y * canvas.width + x) * 4 + 4)));
}"""


def _shown(page: Page, how: str) -> None:
    wait_until(page, "(how) => document.querySelector('[data-testid=\"layer-pixels\"]').dataset.aligned === how", how)


def _pixels(page: Page) -> np.ndarray:
    """Return the RGBA of the layers' canvas at the centre of every pixel of the image, from millimetres."""
    page.evaluate("() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")
    width, height = page.evaluate(_SIZE)
    _, rows, columns = SHAPE
    row_mm, column_mm = float(AFFINE[1, 1]), float(AFFINE[0, 2])
    per_mm = min(width / (columns * column_mm), height / (rows * row_mm))
    j, i = np.mgrid[:rows, :columns].astype(float)
    x = width / 2 + (i - (columns - 1) / 2) * column_mm * per_mm
    y = height / 2 + (j - (rows - 1) / 2) * row_mm * per_mm
    places = np.rint(np.stack([np.clip(x, 0, width - 1), np.clip(y, 0, height - 1)], axis=-1)).astype(int)
    return np.array(page.evaluate(_READ, places.reshape(-1, 2).tolist()), float).reshape(rows, columns, 4)


def test_an_earlier_study_is_laid_over_todays_and_accepted(
    project: Project, radiologist: User, admin: User, server_url: str
) -> None:
    need_the_front_end()
    ReadingProtocol.objects.create(project=project, required_labels=[])
    workitem, _, _ = two_studies(project, admin)
    with reader_at(server_url, radiologist) as desk:
        page = desk.page
        page.goto(f"{server_url}/read/{workitem.pk}")
        pane = page.get_by_test_id("viewport-left")
        expect(pane).to_have_attribute("data-status", "ready")
        expect(page.get_by_test_id("tab-align")).to_be_visible()
        page.keyboard.press("Shift+Q")
        page.get_by_test_id("align-moving").click()
        page.get_by_role("option", name="2026-01-03").click()
        page.get_by_test_id("align-ask").click()
        row = page.get_by_test_id("alignment")
        expect(row).to_have_attribute("data-state", "requested")
        desk.picture("align-waiting")
        run_waiting_jobs()
        expect(row).to_have_attribute("data-state", "finished")
        _shown(page, "fusion")
        expect(page.get_by_test_id("align-standing")).to_contain_text("Aligned")
        legend = page.get_by_test_id("align-legend")
        expect(legend).to_contain_text("2026-01-03")
        desk.picture("align-fusion")

        page.get_by_test_id("viewport-surface").first.focus()
        page.keyboard.press("p")
        _shown(page, "alone")
        found = Registration.objects.get()
        sop = pane.get_attribute("data-sop")
        answer = Api(radiologist).client.get(
            f"/api/v1/registrations/{found.pk}/instances/{sop}/frames/1/moved", headers={"Accept-Encoding": "identity"}
        )
        values = np.frombuffer(answer.content, "<f4").reshape(SHAPE[1:])
        low, high = found.moved["low"], found.moved["high"]
        grey = np.nan_to_num(np.clip((values - low) / (high - low), 0, 1)) * 255
        seen = _pixels(page)[2:-2, 2:-2]
        assert (seen[..., 3] == 255).all(), "the other series alone: nothing shines through"
        assert np.abs(seen[..., 0] - grey[2:-2, 2:-2]).max() < 8
        desk.picture("align-alone")

        page.keyboard.press("p")
        _shown(page, "fusion")
        page.keyboard.press("Shift+G")
        _shown(page, "checkerboard")
        covered = (_pixels(page)[2:-2, 2:-2, 3] > 0).mean()
        assert 0.35 < covered < 0.65
        desk.picture("align-squares")
        page.keyboard.press("Shift+G")
        _shown(page, "error")
        expect(legend).to_contain_text("How far forth and back disagree")
        desk.picture("align-error")

        page.keyboard.press("Shift+T")
        expect(row).to_have_attribute("data-word", "accepted")
        page.keyboard.press("Shift+N")
        page.get_by_test_id("reason").fill("the neck is turned")
        page.get_by_test_id("reason-confirm").click()
        expect(row).to_have_attribute("data-word", "rejected")
        _shown(page, "")
        desk.picture("align-rejected")
    words = RegistrationDecision.objects.order_by("number").values_list("word", "reason")
    assert list(words) == [("accepted", ""), ("rejected", "the neck is turned")]
