"""A quick hand is not misunderstood: the next key does what it meant, and it is told where it contradicts itself."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from playwright.sync_api import expect

from annotations.models import Finding, ReadingProtocol, Review
from tests.e2e.bench import reader_at
from tests.e2e.cases import Case, a_case, opened, read_by
from tests.e2e.walk import drag

if TYPE_CHECKING:
    from pathlib import Path

    from playwright.sync_api import APIResponse, Page, Route

    from core.models import Project, User

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def case(project: Project, admin: User, server_url: str, tmp_path: Path) -> Case:
    made = a_case(project, admin, server_url, tmp_path)
    ReadingProtocol.objects.filter(project=project).update(required_labels=["lesion"])
    return made


def _stored(case: Case, kind: str) -> list[dict[str, Any]]:
    rows = Finding.objects.filter(workitem=case.workitem, kind=kind, deleted=False).select_related("head")
    return [row.head.content for row in rows if row.head is not None]


def _saved(page: Page, findings: int) -> None:
    expect(page.get_by_test_id("finding-row")).to_have_count(findings)
    expect(page.get_by_test_id("save-state")).to_have_attribute("data-state", "saved")


def test_a_box_that_begins_on_a_measured_line_is_drawn_and_moves_no_measure(
    case: Case, radiologist: User, server_url: str
) -> None:
    with reader_at(server_url, radiologist) as desk:
        page = desk.page
        opened(page, case, mode="read", findings=0)
        page.keyboard.press("l")
        drag(desk, (0.3, 0.5), (0.7, 0.5))
        _saved(page, 1)
        (measured,) = _stored(case, "length")
        page.keyboard.press("r")
        drag(desk, (0.5, 0.5), (0.6, 0.7))
        _saved(page, 2)
        assert _stored(case, "length") == [measured], "the line that was pressed on is where it was"
        (box,) = _stored(case, "rectangle")
        # Its end is still taken hold of, with any tool: the last drawing is selected, so its corner answers.
        drag(desk, (0.6, 0.7), (0.65, 0.75))
        _saved(page, 2)
        (larger,) = _stored(case, "rectangle")
        assert larger["measures"]["area_mm2"]["value"] > box["measures"]["area_mm2"]["value"] * 1.2


def test_all_that_is_asked_for_is_answered_and_the_rest_is_not_said_to_be(
    case: Case, radiologist: User, server_url: str
) -> None:
    with reader_at(server_url, radiologist) as desk:
        page = desk.page
        page.set_viewport_size({"width": 1366, "height": 768})
        opened(page, case, mode="read", findings=0)
        expect(page.get_by_test_id("answer-rest-absent")).to_contain_text("Asked for: absent")
        page.keyboard.press("Alt+0")
        _saved(page, 1)
        expect(page.get_by_test_id("image-label-lesion")).to_have_attribute("data-answer", "absent")
        expect(page.get_by_test_id("image-label-normal")).to_have_attribute("data-answer", "unknown")
        expect(page.get_by_text("of one other label nothing is said")).to_be_visible()
        # Who draws what was answered absent is told at once.
        expect(page.get_by_test_id("drawn-though-absent")).to_have_count(0)
        page.keyboard.press("r")
        drag(desk, (0.4, 0.4), (0.6, 0.6))
        expect(page.get_by_text("Drawn as “Lesion”, which is answered absent.")).to_be_visible()
        expect(page.get_by_test_id("drawn-though-absent")).to_contain_text("Lesion")
        desk.picture("drawn-though-absent")
        page.keyboard.press("Alt+1")
        expect(page.get_by_test_id("drawn-though-absent")).to_have_count(0)


def test_the_remark_of_another_reason_is_typed_at_once_and_is_what_is_stored(
    case: Case, radiologist: User, reviewer: User, server_url: str
) -> None:
    read_by(case, radiologist, lesion=True)
    with reader_at(server_url, reviewer) as desk:
        page = desk.page
        opened(page, case, mode="review", findings=1)
        page.keyboard.press("j")
        page.keyboard.press("x")
        page.get_by_test_id("reject-dialog").wait_for()
        page.keyboard.press("8")
        expect(page.get_by_test_id("reject-remark")).to_be_focused()
        page.keyboard.type("a rib, 2 of them")
        page.keyboard.press("Enter")
        expect(page.locator('[data-testid="finding-row"][data-decision="rejected"]')).to_have_count(1)
    (review,) = Review.objects.filter(finding__workitem=case.workitem)
    assert (review.reason, review.remark) == ("other", "a rib, 2 of them")


def test_who_only_looks_at_a_signed_case_sees_its_answers(
    case: Case, radiologist: User, reviewer: User, admin: User, server_url: str
) -> None:
    read_by(case, radiologist, lesion=False)
    case.step(reviewer, "decide", {"event": "accept"})
    with reader_at(server_url, admin) as desk:
        opened(desk.page, case, mode="read", findings=1)
        expect(desk.page.get_by_test_id("image-label-lesion")).to_have_attribute("data-answer", "absent")
        expect(desk.page.get_by_test_id("answered-count")).to_have_attribute("data-missing", "0")
        # Who reopens it can go on and decide it, without loading the page again.
        desk.page.get_by_test_id("case-reopen").click()
        desk.page.get_by_test_id("reason").fill("Look again.")
        desk.page.get_by_test_id("reason-confirm").click()
        expect(desk.page.get_by_test_id("workitem-state")).to_have_attribute("data-state", "submitted")
        expect(desk.page.get_by_test_id("read-page")).to_have_attribute("data-mode", "review")
        expect(desk.page.get_by_test_id("image-label-lesion")).to_have_attribute("data-answer", "absent")


def test_an_answer_from_before_the_case_was_taken_back_does_not_hide_that_it_was(
    case: Case, radiologist: User, server_url: str
) -> None:
    """What the page asked after handing in comes late: it is older than what the page knows, and is not shown."""
    with reader_at(server_url, radiologist) as desk:
        page = desk.page
        opened(page, case, mode="read", findings=0)
        page.keyboard.press("Alt+0")
        _saved(page, 1)
        held: list[tuple[Route, APIResponse]] = []

        def hold(route: Route) -> None:
            answer = route.fetch()
            if answer.json()["state"] == "submitted" and not held:
                held.append((route, answer))
            else:
                route.fulfill(response=answer)

        page.route(f"**/api/v1/{case.address}", hold)
        page.keyboard.press("Control+Enter")
        expect(page.get_by_test_id("workitem-state")).to_have_attribute("data-state", "submitted")
        while not held:
            page.wait_for_timeout(20)
        page.get_by_test_id("case-withdraw").click()
        expect(page.get_by_test_id("workitem-state")).to_have_attribute("data-state", "claimed")
        ((route, overtaken),) = held
        shown: list[str] = page.evaluate(
            """() => {
                window.shown = [];
                const state = document.querySelector('[data-testid="workitem-state"]');
                new MutationObserver(() => window.shown.push(state.dataset.state)).observe(state, {attributes: true});
                return window.shown;
            }"""
        )
        assert shown == []
        route.fulfill(response=overtaken)
        page.unroute_all(behavior="ignoreErrors")
        page.wait_for_timeout(1000)
        assert "submitted" not in page.evaluate("() => window.shown")
        page.keyboard.press("Control+Enter")
        expect(page.get_by_test_id("workitem-state")).to_have_attribute("data-state", "submitted")
    assert case.now(radiologist)["state"] == "submitted"


def test_what_a_reviewer_adds_against_an_accepted_answer_says_why_signing_off_waits(
    case: Case, radiologist: User, reviewer: User, server_url: str
) -> None:
    read_by(case, radiologist, lesion=False)
    with reader_at(server_url, reviewer) as desk:
        page = desk.page
        opened(page, case, mode="review", findings=1)
        page.keyboard.press("j")
        page.keyboard.press("a")
        expect(page.locator('[data-testid="finding-row"][data-decision="accepted"]')).to_have_count(1)
        page.keyboard.press("r")
        drag(desk, (0.4, 0.4), (0.6, 0.6))
        _saved(page, 2)
        page.keyboard.press("Control+Enter")
        expect(page.get_by_test_id("disagreement")).to_contain_text("correct or reject the one or the other")
        expect(page.get_by_text("People say both that it is there and that it is absent").first).to_be_visible()
        # Taken away again, nothing waits: the first press signs.
        page.keyboard.press("Escape")
        page.get_by_test_id("finding-row").nth(1).locator("button").first.click()
        page.keyboard.press("Delete")
        _saved(page, 1)
        page.keyboard.press("Control+Enter")
        expect(page.get_by_test_id("workitem-state")).to_have_attribute("data-state", "accepted")
