"""Which pictures a project is about, and where a case has grown since it was read, in a real browser."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from playwright.sync_api import Page, expect

from annotations.models import ReadingProtocol, Workitem
from annotations.services.revisions import finding_create
from annotations.services.sign_off import workitem_decide
from annotations.services.workitems import workitem_claim
from core.jobs import run_waiting_jobs
from tests.e2e.bench import need_the_front_end, reader_at
from tests.factories import dicom_files as made
from tests.factories.reading import image_label, make_label, submit
from tests.patience import eventually
from tests.webapp.test_api_archive import _sent

if TYPE_CHECKING:
    from pydicom.dataset import FileDataset

    from core.models import Project, User

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def _film(number: int, view: str) -> FileDataset:
    dataset = made.dx_image("chest")
    made.number_instance(dataset, number, "chest")
    dataset.ViewPosition = view
    j, i = np.indices((96, 96))
    made.set_pixels(dataset, (1000 + 10 * j + 400 * ((i - 48) ** 2 + (j - 48) ** 2 < 900)).astype(np.uint16))
    dataset.BitsStored, dataset.HighBit = 12, 11
    return dataset


def _sheet() -> FileDataset:
    dataset = made.dicom_dataset("chest", sop_class=made.CTImageStorage, modality="OT", series="sheet")
    dataset.SOPClassUID = dataset.file_meta.MediaStorageSOPClassUID = "1.2.840.10008.5.1.4.1.1.7"
    dataset.SeriesNumber, dataset.SeriesDescription = 99, "Dose Report"
    dataset.ImageType = ["DERIVED", "SECONDARY"]
    made.set_pixels(dataset, np.full((96, 96), 200, np.uint8))
    return dataset


@pytest.fixture
def grown(project: Project, radiologist: User, reviewer: User) -> Workitem:
    """A signed-off case of a radiograph and a dose report, to which a lateral image came later."""
    need_the_front_end()
    make_label(project)
    ReadingProtocol.objects.create(project=project, required_labels=[])
    _sent(project, radiologist, _film(1, "PA"), _sheet())
    run_waiting_jobs()
    workitem = Workitem.objects.get()
    workitem = workitem_claim(workitem=workitem, by=radiologist, version=workitem.version)
    finding_create(workitem=workitem, author=radiologist, content=image_label())
    signed = submit(workitem, radiologist)
    workitem_decide(workitem=signed, by=reviewer, version=signed.version, event="accept")
    _sent(project, radiologist, _film(2, "LL"))
    run_waiting_jobs()
    return Workitem.objects.get()


def _choose(page: Page, list_name: str, value: str) -> None:
    page.get_by_test_id(f"pictures-{list_name}").click()
    page.get_by_role("option", name=value).click()
    page.keyboard.press("Escape")


def test_a_grown_case_says_so_and_its_dose_sheet_is_no_part_of_the_question(
    grown: Workitem, radiologist: User, server_url: str
) -> None:
    with reader_at(server_url, radiologist) as desk:
        page = desk.page
        page.goto(f"{server_url}/worklist?state=accepted")
        expect(page.get_by_test_id("grown-since-read")).to_have_text("Grown")
        page.get_by_test_id("filter-grown").check()
        expect(page).to_have_url(f"{server_url}/worklist?state=accepted&grown=true")
        expect(page.get_by_test_id("worklist-row")).to_have_count(1)
        desk.picture("grown-worklist")
        page.get_by_test_id("worklist-row").click()
        expect(page.get_by_test_id("images-since-note")).to_contain_text("1 image has arrived since this case was read")
        expect(page.get_by_test_id("case-bar").get_by_test_id("grown-since-read")).to_have_text("Grown since read")
        expect(page.get_by_test_id("series-outside-question")).to_have_text("Not asked: dose sheet")
        desk.picture("grown-reading")
        page.goto(f"{server_url}/studies/{grown.study.study_instance_uid}")
        said = page.get_by_test_id("study-grown")
        expect(said).to_contain_text(f"Grown since read in {grown.project.title}")
        expect(said).to_contain_text("1 image has arrived since this case was read.")
        desk.picture("grown-study")
        said.get_by_role("link").click()
        expect(page.get_by_test_id("images-since-note")).to_be_visible()


def test_a_dataset_names_the_cases_that_have_grown_and_leads_to_them(
    grown: Workitem, admin: User, server_url: str
) -> None:
    with reader_at(server_url, admin) as desk:
        page = desk.page
        page.goto(f"{server_url}/datasets?project={grown.project.slug}")
        expect(page.get_by_test_id("request-running")).to_be_visible()
        run_waiting_jobs()
        told = page.get_by_test_id("grown-cases")
        expect(told).to_contain_text("1 case has grown since it was read: the images that came later are left out.")
        desk.picture("grown-dataset")
        told.get_by_role("link").click()
        expect(page.get_by_test_id("filter-grown")).to_be_checked()
        expect(page.get_by_test_id("worklist-row")).to_have_count(1)


def test_an_admin_says_which_pictures_the_project_is_about_and_sees_what_that_leaves_out(
    grown: Workitem, admin: User, server_url: str
) -> None:
    slug = grown.project.slug
    with reader_at(server_url, admin) as desk:
        page = desk.page
        page.goto(f"{server_url}/admin/projects/{slug}")
        kept = page.get_by_test_id("pictures-kept")
        expect(kept).to_contain_text("2 of the project's 3 images are part of the question.")
        expect(kept).to_contain_text("Left out: dose sheet 1")
        _choose(page, "views", "PA · 1")
        expect(kept).to_contain_text("1 of the project's 3 images")
        expect(kept).to_contain_text("another view 1")
        page.get_by_test_id("picture-rules").scroll_into_view_if_needed()
        desk.picture("pictures-protocol")
        page.get_by_test_id("protocol-save").click()
        eventually(lambda: ReadingProtocol.objects.get().pictures.get("views") == ["PA"])
