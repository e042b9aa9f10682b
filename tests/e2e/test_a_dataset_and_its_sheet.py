"""Near copies are judged by keys, a dataset is frozen, its sheet is read, a patient is withdrawn: in a real browser."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from playwright.sync_api import expect

from annotations.dataset.split import patient_key, split_of
from annotations.models import DatasetSnapshot, ReadingProtocol, Withdrawal
from annotations.services.revisions import finding_create
from annotations.services.workitems import workitem_claim, workitem_open
from core.jobs import run_waiting_jobs
from imaging.models import Instance, NearCopyDecision, Patient
from tests.annotations.test_snapshots import _sign
from tests.e2e.bench import need_the_front_end, reader_at
from tests.factories import dicom_files as made
from tests.factories.reading import image_label, make_label
from tests.imaging.arriving import arrived
from tests.patience import eventually

if TYPE_CHECKING:
    from core.models import Project, User

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture(autouse=True)
def split_key(settings: Any) -> None:
    settings.OVERREAD_SPLIT_KEY = "split-key-of-the-tests"


def _chest(seed: int, *, darker: bool = False) -> Any:
    """Return a smooth picture of its own; ``darker`` is the same one in another window."""
    lots = np.random.default_rng(seed)
    j, i = np.mgrid[:256, :256] / 256
    waves = sum(
        lots.normal() * np.cos(2 * np.pi * (lots.uniform(0, 5) * j + lots.uniform(0, 5) * i)) for _ in range(40)
    )
    grey = (waves - waves.min()) / (waves.max() - waves.min())
    return ((grey**1.6 * 2500 if darker else grey * 4000) + 10).astype(np.uint16)


def _signed(project: Project, reader: User, reviewer: User, number: int, split: str, **shown: Any) -> Instance:
    name = number
    while split_of(patient_key(Patient(patient_id=f"E{name}"))) != split:
        name += 100
    dataset = made.dx_image(f"sheet {number}")
    dataset.PatientID, dataset.PatientName = f"E{name}", f"Sheet^Nr{number}"
    dataset.InstitutionName = "North"
    made.set_pixels(dataset, _chest(**shown))
    [verdict] = arrived(made.file_bytes(dataset), project, reader)
    assert verdict.instance is not None, verdict.message
    image = Instance.objects.select_related("series__study__patient").get(pk=verdict.instance.pk)
    workitem = workitem_open(project=project, study=image.series.study)
    workitem = workitem_claim(workitem=workitem, by=reader, version=workitem.version)
    finding_create(workitem=workitem, author=reader, content=image_label(present=number % 2 == 0))
    _sign(workitem, reviewer)
    return image


def test_near_copies_are_judged_a_dataset_is_frozen_and_its_sheet_read_and_a_patient_withdrawn(
    project: Project, radiologist: User, reviewer: User, admin: User, server_url: str
) -> None:
    need_the_front_end()
    make_label(project)
    ReadingProtocol.objects.update_or_create(project=project, defaults={"required_labels": []})
    people = (project, radiologist, reviewer)
    for number, split in enumerate(("train", "train", "validation", "validation", "test", "test")):
        _signed(*people, number, split, seed=number)
    twin = _signed(*people, 7, "test", seed=0, darker=True)
    with reader_at(server_url, admin) as desk:
        page = desk.page
        page.set_viewport_size({"width": 1366, "height": 768})
        page.goto(f"{server_url}/datasets?project={project.slug}")
        expect(page.get_by_test_id("request-running")).to_be_visible()
        desk.picture("datasets-counting")
        page.reload()
        expect(page.get_by_test_id("request-running")).to_have_count(1)
        run_waiting_jobs()
        preview = page.get_by_test_id("snapshot-preview")
        expect(preview).to_contain_text("1 test image that looks like one of another patient in training")
        expect(page.get_by_test_id("preview-note")).to_contain_text("1 pair of pictures looks alike")
        desk.picture("datasets-preview")

        page.goto(f"{server_url}/admin/archive")
        pair = page.get_by_test_id("near-copy")
        expect(pair.get_by_role("img")).to_have_count(2)
        pair.scroll_into_view_if_needed()
        page.wait_for_load_state("networkidle")
        desk.picture("archive-near-copies")
        page.keyboard.press("d")
        expect(pair).to_have_count(0)
        said = NearCopyDecision.objects.get()
        assert (said.verdict, said.decided_by) == ("different", admin)
        assert twin.blob_digest in (said.first_digest, said.second_digest)

        page.goto(f"{server_url}/datasets?project={project.slug}")
        expect(page.get_by_test_id("request-running")).to_be_visible()
        run_waiting_jobs()
        page.get_by_test_id("freeze-name").fill("first of all")
        page.get_by_test_id("freeze-submit").click()
        expect(page.locator('[data-testid="request-running"][data-kind="freeze"]')).to_be_visible()
        run_waiting_jobs()
        detail = page.get_by_test_id("snapshot-detail")
        expect(detail).to_contain_text("first of all")
        snapshot = DatasetSnapshot.objects.get()
        assert snapshot.counts["cases"] == 7

        detail.get_by_role("link", name="Datasheet").click()
        expect(page.get_by_test_id("sheet-checks")).to_contain_text("Manifest: unchanged")
        expect(page.get_by_test_id("sheet-subgroups")).to_contain_text("North")
        expect(page.get_by_test_id("sheet-pictures")).to_contain_text("1: 0 one picture, 1 different, 0 not judged")
        desk.picture("datasheet")
        page.emulate_media(media="print", color_scheme="light")
        paper = page.evaluate("() => [document.body, document.querySelector('h1')].map(e => getComputedStyle(e))"
                              ".map((s, at) => at ? s.color : s.backgroundColor)")  # fmt: skip
        assert paper == ["rgb(255, 255, 255)", "rgb(0, 0, 0)"]
        page.pdf(path=str(desk.picture("datasheet-paper").with_suffix(".pdf")), format="A4")
        page.emulate_media(media="screen", color_scheme="dark")

        page.goto(f"{server_url}/studies/{twin.series.study.study_instance_uid}")
        page.get_by_test_id("withdraw-patient").click()
        page.get_by_test_id("reason").fill("asked for it")
        page.get_by_test_id("reason-confirm").click()
        expect(page.get_by_test_id("learned-from")).to_contain_text("1 snapshot, 0 versions and 0 reports")
        page.get_by_test_id("withdrawals-panel").scroll_into_view_if_needed()
        desk.picture("archive-withdrawals")
        eventually(lambda: Withdrawal.objects.count() == 1)
        assert Withdrawal.objects.get().reason == "asked for it"
