"""A training's page says how many cases it left out, since they say nothing of what is learned."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from inference.models import TrainingRun
from tests.e2e.bench import need_the_front_end, reader_at
from tests.factories.world import make_world

if TYPE_CHECKING:
    from core.models import Project, User

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
