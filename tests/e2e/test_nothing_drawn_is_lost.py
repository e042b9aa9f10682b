"""What a reader drew outlives a lost network, a crashed window and another person's change, in a real browser."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import Error, expect

from annotations.models import Finding, ReadingProtocol, Workitem
from annotations.services.projects import label_create
from annotations.services.workitems import workitem_open
from tests import patience
from tests.e2e.bench import need_the_front_end, reader_at
from tests.e2e.walk import drag, wait_for_image
from tests.factories.api import Api
from tests.imaging.archive import archived, bundled

if TYPE_CHECKING:
    from playwright.sync_api import Page

    from core.models import Project, User
    from tests.browser import Desk

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@dataclass
class Case:
    """A case that waits for a reader."""

    workitem: Workitem
    page_url: str


@pytest.fixture
def case(project: Project, radiologist: User, admin: User, server_url: str) -> Case:
    need_the_front_end()
    ReadingProtocol.objects.get_or_create(project=project, defaults={"required_labels": []})
    for key, code, meaning in (("lesion", "52988006", "Lesion"), ("normal", "17621005", "Normal")):
        label_create(
            project=project, by=admin, key=key, code_value=code, coding_scheme_designator="SCT", code_meaning=meaning,
            uses=["image", "region"], color="#f59f00",
        )  # fmt: skip
    study = archived(bundled("MR_small.dcm"), project, radiologist).series.study
    workitem = workitem_open(project=project, study=study)
    return Case(workitem, f"{server_url}/read/{workitem.pk}")


def _opened(desk: Desk, case: Case, findings: int) -> Page:
    desk.page.goto(case.page_url)
    wait_for_image(desk)
    expect(desk.page.get_by_test_id("finding-row")).to_have_count(findings)
    return desk.page


def _state(page: Page, state: str) -> None:
    expect(page.get_by_test_id("save-state")).to_have_attribute("data-state", state)


def _draw_a_box(desk: Desk, start: tuple[float, float], end: tuple[float, float]) -> None:
    desk.page.keyboard.press("r")
    drag(desk, start, end)


def test_what_was_drawn_without_network_is_saved_once_after_the_window_crashed(
    case: Case, radiologist: User, server_url: str
) -> None:
    with reader_at(server_url, radiologist) as desk:
        page = _opened(desk, case, 0)
        page.keyboard.press("Alt+1")
        expect(page.get_by_test_id("finding-row")).to_have_count(1)
        _state(page, "saved")
        desk.context.set_offline(True)
        _draw_a_box(desk, (0.3, 0.3), (0.5, 0.5))
        expect(page.get_by_test_id("finding-row")).to_have_count(2)
        _state(page, "offline")
        assert Finding.objects.filter(workitem=case.workitem).count() == 1
        # The window goes without a word: nothing of it runs any more.
        with page.expect_event("crash"), contextlib.suppress(Error):
            page.goto("chrome://crash")
        desk.page = desk.context.new_page()
        desk.page.set_default_timeout(patience.MILLISECONDS)
        page.close()
        # No network at all: whatever was asked meanwhile failed, and Chromium says so.
        desk.faults[:] = [fault for fault in desk.faults if "ERR_INTERNET_DISCONNECTED" not in fault]
        desk.context.set_offline(False)
        page = _opened(desk, case, 1)
        # What was left behind is offered; opening the case writes nothing.
        expect(page.get_by_test_id("offer")).to_have_count(1)
        assert Finding.objects.filter(workitem=case.workitem).count() == 1
        page.get_by_test_id("offer-apply").click()
        expect(page.get_by_test_id("finding-row")).to_have_count(2)
        _state(page, "saved")
        assert sorted(Finding.objects.filter(workitem=case.workitem).values_list("kind", flat=True)) == [
            "image_label",
            "rectangle",
        ]
        page.reload()
        wait_for_image(desk)
        expect(page.get_by_test_id("finding-row")).to_have_count(2)
        _state(page, "saved")


def test_a_change_that_someone_else_overtook_is_kept_beside_theirs(
    case: Case, radiologist: User, admin: User, server_url: str
) -> None:
    with reader_at(server_url, radiologist) as desk:
        page = _opened(desk, case, 0)
        _draw_a_box(desk, (0.3, 0.3), (0.5, 0.5))
        expect(page.get_by_test_id("finding-row")).to_have_count(1)
        _state(page, "saved")
        finding = Finding.objects.get(workitem=case.workitem)
        assert finding.head is not None

        # The same person at another desk, while this one has no network and hears nothing of it.
        desk.context.set_offline(True)
        content = {**finding.head.content, "text": "seen at the other desk"}
        status, answer = Api(radiologist)(
            "POST", f"findings/{finding.pk}/revisions", {"content": content, "cause": "edit"},
            match=finding.head.digest,
        )  # fmt: skip
        assert status < 300, answer
        page.get_by_test_id("finding-row").first.click()
        page.get_by_label("Text", exact=True).fill("seen here")
        page.keyboard.press("Tab")
        _state(page, "offline")
        desk.faults[:] = [fault for fault in desk.faults if "ERR_INTERNET_DISCONNECTED" not in fault]
        desk.context.set_offline(False)
        dialog = page.get_by_test_id("conflict-dialog")
        dialog.wait_for()
        expect(dialog).to_have_attribute("data-own", "true")
        expect(dialog).to_contain_text("Your other window")
        expect(dialog.locator('[data-testid="shape-pair"] [data-side]')).to_have_count(2)
        expect(dialog).to_contain_text("seen at the other desk")
        expect(dialog).to_contain_text("seen here")
        desk.picture("conflict")
        page.get_by_test_id("conflict-both").click()
        expect(page.get_by_test_id("finding-row")).to_have_count(2)
        _state(page, "saved")
        kept = [one.head.content["text"] for one in Finding.objects.filter(workitem=case.workitem) if one.head]
        assert sorted(kept) == ["seen at the other desk", "seen here"]
