"""Training runs: checked, estimated, requested, kept with everything their result depends on."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import Max

from annotations.models import DatasetSnapshot
from core import audit, blobs, events
from core.audit_kinds import AuditKind
from core.digest import canonical_json
from core.event_kinds import EventKind, OfTraining, TrainingNumbers
from core.jobs import job_cancel, job_request
from core.models import Job, User
from inference import errors
from inference.access import locked_family
from inference.engine.config import RecipeConfig
from inference.engine.recipe_cards import recipe_card
from inference.family_facts import places_are_taught, plan_in_force, snapshot_fits, training_config
from inference.learned_from import withdrawn_sentence
from inference.looks import next_look
from inference.models import ModelFamily, ModelVersion, TrainingRun
from inference.proof import proof_of_snapshot
from inference.proposed import fingerprint_of_family, proposal_kept
from inference.training_cost import time_estimate
from inference.training_fit import Cases, resources_of, what_would_fit

Json = dict[str, Any]


def _cases(snapshot: DatasetSnapshot, split: str, dimensions: int = 2) -> int:
    """Return how many cases a network sees: images, or series where it reads volumes (old datasets counted none)."""
    counted = snapshot.counts.get("splits", {}).get(split, {})
    images = int(counted.get("cases", 0))
    return int(counted.get("series", images)) if dimensions == 3 else images


def cases_of(family: ModelFamily, snapshot: DatasetSnapshot, config: RecipeConfig) -> Cases:
    """Return how many cases a training would have, and how large they are by the dataset's fingerprint, if any."""
    found = fingerprint_of_family(family, snapshot)
    pixels = None
    if found is not None and recipe_card(config.recipe).has_grid(config.dimensions) and not config.whole_picture:
        sizes = [found.figures[name]["median"] for name in ("rows", "columns", *(["frames"] * (config.dimensions - 2)))]
        pixels = math.prod(sizes)
    return Cases(
        _cases(snapshot, "train", config.dimensions), _cases(snapshot, "validation", config.dimensions), pixels
    )


def training_estimate(*, family: ModelFamily, snapshot: DatasetSnapshot, chosen: Json) -> Json:
    """Return how long the training would take (a range) and how likely its gate could tell equal from worse.

    Raises:
        Invalid: the dataset or the settings do not fit.
    """
    snapshot_fits(family, snapshot)
    places_are_taught(family, snapshot)
    config = training_config(family, chosen)
    cases = cases_of(family, snapshot, config)
    estimate = time_estimate(config, training_cases=cases.training, validation_cases=cases.validation)
    resources = resources_of(config, cases)
    fits = all(one["fits"] for one in resources)
    warm = config.model_copy(update={"warm_start": True})
    # Both are judged on the same cases: as volumes where one of the two reads volumes.
    live = family.live.card.get("config", {}) if family.live else {}
    judged = max(config.dimensions, live.get("dimensions", config.dimensions))
    begins_with = family.live if warm_start_weights(family.live, config) else None
    return {
        **estimate,
        "resources": resources,
        "fits": fits,
        "fitting": None if fits else what_would_fit(config, cases),
        "test_cases": _cases(snapshot, "test", config.dimensions),
        "plan": plan_in_force(family).number,
        "proof": proof_of_snapshot(family, snapshot.counts),
        "look_sentence": next_look(snapshot, dimensions=judged).sentence if _cases(snapshot, "test") else "",
        "warm_start_possible": warm_start_weights(family.live, warm) is not None,
        "warm_start_warning": withdrawn_sentence(begins_with) if begins_with else "",
    }


def _too_much(estimate: Json) -> str:
    needs = [f"{one['name']} {one['sentence']}" for one in estimate["resources"] if not one["fits"]]
    way_out = estimate["fitting"]["sentence"] if estimate["fitting"] else "No smaller settings fit either."
    return f"This training cannot fit: {', '.join(needs)}. {way_out}"


def warm_start_weights(parent: ModelVersion | None, config: RecipeConfig) -> str | None:
    """Return the digest of the weights a warm start begins with; None without one, or where they do not fit."""
    if not config.warm_start or parent is None:
        return None
    before = parent.card.get("config", {})
    same = all(before.get(name) == value for name, value in config.to_json().items()
               if name in ("recipe", "labels", "dimensions", "preset", "channels"))  # fmt: skip
    return parent.weights_digest if same else None


def training_tell(run: TrainingRun, detail: OfTraining) -> None:
    """Tell the project how a training goes: numbers only."""
    events.publish(EventKind.TRAINING_CHANGED, run.pk, project=run.family.project, detail=detail)


def training_numbers_tell(run: TrainingRun, numbers: Json) -> None:
    """Tell the project what the training loop says of itself."""
    training_tell(run, OfTraining(phase="running", numbers=TrainingNumbers(**numbers)))


def _ask(run: TrainingRun, requested_by: User | None) -> None:
    run.job = job_request(
        kind="train",
        arguments={"training_run_id": str(run.pk)},
        requested_by=requested_by,
        project=run.family.project,
    )
    run.save(update_fields=["job"])
    training_tell(run, OfTraining(phase="queued"))


def training_request(
    *,
    family: ModelFamily,
    snapshot: DatasetSnapshot,
    chosen: Json,
    reason: str,
    requested_by: User | None,
    proposal: str = "",
) -> TrainingRun:
    """Start a training of the family on a frozen dataset; while the same one waits or runs, it is that one.

    Args:
        proposal: digest of the proposed settings that ``chosen`` began with; what was changed of them is kept.

    Raises:
        Invalid: the dataset or the settings do not fit, it needs more memory, disk or time than there is, or the
            dataset has no case to train with.
        Conflict: ``plan_not_declared``: no named person declared the plan that is in force.
    """
    if plan_in_force(family).declared_by_id is None:
        raise errors.plan_not_declared()
    estimate = training_estimate(family=family, snapshot=snapshot, chosen=chosen)
    if not estimate["training_cases"] or not estimate["validation_cases"]:
        raise errors.snapshot_does_not_fit("This dataset has no training or no validation cases. Freeze a larger one.")
    config = training_config(family, chosen)
    if not estimate["fits"]:
        raise errors.training_does_not_fit(
            _too_much(estimate), resources=estimate["resources"], fitting=estimate["fitting"]
        )
    with transaction.atomic():
        live, plan = locked_family(family.pk).live, plan_in_force(family)
        parent = live if warm_start_weights(live, config) else None
        same = TrainingRun.objects.filter(
            family=family, snapshot=snapshot, config_digest=config.digest, parent=parent, plan=plan
        ).filter(job__state__in=[Job.State.QUEUED, Job.State.RUNNING])
        if (going := same.select_related("family__project", "job").first()) is not None:
            return going
        run = TrainingRun.objects.create(
            family=family,
            snapshot=snapshot,
            parent=parent,
            plan=plan,
            config=config.to_json(),
            config_digest=config.digest,
            estimate=estimate,
            proposed=proposal_kept(family, snapshot, config, proposal) if proposal else {},
            requested_by=requested_by,
            reason=reason.strip()[:2000],
        )
        _ask(run, requested_by)
        audit.record(
            AuditKind.TRAINING_REQUESTED, actor=requested_by, object_kind="training", object_id=run.pk,
            project=family.project,
            detail={
                "family": family.pk, "snapshot": snapshot.digest, "config": config.digest,
                "parent": run.parent_id, "plan": plan.number, "reason": run.reason[:500],
            },
        )  # fmt: skip
    return run


def training_cancel(*, run: TrainingRun, by: User) -> TrainingRun:
    """Cancel a training: at once when it waits, before its next batch when it runs. Raises Conflict when it is over."""
    if run.job is None:
        raise errors.training_is_over()
    with transaction.atomic():
        run.job = job_cancel(job=run.job, by=by)
        audit.record(
            AuditKind.TRAINING_CANCELLED, actor=by, object_kind="training", object_id=run.pk, project=run.family.project
        )
        training_tell(run, OfTraining(phase="cancelling" if run.job.state == Job.State.RUNNING else "cancelled"))
    return run


def training_resume(*, run: TrainingRun, by: User) -> TrainingRun:
    """Go on with a training that was cancelled or failed, from its last checkpoint. Raises Conflict otherwise."""
    with transaction.atomic():
        locked_family(run.family_id)
        job = Job.objects.filter(training_run=run).first()
        if job is not None and job.state not in (Job.State.CANCELLED, Job.State.FAILED):
            raise errors.training_not_stopped(job.state)
        _ask(run, by)
        audit.record(
            AuditKind.TRAINING_RESUMED, actor=by, object_kind="training", object_id=run.pk, project=run.family.project
        )
    return run


def training_stopped(job: Job) -> None:
    """Tell the project that a training failed or was cancelled (the roof calls this)."""
    run = TrainingRun.objects.select_related("family__project").filter(pk=job.names("training_run_id")).first()
    if run is not None:
        cancelled = job.state == Job.State.CANCELLED
        training_tell(run, OfTraining(phase="cancelled" if cancelled else "failed", error_code=job.error_code))


def curves_keep(*, run: TrainingRun, curves: list[Json]) -> None:
    """Keep the curves so far, one entry an epoch."""
    run.curves = curves
    run.save(update_fields=["curves"])


def training_finish(*, run: TrainingRun, weights: Path, card: Json, curves: list[Json], cost: Json) -> ModelVersion:
    """Keep the trained weights as the family's next version, a candidate; a second run returns the first's version.

    Args:
        weights: a safetensors file; it is moved into the blob store.
        cost: measured seconds, for later estimates.
    """
    known = ModelVersion.objects.filter(training_run=run).first()
    if known is not None:
        return known
    whole = {
        **card,
        "family": run.family.slug,
        "snapshot_digest": run.snapshot.digest,
        "origin": {"training_run": str(run.pk), "parent": str(run.parent_id) if run.parent_id else None},
    }
    weights_digest, card_digest = blobs.put_file(weights), blobs.put(canonical_json(whole))
    with transaction.atomic():
        locked_family(run.family_id)
        known = ModelVersion.objects.filter(training_run=run).first()
        if known is not None:
            return known
        version = version_add(run.family, weights_digest, card_digest, whole, run=run)
        run.curves, run.environment = curves, {**run.environment, "cost": cost}
        run.save(update_fields=["curves", "environment"])
        audit.record(
            AuditKind.TRAINING_FINISHED, actor=None,
            object_kind="training", object_id=run.pk, project=run.family.project,
            detail={"version": version.pk, "weights": weights_digest, "card": card_digest},
        )  # fmt: skip
        training_tell(run, OfTraining(phase="succeeded", version_id=version.pk))
    return version


def version_add(
    family: ModelFamily, weights_digest: str, card_digest: str, card: Json, *, run: TrainingRun | None
) -> ModelVersion:
    """Add the next version of a family whose row lock the caller holds."""
    last = ModelVersion.objects.filter(family=family).aggregate(last=Max("number"))["last"] or 0
    return ModelVersion.objects.create(
        family=family,
        number=last + 1,
        training_run=run,
        weights_digest=weights_digest,
        card_digest=card_digest,
        card=card,
    )


def workdir_of(run: TrainingRun) -> Path:
    """Return the folder where a run keeps its checkpoints until it has finished."""
    return Path(settings.OVERREAD_DATA_DIR) / "training" / str(run.pk)
