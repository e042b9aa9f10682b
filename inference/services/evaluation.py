"""Evaluation reports: how a version did on locked test cases, beside the live one; written once."""

from __future__ import annotations

import json
import zlib
from typing import Any

from django.db import transaction

from annotations.models import DatasetSnapshot
from core import audit, blobs, events
from core.audit_kinds import AuditKind
from core.digest import digest_of
from core.errors import Conflict
from core.event_kinds import EventKind, OfReport
from core.jobs import job_request
from core.models import Job, User
from inference import errors
from inference.access import locked_version
from inference.engine.recipe_cards import recipe_card
from inference.engine.report import Evaluation, Gate
from inference.lifecycle import MODEL_VERSION
from inference.looks import judged_cases_keep, looks_of
from inference.models import EvaluationReport, ModelVersion

Json = dict[str, Any]


def judging_snapshot(version: ModelVersion) -> DatasetSnapshot:
    """Return the dataset whose test split judges a version: that of its training, else the newest that fits.

    Raises:
        Conflict: there is none.
    """
    if version.training_run is not None:
        return version.training_run.snapshot
    family = version.family
    for snapshot in DatasetSnapshot.objects.filter(
        project=family.project_id, question=recipe_card(family.recipe).question
    ):
        if set(family.label_keys) <= set(snapshot.label_keys):
            return snapshot
    raise errors.nothing_to_evaluate_on()


def evaluation_missing(version: ModelVersion) -> bool:
    """Say whether a version could be judged on test cases and nobody has ever asked for it."""
    try:
        chosen = judging_snapshot(version)
    except Conflict:
        return False
    asked = Job.objects.filter(kind="evaluate", arguments__version_id=str(version.pk))
    return _has_test_cases(chosen) and not asked.exists()


def _has_test_cases(snapshot: DatasetSnapshot) -> bool:
    return bool(snapshot.counts.get("splits", {}).get("test", {}).get("cases"))


def evaluation_request(
    *, version: ModelVersion, requested_by: User | None, snapshot: DatasetSnapshot | None = None
) -> Job:
    """Ask for a version to be judged on locked test cases, beside the live version.

    Raises:
        Conflict: no test cases. Invalid: the dataset is of another project, or asks something else.
    """
    chosen = snapshot or judging_snapshot(version)
    if chosen.project_id != version.family.project_id or chosen.question != recipe_card(version.family.recipe).question:
        raise errors.snapshot_does_not_fit("This dataset does not belong to the model. Choose one of its project.")
    if not _has_test_cases(chosen):
        raise errors.nothing_to_evaluate_on()
    with transaction.atomic():
        job = job_request(
            kind="evaluate",
            arguments={"version_id": str(version.pk), "snapshot_id": str(chosen.pk)},
            requested_by=requested_by,
            project=version.family.project,
        )
        audit.record(
            AuditKind.EVALUATION_REQUESTED, actor=requested_by, object_kind="version", object_id=version.pk,
            project=version.family.project, detail={"snapshot": chosen.digest, "job": job.pk},
        )  # fmt: skip
    return job


def evaluation_finish(
    *,
    version: ModelVersion,
    snapshot: DatasetSnapshot,
    compared_with: ModelVersion | None,
    report: Evaluation,
    compared_report: Evaluation | None,
    gate: Gate,
    outputs: Json,
) -> EvaluationReport:
    """Keep a report; a candidate becomes evaluated. The same result again is the same row.

    Args:
        outputs: raw outputs of every test case by both versions, for whoever wants to compute anything again.
    """
    test_digest = judged_cases_keep(case["case_id"] for case in outputs["version"])
    outputs_digest = blobs.put(zlib.compress(json.dumps(outputs, sort_keys=True).encode(), 6))
    kept_as = {
        "report": report.to_json(),
        "compared_report": compared_report.to_json() if compared_report else {},
        "gate": gate.to_json(),
    }
    digest = digest_of(
        {
            "version": str(version.pk),
            "weights": version.weights_digest,
            "snapshot": snapshot.digest,
            "compared_with": str(compared_with.pk) if compared_with else None,
            **kept_as,
            "outputs": outputs_digest,
        }
    )
    with transaction.atomic():
        locked = locked_version(version.pk)
        known = EvaluationReport.objects.filter(version=locked, digest=digest).first()
        if known is not None:
            return known
        kept = EvaluationReport.objects.create(
            version=locked,
            snapshot=snapshot,
            compared_with=compared_with,
            **kept_as,
            outputs_digest=outputs_digest,
            test_digest=test_digest,
            digest=digest,
        )
        if locked.state == ModelVersion.State.CANDIDATE:
            locked.state = MODEL_VERSION.next(locked.state, "evaluate")
            locked.save(update_fields=["state"])
        project = locked.family.project
        audit.record(
            AuditKind.EVALUATION_FINISHED, actor=None, object_kind="report", object_id=kept.pk, project=project,
            detail={
                "version": locked.pk, "snapshot": snapshot.digest, "digest": digest, "passed": gate.passed,
                "looks": looks_of([kept])[kept.pk].number,
            },
        )  # fmt: skip
        passed = bool(gate.passed)
        detail = OfReport(version_id=locked.pk, family_id=locked.family_id, passed=passed)
        events.publish(EventKind.REPORT_READY, kept.pk, project=project, version=digest, detail=detail)
    return kept
