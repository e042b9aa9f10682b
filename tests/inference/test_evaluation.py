"""A candidate is judged on locked cases beside the live model; only a passed gate, a person and a reason promote it."""

from __future__ import annotations

import json
import zlib
from typing import TYPE_CHECKING, Any

import pytest

from annotations.models import Finding
from core import blobs
from core.errors import Conflict, Invalid
from core.models import AuditEvent, Event, Job
from inference.engine.case_result import CaseResult
from inference.engine.evaluate import evaluate
from inference.engine.gate import compare
from inference.models import EvaluationReport, ModelFamily, ModelVersion, Promotion
from inference.selectors import report_json
from inference.services.evaluation import evaluation_finish, evaluation_request
from inference.services.predictions import predictions_on_arrival
from inference.services.promotion import roll_back, version_promote, version_refuse
from inference.services.training import training_request
from tests.inference.planted_archive import CONFIG, freeze, install, make_family, open_workitem, plant, plant_many

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from annotations.models import DatasetSnapshot
    from core.models import Project, User

pytestmark = pytest.mark.django_db
#: These tests have 40 test cases; decisions may change with another threshold.
PLAN = {"margin": 0.1, "negative_flip_limit": 0.3, "calibration_margin": 0.3}


@pytest.fixture
def family(project: Project, admin: User) -> ModelFamily:
    return make_family(project, admin, change_plan=PLAN)


@pytest.fixture
def snapshot(project: Project) -> DatasetSnapshot:
    return freeze(project, plant_many(project), test_located=False)


def report_of(version: ModelVersion) -> EvaluationReport:
    return EvaluationReport.objects.filter(version=version).latest("created_at")


def trained(
    family: ModelFamily, snapshot: DatasetSnapshot, admin: User, run_jobs: Callable[[], int], **chosen: Any
) -> ModelVersion:
    family.refresh_from_db()
    run = training_request(
        family=family, snapshot=snapshot, chosen={**CONFIG, **chosen}, reason="corrected", requested_by=admin
    )
    run_jobs()
    return ModelVersion.objects.get(training_run=run)


def test_a_better_candidate_passes_goes_live_for_a_reason_and_can_be_taken_back(
    project: Project, family: ModelFamily, snapshot: DatasetSnapshot, admin: User, misled_model: Path,
    run_jobs: Callable[[], int],
) -> None:  # fmt: skip
    old = install(family, misled_model)
    workitem = open_workitem(project, plant(project, 2, bright=True))
    predictions_on_arrival(workitem=workitem)
    run_jobs()
    before = {finding.pk: finding.algorithm_version for finding in Finding.objects.all()}

    new = trained(family, snapshot, admin, run_jobs, epochs=6)
    new.refresh_from_db()
    report = report_of(new)
    assert (new.state, report.compared_with) == ("evaluated", old), "the story evaluates a candidate at once"
    assert report.gate["passed"] is True, report.gate["sentence"]
    view = report_json(report)
    square, was = view["report"]["labels"]["square"], view["compared_report"]["labels"]["square"]
    assert square["auc"]["value"] > was["auc"]["value"] + 0.05
    assert square["confusion"]["true_positive"] + square["confusion"]["false_negative"] == square["positives"] == 20
    assert set(view["report"]["groups"]) >= {"sex", "view"}
    outputs = json.loads(zlib.decompress(blobs.get(report.outputs_digest)))
    assert len(outputs["version"]) == len(outputs["compared_with"]) == 40

    with pytest.raises(Invalid, match="why"):
        version_promote(version=new, report=report, reason="  ", by=admin)
    version_promote(version=new, report=report, reason="better on the locked cases", by=admin)
    family.refresh_from_db()
    old.refresh_from_db()
    assert (family.live, old.state) == (new, "retired")
    assert {finding.pk: finding.algorithm_version for finding in Finding.objects.all()} == before

    roll_back(family=family, reason="wrong on portable films", by=admin)
    family.refresh_from_db()
    new.refresh_from_db()
    old.refresh_from_db()
    assert (family.live, old.state, new.state) == (old, "live", "retired")
    with pytest.raises(Conflict, match="no way back"):
        roll_back(family=family, reason="once more", by=admin)
    assert list(Promotion.objects.order_by("created_at").values_list("direction", flat=True)) == [
        "promote", "promote", "roll_back",
    ]  # fmt: skip
    assert AuditEvent.objects.filter(event_type__in=["model.promoted", "model.rolled_back"]).count() == 3
    assert Event.objects.filter(kind="report.ready").count() == 1


def test_a_worse_candidate_is_refused_by_the_gate_whoever_asks(
    family: ModelFamily, snapshot: DatasetSnapshot, admin: User, square_model: Path, run_jobs: Callable[[], int],
    project: Project,
) -> None:  # fmt: skip
    live = install(family, square_model)
    spoiled = freeze(project, {}, name="nothing")
    spoiled.manifest_digest, spoiled.counts = _with_wrong_labels(snapshot), snapshot.counts
    spoiled.save()
    worse = trained(family, spoiled, admin, run_jobs, epochs=2)
    report = report_of(worse)
    assert report.gate["passed"] is False
    with pytest.raises(Conflict) as refused:
        version_promote(version=worse, report=report, reason="I want it", by=admin)
    assert refused.value.code == "gate_not_passed"
    assert refused.value.detail["gate"]["sentence"]
    family.refresh_from_db()
    assert family.live == live
    version_refuse(version=worse, reason="learned from wrong labels", by=admin)
    worse.refresh_from_db()
    assert worse.state == "refused"
    with pytest.raises(Conflict):
        version_promote(version=worse, report=report, reason="again", by=admin)


def _with_wrong_labels(snapshot: DatasetSnapshot) -> str:
    """Turn every label of the training and validation cases round."""
    rows = [json.loads(line) for line in blobs.get(snapshot.manifest_digest).splitlines()]
    for row in rows:
        if row["split"] != "test":
            row["labels"]["square"], row["regions"] = 1 - row["labels"]["square"], []
    return blobs.put(b"".join(json.dumps(row).encode() + b"\n" for row in rows))


def test_evaluating_twice_gives_the_same_report_once(
    family: ModelFamily, snapshot: DatasetSnapshot, admin: User, square_model: Path, run_jobs: Callable[[], int]
) -> None:
    version = install(family, square_model)
    job = evaluation_request(version=version, requested_by=admin)
    assert evaluation_request(version=version, requested_by=admin) == job
    run_jobs()
    evaluation_request(version=version, requested_by=admin)
    run_jobs()
    report = EvaluationReport.objects.get()
    version.refresh_from_db()
    assert (version.state, report.compared_with, report.compared_report) == ("live", None, {})
    assert report.report["labels"]["square"]["auc"]["value"] > 0.9
    assert Job.objects.filter(kind="evaluate", state="succeeded").count() == 2


def test_test_cases_that_say_nothing_of_the_labels_are_counted_in_the_report(
    family: ModelFamily, snapshot: DatasetSnapshot, admin: User, square_model: Path, run_jobs: Callable[[], int]
) -> None:
    rows = [json.loads(line) for line in blobs.get(snapshot.manifest_digest).splitlines()]
    for row in [row for row in rows if row["split"] == "test"][:3]:
        row["labels"], row["regions"] = {"square": None}, []
    snapshot.manifest_digest = blobs.put(b"".join(json.dumps(row).encode() + b"\n" for row in rows))
    snapshot.save(update_fields=["manifest_digest"])
    evaluation_request(version=install(family, square_model), requested_by=admin)
    run_jobs()
    report = EvaluationReport.objects.get().report
    assert (report["cases"], report["left_out"]) == (37, 3)


def test_a_version_without_test_cases_is_not_judged(family: ModelFamily, admin: User, square_model: Path) -> None:
    version = install(family, square_model)
    with pytest.raises(Conflict, match="no locked test cases"):
        evaluation_request(version=version, requested_by=admin)


def test_a_report_against_a_model_that_is_no_longer_live_promotes_nothing(
    family: ModelFamily, snapshot: DatasetSnapshot, admin: User, misled_model: Path
) -> None:
    first = install(family, misled_model)
    cases = [CaseResult(str(n), str(n), {"square": n / 40}, {"square": float(n >= 20)}) for n in range(40)]
    judged = evaluate(cases, labels=["square"], thresholds={"square": 0.5}, replicates=20)
    gate = compare(None, cases, labels=["square"], challenger_thresholds={"square": 0.5})
    versions = [
        ModelVersion.objects.create(
            family=family, number=number, weights_digest=str(number) * 64, card_digest=first.card_digest
        )
        for number in (2, 3)
    ]
    reports = [
        evaluation_finish(
            version=version, snapshot=snapshot, compared_with=first, report=judged, compared_report=None,
            gate=gate.model_copy(update={"passed": True}),
            outputs={"version": [case.to_json() for case in cases], "compared_with": []},
        )
        for version in versions
    ]  # fmt: skip
    second, third = versions
    with pytest.raises(Invalid, match="another version"):
        version_promote(version=second, report=reports[1], reason="mixed up", by=admin)
    version_promote(version=second, report=reports[0], reason="better", by=admin)
    with pytest.raises(Conflict, match="has changed"):
        version_promote(version=third, report=reports[1], reason="better too", by=admin)
