"""Where a version looks, on the report's page: figures, pictures, and a person who answers for it by name."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from inference.models import EvaluationReport, ModelVersion
from inference.services.evaluation import evaluation_request
from tests.e2e.bench import need_the_front_end, reader_at
from tests.inference.planted_archive import bright_model, freeze, install, make_family, open_workitem, plant_many
from tests.patience import eventually

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from core.models import Project, User

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def test_the_report_shows_where_a_version_looks_and_an_admin_answers_for_a_first_one(
    project: Project, admin: User, server_url: str, tmp_path: Path, run_jobs: Callable[[], int]
) -> None:
    need_the_front_end()
    family = make_family(project, admin, change_plan={"grounding": "required", "trivial": "told", "smallest": 5})
    version = install(family, bright_model(tmp_path))
    # As if it had never been live: it is the first model that is judged.
    family.live = None
    family.save()
    ModelVersion.objects.filter(pk=version.pk).update(state="evaluated", training_run=None)
    planted = plant_many(project, train=4, validation=2, test=18)
    for one in planted["test"]:
        open_workitem(project, one)
    evaluation_request(version=version, snapshot=freeze(project, planted), requested_by=admin)
    run_jobs()
    report = EvaluationReport.objects.get()
    EvaluationReport.objects.update(gate={**report.gate, "excusable": True})
    gaze = report.report["labels"]["square"]["gaze"]
    with reader_at(server_url, admin) as desk:
        page = desk.page
        for width, height in ((1366, 768), (1920, 1080)):
            page.set_viewport_size({"width": width, "height": height})
            page.goto(f"{server_url}/reports/{report.pk}")
            panel = page.get_by_test_id("gaze-panel")
            expect(panel.get_by_test_id("gaze-sentence")).to_have_text(gaze["sentences"])
            expect(panel.get_by_test_id("gaze-example")).to_have_count(3)
            expect(panel.get_by_test_id("gaze-region-edge")).to_contain_text(
                f"{gaze['regions'][0]['without']['value']:.2f}"
            )
            panel.scroll_into_view_if_needed()
            desk.picture(f"where-it-looks-{width}")
            assert panel.evaluate("one => one.scrollWidth <= one.clientWidth + 1")
        page.get_by_test_id("promote").click()
        confirm = page.get_by_test_id("reason-confirm")
        page.get_by_test_id("reason").fill("It is the first.")
        expect(confirm).to_be_disabled()
        page.get_by_test_id("answered-for").fill("Marks come next month.")
        expect(page.get_by_role("dialog")).to_have_css("opacity", "1")
        desk.picture("answered-for")
        confirm.click()
        assert eventually(lambda: ModelVersion.objects.get(pk=version.pk).state == "live")
        page.goto(f"{server_url}/models/{family.slug}?project={project.slug}")
        expect(page.get_by_test_id(f"answered-for-{version.number}")).to_contain_text(
            "Adm answers for where it looks: “Marks come next month.”"
        )
        desk.picture("answered-for-version")
