"""A review by keys, decision by decision: from the screen to the revision, the review, the dataset and its words."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from playwright.sync_api import expect

from annotations.models import Finding, Review, Workitem
from annotations.services.revisions import Proposal, proposals_record
from core.jobs import run_waiting_jobs
from tests.e2e.bench import reader_at
from tests.e2e.cases import Case, a_case, opened, taught
from tests.e2e.walk import drag
from tests.factories.api import Api
from tests.factories.reading import box, image_label

if TYPE_CHECKING:
    from pathlib import Path

    from playwright.sync_api import Page

    from core.models import Project, User

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def _said(case: Case, reader: User, *contents: dict[str, Any]) -> None:
    """Let a reader claim the case, say this, and hand it in."""
    case.step(reader, "claim")
    for content in contents:
        status, shown = Api(reader)("POST", f"{case.address}/findings", {"content": content})
        assert status == 201, shown
    case.step(reader, "submit", {"reading_seconds": 5})


def _proposed(case: Case, key: str, kind: str, content: dict[str, Any]) -> Finding:
    proposal = Proposal(kind, key, content, 0.9, "chest", "1", f"{kind} {key}", threshold=0.5)
    return proposals_record(workitem=case.workitem, proposals=[proposal], ai_score=0.9)[0]


def _decided(page: Page, finding: Finding, decision: str) -> Review:
    """Wait until the page shows the decision, and return the stored one."""
    line = page.locator(f'[data-testid="finding-row"][data-finding="{finding.pk}"]')
    expect(line).to_have_attribute("data-decision", decision)
    finding.refresh_from_db()
    return finding.reviews.order_by("-created_at", "-id")[0]


def _selected(page: Page, finding: Finding) -> None:
    expect(page.locator(f'[data-finding="{finding.pk}"][data-selected="true"]')).to_have_count(1)


def test_each_key_of_a_review_is_stored_taught_and_told_as_what_it_means(
    project: Project, radiologist: User, reviewer: User, admin: User, server_url: str, tmp_path: Path
) -> None:
    case = a_case(project, admin, server_url, tmp_path)
    own_box, other_box = box(case.workitem, 2, 2, 8, 8, label_key="lesion"), box(case.workitem, 11, 11, 17, 17)
    _said(case, radiologist, image_label("lesion"), image_label("normal", present=True), own_box)
    drawn = Finding.objects.get(workitem=case.workitem, kind="rectangle")
    normal = case.said("normal")
    proposed = _proposed(case, "lesion", "rectangle", {**other_box, "label_key": "lesion"})
    with reader_at(server_url, reviewer) as desk:
        page = desk.page
        page.set_viewport_size({"width": 1366, "height": 768})
        opened(page, case, mode="review", findings=4)

        # What reader and model do not say alike has its own place, and waits.
        place = page.get_by_test_id("disagreements")
        expect(place).to_have_attribute("data-open", "1")
        one = page.get_by_test_id("disagreement")
        expect(one).to_have_attribute("data-verdict", "drawn_apart")
        expect(one).to_contain_text("Both say present, but at different places.")
        expect(one.locator('[data-side="reader"]')).to_contain_text("Reader: present, ")
        expect(one.locator('[data-side="model"]')).to_contain_text("Model: present, ")
        desk.picture("disagreement")
        for finding in (drawn, proposed, drawn):
            page.keyboard.press("Shift+J")
            _selected(page, finding)
        # On a small screen too its line is in sight above its form, and the head of the labels is one line.
        line, form, count = (
            page.locator(one).bounding_box()
            for one in (
                f'[data-finding="{drawn.pk}"]',
                '[data-testid="finding-detail"]',
                '[data-testid="answered-count"]',
            )
        )
        assert line is not None
        assert form is not None
        assert count is not None
        assert line["y"] + line["height"] <= form["y"] + 1
        assert form["y"] + form["height"] <= 768
        assert count["height"] < 24
        page.keyboard.press("Control+Enter")
        expect(page.get_by_test_id("notice")).to_contain_text("2 findings wait for a decision")
        assert case.now(reviewer)["state"] == "submitted"

        # Accept the reader's, then reject the model's, which comes by itself.
        page.keyboard.press("a")
        accepted = _decided(page, drawn, "accepted")
        assert (accepted.reviewer, accepted.revision, accepted.at_sign_off) == (reviewer, drawn.head, False)
        _selected(page, proposed)
        page.keyboard.press("x")
        page.keyboard.press("3")
        assert _decided(page, proposed, "rejected").reason == "wrong_place"
        expect(place).to_have_attribute("data-open", "0")
        expect(page.get_by_test_id("disagreement")).to_have_count(0)

        asked: list[int] = []
        page.on("response", lambda answer: asked.append(answer.status) if answer.url.endswith("/decide") else None)
        # Correct another answer.
        for _ in range(4):
            if page.locator(f'[data-finding="{normal.pk}"][data-selected="true"]').count():
                break
            page.keyboard.press("j")
        _selected(page, normal)
        page.keyboard.press("c")
        page.keyboard.press("Alt+2")
        page.keyboard.press("Enter")
        corrected = _decided(page, normal, "corrected")
        assert corrected.corrected_revision == normal.head
        assert corrected.difference["present"] == {"from": True, "to": False}
        page.keyboard.press("Control+Enter")
        expect(page.get_by_test_id("workitem-state")).to_have_attribute("data-state", "corrected")
        assert asked == [200], "the page knows that it is signed off as corrected"

    (row,), counts = taught(project, admin)
    assert row["labels"] == {"lesion": 1, "normal": 0}
    assert row["label_provenance"] == {"lesion": "adjudicated", "normal": "human_rejected"}
    # The accepted drawing teaches where; the rejected one does not.
    assert drawn.head is not None
    assert [region["revision_digest"] for region in row["regions"]] == [drawn.head.digest]
    assert [counts["labels"][key]["positive"] for key in ("lesion", "normal")] == [1, 0]
    with reader_at(server_url, admin) as desk:
        page = desk.page
        page.goto(f"{server_url}/datasets?project={project.slug}")
        expect(page.get_by_test_id("request-running")).to_be_visible()
        run_waiting_jobs()
        preview = page.get_by_test_id("snapshot-preview")
        expect(preview).to_contain_text("How the answers came about (images): Reader’s finding refuted 1")
        lines = preview.get_by_role("row")
        expect(lines.filter(has_text="Lesion").get_by_role("cell").last).to_contain_text("1 of 1 (100 %)")
        expect(lines.filter(has_text="Normal").get_by_role("cell").last).to_contain_text("0 of 1 (0 %)")


def test_what_the_reader_missed_is_drawn_by_the_reviewer_signed_and_taught(
    project: Project, radiologist: User, reviewer: User, admin: User, server_url: str, tmp_path: Path
) -> None:
    case = a_case(project, admin, server_url, tmp_path)
    _said(case, radiologist, image_label("lesion", present=False), image_label("normal", present=False))
    answer = case.said("lesion")
    with reader_at(server_url, reviewer) as desk:
        page = desk.page
        opened(page, case, mode="review", findings=2)
        page.get_by_test_id("draw-label-lesion").click()
        page.get_by_test_id("tool-rectangle").click()
        drag(desk, (0.4, 0.4), (0.6, 0.6))
        expect(page.get_by_test_id("finding-row")).to_have_count(3)
        expect(page.get_by_test_id("save-state")).to_have_attribute("data-state", "saved")
        # What was drawn is a decision itself; the reader's "absent" is not signed beside it.
        expect(page.get_by_text("1 to decide")).to_be_visible()
        page.get_by_test_id("case-sign-off").click()
        denied = page.get_by_role("button", name="Image label: Lesion")
        expect(denied).to_have_attribute("aria-pressed", "true")
        assert Workitem.objects.get(pk=case.workitem.pk).state == "submitted"
        page.get_by_test_id("image-label-lesion").click()
        page.get_by_test_id("review-save-correction").click()
        assert _decided(page, answer, "corrected").reviewer == reviewer
        page.get_by_test_id("case-sign-off").click()
        expect(page.get_by_test_id("workitem-state")).to_have_attribute("data-state", "corrected")
        desk.picture("added-in-review")
    added = Finding.objects.select_related("head").get(workitem=case.workitem, kind="rectangle")
    assert added.head is not None
    assert (added.author, added.reading, added.head.author) == (reviewer, None, reviewer)
    assert added.head.content["label_key"] == "lesion"
    (row,), _ = taught(project, admin)
    assert row["labels"] == {"lesion": 1, "normal": 0}
    (region,) = row["regions"]
    assert region["revision_digest"] == added.head.digest
    columns, rows = zip(*region["points_px"], strict=True)
    # The image has 20 × 20 pixels, and the hand drew around its middle.
    assert min(rows) == pytest.approx(7.5, abs=0.4)
    assert max(rows) == pytest.approx(11.5, abs=0.4)
    assert (min(columns) + max(columns)) / 2 == pytest.approx(9.5, abs=0.4)
