"""The job of an evaluation: the only place that opens the test split of a frozen dataset."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from annotations.models import DatasetSnapshot
from core.errors import NotFound
from inference.engine.case_result import CaseResult
from inference.engine.evaluate import evaluate as report_on
from inference.engine.gate import compare
from inference.engine.mask_score import TOLERANCE, score_segmentation
from inference.engine.predict import predict
from inference.errors import nothing_to_evaluate_on
from inference.family_facts import limits_of, plan_of
from inference.jobs.images import model_of
from inference.jobs.samples import snapshot_samples
from inference.models import ModelFamily, ModelVersion
from inference.services.evaluation import evaluation_finish

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from core.jobs import JobContext
    from inference.engine.loaded_model import LoadedModel
    from inference.engine.results import Prediction
    from inference.engine.sample import Image, Sample

Json = dict[str, Any]
GROUPS = ("sex", "age_band", "view", "scanner")


def evaluate(context: JobContext, version_id: str, snapshot_id: str) -> None:
    """Judge a version on the locked test cases of a dataset, beside the live version on the same cases.

    Raises:
        NotFound: the version or the dataset is gone. Conflict: no test cases, or their images changed.
        OverreadError: an image cannot be read, or a model is not whole.
    """
    version = ModelVersion.objects.select_related("family__project", "training_run__plan").filter(pk=version_id).first()
    snapshot = DatasetSnapshot.objects.filter(pk=snapshot_id).first()
    if version is None or snapshot is None:
        raise NotFound("evaluation_gone", "The version or the dataset was removed before it was evaluated.")
    live_id = ModelFamily.objects.get(pk=version.family_id).live_id
    live = ModelVersion.objects.select_related("family").get(pk=live_id) if live_id and live_id != version.pk else None
    challenger, champion = model_of(version), model_of(live) if live else None
    labels = challenger.config.labels
    samples = snapshot_samples(
        snapshot,
        "test",
        labels=labels,
        dimensions=max(model.config.dimensions for model in (challenger, champion) if model),
    )
    if not samples:
        raise nothing_to_evaluate_on()
    new: list[CaseResult] = []
    old: list[CaseResult] = []
    for number, sample in enumerate(samples):
        context.check()
        context.progress(phase="evaluating", step=number, steps=len(samples))
        image = sample.load()
        new.append(case_result(challenger, sample, image))
        if champion is not None:
            old.append(case_result(champion, sample, image))
    thresholds, before = dict(challenger.thresholds), dict(champion.thresholds) if champion else None
    known = [label for label in labels if before is not None and label in before]
    gate = compare(
        old or None,
        new,
        labels=labels,
        champion_thresholds=before,
        challenger_thresholds=thresholds,
        plan=limits_of(plan_of(version)),
        reviewed_labels=(_reviewed(live, labels), _reviewed(version, labels)) if live else None,
        groups=GROUPS,
    )
    evaluation_finish(
        version=version,
        snapshot=snapshot,
        compared_with=live,
        report=report_on(new, labels=labels, thresholds=thresholds, groups=GROUPS),
        compared_report=report_on(old, labels=known, thresholds=before or {}, groups=GROUPS) if known else None,
        gate=gate,
        outputs={"version": [one.to_json() for one in new], "compared_with": [one.to_json() for one in old]},
    )


def true_mask(sample: Sample, label: str, image: Image) -> NDArray[np.bool_] | None:
    """Return mask_kji of the truth, empty where the label is known to be absent; None where no mask is known."""
    region = sample.regions.get(label)
    if region is not None:
        return region()
    return np.zeros(image.shape_kji, np.bool_) if sample.present.get(label) == 0 else None


def case_result(model: LoadedModel, sample: Sample, image: Image, tolerance: float = TOLERANCE) -> CaseResult:
    """Return what a model says of a test case, beside the truth."""
    said = predict(model, image)
    scores = {}
    for key in said.masks_kji:
        truth = true_mask(sample, key, image)
        if truth is not None:
            scores[key] = score_segmentation(said.masks_kji[key], truth, image.grid, tolerance)
    return CaseResult(
        case_id=sample.sample_id,
        patient_key=sample.patient_key,
        probabilities=_probabilities(said),
        truth=dict(sample.present),
        groups=dict(sample.groups),
        segmentation=scores,
    )


def _probabilities(said: Prediction) -> dict[str, float]:
    return {key: label.probability for key, label in said.labels.items()}


def _reviewed(version: ModelVersion, labels: tuple[str, ...]) -> int:
    """Return how many labels reviewed here a version learned from; none for one that came from outside."""
    run = version.training_run
    if run is None:
        return 0
    splits: Json = run.snapshot.counts.get("splits", {})
    counted = [
        splits.get(split, {}).get("labels", {}).get(key, {}) for split in ("train", "validation") for key in labels
    ]
    return sum(int(one.get("positive", 0)) + int(one.get("negative", 0)) for one in counted)
