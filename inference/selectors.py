"""Reads of this room, in the API's shapes."""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Mapping
from dataclasses import asdict
from typing import Any

from annotations.content.revision_json import person_json
from core import blobs
from core.models import Job, Project
from inference import errors
from inference.engine import gate_plan
from inference.engine.gradings.cards import GRADING_CARDS
from inference.engine.map_licence import explanations_of, grade_words, map_scale, maps_of
from inference.engine.recipe_cards import recipe_card
from inference.engine.report import evaluation_in_present_form, gate_in_present_form
from inference.family_facts import limits_of, operating_point_of, plan_in_force, previously_live, training_settings
from inference.looks import Look, looks_of
from inference.map_grades import map_grades, map_withheld
from inference.models import (
    DeclaredPlan,
    EvaluationReport,
    ModelFamily,
    ModelVersion,
    Prediction,
    Promotion,
    SaliencyMap,
    TrainingRun,
)
from inference.places_taught import places_sentence
from inference.proof import patients_wanted

Json = dict[str, Any]
_EXPLANATION_WORDS = ("label", "cost", "description", "low", "high", "caption", "scale", "of_label")


def explanations_json(version: ModelVersion) -> Json:
    """Return the explanations a version offers with their labels, the others with why, and each label's in order."""
    card, recipe, grades = version.card, version.family.recipe, map_grades(version)
    offered, refused = explanations_of(card, recipe, grades)
    labels = [maps_of(card, recipe, key, grades.get(key)) for key in card.get("labels", [])]
    return {
        "label_maps": [
            {
                "label_key": one.label,
                "sentence": one.sentence,
                "offered": [{"method": method.name, "grade": grade} for method, grade in one.methods],
            }
            for one in labels
        ],
        "explanations_offered": [
            {"method": one.name, "label_keys": keys, **{name: getattr(one, name) for name in _EXPLANATION_WORDS}}
            for one, keys in offered
        ],
        "explanations_withheld": [
            {"method": one.name, "label": one.label, "label_key": key, "code": reason.code, "why": reason.why}
            for one, key, reason in refused
        ],
    }


def prediction_json(prediction: Prediction) -> Json:
    """Return a prediction in the API's shape."""
    version = prediction.version
    return {
        "id": prediction.pk,
        "workitem_id": prediction.workitem_id,
        "series_instance_uid": prediction.series.series_instance_uid,
        "version": {
            "id": version.pk, "family_id": version.family_id, "family_slug": version.family.slug,
            "family_title": version.family.title, "recipe": version.family.recipe, "number": version.number,
            "state": version.state,
        },
        "state": prediction.state,
        "output": prediction.output,
        "error_code": prediction.error_code,
        "superseded": prediction.superseded_at is not None,
        "created_at": prediction.created_at,
        "finished_at": prediction.finished_at,
        **explanations_json(version),
    }  # fmt: skip


def saliency_json(saliency: SaliencyMap) -> Json:
    """Return a saliency map's facts in the API's shape; the map itself is ``saliency_deflated``."""
    version = saliency.prediction.version
    frames = [{"sop_instance_uid": uid, "frame_number": number} for uid, number in saliency.sop_instance_uids]
    return {
        "id": saliency.pk,
        "prediction_id": saliency.prediction_id,
        "state": saliency.state,
        "label_key": saliency.label_key,
        "method": saliency.method,
        "layer": saliency.layer,
        "parameters": saliency.parameters,
        "shape_kji": saliency.shape_kji,
        "frames": frames,
        "version": {"id": version.pk, "family_slug": version.family.slug, "number": version.number},
        "scale": _scale_json(saliency),
        "grade": _grade_of(saliency),
        "error_code": saliency.error_code,
    }


def _scale_json(saliency: SaliencyMap) -> Json | None:
    """Return where a finished map stands among those of its version; None while it is not there."""
    version, raw = saliency.prediction.version, saliency.parameters.get("raw_range")
    methods = {one.name: one for one in recipe_card(version.family.recipe).explanations}
    if saliency.state != SaliencyMap.State.FINISHED or raw is None or saliency.method not in methods:
        return None
    return asdict(map_scale(version.card, methods[saliency.method], saliency.label_key, (raw[0], raw[1])))


def _grade_of(saliency: SaliencyMap) -> str:
    """Return the grade that is printed on a map."""
    version = saliency.prediction.version
    methods = {one.name: one for one in recipe_card(version.family.recipe).explanations}
    grades = map_grades(version).get(saliency.label_key)
    return grade_words(grades, methods[saliency.method]) if saliency.method in methods else ""


def saliency_deflated(saliency: SaliencyMap) -> bytes:
    """Return the map as zlib bytes of uint8 ``map_kji``.

    Raises:
        Conflict: it is being computed, or the version's newest report withholds such maps.
    """
    if reason := map_withheld(saliency):
        raise errors.map_not_offered(reason.why, reason.code)
    if saliency.state != SaliencyMap.State.FINISHED:
        raise errors.saliency_not_finished(saliency.state, saliency.error_code)
    return blobs.get(saliency.map_digest)


def saliency_bytes(saliency: SaliencyMap) -> bytes:
    """Return the map as uint8 ``map_kji``, row-major; raises as ``saliency_deflated``."""
    return zlib.decompress(saliency_deflated(saliency))


def version_json(version: ModelVersion, looks: Mapping[object, Look] | None = None) -> Json:
    """Return a version in the API's short shape.

    Args:
        looks: which look at its test cases each report was, where somebody has counted them already.
    """
    newest = max(version.reports.all(), key=lambda report: report.created_at, default=None)
    look = (looks_of([newest]) if looks is None else looks).get(newest.pk) if newest else None
    return {
        "id": version.pk,
        "family_id": version.family_id,
        "number": version.number,
        "state": version.state,
        "created_at": version.created_at,
        "digest": version.weights_digest,
        "training_run_id": version.training_run_id,
        "snapshot": snapshot_named(version.training_run) if version.training_run else None,
        "report_id": newest.pk if newest else None,
        "gate_passed": newest.gate.get("passed") if newest else None,
        "gate_sentence": newest.gate.get("sentence", "") if newest else "",
        "gate_verdict": gate_in_present_form(newest.gate).get("verdict") if newest else None,
        "look": look.number if look else None,
        "answered_for": _answered_for(version),
    }


def _answered_for(version: ModelVersion) -> Json | None:
    """Return who answered for it when it did not pass for where it looks; None where nobody had to."""
    answered = sorted((one for one in version.promotions.all() if one.answered_for), key=lambda one: one.created_at)
    if not answered:
        return None
    first = answered[0]
    return {"by": person_json(first.decided_by), "reason": first.answered_for, "at": first.created_at}


def version_whole_json(version: ModelVersion) -> Json:
    """Return a version with its card and reports."""
    return {
        **version_json(version),
        "family": {"id": version.family_id, "slug": version.family.slug, "title": version.family.title},
        "card": version.card,
        "card_digest": version.card_digest,
        "reports": [report_row_json(report) for report in version.reports.select_related("compared_with")],
    }


def families_json(families: Iterable[ModelFamily]) -> list[Json]:
    """Return model families with their versions, newest first."""
    return [family_json(family) for family in families]


def family_json(family: ModelFamily) -> Json:
    """Return one family with its versions, newest first."""
    rows = list(
        family.versions.select_related("training_run__snapshot")
        .prefetch_related("reports", "promotions__decided_by")
        .order_by("-number")
    )
    looks = looks_of(report for row in rows for report in row.reports.all())
    versions = {row.pk: version_json(row, looks) for row in rows}
    before = previously_live(family) if family.live_id else None
    return {
        "id": family.pk,
        "slug": family.slug,
        "title": family.title,
        "project": family.project.slug,
        "recipe": family.recipe,
        "question": recipe_card(family.recipe).question,
        "label_keys": family.label_keys,
        "modalities": family.modalities,
        "plan": plan_json(plan_in_force(family)),
        "live": versions.get(family.live_id) if family.live_id else None,
        "roll_back_to": versions.get(before.pk) if before else None,
        "versions": list(versions.values()),
        "training_settings": training_settings(family),
    }


def plan_json(plan: DeclaredPlan) -> Json:
    """Return a declared plan with all its limits, and where decisions lie by it."""
    point, graded = operating_point_of(plan), recipe_card(plan.family.recipe).graded
    return {
        "number": plan.number,
        "limits": limits_of(plan).to_json(),
        "patients_wanted": patients_wanted(plan.family.recipe, limits_of(plan)),
        "operating_point": {**point.to_json(), "sentence": GRADING_CARDS[graded].words(point)},
        "declared_by": person_json(plan.declared_by),
        "reason": plan.reason,
        "created_at": plan.created_at,
    }


def plans_json(family: ModelFamily) -> Json:
    """Return the plans of a family, newest first, and what each limit means."""
    rows = family.plans.select_related("declared_by", "family").order_by("-number")
    return {"plans": [plan_json(row) for row in rows], "entries": plan_entries()}


def plan_entries() -> list[Json]:
    """Return what each limit of a change plan means, and what it may be."""
    return gate_plan.plan_entries()


def snapshot_named(run: TrainingRun) -> Json:
    """Return the dataset of a run by name."""
    snapshot = run.snapshot
    return {"id": snapshot.pk, "name": snapshot.name, "digest": snapshot.digest}


def run_json(run: TrainingRun) -> Json:
    """Return a training in the API's shape; its Job says whether it runs."""
    version = ModelVersion.objects.filter(training_run=run).prefetch_related("reports").first()
    job = Job.objects.filter(training_run=run).first()
    newest = max(version.reports.all(), key=lambda report: report.created_at, default=None) if version else None
    failed = job is not None and job.error_code
    return {
        "id": run.pk,
        "family": {"id": run.family_id, "slug": run.family.slug, "title": run.family.title},
        "state": job.state if job else Job.State.QUEUED,
        "cancel_requested": bool(job and job.cancel_requested),
        "attempt": job.attempt if job else 0,
        "progress": _numbers_of(job),
        "curves": run.curves,
        "estimate": run.estimate,
        "proposed": run.proposed,
        "config": run.config,
        "environment": run.environment,
        "snapshot": snapshot_named(run),
        "parent": short_version_json(run.parent),
        "plan": run.plan.number,
        "version_id": version.pk if version else None,
        "version_state": version.state if version else None,
        "report_id": newest.pk if newest else None,
        "reason": run.reason,
        "requested_by": person_json(run.requested_by),
        "created_at": run.created_at,
        "started_at": job.started_at if job else None,
        "finished_at": job.finished_at if job else None,
        "error": {"code": job.error_code, "message": job.error_message} if failed and job else None,
    }


def _numbers_of(job: Job | None) -> Json | None:
    """Return what the training loop last said of itself, None before its first word."""
    return {"share": None, **job.progress} if job and "phase" in job.progress else None


def runs_json(runs: Iterable[TrainingRun]) -> list[Json]:
    """Return trainings in the API's shape."""
    return [run_json(run) for run in runs]


def short_version_json(version: ModelVersion | None) -> Json | None:
    """Return a version by number and state."""
    return {"id": version.pk, "number": version.number, "state": version.state} if version else None


def report_row_json(report: EvaluationReport) -> Json:
    """Return a report without its numbers."""
    return {
        "id": report.pk,
        "created_at": report.created_at,
        "digest": report.digest,
        "passed": report.gate.get("passed"),
        "sentence": report.gate.get("sentence", ""),
        "compared_with": short_version_json(report.compared_with),
    }


def report_json(report: EvaluationReport) -> Json:
    """Return a report with its numbers, the live model's beside it, and the gate."""
    version, snapshot = report.version, report.snapshot
    family, look = version.family, looks_of([report]).get(report.pk)
    taught = version.card.get("training", {})
    shown = evaluation_in_present_form(report.report)
    compared = [version] + ([report.compared_with] if report.compared_with else [])
    return {
        "id": report.pk,
        "created_at": report.created_at,
        "version": {
            "id": version.pk, "number": version.number, "state": version.state,
            "family_id": family.pk, "family_slug": family.slug, "family_title": family.title,
            "recipe": family.recipe, "project": family.project.slug,
        },
        "compared_with": short_version_json(report.compared_with),
        "snapshot": {"id": snapshot.pk, "name": snapshot.name, "digest": snapshot.digest},
        "report": shown,
        "compared_report": evaluation_in_present_form(report.compared_report) if report.compared_report else None,
        "gate": gate_in_present_form(report.gate),
        "look": look.number if look else None,
        "look_sentence": look.sentence if look else "",
        "held_out_sentence": taught.get("held_out", {}).get("sentence", ""),
        "operating_point_sentence": taught.get("operating_point", {}).get("sentence", ""),
        "place_sentences": {
            label: [places_sentence(one, label) for one in compared]
            for label, figures in shown["labels"].items()
            if figures["places"]
        },
        "digest": report.digest,
        "outputs_digest": report.outputs_digest,
        "is_current": report.compared_with_id == family.live_id,
    }  # fmt: skip


def promotions_json(family: ModelFamily) -> list[Json]:
    """Return the changes of a family's live pointer, newest first."""
    rows = Promotion.objects.filter(family=family).select_related("from_version", "to_version", "decided_by")
    return [promotion_json(row) for row in rows.order_by("-created_at", "-id")]


def promotion_json(row: Promotion) -> Json:
    """Return one change of the live pointer."""
    return {
        "id": row.pk,
        "direction": row.direction,
        "from_version": short_version_json(row.from_version),
        "to_version": short_version_json(row.to_version),
        "report_id": row.report_id,
        "decided_by": person_json(row.decided_by),
        "reason": row.reason,
        "answered_for": row.answered_for,
        "created_at": row.created_at,
    }


def labels_of_families(project: Project) -> set[str]:
    """Return the keys of the project's labels that a model family learns."""
    rows = ModelFamily.objects.filter(project=project).values_list("label_keys", flat=True)
    return {key for keys in rows for key in keys}
