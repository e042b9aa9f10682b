"""An admin opens a training: its cases ask for settings and say why, their pictures are seen, then it starts."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from playwright.sync_api import expect

from core import blobs
from inference.models import TrainingPreview, TrainingRun
from tests.e2e.bench import need_the_front_end, reader_at
from tests.inference.planted_archive import freeze, make_family, plant_many
from tests.patience import eventually

if TYPE_CHECKING:
    from collections.abc import Callable

    from core.models import Project, User

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def test_the_cases_ask_for_settings_the_pictures_are_seen_and_what_cannot_fit_is_mended_by_a_button(
    project: Project, admin: User, server_url: str, run_jobs: Callable[[], int], settings: Any
) -> None:
    need_the_front_end()
    settings.OVERREAD_TRAINING_MEMORY_MIB = 4000
    family = make_family(project, admin, recipe="segmentation")
    freeze(project, plant_many(project, train=12, validation=4, test=8), question="segmentation")
    with reader_at(server_url, admin) as desk:
        page = desk.page
        page.goto(f"{server_url}/models/{family.slug}?project={project.slug}")
        page.get_by_test_id("train-open").click()
        page.get_by_test_id("proposal-waiting").wait_for()
        assert eventually(run_jobs), "nobody asked for a look at the cases"
        expect(page.get_by_test_id("proposal-done")).to_contain_text("12 training images of 12 patients (DX)")
        expect(page.get_by_test_id("why-whole_picture")).to_contain_text("covers 6% of a picture (median)")
        expect(page.get_by_test_id("train-whole_picture")).to_be_checked()
        expect(page.get_by_test_id("why-image_shape")).to_contain_text("Median 40 × 48 pixels, so 48 × 48")
        desk.picture("train-proposed")

        page.get_by_test_id("train-preview").click()
        page.get_by_test_id("preview-waiting").wait_for()
        assert eventually(run_jobs), "nobody asked for pictures"
        expect(page.get_by_test_id("preview-picture")).to_have_count(4)
        found = TrainingPreview.objects.get()
        shown = json.loads(blobs.get(found.result_digest))
        expect(page.get_by_test_id("preview-digest")).to_have_text(shown["batch_digest"])
        desk.picture("train-preview")
        page.keyboard.press("Escape")
        page.get_by_test_id("preview-done").wait_for(state="detached")

        page.get_by_test_id("why-epochs-other").click()
        expect(page.get_by_test_id("why-epochs")).to_contain_text("Proposed was")
        page.get_by_test_id("train-image_shape").fill("2048, 2048")
        page.get_by_test_id("train-batch_size").fill("256")
        page.get_by_test_id("train-reason").fill("The first model.")
        page.get_by_test_id("train-does-not-fit").wait_for()
        expect(page.get_by_test_id("train-start")).to_be_disabled()
        desk.picture("train-does-not-fit")
        page.get_by_test_id("train-take-fitting").click()
        page.get_by_test_id("train-does-not-fit").wait_for(state="detached")
        page.get_by_test_id("train-start").click()
        expect(page.get_by_test_id("training-page")).to_contain_text("Proposed by its cases")
        desk.picture("train-started")
    run = TrainingRun.objects.get()
    changed = run.proposed["changed"]
    assert changed["epochs"] == {"proposed": 300, "chosen": 20}
    assert run.config["whole_picture"]
    assert {"epochs", "batch_size", "image_shape"} & set(changed)
