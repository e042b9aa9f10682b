"""A finding's probability says what the report of its version measured on such answers, with the count."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from inference.models import EvaluationReport, Prediction, ProposedFinding
from tests.e2e.bench import need_the_front_end, reader_at
from tests.factories.reading import image_label
from tests.factories.scenes import Scene
from tests.factories.world import make_world

if TYPE_CHECKING:
    from core.models import Project, User

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
KEPT = Path(__file__).parents[1] / "fixtures" / "evaluation.json"
PROBABILITY = 0.55


def test_a_probability_claims_what_the_report_measured_on_such_answers(
    project: Project, radiologist: User, reviewer: User, admin: User, server_url: str
) -> None:
    need_the_front_end()
    scene = Scene.begun(project, radiologist, reviewer)
    project.labels.all().delete()
    world = make_world(project, radiologist, admin)
    report = json.loads(KEPT.read_text())["report"]
    EvaluationReport.objects.filter(pk=world.report.pk).update(report=report)
    scene.answers(present=True)
    proposed = scene.proposes(image_label(), probability=PROBABILITY)
    prediction = Prediction.objects.create(
        workitem=scene.workitem, series=scene.now.study.series.get(), version=world.version, state="finished",
        input_digest="a" * 64,
    )  # fmt: skip
    ProposedFinding.objects.create(prediction=prediction, finding=proposed, label_key="nodule", probability=PROBABILITY)
    scene.submits()
    (such,) = [one for one in report["labels"]["nodule"]["calibration"] if one["low"] <= PROBABILITY < one["high"]]
    showed = round(such["n"] * such["observed"])
    sentence = f"Of {such['n']} test answers between 50 and 60 %, {showed} showed it."
    with reader_at(server_url, reviewer) as desk:
        page = desk.page
        page.set_viewport_size({"width": 1366, "height": 768})
        page.goto(f"{server_url}/read/{scene.workitem.pk}")
        row = page.locator(f'[data-testid="finding-row"][data-finding="{proposed.pk}"]')
        row.get_by_test_id("finding-probability").hover()
        expect(page.get_by_role("tooltip")).to_contain_text(sentence)
        row.click()
        expect(page.get_by_test_id("finding-detail").locator(f'dd[title^="{sentence}"]')).to_be_visible()
        desk.picture("claim-tooltip")
