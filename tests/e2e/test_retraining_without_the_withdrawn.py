"""A patient is withdrawn and a model retrained without them, by the page: its rows and its lineage say so."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest
from playwright.sync_api import expect

from annotations.models import DatasetSnapshot, ReadingProtocol
from annotations.selectors.snapshots import snapshot_cases
from annotations.services.snapshots import snapshot_freeze
from core.jobs import run_waiting_jobs
from inference.models import EvaluationReport, ModelFamily, ModelVersion
from inference.services.families import family_create
from inference.services.training import training_request
from tests.e2e.bench import need_the_front_end, reader_at
from tests.e2e.test_a_dataset_and_its_sheet import _signed
from tests.e2e.test_every_page_is_accessible import violations
from tests.factories.reading import make_label

if TYPE_CHECKING:
    from core.models import Project, User

pytestmark = [pytest.mark.browser, pytest.mark.long, pytest.mark.django_db(transaction=True)]
PARTS = ("train",) * 6 + ("validation",) * 4 + ("test",) * 4


@pytest.fixture(autouse=True)
def split_key(settings: Any) -> None:
    settings.OVERREAD_SPLIT_KEY = "split-key-of-the-tests"


def test_a_version_retrained_without_a_withdrawn_patient_says_what_it_learned_from_and_holds_no_row_of_theirs(
    project: Project, radiologist: User, reviewer: User, admin: User, server_url: str
) -> None:
    need_the_front_end()
    make_label(project)
    ReadingProtocol.objects.update_or_create(project=project, defaults={"required_labels": []})
    images = [_signed(project, radiologist, reviewer, at, part, seed=at) for at, part in enumerate(PARTS)]
    gone = images[0].series.study
    old = snapshot_freeze(
        project=project, name="with all", question="classification", label_keys=["nodule"], by=admin
    )  # fmt: skip
    family = family_create(
        project=project, slug="nodules", title="Nodules", recipe="classification", label_keys=["nodule"],
        modalities=["DX"], by=admin, reason="as usual",
    )  # fmt: skip
    tiny = {"image_shape": [32, 32], "epochs": 1, "batch_size": 4, "seed": 1}
    training_request(family=family, snapshot=old, chosen=tiny, reason="the first", requested_by=admin)
    run_waiting_jobs()
    first = EvaluationReport.objects.get().version
    assert first.number == 1
    ModelVersion.objects.update(state=ModelVersion.State.LIVE)
    ModelFamily.objects.update(live=first)
    with reader_at(server_url, admin) as desk:
        page = desk.page
        page.set_viewport_size({"width": 1366, "height": 768})
        page.goto(f"{server_url}/studies/{gone.study_instance_uid}")
        page.get_by_test_id("withdraw-patient").click()
        page.get_by_test_id("reason").fill("asked for it")
        page.get_by_test_id("reason-confirm").click()
        panel = page.get_by_test_id("withdrawals-panel")
        expect(panel.get_by_test_id("learned-from")).to_contain_text("1 snapshot, 1 version and 1 report")
        expect(panel).to_contain_text("1 image in train")
        panel.scroll_into_view_if_needed()
        desk.picture("retrain-1-withdrawn")
        page.get_by_test_id("retrain-without").click()
        expect(page.get_by_test_id("request-running")).to_be_visible()
        run_waiting_jobs()

        expect(page.get_by_test_id("train-snapshot")).to_have_value(
            re.compile(r"Without the withdrawn.* \(13 images\)")
        )
        new = DatasetSnapshot.objects.exclude(pk=old.pk).get()
        there = {case.study_instance_uid for case in snapshot_cases(new)}
        assert there == {image.series.study.study_instance_uid for image in images[1:]}
        assert {case.study_instance_uid for case in snapshot_cases(old)} == there | {gone.study_instance_uid}
        page.get_by_test_id("train-epochs").fill("1")
        page.get_by_test_id("train-more").click()
        page.get_by_test_id("train-image_shape").fill("96, 98")
        expect(page.get_by_text("image_shape holds multiples of 16")).to_be_visible()
        page.get_by_test_id("train-image_shape").fill("96, 96")
        page.get_by_test_id("train-augmentation.noise").click()
        desk.picture("retrain-2a-settings")
        page.get_by_test_id("train-reason").fill("A patient was withdrawn.")
        desk.picture("retrain-2-dialog")
        expect(page.get_by_test_id("proof")).to_have_attribute("data-can-pass", "false")
        expect(page.get_by_test_id("proof")).to_contain_text(
            "The test split has 2 patients with “Nodule” and 2 without."
        )
        expect(page.get_by_test_id("train-warm-warning")).to_have_count(0)
        page.get_by_test_id("train-warm").click()
        expect(page.get_by_test_id("train-warm-warning")).to_contain_text("Version 1 learned from a patient")
        page.get_by_test_id("train-warm-warning").scroll_into_view_if_needed()
        desk.picture("retrain-2b-warm")
        assert violations(desk) == []
        page.get_by_test_id("train-warm").click()
        expect(page.get_by_test_id("train-warm-warning")).to_have_count(0)
        page.get_by_test_id("train-start").click()
        expect(page.get_by_test_id("training-page")).to_be_visible()
        run_waiting_jobs()
        expect(page.get_by_test_id("training-outcome")).to_be_visible()
        version = ModelVersion.objects.get(number=2)
        assert version.training_run is not None
        config = version.training_run.config
        assert (config["epochs"], config["image_shape"], config["augmentation"]["noise"]) == (1, [96, 96], False)
        assert config["augmentation"]["affine"], "what was not chosen is as usual"
        assert version.training_run.snapshot == new

        page.goto(f"{server_url}/models/nodules?project={project.slug}")
        for number, snapshot in ((1, old), (2, new)):
            expect(page.get_by_test_id(f"version-{number}").get_by_role("link", name=snapshot.name)).to_be_visible()
        desk.picture("retrain-3-family")
        page.get_by_test_id("version-2").get_by_role("link", name=new.name).click()
        expect(page.get_by_test_id("sheet-left-out")).to_contain_text("1 case of a withdrawn patient")
        desk.picture("retrain-4-sheet")

        page.goto(f"{server_url}/admin/archive")
        withdrawn = page.get_by_test_id("withdrawn")
        expect(withdrawn).to_contain_text("Nodules, version 1")
        expect(withdrawn).not_to_contain_text("Nodules, version 2")
        expect(withdrawn.get_by_test_id("learned-without")).to_have_text("Version 2 of Nodules learned without them.")
        withdrawn.scroll_into_view_if_needed()
        desk.picture("retrain-5-after")
