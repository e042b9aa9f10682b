"""The acts of README's story at the reading page: a case is read, ten are reviewed, the rest is read again."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from playwright.sync_api import expect

from tests.e2e.story import SIGNED, TAUGHT, choose, narrowed, truth_of
from tests.e2e.told import README
from tests.e2e.walk import SYNTHETIC, asked, drag, findings_of, id_of, wait_for_image
from webapp.demo.second_look import about_proposal, known_of

if TYPE_CHECKING:
    from tests.e2e.story import Story


def reader_logs_in(story: Story) -> None:
    story.comes("demo-radiologist")
    # A reader lands on what there is to read.
    expect(story.desk.page).to_have_url(re.compile(r"state=open"))


def first_open_case_is_taken(story: Story) -> None:
    choose(story, "Synthetic chest radiographs")
    narrowed(story, "open")
    story.picture("1-worklist")
    story.desk.page.get_by_test_id("worklist-row").first.click()
    wait_for_image(story.desk)
    story.read = id_of(story.desk)
    expect(story.desk.page.get_by_test_id("model-findings")).to_contain_text("after your own reading")


def the_question_is_asked(story: Story) -> None:
    """The label that the key answers is the one the project asks for."""
    expect(story.desk.page.get_by_test_id(f"image-label-{TAUGHT}")).to_have_attribute("data-answer", "unknown")
    assert asked(story.desk, f"workitems/{story.read}")["answers"]["missing"] == [TAUGHT]


def keys_answer_and_draw(story: Story) -> None:
    page = story.desk.page
    chip = page.get_by_test_id(f"image-label-{TAUGHT}")
    rows = page.get_by_test_id("finding-row")
    page.keyboard.press("Alt+1")
    expect(chip).to_have_attribute("data-answer", "present")
    page.keyboard.press("r")
    drag(story.desk, (0.35, 0.4), (0.45, 0.55))
    expect(rows).to_have_count(2)
    page.keyboard.press("Control+z")
    expect(rows).to_have_count(1)
    page.keyboard.press("Control+Shift+z")
    expect(rows).to_have_count(2)
    if not truth_of(story, story.read).truth:
        page.keyboard.press("Delete")
        expect(rows).to_have_count(1)
        page.keyboard.press("Alt+1")
        expect(chip).to_have_attribute("data-answer", "absent")
    expect(page.get_by_test_id("save-state")).to_have_attribute("data-state", "saved")
    story.picture("2-annotated")


def reading_is_submitted(story: Story) -> None:
    page = story.desk.page
    page.keyboard.press("Control+Enter")
    expect(page.get_by_test_id("workitem-state")).to_have_attribute("data-state", "submitted")
    truth = truth_of(story, story.read).truth
    stored = {row["kind"]: row["head"] for row in findings_of(story.desk, story.read, by_model=False)}
    assert stored["image_label"]["content"]["present"] is truth
    assert ("rectangle" in stored) is truth
    if truth:
        # Drawn, undone and drawn again: one finding, with its four corners.
        assert len(stored["rectangle"]["content"]["geometry"]["points"]) == 4
    assert asked(story.desk, f"workitems/{story.read}")["submitted_at"] is not None


def model_answers_with_its_reasons(story: Story) -> None:
    page = story.desk.page
    expect(page.get_by_test_id("model-findings")).not_to_contain_text("after your own reading")
    (answer,) = asked(story.desk, f"workitems/{story.read}")["ai_answers"]
    said = findings_of(story.desk, story.read, by_model=True)
    assert answer["state"] == ("found" if said else "nothing_found")
    expect(page.locator('[data-testid="finding-row"][data-model="true"]')).to_have_count(len(said))
    if not said:
        expect(page.get_by_test_id("model-findings")).to_contain_text("found nothing")
    (prediction,) = asked(story.desk, f"workitems/{story.read}/predictions")
    (maps,) = prediction["label_maps"]
    page.keyboard.press("s")
    if maps["offered"]:
        # The first map of a fresh worker waits until torch is loaded.
        expect(page.get_by_test_id("layer-pixels").first).to_have_attribute("data-saliency", "true")
        expect(page.get_by_test_id("saliency-legend")).to_contain_text("consolidation v1")
        expect(page.get_by_test_id("saliency-grade")).to_have_text(maps["offered"][0]["grade"])
    else:
        expect(page.get_by_test_id("saliency-status")).to_have_text(maps["sentence"])
    story.picture("3-model-answer")


def reviewer_logs_in(story: Story) -> None:
    story.comes("demo-reviewer", width=1366, height=768)
    # A reviewer lands on what there is to review.
    expect(story.desk.page).to_have_url(re.compile(r"state=submitted"))


def most_doubtful_case_comes_first(story: Story) -> None:
    choose(story, "Synthetic chest radiographs")
    narrowed(story, "submitted")
    rows = story.rows(state="submitted")
    priorities = [row["priority"] for row in rows]
    assert priorities == sorted(priorities, reverse=True)
    assert priorities[0] > priorities[-1]
    asked_again = [row for row in rows if row["priority"] > 0]
    assert {row["reader"]["display_name"] for row in asked_again} == {"Ravi Second"}
    assert asked(story.desk, f"workitems/{rows[0]['id']}")["reopened"]["reason"].startswith("An audit found")
    story.picture("4-suspects")
    story.desk.page.get_by_test_id("worklist-row").first.click()
    wait_for_image(story.desk)
    story.reviewed.append(id_of(story.desk))
    assert story.reviewed == [rows[0]["id"]]


def a_key_selects_a_finding(story: Story) -> None:
    page = story.desk.page
    page.get_by_test_id("finding-row").first.wait_for()
    page.keyboard.press("j")
    expect(page.locator('[data-testid="finding-row"][data-selected="true"]')).to_have_count(1)


def _select(story: Story, finding: str) -> None:
    """Press J until this finding is the selected one."""
    page = story.desk.page
    chosen = page.locator('[data-testid="finding-row"][data-selected="true"]')
    for _ in range(page.get_by_test_id("finding-row").count() + 1):
        if chosen.count() and chosen.get_attribute("data-finding") == finding:
            return
        before = chosen.get_attribute("data-finding") if chosen.count() else ""
        page.keyboard.press("j")
        expect(page.locator(f'[data-selected="true"]:not([data-finding="{before}"])')).to_have_count(1)
    raise AssertionError(f"J never reached {finding}")


def _wait_for_decision(story: Story, finding: str, decision: str) -> None:
    line = story.desk.page.locator(f'[data-testid="finding-row"][data-finding="{finding}"]')
    expect(line).to_have_attribute("data-decision", decision)


def _undecided(story: Story, case: str, *, by_model: bool) -> list[dict[str, Any]]:
    rows = findings_of(story.desk, case, by_model=by_model)
    return [row for row in rows if row["decision"] is None and not row["superseded_at"]]


def model_is_judged(story: Story) -> None:
    page, case = story.desk.page, story.reviewed[-1]
    page.keyboard.press("s")
    truth = truth_of(story, case)
    for row in _undecided(story, case, by_model=True):
        said = about_proposal(row["head"]["content"], known_of(truth))
        _select(story, row["id"])
        if said["decision"] == "accepted":
            page.keyboard.press("a")
        else:
            page.keyboard.press("x")
            page.get_by_test_id("reject-dialog").wait_for()
            page.keyboard.press({"not_present": "1", "wrong_place": "3"}[said["reason"]])
        _wait_for_decision(story, row["id"], said["decision"])
        stored = next(one for one in findings_of(story.desk, case, by_model=True) if one["id"] == row["id"])
        assert stored["decision"]["decision"] == said["decision"]
        assert stored["decision"]["reason"] == said.get("reason", "")
        assert stored["decision"]["reviewer"]["display_name"] == "Vera Reviewer"


def reader_is_judged(story: Story) -> None:
    page, case = story.desk.page, story.reviewed[-1]
    truth = truth_of(story, case).truth
    (row,) = [one for one in _undecided(story, case, by_model=False) if one["kind"] == "image_label"]
    said = row["head"]["content"]["present"]
    _select(story, row["id"])
    if said is truth:
        page.keyboard.press("a")
    else:
        page.keyboard.press("c")
        page.keyboard.press("Alt+1")
        page.keyboard.press("Enter")
    decision = "accepted" if said is truth else "corrected"
    _wait_for_decision(story, row["id"], decision)
    stored = next(one for one in findings_of(story.desk, case, by_model=False) if one["id"] == row["id"])
    assert stored["head"]["content"]["present"] is truth
    assert stored["head"]["cause"] == ("correction" if decision == "corrected" else row["head"]["cause"])


def signed_off_and_on_to_the_next(story: Story) -> None:
    page, case = story.desk.page, story.reviewed[-1]
    page.keyboard.press("Control+Enter")
    expect(page.get_by_test_id("workitem-state")).to_have_attribute("data-state", re.compile("|".join(SIGNED)))
    expect(page.get_by_test_id("locked-note")).to_be_visible()
    (answer,) = [one for one in findings_of(story.desk, case, by_model=False) if one["kind"] == "image_label"]
    signed = asked(story.desk, f"workitems/{case}")
    assert signed["state"] == ("corrected" if answer["head"]["cause"] == "correction" else "accepted")
    if len(story.reviewed) == 1:
        story.picture("5-signed-off")
    page.keyboard.press("n")
    page.wait_for_url(lambda url: f"/read/{case}" not in url)
    wait_for_image(story.desk)
    story.reviewed.append(id_of(story.desk))


def ten_are_done(story: Story) -> None:
    while len(story.reviewed) <= 10:
        story.desk.page.get_by_test_id("finding-row").first.wait_for()
        model_is_judged(story)
        reader_is_judged(story)
        signed_off_and_on_to_the_next(story)
    done = story.reviewed[:10]
    assert len(set(done)) == 10
    assert {asked(story.desk, f"workitems/{case}")["state"] for case in done} <= set(SIGNED)


def unreviewed_work_is_left(story: Story) -> None:
    """One more is sent back with a coded reason; it and what nobody reviewed wait outside, as the freezing shows."""
    page, case = story.desk.page, story.reviewed.pop()
    page.keyboard.press("Shift+x")
    page.get_by_test_id("decide-remark").fill("Please look at the left base again.")
    page.get_by_test_id("decide-confirm").click()
    expect(page.get_by_test_id("workitem-state")).to_have_attribute("data-state", "rejected")
    assert "Please look at the left base again." in [
        one["text"] for one in asked(story.desk, f"workitems/{case}/comments")
    ]
    # Back is back to the list as it was left.
    page.keyboard.press("Control+ArrowLeft")
    expect(page.get_by_test_id("state-card-submitted")).to_have_attribute("aria-pressed", "true")
    assert f"project={SYNTHETIC}" in page.url
    assert story.count("submitted") > 6


def patience_ends(story: Story) -> None:
    makefile = (README.parent / "Makefile").read_text()
    assert re.search(r"^demo-second-reading:.*\n\t.*manage\.py demo --second-reading$", makefile, re.MULTILINE)


def second_reading_reads_the_rest(story: Story) -> None:
    left = [row["id"] for row in story.rows(state="submitted") if row["priority"] > 0]
    environment = {name: value for name, value in os.environ.items() if not name.startswith("OVERREAD_")}
    environment |= {"OVERREAD_DATA_DIR": os.environ["OVERREAD_E2E_FOLDER"], "OVERREAD_MODE": "demo"}
    environment["DATABASE_URL"] = os.environ["OVERREAD_E2E_DATABASE_URL"]
    command = [sys.executable, "manage.py", "demo", "--second-reading"]
    subprocess.run(command, cwd=Path(README).parent, env=environment, check=True)
    assert not [row for row in story.rows(state="submitted") if row["priority"] > 0]
    for case in (left[0], left[-1]):
        signed = asked(story.desk, f"workitems/{case}")
        assert signed["state"] in SIGNED
        assert signed["reviewer"]["display_name"] == "Vera Reviewer"
        (answer,) = [one for one in findings_of(story.desk, case, by_model=False) if one["kind"] == "image_label"]
        assert answer["head"]["content"]["present"] is truth_of(story, case).truth
        assert {one["reviewer"]["display_name"] for one in answer["reviews"][-1:]} == {"Vera Reviewer"}
