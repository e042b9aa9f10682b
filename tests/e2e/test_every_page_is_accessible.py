"""Every page, looked at by axe: contrast, names, landmarks, headings; no violation is left standing."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from annotations.dataset.counts import counts_of
from annotations.services.workitems import workitem_open
from tests.browser import ARTEFACTS
from tests.e2e.bench import need_the_front_end, reader_at
from tests.factories.world import World, make_world
from tests.imaging.archive import archived, bundled

if TYPE_CHECKING:
    from core.models import Project, User
    from tests.browser import Desk

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
ROOT = Path(__file__).parents[2]
AXE = ROOT / "frontend" / "node_modules" / "axe-core" / "axe.min.js"
RUN = """async () => {
  const { violations } = await axe.run(document, {
    runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "best-practice"],
  });
  return violations.map(({ id, help, nodes }) => ({
    id, help, where: nodes.slice(0, 4).map((node) => node.html.slice(0, 160)),
    why: nodes.slice(0, 2).map((node) => node.failureSummary),
  }));
}"""


def pages(world: World, read: str) -> dict[str, str]:
    """Return every page by its name."""
    slug = world.project.slug
    return {
        "worklist": f"/worklist?project={slug}",
        "read": f"/read/{read}",
        "upload": "/upload",
        "datasets": f"/datasets?project={slug}",
        "datasheet": f"/datasets/{world.snapshot.pk}/sheet",
        "doubtful": f"/datasets/doubtful?project={slug}&snapshot={world.snapshot.pk}",
        "models": f"/models?project={slug}",
        "family": f"/models/{world.family.slug}?project={slug}",
        "training": f"/training/{world.run.pk}",
        "report": f"/reports/{world.report.pk}",
        "users": "/admin/users",
        "projects": "/admin/projects",
        "project": f"/admin/projects/{slug}",
        "archive": "/admin/archive",
        "audit": "/admin/audit",
        "system": "/admin/system",
        "account": "/account",
        "about": "/about",
        "nowhere": "/no-such-page",
    }


def violations(desk: Desk) -> list[str]:
    """Return what axe finds on the page as it stands, one sentence each."""
    desk.page.evaluate(AXE.read_text())
    found = desk.page.evaluate(RUN)
    return [f"{one['id']}: {one['help']} at {one['where']} ({one['why'][:1]})" for one in found]


def test_no_page_has_a_violation_and_each_has_one_first_heading(
    project: Project, radiologist: User, admin: User, server_url: str
) -> None:
    need_the_front_end()
    world = make_world(project, radiologist, admin)
    kept = json.loads((ROOT / "tests" / "fixtures" / "evaluation.json").read_text())
    type(world.report).objects.filter(pk=world.report.pk).update(report=kept["report"], gate=GATE)
    type(world.snapshot).objects.filter(pk=world.snapshot.pk).update(counts=counts_of([], ["nodule"]))
    study = archived(bundled("MR_small.dcm"), project, radiologist).series.study
    read = str(workitem_open(project=project, study=study).pk)
    wrong: dict[str, list[str]] = {}
    with reader_at(server_url, admin) as desk:
        for name, path in pages(world, read).items():
            desk.page.goto(f"{server_url}{path}")
            desk.page.locator("h1").first.wait_for(state="attached")
            desk.page.wait_for_load_state("networkidle")
            found = violations(desk)
            headings = desk.page.locator("h1").count()
            if headings != 1:
                found.append(f"{headings} first headings")
            if found:
                wrong[name] = found
                desk.picture(f"axe-{name}")
                (ARTEFACTS / "axe.json").write_text(json.dumps(wrong, indent=1))
    assert wrong == {}


def test_no_dialog_of_a_model_has_a_violation(
    project: Project, radiologist: User, admin: User, server_url: str
) -> None:
    need_the_front_end()
    world = make_world(project, radiologist, admin)
    wrong: dict[str, list[str]] = {}
    with reader_at(server_url, admin) as desk:
        desk.page.set_viewport_size({"width": 1366, "height": 768})
        for path, button in (
            (f"/models?project={project.slug}", "New model family"),
            (f"/models/{world.family.slug}?project={project.slug}", "Declare another plan"),
        ):
            desk.page.goto(f"{server_url}{path}")
            desk.page.get_by_role("button", name=button).click()
            desk.page.get_by_role("dialog").get_by_role("textbox").first.wait_for()
            desk.page.wait_for_load_state("networkidle")
            desk.page.wait_for_timeout(300)  # the dialog fades in; half seen, it has half the contrast
            desk.picture(f"axe-{button}")
            if found := violations(desk):
                wrong[button] = found
    assert wrong == {}


GATE = {
    "schema": "overread-gate/1", "passed": False, "sentence": "Cannot tell.", "patients": 6, "cases": 12,
    "metric": "auc", "first": True, "judged_labels": [], "plan": {},
    "criteria": [
        {"id": "floor", "title": "ROC AUC above 0.5", "required": True, "passed": None, "value": None,
         "interval": None, "limit": 0.5, "sentence": "Cannot tell: 6 test patients are too few."},
    ],
    "power": {"patients": 6, "patients_needed": None, "sentence": "The test set has 6 patients."},
}  # fmt: skip
