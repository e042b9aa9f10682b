"""A training's page and a report say how many cases were left out, since they say nothing of what is learned."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from inference.models import EvaluationReport, TrainingRun
from tests.e2e.bench import need_the_front_end, reader_at
from tests.e2e.test_every_page_is_accessible import GATE
from tests.factories.world import make_world

if TYPE_CHECKING:
    from core.models import Project, User

KEPT = Path(__file__).parents[1] / "fixtures" / "evaluation.json"
pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def test_a_trainings_page_counts_the_cases_that_say_nothing_of_its_labels(
    project: Project, radiologist: User, admin: User, server_url: str
) -> None:
    need_the_front_end()
    world = make_world(project, radiologist, admin)
    silent = {"says_nothing_of_the_labels": {"train": 3, "validation": 1}}
    TrainingRun.objects.filter(pk=world.run.pk).update(environment=silent, config={"labels": ["nodule"]})
    with reader_at(server_url, admin) as desk:
        desk.page.set_viewport_size({"width": 1366, "height": 768})
        desk.page.goto(f"{server_url}/training/{world.run.pk}")
        said = desk.page.get_by_text("3 of train, 1 of validation: nothing is said of Nodule in them")
        expect(said).to_be_visible()
        said.scroll_into_view_if_needed()
        desk.picture("training-left-out")


def test_a_report_counts_the_test_cases_that_say_nothing_of_its_labels_where_that_is_known(
    project: Project, radiologist: User, admin: User, server_url: str
) -> None:
    need_the_front_end()
    world = make_world(project, radiologist, admin)
    kept = json.loads(KEPT.read_text())
    report = kept["report"] | {"labels": {"nodule": kept["report"]["labels"]["nodule"]}}
    row = EvaluationReport.objects.filter(pk=world.report.pk)
    with reader_at(server_url, admin) as desk:
        desk.page.set_viewport_size({"width": 1366, "height": 768})
        for left_out, words in (
            ({}, "not counted when this was measured"),
            ({"left_out": 0}, "none: each says something of Nodule"),
            ({"left_out": 1}, "1 case: nothing is said of Nodule in it"),
            ({"left_out": 4}, "4 cases: nothing is said of Nodule in them"),
        ):
            row.update(report=report | left_out, gate=GATE)
            desk.page.goto(f"{server_url}/reports/{world.report.pk}")
            said = desk.page.get_by_text(words, exact=True)
            expect(said).to_be_visible()
        said.scroll_into_view_if_needed()
        desk.picture("report-left-out")
