"""What a reviewer corrects is what is stored, signed, taught and shown, whichever way the correction was made."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from annotations.models import Finding, Review
from tests.e2e.bench import reader_at
from tests.e2e.cases import Case, a_case, opened, read_by, taught
from tests.e2e.walk import drag
from tests.factories.api import Api

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from playwright.sync_api import Page

    from core.models import Project, User

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def case(project: Project, radiologist: User, admin: User, server_url: str, tmp_path: Path) -> Case:
    made = a_case(project, admin, server_url, tmp_path)
    read_by(made, radiologist, lesion=True, normal=False)
    return made


def _next(page: Page) -> str:
    """Press J and wait until another finding is selected; returns its id."""
    selected = page.locator('[data-testid="finding-row"][data-selected="true"]')
    before = selected.get_attribute("data-finding") if selected.count() else "none"
    page.keyboard.press("j")
    expect(page.locator(f'[data-selected="true"]:not([data-finding="{before}"])')).to_have_count(1)
    return selected.get_attribute("data-finding") or ""


def _select(page: Page, key: str) -> None:
    """Press J until the reader's answer about a label is selected."""
    for _ in range(4):
        _next(page)
        selected = page.locator(f'[data-testid="finding-row"][data-label="{key}"][data-selected="true"]')
        if selected.count():
            return
    raise AssertionError(f"J never selects {key}")


def _by_keys(page: Page) -> None:
    _select(page, "lesion")
    page.keyboard.press("c")
    page.keyboard.press("Alt+1")
    expect(page.get_by_test_id("image-label-lesion")).to_have_attribute("data-answer", "absent")
    page.keyboard.press("Enter")
    expect(page.locator('[data-label="lesion"][data-decision="corrected"]')).to_have_count(1)
    page.keyboard.press("Control+Enter")


def _by_signing_at_once(page: Page) -> None:
    _select(page, "lesion")
    page.keyboard.press("c")
    page.keyboard.press("Alt+1")
    page.keyboard.press("Control+Enter")


def _by_mouse(page: Page) -> None:
    page.get_by_test_id("image-label-lesion").click()
    page.get_by_test_id("review-save-correction").click()
    expect(page.locator('[data-label="lesion"][data-decision="corrected"]')).to_have_count(1)
    page.get_by_test_id("case-sign-off").click()


@pytest.mark.parametrize("way", [_by_keys, _by_signing_at_once, _by_mouse])
def test_an_image_label_corrected_in_the_browser_is_stored_signed_taught_and_shown_as_corrected(
    way: Callable[[Page], None], case: Case, project: Project, reviewer: User, admin: User, server_url: str
) -> None:
    with reader_at(server_url, reviewer) as desk:
        opened(desk.page, case, mode="review", findings=2)
        way(desk.page)
        expect(desk.page.get_by_test_id("workitem-state")).to_have_attribute("data-state", "corrected")
        expect(desk.page.get_by_test_id("image-label-lesion")).to_have_attribute("data-answer", "absent")
        desk.picture("corrected")
    _stored_and_taught(case, project, reviewer, admin)


def test_an_image_label_corrected_through_the_api_is_stored_signed_and_taught_as_corrected(
    case: Case, project: Project, reviewer: User, admin: User
) -> None:
    finding = case.said("lesion")
    assert finding.head is not None
    content = {**finding.head.content, "present": False}
    review = {"decision": "corrected", "corrected_content": content}
    status, answer = Api(reviewer)("POST", f"findings/{finding.pk}/reviews", review, match=finding.head.digest)
    assert status == 201, answer
    case.step(reviewer, "decide", {"event": "correct"})
    _stored_and_taught(case, project, reviewer, admin)


def _stored_and_taught(case: Case, project: Project, reviewer: User, admin: User) -> None:
    case.workitem.refresh_from_db()
    assert case.workitem.state == "corrected"
    finding = case.said("lesion")
    assert [(one.cause, one.content["present"], one.author_id) for one in finding.revisions.order_by("number")] == [
        ("edit", True, finding.author_id),
        ("correction", False, reviewer.pk),
    ]
    assert finding.head is not None
    assert finding.head.content["present"] is False
    review = Review.objects.get(finding=finding, decision="corrected")
    assert (review.reviewer_id, review.corrected_revision_id) == (reviewer.pk, finding.head_id)
    assert review.difference["present"] == {"from": True, "to": False}
    rows, counts = taught(project, admin)
    assert [row["labels"] for row in rows] == [{"lesion": 0, "normal": 0}]
    assert rows[0]["label_provenance"]["lesion"] == "human_rejected"
    assert (counts["labels"]["lesion"]["positive"], counts["labels"]["lesion"]["negative"]) == (0, 1)
    assert counts["provenance"] == {"human_rejected": 1}


def test_a_correction_that_changes_nothing_is_not_stored_and_the_page_says_why(
    case: Case, reviewer: User, server_url: str
) -> None:
    with reader_at(server_url, reviewer) as desk:
        page = desk.page
        opened(page, case, mode="review", findings=2)
        _select(page, "lesion")
        page.keyboard.press("c")
        page.keyboard.press("Enter")
        expect(page.get_by_role("alert").first).to_be_visible()
        page.keyboard.press("Control+Enter")
        expect(page.get_by_role("alert").first).to_be_visible()
        expect(page.get_by_test_id("workitem-state")).to_have_attribute("data-state", "submitted")
    assert not Review.objects.exists()
    assert case.said("lesion").revisions.count() == 1


def test_a_correction_dropped_with_escape_leaves_nothing_beside_one_that_is_kept(
    project: Project, radiologist: User, reviewer: User, admin: User, server_url: str, tmp_path: Path
) -> None:
    case = a_case(project, admin, server_url, tmp_path)
    read_by(case, radiologist, lesion=False, normal=True)
    finding = case.said("normal")
    with reader_at(server_url, reviewer) as desk:
        page = desk.page
        opened(page, case, mode="review", findings=2)
        page.get_by_test_id("image-label-normal").click()
        page.keyboard.press("Escape")
        page.get_by_test_id("image-label-lesion").click()
        page.keyboard.press("Enter")
        expect(page.locator('[data-label="lesion"][data-decision="corrected"]')).to_have_count(1)
        page.keyboard.press("Control+Enter")
        expect(page.get_by_test_id("workitem-state")).to_have_attribute("data-state", "corrected")
    assert case.said("lesion").head.content["present"] is True  # type: ignore[union-attr]  # it has a head
    # A correction that was dropped with Esc left nothing.
    assert Finding.objects.get(pk=finding.pk).revisions.count() == 1
    rows, _ = taught(project, admin)
    assert rows[0]["labels"] == {"lesion": 1, "normal": 1}


_IN_SIGHT = """(row) => {
  const { left, top, width, height } = row.getBoundingClientRect();
  return row.contains(document.elementFromPoint(left + width / 2, top + height / 2));
}"""


def test_what_a_reviewer_rejects_and_adds_is_shown_as_theirs_and_the_selected_one_is_in_sight(
    case: Case, reviewer: User, server_url: str
) -> None:
    with reader_at(server_url, reviewer) as desk:
        page = desk.page
        page.set_viewport_size({"width": 1366, "height": 768})
        opened(page, case, mode="review", findings=2)
        page.locator('[data-testid="finding-row"][data-label="lesion"] button').first.click()
        page.keyboard.press("x")
        page.get_by_test_id("reject-dialog").wait_for()
        page.keyboard.press("1")
        expect(page.get_by_test_id("image-label-lesion")).to_have_attribute("data-rejected", "true")
        expect(page.get_by_test_id("image-label-normal")).to_have_attribute("data-rejected", "false")
        page.keyboard.press("r")
        rows = page.get_by_test_id("finding-row")
        for step in range(6):
            drag(desk, (0.2 + 0.1 * step, 0.3), (0.25 + 0.1 * step, 0.4))
            expect(rows).to_have_count(3 + step)
        expect(rows.filter(has_text=f"added by {reviewer.display_name}")).to_have_count(6)
        selected = page.locator('[data-testid="finding-row"][data-selected="true"]')
        expect(page.get_by_test_id("save-state")).to_have_attribute("data-state", "saved")
        assert selected.evaluate(_IN_SIGHT), "the detail of the selected finding lies over its line"
        seen = set()
        for _ in range(8):  # after the last comes the first again
            seen.add(_next(page))
            assert selected.evaluate(_IN_SIGHT)
        assert len(seen) == 8
        desk.picture("added-in-review")
    assert Finding.objects.filter(workitem=case.workitem, author=reviewer, deleted=False).count() == 6
