"""Files, folders and zips go through the upload page of a real browser; each gets its verdict."""

from __future__ import annotations

import shutil
import zipfile
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from annotations.models import ReadingProtocol, Workitem
from imaging.models import Instance
from tests.e2e.bench import need_the_front_end, reader_at
from tests.imaging.archive import bundled

if TYPE_CHECKING:
    from pathlib import Path

    from core.models import Project, User

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def test_every_file_of_a_folder_and_every_entry_of_a_zip_gets_its_own_verdict(
    project: Project, radiologist: User, server_url: str, tmp_path: Path
) -> None:
    need_the_front_end()
    ReadingProtocol.objects.get_or_create(project=project, defaults={"required_labels": []})
    folder = tmp_path / "from the scanner"
    (folder / "deep").mkdir(parents=True)
    shutil.copy(bundled("CT_small.dcm"), folder / "one.dcm")
    shutil.copy(bundled("MR_small.dcm"), folder / "deep" / "two")
    (folder / "broken.dcm").write_bytes(bundled("CT_small.dcm").read_bytes()[:2000])
    (folder / "notes.txt").write_text("not an image")
    archive = tmp_path / "more.zip"
    with zipfile.ZipFile(archive, "w") as packed:
        packed.write(bundled("CT_small.dcm"), "again.dcm")
        packed.write(bundled("rtplan.dcm"), "plan.dcm")

    with reader_at(server_url, radiologist) as desk:
        page = desk.page
        page.goto(f"{server_url}/upload?project={project.slug}")
        page.get_by_test_id("upload-folder").set_input_files(folder)
        rows = page.get_by_test_id("upload-row")
        expect(rows).to_have_count(4)
        expect(page.get_by_test_id("upload-tally")).to_contain_text("2 stored")
        for name, outcome in (
            ("one.dcm", "stored"),
            ("two", "stored"),
            ("broken.dcm", "refused"),
            ("notes", "refused"),
        ):
            expect(rows.filter(has_text=name)).to_have_attribute("data-outcome", outcome)
        expect(rows.filter(has_text="broken.dcm").locator("code")).to_have_text("truncated")
        expect(rows.filter(has_text="notes.txt").locator("code")).to_have_text("not_dicom")
        assert Instance.objects.count() == 2

        page.get_by_test_id("upload-files").set_input_files(archive)
        expect(rows.filter(has_text="again.dcm")).to_have_attribute("data-outcome", "already_stored")
        expect(rows.filter(has_text="plan.dcm")).to_have_attribute("data-outcome", "stored")
        assert Instance.objects.count() == 3
        desk.picture("upload")

        page.get_by_test_id("upload-to-worklist").click()
        expect(page.get_by_test_id("worklist-row")).to_have_count(Workitem.objects.count())
