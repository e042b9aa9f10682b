"""The whole story in the browser, with three people, against real worker processes; screenshots are kept."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from tests.browser import Desk, sat_down
from tests.e2e.walk import SYNTHETIC, asked, drag, findings_of, log_in, open_case, wait_for_image, worklist

if TYPE_CHECKING:
    from playwright.sync_api import Browser

pytestmark = [pytest.mark.e2e, pytest.mark.browser]
ROOT = Path(__file__).resolve().parent.parent.parent
CORRECTED = "consolidation"
#: The findings column of a case in which the model's findings wait for a decision: own / model's, then how many wait.
WITH_PROPOSALS = re.compile(r"\d+ / [1-9]\d*\s*\d+ open")


def _backend() -> str:
    return "postgres" if os.environ.get("OVERREAD_E2E_DATABASE_URL") else "sqlite"


def _picture(desk: Desk, name: str) -> None:
    desk.picture(f"{_backend()}-{name}")


def _read_a_case(desk: Desk) -> None:
    """A radiologist answers, draws, undoes, submits; only then the model's answer appears."""
    page = desk.page
    log_in(desk, "demo-radiologist", "read-images-first")
    worklist(desk, "open")
    _picture(desk, "1-worklist")
    case = open_case(desk)
    expect(page.get_by_test_id("model-findings")).to_contain_text("after you submit")
    page.keyboard.press("Alt+1")
    expect(page.get_by_test_id("finding-row")).to_have_count(1)
    page.keyboard.press("r")
    drag(desk, (0.35, 0.4), (0.45, 0.55))
    expect(page.get_by_test_id("finding-row")).to_have_count(2)
    page.keyboard.press("Control+z")
    expect(page.get_by_test_id("finding-row")).to_have_count(1)
    page.keyboard.press("Control+Shift+z")
    expect(page.get_by_test_id("finding-row")).to_have_count(2)
    expect(page.get_by_test_id("save-state")).to_have_attribute("data-state", "saved")
    _picture(desk, "2-annotated")
    page.reload()
    wait_for_image(desk)
    expect(page.get_by_test_id("finding-row")).to_have_count(2)
    page.keyboard.press("Control+Enter")
    expect(page.get_by_test_id("workitem-state")).to_have_attribute("data-state", "submitted")
    expect(page.get_by_test_id("model-findings")).not_to_contain_text("after you submit")
    stored = {row["kind"]: row["head"] for row in findings_of(desk, case, by_model=False)}
    assert stored["image_label"]["content"]["present"] is True
    # Drawn, undone and drawn again: one finding, whose corners are where the mouse was.
    assert len(stored["rectangle"]["content"]["geometry"]["points"]) == 4
    assert asked(desk, f"workitems/{case}")["submitted_at"] is not None


def _review_a_suspect(desk: Desk) -> str:
    """A reviewer looks at the reasons, corrects the reader, judges the model, signs off; returns the case."""
    page = desk.page
    log_in(desk, "demo-reviewer", "check-every-finding")
    worklist(desk, "submitted", ordering="-ai_score")
    case = open_case(desk, holding=WITH_PROPOSALS)
    human = page.locator(f'[data-kind="image_label"][data-label="{CORRECTED}"][data-model="false"]')
    model = page.locator('[data-testid="finding-row"][data-model="true"]')
    model.first.wait_for()
    page.keyboard.press("s")
    # The first map of a fresh worker waits until torch is loaded.
    expect(page.get_by_test_id("layer-pixels").first).to_have_attribute("data-saliency", "true")
    expect(page.get_by_test_id("saliency-legend")).to_contain_text("consolidation v1")
    _picture(desk, "3-review-with-saliency")
    page.keyboard.press("s")
    answers = [row for row in findings_of(desk, case, by_model=False) if row["kind"] == "image_label"]
    (said,) = [row for row in answers if row["head"]["label_key"] == CORRECTED]
    human.click()
    page.keyboard.press("c")
    page.keyboard.press("Alt+1")
    page.keyboard.press("Enter")
    expect(human).to_have_attribute("data-decision", "corrected")
    (corrected,) = [row for row in findings_of(desk, case, by_model=False) if row["id"] == said["id"]]
    assert corrected["head"]["cause"] == "correction"
    assert corrected["head"]["content"]["present"] is not said["head"]["content"]["present"]
    # What the reviewer says now is what the model's findings are judged by.
    right = corrected["head"]["content"]["present"]
    for number in range(model.count()):
        model.nth(number).click()
        page.keyboard.press("a" if right else "x")
        if not right:
            page.get_by_test_id("reject-not_present").click()
        expect(model.nth(number)).to_have_attribute("data-decision", "accepted" if right else "rejected")
    page.keyboard.press("Control+Enter")
    expect(page.get_by_test_id("workitem-state")).to_have_attribute("data-state", "corrected")
    expect(page.get_by_test_id("locked-note")).to_be_visible()
    judged = [row["decision"]["decision"] for row in findings_of(desk, case, by_model=True)]
    assert set(judged) == {"accepted" if right else "rejected"}
    (signed,) = [row for row in findings_of(desk, case, by_model=False) if row["id"] == said["id"]]
    assert signed["head"]["digest"] == corrected["head"]["digest"]
    _picture(desk, "4-signed-off")
    return case


def _reject_and_send_back(desk: Desk) -> None:
    """A finding is rejected with a coded reason, the work goes back with a comment."""
    page = desk.page
    worklist(desk, "submitted")
    case = open_case(desk)
    page.get_by_test_id("finding-row").first.click()
    page.keyboard.press("x")
    page.get_by_test_id("reject-wrong_label").click()
    page.get_by_test_id("case-reject").click()
    page.get_by_test_id("decide-remark").fill("Please look at the left base again.")
    page.get_by_test_id("decide-confirm").click()
    expect(page.get_by_test_id("workitem-state")).to_have_attribute("data-state", "rejected")
    reviews = [one for row in asked(desk, f"workitems/{case}/findings") for one in row["reviews"]]
    assert [(one["decision"], one["reason"]) for one in reviews[-1:]] == [("rejected", "wrong_label")]
    said = [comment["text"] for comment in asked(desk, f"workitems/{case}/comments")]
    assert "Please look at the left base again." in said


def _second_reading() -> None:
    """The patient part: the rest of the suspects, through the same services, as the same reviewer."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("OVERREAD_")}
    environment |= {"OVERREAD_DATA_DIR": os.environ["OVERREAD_E2E_FOLDER"], "OVERREAD_MODE": "demo"}
    environment["DATABASE_URL"] = os.environ["OVERREAD_E2E_DATABASE_URL"]
    subprocess.run([sys.executable, "manage.py", "demo", "--second-reading"], cwd=ROOT, env=environment, check=True)


def _freeze_and_train(desk: Desk) -> None:
    """An admin freezes what is signed off and watches the training to its end."""
    page = desk.page
    log_in(desk, "demo-admin", "keep-the-house-safe")
    page.goto(f"{desk.url}/datasets?project={SYNTHETIC}")
    page.get_by_test_id("freeze-name").fill("After the second reading")
    nodule = page.get_by_label(re.compile("nodule", re.IGNORECASE))
    if nodule.count() and nodule.first.is_checked():
        nodule.first.uncheck()
    expect(page.get_by_test_id("freeze-submit")).to_be_enabled()
    _picture(desk, "5-datasets")
    page.get_by_test_id("freeze-submit").click()
    page.get_by_test_id("snapshot-detail").wait_for()
    newest = asked(desk, f"projects/{SYNTHETIC}/snapshots")[0]
    assert newest["name"] == "After the second reading"
    # What the reviewer corrected is taught as agreed between two people, not as the reader's first word.
    assert newest["counts"]["provenance"]["consensus"] >= 1
    page.goto(f"{desk.url}/models?project={SYNTHETIC}")
    page.get_by_test_id("family-consolidation").get_by_role("link").first.click()
    page.get_by_test_id("train-open").click()
    page.get_by_test_id("train-estimate").wait_for()
    page.get_by_test_id("train-reason").fill("The second reader's cases were read again.")
    _picture(desk, "6-train-dialog")
    page.get_by_test_id("train-start").click()
    page.get_by_test_id("training-curves").wait_for()
    _picture(desk, "7-training")
    page.get_by_test_id("training-report").wait_for()


def _live(desk: Desk) -> int:
    """Return the number of the version that serves consolidation now."""
    models = asked(desk, f"models?project={SYNTHETIC}")
    (family,) = [one for one in models if one["slug"] == "consolidation"]
    return int(family["live"]["number"])


def _compare_promote_and_roll_back(desk: Desk) -> None:
    """The report says the new model is better and why; it is promoted, and taken back again."""
    page = desk.page
    page.get_by_test_id("training-report").click()
    page.get_by_test_id("report-page").wait_for()
    verdict = page.get_by_test_id("gate-verdict")
    expect(verdict).to_have_attribute("data-passed", "true")
    page.get_by_test_id("roc-plot").first.wait_for()
    _picture(desk, "8-report")
    page.get_by_test_id("promote").click()
    page.get_by_test_id("reason").fill("Better on the locked test cases; nothing got worse.")
    page.get_by_test_id("reason-confirm").click()
    page.goto(f"{desk.url}/models?project={SYNTHETIC}")
    page.get_by_test_id("family-consolidation").get_by_role("link").first.click()
    expect(page.get_by_test_id("version-2")).to_contain_text(re.compile("live", re.IGNORECASE))
    assert _live(desk) == 2
    page.get_by_test_id("roll-back").click()
    page.get_by_test_id("reason").fill("Showing that the way back is one click.")
    page.get_by_test_id("reason-confirm").click()
    expect(page.get_by_test_id("version-1")).to_contain_text(re.compile("live", re.IGNORECASE))
    assert _live(desk) == 1
    expect(page.get_by_test_id("promotion-row")).to_have_count(3)
    _picture(desk, "9-rolled-back")


def _look_back(desk: Desk, case: str) -> None:
    """Old findings keep the version that made them; the audit trail is whole."""
    page = desk.page
    page.goto(f"{desk.url}/read/{case}")
    wait_for_image(desk)
    page.locator('[data-testid="finding-row"][data-model="true"]').first.click()
    expect(page.get_by_test_id("finding-version").first).to_contain_text("v1")
    page.goto(f"{desk.url}/admin/audit")
    page.get_by_test_id("audit-row").first.wait_for()
    page.get_by_test_id("audit-verify").click()
    expect(page.get_by_test_id("audit-verdict")).to_have_attribute("data-intact", "true")
    _picture(desk, "10-audit")


def test_three_people_live_the_whole_story(house: str, chromium: Browser) -> None:
    with sat_down(chromium, house) as radiologist:
        _read_a_case(radiologist)
    with sat_down(chromium, house, width=1366, height=768) as reviewer:
        case = _review_a_suspect(reviewer)
        _reject_and_send_back(reviewer)
    _second_reading()
    with sat_down(chromium, house) as admin:
        _freeze_and_train(admin)
        _compare_promote_and_roll_back(admin)
        _look_back(admin, case)
