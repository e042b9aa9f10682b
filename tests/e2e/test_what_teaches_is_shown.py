"""What teaches, what may not test and who accepts by habit is told on the pages, in words."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from playwright.sync_api import expect

from annotations.models import Finding, Label, ReadingProtocol, Review, Revision
from core.jobs import run_waiting_jobs
from tests.e2e.bench import need_the_front_end, reader_at
from tests.factories.reading import image_label, make_label
from tests.factories.scenes import Scene

if TYPE_CHECKING:
    from core.models import Project, User

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture(autouse=True)
def _the_house(project: Project, settings: Any) -> None:
    settings.OVERREAD_SPLIT_KEY = "split-key-of-the-tests"
    need_the_front_end()
    make_label(project)
    ReadingProtocol.objects.create(project=project, required_labels=[])


def _nodded_at(scene: Scene) -> None:
    proposed = scene.proposes(image_label())
    scene.submits()
    scene.judges(proposed, "accepted")
    scene.signs()


def _nods(scene: Scene, count: int) -> None:
    """Let the reviewer accept many findings of a case, as stored rows."""
    label = Label.objects.get(key="nodule")
    for number in range(count):
        finding = Finding.objects.create(
            workitem=scene.workitem, kind="image_label", algorithm_type="AUTOMATIC", algorithm_version="1",
            algorithm_name="chest", proposal_key=f"pile {number}",
        )  # fmt: skip
        head = Revision.objects.create(
            finding=finding, number=1, label=label, digest=f"{number:064d}", cause="proposal",
            content={**image_label(), "geometry": None, "name": "", "text": "", "mask": None},
        )  # fmt: skip
        Finding.objects.filter(pk=finding.pk).update(head=head)
        Review.objects.create(finding=finding, revision=head, reviewer=scene.reviewer, decision="accepted")


def test_what_the_test_lacks_and_who_accepts_by_habit_is_told(
    project: Project, radiologist: User, reviewer: User, admin: User, server_url: str
) -> None:
    for split in ("test", "test", "train"):
        _nodded_at(Scene.begun(project, radiologist, reviewer, split=split))
    blind = Scene.begun(project, radiologist, reviewer, split="test")
    blind.answers(present=True)
    blind.submits().signs()
    with reader_at(server_url, admin) as desk:
        page = desk.page
        page.set_viewport_size({"width": 1366, "height": 768})
        page.goto(f"{server_url}/datasets?project={project.slug}")
        expect(page.get_by_test_id("request-running")).to_be_visible()
        run_waiting_jobs()
        preview = page.get_by_test_id("snapshot-preview")
        expect(preview).to_contain_text("Blind read 1")
        expect(preview).to_contain_text("Model’s finding accepted 1")
        expect(preview).to_contain_text("2 answers on test patients that are only a model’s, accepted (2 Nodule)")
        gap = page.get_by_test_id("test-gap")
        expect(gap.get_by_test_id("test-gap-nodule")).to_have_text(
            "Nodule: no model learns it yet, so no plan says how many patients a verdict needs. "
            "Of the test patients’ cases 2 were only nodded at."
        )
        gap.scroll_into_view_if_needed()
        desk.picture("datasets-test-gap")

        pile = Scene.begun(project, radiologist, reviewer)
        pile.submits()
        _nods(pile, 60)
        page.goto(f"{server_url}/admin/projects/{project.slug}")
        row = page.get_by_test_id("reviewer-row")
        expect(row).to_have_attribute("data-habit", "true")
        expect(row).to_contain_text("Accepts by habit. Accepted 63 of 63 model findings.")
        expect(row).to_contain_text("weighs 0.2 instead of 0.5")
        row.scroll_into_view_if_needed()
        desk.picture("project-reviewers")
    with reader_at(server_url, reviewer) as desk:
        page = desk.page
        page.set_viewport_size({"width": 1366, "height": 768})
        page.goto(f"{server_url}/account")
        expect(page.get_by_test_id("reviewing-panel")).to_contain_text("Accepts by habit.")
        page.get_by_test_id("reviewing-panel").scroll_into_view_if_needed()
        desk.picture("account-reviewing")


def test_the_reasons_of_a_rejection_are_chosen_by_number_and_the_history_says_who_read_blind(
    project: Project, radiologist: User, reviewer: User, server_url: str
) -> None:
    scene = Scene.begun(project, radiologist, reviewer)
    scene.answers(present=True)
    proposed = scene.proposes(image_label())
    scene.submits()
    with reader_at(server_url, reviewer) as desk:
        page = desk.page
        page.set_viewport_size({"width": 1366, "height": 768})
        page.goto(f"{server_url}/read/{scene.workitem.pk}")
        line = page.locator(f'[data-testid="finding-row"][data-finding="{proposed.pk}"]')
        line.click()
        page.keyboard.press("x")
        dialog = page.get_by_test_id("reject-dialog")
        expect(dialog.get_by_test_id("reject-right_for_wrong_reason")).to_contain_text("Right answer, wrong place")
        expect(dialog.get_by_test_id("reject-duplicate")).to_contain_text("It is there twice")
        # A plain answer has no place and no outline that could be wrong; the numbers of the others stay.
        for of_a_drawing in ("wrong_place", "wrong_extent"):
            expect(dialog.get_by_test_id(f"reject-{of_a_drawing}")).to_have_count(0)
        desk.picture("reject-reasons")
        # No reason has the focus: a hasty Enter rejects nothing.
        page.keyboard.press("Enter")
        expect(dialog).to_be_visible()
        page.keyboard.press("3")
        expect(dialog).to_be_visible()
        assert not proposed.reviews.exists()
        page.keyboard.press("7")
        expect(line).to_have_attribute("data-decision", "rejected")
        assert proposed.reviews.get().reason == "duplicate"
        page.keyboard.press("Escape")
        page.get_by_role("tab", name="History").click()
        expect(page.get_by_test_id("reading-blindness")).to_contain_text("Ann: no model’s opinion was on the screen")
        desk.picture("history-blind")
