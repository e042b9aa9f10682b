"""The report of a segmentation in the browser: what was judged is what is drawn, on the pixels of the image."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from inference.models import EvaluationReport
from inference.services.training import training_request
from tests.e2e.bench import need_the_front_end, reader_at
from tests.factories.api import Api
from tests.inference.planted_archive import (
    COLUMNS,
    ROWS,
    SQUARE,
    freeze,
    make_family,
    open_workitem,
    plant_many,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from playwright.sync_api import Locator

    from core.models import Project, User

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
#: Trained a little only: it misses some and paints on some healthy ones.
CHOSEN = {"image_shape": [32, 48], "epochs": 9, "batch_size": 8, "learning_rate": 0.01, "seed": 1}


def points_of(path: Locator) -> list[tuple[float, float]]:
    """Return the corners of an outline."""
    return [(float(x), float(y)) for x, y in re.findall(r"(-?[\d.]+) (-?[\d.]+)", path.get_attribute("d") or "")]


def test_the_worst_and_best_masks_are_shown_with_both_outlines_on_the_pixels(
    project: Project, admin: User, reviewer: User, radiologist: User, server_url: str, run_jobs: Callable[[], int]
) -> None:
    need_the_front_end()
    family = make_family(project, admin, "segmentation")
    planted = plant_many(project, train=16, validation=4, test=24)
    for one in planted["test"]:
        open_workitem(project, one)
    snapshot = freeze(project, planted, question="segmentation")
    training_request(family=family, snapshot=snapshot, chosen=CHOSEN, reason="first", requested_by=admin)
    run_jobs()
    report = EvaluationReport.objects.get()
    stored = report.report["labels"]["square"]["segmentation"]
    status, examples = Api(reviewer)("GET", f"reports/{report.pk}/examples")
    assert status == 200
    assert [one["shown_as"] for one in examples] == [one["shown_as"] for one in stored["examples"]]
    assert [one["dice"] for one in examples] == [one["dice"] for one in stored["examples"]]
    assert Api(radiologist)("GET", f"reports/{report.pk}/examples")[0] == 403

    squares = {one.instance.sop_instance_uid: one.square for one in planted["test"]}
    with reader_at(server_url, admin) as desk:
        desk.page.set_viewport_size({"width": 1366, "height": 768})
        desk.page.goto(f"{server_url}/reports/{report.pk}")
        panel = desk.page.get_by_test_id("example-panel")
        expect(panel.locator("figure")).to_have_count(len(examples))
        for figure, example in zip(panel.locator("figure").all(), examples, strict=True):
            square = squares[example["picture"]["sop_instance_uid"]]
            image = figure.locator("image")
            box = [float(image.get_attribute(name) or "") for name in ("x", "y", "width", "height")]
            assert box == [-0.5, -0.5, COLUMNS, ROWS]
            drawn = points_of(figure.get_by_test_id("outline-truth"))
            if example["shown_as"] == "healthy":
                assert square is None
                assert drawn == []
                expect(figure).to_contain_text("nothing to find")
                continue
            assert square is not None
            top, left, side = square[0] - 0.5, square[1] - 0.5, SQUARE - 1
            assert sorted(drawn) == sorted(
                [(left, top), (left + side, top), (left + side, top + side), (left, top + side)]
            )
            expect(figure).to_contain_text("missed, Dice 0" if example["missed"] else f"Dice {example['dice']:.3f}")
            assert bool(points_of(figure.get_by_test_id("outline-model"))) == (example["volume_predicted"] > 0)
        expect(panel.get_by_role("link", name="Open the case").first).to_be_visible()

        best = stored["trivial"][0]
        expect(desk.page.get_by_test_id("best-trivial")).to_contain_text(f"Dice {best['dice']['value']:.3f}")
        expect(desk.page.get_by_test_id("masks-square")).to_contain_text("12 cases with a mask and 12 without.")
        expect(desk.page.get_by_test_id("figure-square-hd95")).to_contain_text("in pixel widths")
        expect(desk.page.get_by_test_id("figure-square-false_volume")).to_contain_text("in pixels")
        desk.page.wait_for_load_state("networkidle")
        desk.picture("report-masks-top")
        panel.scroll_into_view_if_needed()
        desk.picture("report-masks-near")
        panel.get_by_text("Whole image").click()
        panel.get_by_label("Outlines").click(force=True)
        expect(panel.get_by_test_id("outline-truth").first).to_be_hidden()
        panel.get_by_label("Outlines").click(force=True)
        desk.picture("report-masks-whole")
