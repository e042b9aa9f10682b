"""A small house for the browser: one radiograph, two labels, people, served inside the test's own process."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from annotations.dataset.rows import snapshot_rows
from annotations.models import Finding, ReadingProtocol, Workitem
from annotations.services.projects import label_create
from annotations.services.workitems import workitem_open
from core.jobs import run_waiting_jobs
from tests.e2e.bench import need_the_front_end
from tests.factories.api import Api
from tests.factories.dicom_files import dx_image, file_bytes, write
from tests.factories.reading import image_label
from tests.imaging.archive import archived

if TYPE_CHECKING:
    from pathlib import Path

    from playwright.sync_api import Page

    from core.models import Project, User

LABELS = (("lesion", "52988006", "Lesion"), ("normal", "17621005", "Normal"))


@dataclass
class Case:
    """A case and its page."""

    workitem: Workitem
    page_url: str

    @property
    def address(self) -> str:
        """Below ``/api/v1/``."""
        return f"workitems/{self.workitem.pk}"

    def now(self, user: User) -> dict[str, Any]:
        """Return the case as the API shows it to a person now."""
        status, shown = Api(user)("GET", self.address)
        assert status == 200, shown
        return dict(shown)

    def step(self, user: User, event: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
        """Move the case on through the API, on its version of now."""
        status, shown = Api(user)("POST", f"{self.address}/{event}", body or {}, match=self.now(user)["version"])
        assert status == 200, shown
        return dict(shown)

    def said(self, key: str) -> Finding:
        """Return the one finding of people about a label that stands."""
        rows = Finding.objects.filter(workitem=self.workitem, deleted=False, algorithm_type="MANUAL")
        return rows.select_related("head").get(head__content__label_key=key)


def a_case(project: Project, by: User, url: str, folder: Path) -> Case:
    """Put one radiograph on the worklist of a project with two labels."""
    need_the_front_end()
    ReadingProtocol.objects.get_or_create(project=project)
    for key, code, meaning in LABELS:
        label_create(
            project=project, by=by, key=key, code_value=code, coding_scheme_designator="SCT", code_meaning=meaning,
            uses=["image", "region"], color="#f59f00",
        )  # fmt: skip
    (path,) = write(folder, image=file_bytes(dx_image("desk")))
    workitem = workitem_open(project=project, study=archived(path, project, by).series.study)
    return Case(workitem, f"{url}/read/{workitem.pk}")


def read_by(case: Case, reader: User, **present: bool) -> None:
    """Let a reader claim the case, answer its labels and hand the reading in, through the API."""
    case.step(reader, "claim")
    for key, answer in present.items():
        content = {"content": image_label(key, present=answer)}
        status, shown = Api(reader)("POST", f"{case.address}/findings", content)
        assert status == 201, shown
    case.step(reader, "submit", {"reading_seconds": 5})


def taught(project: Project, by: User) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    """Return the rows that a dataset frozen now would hold, and how the API counts them."""
    keys = [key for key, *_ in LABELS]
    body = {"question": "classification", "label_keys": keys}
    asked = Api(by)
    status, request = asked("POST", f"projects/{project.slug}/snapshots/preview", body)
    assert status == 202, request
    run_waiting_jobs()
    shown = asked("GET", f"snapshot-requests/{request['id']}")[1]["preview"]
    return snapshot_rows(project=project, question="classification", label_keys=keys).rows, dict(shown["counts"])


def opened(page: Page, case: Case, *, mode: str, findings: int) -> None:
    """Open the case's page without saying how, and wait for its mode, its findings and its picture."""
    from playwright.sync_api import expect

    page.goto(case.page_url)
    expect(page.get_by_test_id("read-page")).to_have_attribute("data-mode", mode)
    expect(page.get_by_test_id("finding-row")).to_have_count(findings)
    page.locator('[data-testid="viewport-left"][data-status="ready"] canvas[data-frame]').first.wait_for()
