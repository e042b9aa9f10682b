"""Whoever the page shows is whoever the server writes, and nothing is written that nobody asked for now."""

from __future__ import annotations

import re
import time
from typing import TYPE_CHECKING, Any

import pytest
from django.conf import settings
from django.test import Client
from playwright.sync_api import expect

from annotations.models import Finding, Workitem
from tests.e2e.bench import reader_at
from tests.e2e.cases import Case, a_case, opened
from tests.factories.api import Api
from tests.factories.reading import image_label, make_workitem

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from playwright.sync_api import Page

    from core.models import Project, User
    from tests.browser import Desk

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def case(project: Project, admin: User, server_url: str, tmp_path: Path) -> Case:
    return a_case(project, admin, server_url, tmp_path)


@pytest.fixture
def second(make_user: Callable[..., User], project: Project) -> User:
    return make_user("second", "radiologist", project)


def _session_of(user: User, url: str) -> dict[str, Any]:
    client = Client()
    client.force_login(user)
    name = settings.SESSION_COOKIE_NAME
    return {"name": name, "value": client.cookies[name].value, "url": url}


def _state(page: Page, state: str) -> None:
    expect(page.get_by_test_id("save-state")).to_have_attribute("data-state", state)


def _answers(case: Case) -> list[tuple[str, str, bool]]:
    """Return who said what of which label, of all findings that stand."""
    rows = Finding.objects.filter(workitem=case.workitem, deleted=False).select_related("author", "head")
    return [(one.author.username, one.head.content["label_key"], one.head.content["present"]) for one in rows]  # type: ignore[union-attr]


def _forget_refusals(desk: Desk) -> None:
    """A reload takes open requests with it; Chromium calls that an error."""
    desk.faults[:] = [fault for fault in desk.faults if "ERR_" not in fault]


def test_nothing_is_stored_under_the_name_of_somebody_who_signed_in_behind_the_page(
    case: Case, radiologist: User, second: User, server_url: str
) -> None:
    with reader_at(server_url, radiologist) as desk:
        page = desk.page
        opened(page, case, mode="read", findings=0)
        page.keyboard.press("Alt+1")
        _state(page, "saved")
        assert _answers(case) == [("ann", "lesion", True)]
        case.step(radiologist, "release")
        expect(page.get_by_test_id("open-note")).to_be_visible()
        # Somebody else signs in, in another tab: the cookie is theirs now, and this page has not heard of it.
        desk.context.add_cookies([_session_of(second, server_url)])  # type: ignore[list-item]
        page.keyboard.press("Alt+2")
        expect(page.get_by_test_id("user-menu")).to_contain_text("Second")
        expect(page.get_by_test_id("read-page")).to_be_visible()
        _forget_refusals(desk)
    assert [row for row in _answers(case) if row[0] == "second"] == []
    assert case.now(second)["state"] == "open"


def test_the_login_page_says_who_is_signed_in(case: Case, radiologist: User, server_url: str) -> None:
    with reader_at(server_url, radiologist) as desk:
        page = desk.page
        page.goto(f"{server_url}/login?next=/worklist")
        expect(page.get_by_test_id("signed-in")).to_contain_text("Ann")
        page.get_by_test_id("signed-in-change").click()
        expect(page.get_by_test_id("login-form")).to_be_visible()
        assert page.request.get(f"{server_url}/api/v1/auth/me").status == 401


def test_the_reader_who_comes_second_is_told_and_discards_or_keeps(
    case: Case, radiologist: User, second: User, server_url: str
) -> None:
    with reader_at(server_url, second) as desk:
        page = desk.page
        opened(page, case, mode="read", findings=0)
        desk.context.set_offline(True)
        page.keyboard.press("Alt+1")
        _state(page, "offline")
        case.step(radiologist, "claim")
        desk.context.set_offline(False)
        offer = page.get_by_test_id("offer")
        expect(offer).to_contain_text("Ann took this case")
        expect(page.get_by_test_id("finding-row")).to_have_count(0)
        expect(page.get_by_test_id("taken-note")).to_contain_text("Ann is reading this case")
        desk.picture("taken-meanwhile")
        _forget_refusals(desk)
        # Looking again writes nothing; the draft is still offered.
        page.reload()
        expect(offer).to_have_count(1)
        assert _answers(case) == []
        page.get_by_test_id("offer-discard").click()
        expect(offer).to_have_count(0)
        page.reload()
        expect(page.get_by_test_id("taken-note")).to_be_visible()
        expect(offer).to_have_count(0)
    assert _answers(case) == []


def test_undo_ends_at_the_submission_and_a_returned_case_is_as_it_was_handed_in(
    case: Case, radiologist: User, reviewer: User, server_url: str
) -> None:
    seconds: list[dict[str, Any]] = []
    with reader_at(server_url, radiologist) as desk:
        page = desk.page
        opened(page, case, mode="read", findings=0)
        expect(page.get_by_test_id("answered-count")).to_have_text("0 of 2 answered")
        page.keyboard.press("Alt+1")
        expect(page.get_by_test_id("answered-count")).to_have_text("1 of 2 answered")
        page.keyboard.press("Control+Enter")
        # Half an answer is not handed in, and the page says what is missing.
        expect(page.get_by_role("alert").first).to_contain_text("1 of 2 answered")
        assert case.now(radiologist)["state"] == "claimed"
        page.keyboard.press("Alt+0")
        expect(page.get_by_test_id("answered-count")).to_have_text("2 of 2 answered")
        page.wait_for_timeout(3000)
        page.on("request", lambda sent: seconds.append(sent.post_data_json) if sent.url.endswith("/submit") else None)
        page.keyboard.press("Control+Enter")
        expect(page.get_by_test_id("workitem-state")).to_have_attribute("data-state", "submitted")
        # Taken back and handed in again: only the seconds since then come to those that were sent.
        handed_in = time.monotonic()
        page.get_by_test_id("case-withdraw").click()
        expect(page.get_by_test_id("workitem-state")).to_have_attribute("data-state", "claimed")
        page.keyboard.press("Control+Enter")
        expect(page.get_by_test_id("workitem-state")).to_have_attribute("data-state", "submitted")
        first, again = (body["reading_seconds"] for body in seconds)
        assert first >= 2
        assert again <= time.monotonic() - handed_in + 1
        assert case.now(radiologist)["reading_seconds"] == first + again
        page.keyboard.press("Control+z")
        expect(page.get_by_test_id("finding-row")).to_have_count(2)
        _state(page, "saved")
        case.step(reviewer, "decide", {"event": "reject", "remark": "Look again."})
        expect(page.get_by_test_id("rejected-note")).to_contain_text("Look again.")
        page.reload()
        expect(page.get_by_test_id("finding-row")).to_have_count(2)
        expect(page.get_by_test_id("offer")).to_have_count(0)
    # Opening it claimed nothing and changed nothing.
    assert case.now(radiologist)["state"] == "rejected"
    assert sorted(_answers(case)) == [("ann", "lesion", True), ("ann", "normal", False)]


def test_an_answer_is_taken_back_and_a_deleted_one_brought_back_from_the_history(
    case: Case, radiologist: User, server_url: str
) -> None:
    with reader_at(server_url, radiologist) as desk:
        page = desk.page
        opened(page, case, mode="read", findings=0)
        for answers in ([True], [False], []):
            page.keyboard.press("Alt+1")
            _state(page, "saved")
            expect(page.get_by_test_id("image-label-lesion")).to_have_attribute(
                "data-answer", {True: "present", False: "absent", None: "unknown"}[answers[0] if answers else None]
            )
            assert [said for _, _, said in _answers(case)] == answers
        page.reload()
        expect(page.get_by_test_id("answered-count")).to_have_text("0 of 2 answered")
        page.get_by_test_id("tab-history").click()
        page.get_by_test_id("deleted-restore").click()
        _state(page, "saved")
        expect(page.get_by_test_id("deleted-finding")).to_have_count(0)
    assert _answers(case) == [("ann", "lesion", False)]


def test_a_case_is_given_back_and_what_was_said_in_it_counts_for_nobody(
    case: Case, radiologist: User, second: User, server_url: str
) -> None:
    with reader_at(server_url, radiologist) as desk:
        page = desk.page
        opened(page, case, mode="read", findings=0)
        page.get_by_test_id("case-claim").click()
        expect(page.get_by_test_id("claimed-note")).to_be_visible()
        page.keyboard.press("Alt+Shift+1")
        _state(page, "saved")
        page.get_by_test_id("case-release").click()
        expect(page.get_by_test_id("open-note")).to_be_visible()
    with reader_at(server_url, second) as desk:
        page = desk.page
        opened(page, case, mode="read", findings=0)
        page.keyboard.press("Alt+1")
        page.keyboard.press("Alt+2")
        _state(page, "saved")
        page.keyboard.press("Control+Enter")
        expect(page.get_by_test_id("workitem-state")).to_have_attribute("data-state", "submitted")
    case.workitem.refresh_from_db()
    assert case.workitem.reader == second
    status, rows = Api(second)("GET", f"{case.address}/findings")
    assert status == 200
    standing = [row["head"]["content"]["present"] for row in rows if not row["abandoned"]]
    assert standing == [True, True]


def test_an_admin_takes_a_case_over_and_frees_it_by_button(
    case: Case, radiologist: User, admin: User, server_url: str
) -> None:
    case.step(radiologist, "claim")
    Api(radiologist)("POST", f"{case.address}/findings", {"content": image_label("lesion")})
    with reader_at(server_url, admin) as desk:
        page = desk.page
        # What the reader has begun is nobody else's to see.
        opened(page, case, mode="read", findings=0)
        expect(page.get_by_test_id("taken-note")).to_contain_text("Ann is reading this case")
        page.get_by_test_id("case-take-over").click()
        expect(page.get_by_test_id("claimed-note")).to_be_visible()
        assert [(one.reader, one.state, one.ending) for one in case.workitem.readings.order_by("claimed_at")] == [
            (radiologist, "abandoned", "reassigned"),
            (admin, "claimed", ""),
        ]
        page.get_by_test_id("case-release").click()
        expect(page.get_by_test_id("open-note")).to_be_visible()
        assert case.now(admin)["state"] == "open"
        # Given to the reader again, and freed without taking it.
        case.step(radiologist, "claim")
        page.get_by_test_id("taken-note").get_by_test_id("case-release").click()
        expect(page.get_by_test_id("open-note")).to_be_visible()
    endings = case.workitem.readings.order_by("claimed_at").values_list("ending", flat=True)
    assert list(endings) == ["reassigned", "released", "released"]


def test_enter_opens_the_chosen_case_and_none_when_it_has_left_the_list(
    case: Case, project: Project, radiologist: User, second: User, server_url: str
) -> None:
    both = {str(case.workitem.pk), str(make_workitem(project).pk)}
    with reader_at(server_url, second) as desk:
        page = desk.page
        page.goto(f"{server_url}/worklist?project={project.slug}&state=open")
        rows, grid = page.get_by_test_id("worklist-row"), page.get_by_role("grid", name="Worklist")
        expect(rows).to_have_count(2)
        page.keyboard.press("ArrowDown")
        expect(grid).to_have_attribute("aria-activedescendant", re.compile("case-"))
        chosen = str(grid.get_attribute("aria-activedescendant")).removeprefix("case-")
        Case(Workitem.objects.get(pk=chosen), "").step(radiologist, "claim")
        expect(rows).to_have_count(1)
        page.keyboard.press("Enter")
        expect(grid).not_to_have_attribute("aria-activedescendant", re.compile("case-"))
        assert "/worklist" in page.url
        page.keyboard.press("ArrowDown")
        page.keyboard.press("Enter")
        (left,) = both - {chosen}
        page.wait_for_url(f"**/read/{left}**")


def test_words_typed_about_a_case_outlive_another_tab_and_a_reload(
    case: Case, radiologist: User, server_url: str
) -> None:
    with reader_at(server_url, radiologist) as desk:
        page = desk.page
        opened(page, case, mode="read", findings=0)
        page.get_by_test_id("tab-comments").click()
        page.get_by_test_id("case-comment").fill("The left base")
        page.get_by_test_id("tab-ai").click()
        page.get_by_test_id("tab-comments").click()
        expect(page.get_by_test_id("case-comment")).to_have_value("The left base")
        page.reload()
        page.get_by_test_id("tab-comments").click()
        expect(page.get_by_test_id("case-comment")).to_have_value("The left base")
        page.get_by_test_id("case-comment-send").click()
        expect(page.get_by_test_id("comment")).to_contain_text("The left base")
        # Words of a pin, typed on the image when the window went.
        page.keyboard.press("m")
        page.get_by_test_id("viewport-surface").first.click()
        page.get_by_test_id("comment-input").fill("This vessel?")
        page.wait_for_timeout(500)  # the browser writes it down
        page.reload()
        page.get_by_test_id("tab-comments").click()
        expect(page.get_by_test_id("case-comment")).to_have_value("")
        expect(page.get_by_test_id("viewport-left")).to_have_attribute("data-status", "ready")
        page.keyboard.press("m")
        page.get_by_test_id("viewport-surface").first.click()
        expect(page.get_by_test_id("comment-input")).to_have_value("This vessel?")
        page.get_by_test_id("comment-input").press("Enter")
        expect(page.get_by_test_id("comment")).to_have_count(2)
    status, comments = Api(radiologist)("GET", f"{case.address}/comments")
    assert status == 200
    assert [(one["text"], one["pin"] is None) for one in comments] == [("The left base", True), ("This vessel?", False)]
    assert {one["finding_id"] for one in comments} == {None}


def test_a_reopened_case_says_why_and_shows_nothing_as_decided(
    case: Case, radiologist: User, reviewer: User, admin: User, server_url: str
) -> None:
    case.step(radiologist, "claim")
    for key in ("lesion", "normal"):
        Api(radiologist)("POST", f"{case.address}/findings", {"content": image_label(key, present=False)})
    case.step(radiologist, "submit")
    case.step(reviewer, "decide", {"event": "accept"})
    case.step(admin, "reopen", {"reason": "The lateral view shows it."})
    with reader_at(server_url, reviewer) as desk:
        page = desk.page
        opened(page, case, mode="review", findings=2)
        expect(page.get_by_test_id("reopened-note")).to_contain_text("The lateral view shows it.")
        expect(page.locator('[data-testid="finding-row"]:not([data-decision=""])')).to_have_count(0)
        page.get_by_test_id("tab-history").click()
        kinds = page.get_by_test_id("case-step")
        expect(kinds.first).to_have_attribute("data-kind", "reopened")
        expect(kinds.first).to_contain_text("The lateral view shows it.")
        expect(page.locator('[data-testid="case-step"][data-kind="accepted"]')).to_contain_text("Rev")
        desk.picture("reopened")
