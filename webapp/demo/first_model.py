"""The demo's first model: frozen, trained, evaluated and promoted through the same services as any other."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from annotations.services.snapshots import snapshot_freeze
from core.jobs import run_waiting_jobs
from core.models import Job
from inference.models import EvaluationReport, ModelFamily, ModelVersion, TrainingRun
from inference.services.families import family_create
from inference.services.promotion import version_promote
from inference.services.training import training_request
from webapp.demo.projects import TAUGHT_LABEL

if TYPE_CHECKING:
    from annotations.models import DatasetSnapshot
    from core.models import Project, User

FAMILY = "consolidation"
#: A hundred test patients cannot hold the usual limits. And the first model, taught by a mixed-up reader, need not be
#: better than chance: the demo is about making it so.
_CHANGE_PLAN = {
    # Wide, and no proof for a clinic: the first model calls nearly everything a consolidation, and so misses few.
    "sensitivity_margin": 0.25,
    "specificity_margin": 0.15,
    "auc_floor": 0.0,
    "trivial": "told",
    "ece_floor": 0.45,
    "negative_flip_limit": 0.2,
    "calibration_margin": 0.1,
    "subgroup_margin": 0.3,
    # What learned from a mixed-up reader looks nowhere in particular.
    "grounding": "guard",
}
_OPERATING_POINT = {"kind": "sensitivity", "value": 0.9}


def family_install(*, project: Project, admin: User) -> ModelFamily:
    """Return the demo's model family, made where it is missing."""
    found = ModelFamily.objects.filter(project=project, slug=FAMILY).first()
    return found or family_create(
        project=project,
        slug=FAMILY,
        title="Consolidation on chest radiographs",
        recipe="classification",
        label_keys=[TAUGHT_LABEL],
        modalities=["DX"],
        change_plan=_CHANGE_PLAN,
        operating_point=_OPERATING_POINT,
        reason="A hundred test patients prove little: wide limits, for a demonstration only. Few are to be missed.",
        by=admin,
    )


def first_model_install(*, family: ModelFamily, admin: User) -> ModelVersion:
    """Train, evaluate and promote the first version here and now.

    Raises:
        RuntimeError: the training or its evaluation failed; the job says why.
    """
    if family.live is not None:
        return family.live
    snapshot = snapshot_freeze(
        project=family.project,
        name="First readings",
        question="classification",
        label_keys=family.label_keys,
        by=admin,
    )
    version, report = version_train(
        family=family, snapshot=snapshot, chosen={}, reason="The first model, from the first readings.", admin=admin
    )
    version_promote(version=version, report=report, reason="First model of the project, for the demo.", by=admin)
    family.refresh_from_db()
    return version


def version_train(
    *, family: ModelFamily, snapshot: DatasetSnapshot, chosen: dict[str, Any], reason: str, admin: User
) -> tuple[ModelVersion, EvaluationReport]:
    """Train and evaluate a version here and now; one that was trained on this dataset by such settings is that one.

    Raises:
        RuntimeError: the training or its evaluation failed; the job says why.
    """
    trained = TrainingRun.objects.filter(family=family, snapshot=snapshot, version__isnull=False)
    run = next((one for one in trained if chosen.items() <= one.config.items()), None) or training_request(
        family=family, snapshot=snapshot, chosen=chosen, reason=reason, requested_by=admin
    )
    run_waiting_jobs()
    version = ModelVersion.objects.filter(training_run=run).first()
    report = EvaluationReport.objects.filter(version=version).first() if version else None
    if version is None or report is None:
        failed = Job.objects.filter(state=Job.State.FAILED).order_by("-created_at").first()
        why = f"{failed.kind}: {failed.error_code} {failed.error_message}" if failed else "no job ran"
        raise RuntimeError(f"The model could not be made ({why}).")
    return version, report
