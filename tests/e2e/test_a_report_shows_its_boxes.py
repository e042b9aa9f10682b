"""The report of a detection in the browser: curve, figures, and boxes as they were judged, on the pixels."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from inference.models import EvaluationReport, ModelVersion
from inference.services.predictions import predictions_on_arrival
from inference.services.training import training_request
from tests.e2e.bench import need_the_front_end, reader_at
from tests.e2e.test_a_report_shows_its_masks import points_of
from tests.factories.api import Api
from tests.inference.planted_archive import SQUARE, freeze, make_family, open_workitem, plant_many

if TYPE_CHECKING:
    from collections.abc import Callable

    from core.models import Project, User

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
#: Trained a little only, so that it misses some.
CHOSEN = {"image_shape": [48, 48], "epochs": 5, "batch_size": 8, "learning_rate": 0.006, "seed": 1}


def test_boxes_are_shown_with_their_curve_and_on_the_pixels_that_were_judged(
    project: Project, admin: User, reviewer: User, server_url: str, run_jobs: Callable[[], int]
) -> None:
    need_the_front_end()
    family = make_family(project, admin, "detection")
    planted = plant_many(project, train=16, validation=8, test=24)
    cases = [open_workitem(project, one) for one in planted["test"]]
    snapshot = freeze(project, planted, question="places")
    training_request(family=family, snapshot=snapshot, chosen=CHOSEN, reason="first", requested_by=admin)
    run_jobs()
    report = EvaluationReport.objects.get()
    stored = report.report["labels"]["square"]["boxes"]
    status, examples = Api(reviewer)("GET", f"reports/{report.pk}/examples")
    assert status == 200
    assert [(one["shown_as"], one["found"]) for one in examples] == [
        (one["shown_as"], one["found"]) for one in stored["examples"]
    ]
    squares = {one.instance.sop_instance_uid: one.square for one in planted["test"]}
    with reader_at(server_url, admin) as desk:
        for width, height in ((1366, 768), (1920, 1080)):
            desk.page.set_viewport_size({"width": width, "height": height})
            desk.page.goto(f"{server_url}/reports/{report.pk}")
            panel = desk.page.get_by_test_id("example-panel")
            expect(panel.locator("figure")).to_have_count(len(examples))
            for figure, example in zip(panel.locator("figure").all(), examples, strict=True):
                square = squares[example["picture"]["sop_instance_uid"]]
                drawn = points_of(figure.get_by_test_id("outline-truth"))
                if square is None:
                    assert drawn == []
                    continue
                # As the dataset says it: from the first pixel's centre to the last one's, so all pixels between.
                top, left, side = square[0] - 0.5, square[1] - 0.5, SQUARE - 1
                assert sorted(drawn) == sorted(
                    [(left, top), (left + side, top), (left + side, top + side), (left, top + side)]
                )
                expect(figure).to_contain_text(f"{example['found']} of 1 found")
            boxes = desk.page.get_by_test_id("box-panel")
            expect(boxes).to_contain_text(
                f"{stored['marked']} true boxes in 12 cases, and 12 cases with nothing to find"
            )
            for rate, row in zip(
                stored["froc"], boxes.get_by_test_id("froc-table").locator("tbody tr").all(), strict=True
            ):
                expect(row).to_contain_text(f"{rate['sensitivity']['value']:.3f}")
            expect(desk.page.get_by_test_id("figure-square-froc_mean")).to_contain_text(f"{stored['cpm']['value']:.3f}")
            desk.page.wait_for_load_state("networkidle")
            desk.picture(f"report-boxes-top-{width}")
            boxes.scroll_into_view_if_needed()
            desk.picture(f"report-boxes-{width}")
            panel.scroll_into_view_if_needed()
            desk.picture(f"report-boxes-examples-{width}")
            desk.page.get_by_test_id("label-panel").scroll_into_view_if_needed()
            desk.picture(f"report-boxes-label-{width}")
        version = ModelVersion.objects.get()
        ModelVersion.objects.filter(pk=version.pk).update(state="live")
        family.live = version
        family.save()
        best = next(one for one in examples if one["shown_as"] == "best")
        workitem = next(one for one in cases if str(one.pk) == best["workitem_id"])
        predictions_on_arrival(workitem=workitem)
        run_jobs()
        desk.page.goto(f"{server_url}/read/{workitem.pk}")
        expect(desk.page.get_by_text("Bright square").first).to_be_visible()
        desk.page.wait_for_load_state("networkidle")
        desk.picture("read-boxes-1920")
        desk.page.set_viewport_size({"width": 1366, "height": 768})
        desk.picture("read-boxes-1366")
        desk.page.goto(f"{server_url}/models")
        desk.page.get_by_role("button", name="New model family").click()
        desk.page.get_by_label("Recipe").first.click()
        desk.page.get_by_role("option", name="Detection").click()
        desk.page.get_by_test_id("plan-kind").click()
        expect(desk.page.get_by_role("option", name="False boxes a case at most")).to_be_visible()
        desk.picture("new-family-boxes")
        desk.page.get_by_role("option", name="False boxes a case at most").click()
        desk.picture("new-family-boxes-chosen")
