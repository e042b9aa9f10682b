"""The acts of README's story at the models: freeze, train, compare, promote, roll back, look into the audit."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from playwright.sync_api import expect

from tests.e2e.story import TAUGHT, choose
from tests.e2e.walk import SYNTHETIC, asked, findings_of, wait_for_image
from tests.patience import eventually

if TYPE_CHECKING:
    from tests.e2e.story import Story


def admin_logs_in(story: Story) -> None:
    story.comes("demo-admin")


def signed_off_work_is_frozen(story: Story) -> None:
    page = story.desk.page
    page.get_by_role("link", name="Datasets").click()
    choose(story, "Synthetic chest radiographs")
    page.get_by_test_id("freeze-name").fill("After the second reading")
    expect(page.get_by_test_id("freeze-submit")).to_be_enabled()
    story.picture("6-datasets")
    page.get_by_test_id("freeze-submit").click()
    page.get_by_test_id("snapshot-detail").wait_for()
    story.snapshot = asked(story.desk, f"projects/{SYNTHETIC}/snapshots")[0]
    assert story.snapshot["name"] == "After the second reading"
    # What nobody signed off is not in it, and each of the ten is: counted another way.
    assert story.snapshot["counts"]["cases"] == story.count("accepted") + story.count("corrected")
    # What the reviewer corrected is taught as the reviewer's decision, not as the reader's first word.
    provenance = story.snapshot["counts"]["provenance"]
    assert provenance.get("adjudicated", 0) + provenance.get("human_rejected", 0) >= 1


def model_is_trained_on_it(story: Story) -> None:
    page = story.desk.page
    page.get_by_role("link", name="Models").click()
    page.get_by_test_id("family-consolidation").get_by_role("link").first.click()
    page.get_by_test_id("train-open").click()
    page.get_by_test_id("train-estimate").wait_for()
    page.get_by_test_id("train-reason").fill("The second reader's cases were read again.")
    story.picture("7-train-dialog")
    page.get_by_test_id("train-start").click()
    page.get_by_test_id("training-curves").wait_for()
    story.picture("8-training")
    page.get_by_test_id("training-report").wait_for()
    run = asked(story.desk, f"training/{page.url.rsplit('/', 1)[1].split('?')[0]}")
    assert run["snapshot"]["id"] == story.snapshot["id"]


def the_report_comes(story: Story) -> None:
    expect(story.desk.page.get_by_test_id("training-report")).to_have_text("Look at the report")
    story.desk.page.get_by_test_id("training-report").click()


def _reports(story: Story) -> dict[int, dict[str, Any]]:
    """Return the stored reports of the family's versions."""
    (family,) = [one for one in asked(story.desk, f"models?project={SYNTHETIC}") if one["slug"] == "consolidation"]
    return {one["number"]: asked(story.desk, f"reports/{one['report_id']}") for one in family["versions"]}


def the_report_compares(story: Story) -> None:
    page = story.desk.page
    page.get_by_test_id("report-page").wait_for()
    expect(page.get_by_test_id("gate-verdict")).to_have_attribute("data-verdict", "passed")
    for shown in ("roc-plot", "calibration-plot", "subgroup-table", "gate-criterion"):
        page.get_by_test_id(shown).first.wait_for()
    stored = _reports(story)
    old, new = (stored[number]["report"]["labels"][TAUGHT] for number in (1, 2))
    line = page.get_by_test_id(f"figure-{TAUGHT}-auc")
    for report in (old, new):
        expect(line).to_contain_text(f"{report['auc']['value']:.3f}")
        assert len(report["auc"]["interval"]) == 2
    assert new["auc"]["value"] > old["auc"]["value"]
    # What README says of the first model: nearly half of its answers are wrong.
    right = {name: report["accuracy"]["value"] for name, report in (("first", old), ("second", new))}
    assert 0.35 < right["first"] < 0.7, right
    assert right["second"] > right["first"], right
    story.picture("9-report")


def _live(story: Story) -> int:
    models = asked(story.desk, f"models?project={SYNTHETIC}")
    return int(next(one for one in models if one["slug"] == "consolidation")["live"]["number"])


def it_is_promoted(story: Story) -> None:
    page = story.desk.page
    page.get_by_test_id("promote").click()
    page.get_by_test_id("reason").fill("Better on the locked test cases; nothing got worse.")
    page.get_by_test_id("reason-confirm").click()
    assert eventually(lambda: _live(story) == 2)


def new_findings_say_so(story: Story) -> None:
    """What was submitted with the old version's findings holds the new one's, and asks only for theirs."""
    page = story.desk.page

    def told_anew() -> str:
        for row in story.rows(state="submitted"):
            if any(one["proposed_by"]["number"] == 2 for one in findings_of(story.desk, row["id"], by_model=True)):
                return str(row["id"])
        return ""

    case = eventually(told_anew)
    assert case, "no case that is not signed off has a finding of the new version"

    def old_ones_wait() -> list[dict[str, Any]]:
        found = [
            one for row in story.rows(state="submitted") for one in findings_of(story.desk, row["id"], by_model=True)
        ]
        return [one for one in found if one["proposed_by"]["number"] == 1 and one["must_be_decided"]]

    assert eventually(lambda: not old_ones_wait())
    page.goto(f"{story.url}/read/{case}")
    wait_for_image(story.desk)
    new = next(one for one in findings_of(story.desk, case, by_model=True) if one["proposed_by"]["number"] == 2)
    page.locator(f'[data-testid="finding-row"][data-finding="{new["id"]}"]').click()
    expect(page.get_by_test_id("finding-version").first).to_contain_text("v2")
    story.picture("10-new-findings")


def it_is_rolled_back(story: Story) -> None:
    page = story.desk.page
    page.get_by_role("link", name="Models").click()
    page.get_by_test_id("family-consolidation").get_by_role("link").first.click()
    expect(page.get_by_test_id("version-2")).to_contain_text(re.compile("live", re.IGNORECASE))
    page.get_by_test_id("roll-back").click()
    page.get_by_test_id("reason").fill("Showing that the way back is one click.")
    page.get_by_test_id("reason-confirm").click()
    expect(page.get_by_test_id("version-1")).to_contain_text(re.compile("live", re.IGNORECASE))
    assert _live(story) == 1
    expect(page.get_by_test_id("promotion-row")).to_have_count(3)
    story.picture("11-rolled-back")


def the_audit_is_whole(story: Story) -> None:
    page = story.desk.page
    page.get_by_role("link", name="Audit").click()
    # What the roll-back asked of the workers is noted meanwhile: the newest row may be the system's.
    page.get_by_test_id("audit-row").first.wait_for()
    page.get_by_test_id("audit-verify").click()
    expect(page.get_by_test_id("audit-verdict")).to_have_attribute("data-intact", "true")
    story.picture("12-audit")
