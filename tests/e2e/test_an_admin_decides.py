"""An admin at the pages of people, projects, datasets and reports: what is shown is what follows, and no way ends."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from annotations.dataset.counts import counts_of
from annotations.models import Label, Reading, ReadingProtocol
from annotations.services.workitems import workitem_open
from core.models import AuditEvent, Job, Project, User
from inference.models import EvaluationReport, ModelVersion
from tests.e2e.bench import need_the_front_end, reader_at
from tests.factories.api import Api
from tests.factories.world import World, make_world
from tests.imaging.archive import archived, bundled

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
FIGURES = Path(__file__).parents[1] / "fixtures" / "evaluation.json"
PASSED = {
    "schema": "overread-gate/1", "passed": True, "sentence": "Passed.", "patients": 6, "cases": 12, "metric": "auc",
    "first": True, "judged_labels": [], "plan": {}, "criteria": [],
    "power": {"patients": 6, "patients_needed": None, "sentence": ""},
}  # fmt: skip


def challenger_of(world: World) -> EvaluationReport:
    """Make a second version whose passed report compares it with no live version, though one is live now."""
    version = ModelVersion.objects.create(
        family=world.family, number=2, state="evaluated", weights_digest=world.version.weights_digest,
        card_digest=world.version.card_digest,
    )  # fmt: skip
    return EvaluationReport.objects.create(
        version=version, snapshot=world.snapshot, report=json.loads(FIGURES.read_text())["report"], gate=PASSED,
        outputs_digest=world.report.outputs_digest, digest="9" * 64,
    )  # fmt: skip


def taught(split: str, patient: str, said: int | None) -> dict[str, object]:
    """Return what the counts look at in a row of a dataset."""
    named = {"split": split, "patient_key": patient, "series_instance_uid": f"1.{ord(patient)}"}
    return {**named, "labels": {"nodule": said}, "provenance": "blind_read"}


def the_case_in_hand_is_named_before_it_is_freed(page: Page, url: str, reader: User, world: World) -> None:
    page.goto(f"{url}/admin/users")
    switch = page.get_by_label(f"{reader.username} may sign in")
    switch.click(force=True)
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_test_id("cases-in-hand")).to_contain_text("One case is in their hand")
    expect(dialog.get_by_role("listitem")).to_contain_text(world.project.slug)
    dialog.get_by_role("button", name="Keep as it is").click()
    expect(dialog).to_have_count(0)
    assert User.objects.get(pk=reader.pk).is_active
    switch.click(force=True)
    page.get_by_role("button", name="Switch off", exact=True).click()
    expect(page.get_by_text("One case is on the worklist again.")).to_be_visible()
    assert not User.objects.get(pk=reader.pk).is_active
    world.workitem.refresh_from_db()
    assert world.workitem.state == "open"
    assert Reading.objects.get(workitem=world.workitem).state == "abandoned"
    told = AuditEvent.objects.filter(event_type="user.changed").latest("pk").detail
    assert told["changes"] == {"is_active": {"from": True, "to": False}}


def a_retired_label_is_asked_for_no_more(page: Page, url: str, project: Project) -> None:
    for key in ("old", "new"):
        Label.objects.create(
            project=project, key=key, code_value=key, coding_scheme_designator="99X", code_meaning=f"{key} sign",
            uses=["image"], color="#00aaff",
        )  # fmt: skip
    ReadingProtocol.objects.filter(project=project).update(required_labels=["nodule", "old"])
    Label.objects.filter(key="old").update(retired_at="2026-01-01T00:00:00Z")
    page.goto(f"{url}/admin/projects/{project.slug}")
    page.get_by_test_id("protocol-panel").get_by_label("new sign").check()
    page.get_by_test_id("protocol-save").click()
    expect(page.get_by_text("Project saved.")).to_be_visible()
    assert ReadingProtocol.objects.get(project=project).required_labels == ["nodule", "new"]


def the_share_is_of_those_who_said_something(page: Page, url: str, world: World) -> None:
    rows = [taught("test", "a", 1), taught("test", "b", None), taught("test", "c", None), taught("train", "d", 0)]
    counts = counts_of(rows, ["nodule"], {"not_signed_off": 1, "test_not_read_blind": 2})
    type(world.snapshot).objects.filter(pk=world.snapshot.pk).update(counts=counts)
    page.goto(f"{url}/datasets?project={world.project.slug}&snapshot={world.snapshot.pk}")
    shown = page.get_by_test_id("snapshot-detail")
    expect(shown.get_by_test_id("balance-nodule")).to_have_text(
        ["0 of 1 (0 %)", "0 of 0", "1 of 1 (100 %), 2 not said", "1 of 2 (50 %), 2 not said"]
    )
    expect(shown.get_by_test_id("tally").last).to_have_text(
        "Left out: 1 case that is not signed off · 2 answers on test patients that were not given blind"
    )


def an_outdated_report_leads_to_the_next_one_or_to_an_end(page: Page, url: str, report: EvaluationReport) -> None:
    page.goto(f"{url}/reports/{report.pk}")
    expect(page.get_by_test_id("promote-why")).to_contain_text("evaluate it again")
    expect(page.get_by_test_id("promote")).to_be_disabled()
    page.get_by_test_id("evaluate-again").click()
    expect(page.get_by_test_id("evaluate-again")).to_have_text("Evaluating…")
    assert Job.objects.get(kind="evaluate").arguments["version_id"] == str(report.version_id)
    page.get_by_test_id("refuse").click()
    page.get_by_test_id("reason").fill("No better than what we have.")
    page.get_by_test_id("reason-confirm").click()
    expect(page.get_by_test_id("promote-why")).to_have_text("This version was refused for good.")
    expect(page.get_by_test_id("refuse")).to_have_count(0)
    assert ModelVersion.objects.get(pk=report.version_id).state == "refused"
    why = AuditEvent.objects.get(event_type="version.refused").detail["reason"]
    assert why == "No better than what we have."


def a_project_without_labels_leads_to_its_labels(page: Page, url: str, admin: User) -> None:
    bare = Project.objects.create(slug="bare", title="Bare")
    study = archived(bundled("MR_small.dcm"), bare, admin).series.study
    page.goto(f"{url}/read/{workitem_open(project=bare, study=study).pk}")
    page.get_by_test_id("no-labels").get_by_role("link", name="Add its labels").click()
    expect(page.get_by_test_id("labels-panel")).to_be_visible()
    assert page.url.endswith("/admin/projects/bare")


def test_what_an_admin_is_shown_is_what_follows(
    project: Project, radiologist: User, admin: User, server_url: str
) -> None:
    need_the_front_end()
    world = make_world(project, radiologist, admin)
    report = challenger_of(world)
    with reader_at(server_url, admin) as desk:
        desk.page.set_viewport_size({"width": 1366, "height": 768})
        the_share_is_of_those_who_said_something(desk.page, server_url, world)
        desk.picture("admin-dataset")
        an_outdated_report_leads_to_the_next_one_or_to_an_end(desk.page, server_url, report)
        desk.picture("admin-report")
        a_retired_label_is_asked_for_no_more(desk.page, server_url, project)
        the_case_in_hand_is_named_before_it_is_freed(desk.page, server_url, radiologist, world)
        desk.picture("admin-users")
        a_project_without_labels_leads_to_its_labels(desk.page, server_url, admin)
    assert Api(admin)("POST", "audit/verify")[1]["intact"]
