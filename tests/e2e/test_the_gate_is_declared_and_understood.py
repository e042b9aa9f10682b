"""An admin declares what versions must reach, sees what a test set can prove, and reads three verdicts apart."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from inference.engine.case_result import CaseResult
from inference.engine.evaluate import evaluate
from inference.engine.gate import compare
from inference.engine.gate_plan import GatePlan
from inference.family_facts import limits_of, operating_point_of, plan_in_force
from inference.looks import judged_cases_keep
from inference.models import DeclaredPlan, EvaluationReport, ModelVersion
from tests.e2e.bench import need_the_front_end, reader_at
from tests.factories.world import World, make_world

if TYPE_CHECKING:
    from playwright.sync_api import Page

    from core.models import Project, User

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def a_plan_is_declared_with_a_reason(page: Page, url: str, world: World, admin: User) -> None:
    page.goto(f"{url}/models/{world.family.slug}?project={world.project.slug}")
    panel = page.get_by_test_id("plan-panel")
    expect(panel.get_by_test_id("limit-margin")).to_contain_text("0.05")
    expect(panel.get_by_test_id("plan-said")).to_contain_text("as usual")
    panel.get_by_test_id("plan-change").click()
    expect(page.get_by_test_id("plan-declare")).to_be_disabled()
    page.get_by_test_id("plan-kind").click()
    page.get_by_role("option", name="Sensitivity at least …").click()
    page.get_by_test_id("plan-value").fill("0.95")
    page.get_by_test_id("plan-margin").fill("0.03")
    page.get_by_test_id("plan-auc_floor").fill("0")
    page.get_by_test_id("plan-reason").fill("Nothing may be missed in screening.")
    page.get_by_test_id("plan-declare").click()
    expect(panel.get_by_test_id("plan-point")).to_contain_text("Sensitivity at least 95 %")
    expect(panel.get_by_test_id("limit-margin")).to_contain_text("0.03")
    expect(panel.get_by_test_id("plan-said")).to_contain_text(admin.display_name or admin.username)
    expect(panel.get_by_test_id("plans-before")).to_contain_text("0.05 → 0.03")
    expect(panel.get_by_test_id("limit-auc_floor").get_by_role("cell").nth(1)).to_have_text("none")
    expect(panel.get_by_test_id("plans-before")).to_contain_text("First model: ROC AUC above: 0.5 → none")
    plan = plan_in_force(world.family)
    assert (plan.number, limits_of(plan).margin, plan.declared_by) == (2, 0.03, admin)
    assert operating_point_of(plan).value == 0.95


def a_family_begins_with_its_plan(page: Page, url: str, world: World, admin: User) -> None:
    page.goto(f"{url}/models?project={world.project.slug}")
    page.get_by_test_id("family-create").first.click()
    expect(page.get_by_test_id("plan-margin")).to_have_value("0.05")
    page.get_by_role("textbox", name="Title").fill("Screening")
    page.get_by_role("combobox", name="Labels it predicts").click()
    page.get_by_role("option").first.click()
    page.keyboard.press("Escape")
    page.get_by_test_id("plan-margin").fill("0.03")
    submit = page.get_by_test_id("family-create-submit")
    expect(submit).to_be_disabled()
    page.get_by_test_id("plan-reason").fill("Screening may lose little.")
    submit.click()
    expect(page.get_by_test_id("plan-said")).to_contain_text("“Screening may lose little.”")
    plan = DeclaredPlan.objects.get(family__slug="screening")
    assert (plan.number, limits_of(plan).margin, plan.declared_by) == (1, 0.03, admin)


def a_test_set_that_can_prove_nothing_is_named_before_a_training(page: Page, world: World) -> None:
    counted = {"positive": 12, "negative": 40, "unknown": 0, "positive_patients": 12, "negative_patients": 40}
    one = {"cases": 52, "patients": 52, "labels": {"nodule": counted}}
    counts = {**one, "splits": {"train": one, "validation": one, "test": one}, "provenance": {}, "left_out": {}}
    type(world.snapshot).objects.filter(pk=world.snapshot.pk).update(counts=counts)
    page.get_by_test_id("train-open").click()
    proof = page.get_by_test_id("proof")
    expect(proof).to_have_attribute("data-can-pass", "false")
    expect(proof).to_contain_text("at least 24 more with it are needed")
    expect(proof).to_contain_text("by change plan 2")
    expect(page.get_by_test_id("next-look")).to_have_text("Its report: first look at these test cases.")


def the_verdict_cannot_tell_is_no_refusal(page: Page, url: str, world: World, admin: User) -> EvaluationReport:
    """Two models without a mistake on ten and ten patients."""
    truth = [1.0] * 10 + [0.0] * 10
    cases = [CaseResult(f"c{k}", f"p{k}", {"nodule": 0.1 + 0.8 * y}, {"nodule": y}) for k, y in enumerate(truth)]
    half = {"nodule": 0.5}
    gate = compare(
        cases, cases, labels=["nodule"], champion_thresholds=half, challenger_thresholds=half, reviewed_labels=(1, 9)
    )
    always = [replace(case, probabilities={"nodule": 1.0}) for case in cases]
    on_b = [replace(case, probabilities={"nodule": float(k % 3 == 0)}) for k, case in enumerate(cases)]
    simple = {"positive": always, "scanner": on_b}
    report = evaluate(cases, labels=["nodule"], thresholds=half, replicates=50, trivial=simple).to_json()
    made = []
    for number, test in ((2, 20), (3, 25)):  # the test split grew by five patients
        version = ModelVersion.objects.create(
            family=world.family, number=number, state="evaluated", weights_digest=world.version.weights_digest,
            card_digest=world.version.card_digest,
        )  # fmt: skip
        made.append(
            EvaluationReport.objects.create(
                version=version,
                snapshot=world.snapshot,
                compared_with=world.version,
                report=report,
                gate=gate.to_json(),
                outputs_digest=world.report.outputs_digest,
                digest=str(number) * 64,
                test_digest=judged_cases_keep(f"c{k}" for k in range(test)),
            )
        )
    page.goto(f"{url}/reports/{made[1].pk}")
    verdict = page.get_by_test_id("gate-verdict")
    expect(verdict).to_have_attribute("data-verdict", "cannot_tell")
    expect(verdict).to_contain_text("Cannot tell")
    expect(page.get_by_test_id("gate-look")).to_contain_text(
        "2nd look at these test cases (1 earlier report looked at a part of them: 20 of 25)."
    )
    rows = page.get_by_test_id("simple-table").get_by_role("row")
    expect(rows.nth(1)).to_contain_text("This version1.000")
    expect(page.get_by_test_id("best-simple")).to_contain_text("cases: the scanner, ROC AUC 0.")
    expect(rows.nth(3)).to_contain_text("Always positive0.500")
    panel = page.get_by_test_id("gate-panel")
    expect(panel.get_by_text("not met")).to_have_count(0)
    expect(panel.get_by_text("between -0.308 and +0.308").first).to_be_visible()
    expect(page.get_by_test_id("promote-why")).to_contain_text("cannot tell")
    expect(page.get_by_test_id("promote")).to_be_disabled()
    return made[1]


def without_a_floor_nothing_is_said_to_be_above_it(page: Page, url: str, world: World) -> None:
    """A first model under a plan that declares no floor and requires nothing else."""
    truth = [float(k % 2) for k in range(40)]
    cases = [CaseResult(f"c{k}", f"p{k}", {"nodule": 0.1 + 0.02 * k}, {"nodule": y}) for k, y in enumerate(truth)]
    half, plan = {"nodule": 0.5}, GatePlan(auc_floor=0, trivial="told")
    gate = compare(None, cases, labels=["nodule"], challenger_thresholds=half, plan=plan)
    version = ModelVersion.objects.create(
        family=world.family, number=4, state="evaluated", weights_digest=world.version.weights_digest,
        card_digest=world.version.card_digest,
    )  # fmt: skip
    report = EvaluationReport.objects.create(
        version=version, snapshot=world.snapshot, gate=gate.to_json(), digest="4" * 64,
        report=evaluate(cases, labels=["nodule"], thresholds=half, replicates=50).to_json(),
        outputs_digest=world.report.outputs_digest, test_digest=judged_cases_keep(f"d{k}" for k in range(40)),
    )  # fmt: skip
    page.goto(f"{url}/reports/{report.pk}")
    expect(page.get_by_test_id("gate-verdict")).to_contain_text("The plan requires nothing here.")
    floor = page.get_by_test_id("gate-criterion").filter(has_text="no floor declared")
    expect(floor).to_contain_text("not judged")
    expect(page.get_by_test_id("gate-panel")).not_to_contain_text("above 0")


def test_what_the_gate_asks_is_declared_and_its_answers_are_told_apart(
    project: Project, radiologist: User, admin: User, server_url: str
) -> None:
    need_the_front_end()
    world = make_world(project, radiologist, admin)
    with reader_at(server_url, admin) as desk:
        desk.page.set_viewport_size({"width": 1366, "height": 768})
        a_plan_is_declared_with_a_reason(desk.page, server_url, world, admin)
        desk.page.get_by_test_id("plan-panel").scroll_into_view_if_needed()
        desk.picture("gate-plan")
        a_test_set_that_can_prove_nothing_is_named_before_a_training(desk.page, world)
        desk.page.get_by_test_id("proof").scroll_into_view_if_needed()
        desk.picture("gate-proof")
        the_verdict_cannot_tell_is_no_refusal(desk.page, server_url, world, admin)
        desk.picture("gate-cannot-tell")
        without_a_floor_nothing_is_said_to_be_above_it(desk.page, server_url, world)
        desk.picture("gate-no-floor")
        a_family_begins_with_its_plan(desk.page, server_url, world, admin)
        desk.picture("gate-new-family")
