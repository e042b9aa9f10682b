"""A model of whole series, from a frozen dataset through training, evaluation and prediction to its map."""

from __future__ import annotations

import zlib
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from annotations.models import DatasetSnapshot, Finding
from annotations.services.workitems import workitem_open
from core import blobs
from core.digest import canonical_json, sha256_hex
from imaging.models import Series
from imaging.services.series_index import series_index
from inference.engine.predict import predict
from inference.engine.sample import Image
from inference.jobs.images import model_of
from inference.models import EvaluationReport, ModelVersion, Prediction, SaliencyMap
from inference.services.evaluation import evaluation_request
from inference.services.predictions import predictions_on_arrival
from inference.services.saliency import saliency_request
from inference.services.training import training_request
from tests.inference.planted_archive import make_family
from tests.inference.test_volumes_are_judged_in_millilitres import SLICES, SPACING, stored, volume

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from core.models import Project, User

pytestmark = pytest.mark.django_db
PARTS = {"train": range(1, 17), "validation": range(17, 26), "test": range(26, 35)}


def _frozen(project: Project, user: User, folder: Path) -> DatasetSnapshot:
    """Store volumes of which two in three hold a bright block; every slice has the answer of its series."""
    rows: list[dict[str, Any]] = []
    counts: dict[str, Any] = {"splits": {}}
    for split, numbers in PARTS.items():
        for number in numbers:
            there = int(volume(number)[1].any())
            slices = stored(number, project, user, folder, gap=0.0)
            rows += [{**row, "split": split, "labels": {"square": there}, "regions": []} for row in slices]
        counts["splits"][split] = {"cases": SLICES * len(numbers), "series": len(numbers), "labels": {}}
    for series in Series.objects.all():
        series_index(series=series)
    manifest = blobs.put(b"".join(canonical_json(row) + b"\n" for row in rows))
    return DatasetSnapshot.objects.create(
        project=project, name="series", digest=sha256_hex(manifest.encode()), manifest_digest=manifest,
        question="series", label_keys=["square"], counts=counts,
    )  # fmt: skip


def test_it_is_trained_judged_and_asked_and_its_map_says_which_slices_decided(
    project: Project, admin: User, run_jobs: Callable[[], int], tmp_path: Path
) -> None:
    family = make_family(project, admin, "sequence", modalities=["CT"])
    snapshot = _frozen(project, admin, tmp_path)
    chosen = {"image_shape": [32, 32, 32], "epochs": 12, "batch_size": 8, "learning_rate": 0.01}
    run = training_request(family=family, snapshot=snapshot, chosen=chosen, reason="the first", requested_by=admin)
    assert run.estimate["training_cases"] == 16, "series are counted, not their slices"
    run_jobs()
    version = ModelVersion.objects.get()
    evaluation_request(version=version, requested_by=admin)
    run_jobs()
    said = EvaluationReport.objects.get().report["labels"]["square"]
    model = model_of(version)
    answers = {
        number: predict(model, Image(volume(number)[0].astype(np.float32), SPACING, "CT")).labels["square"]
        for number in PARTS["test"]
    }
    right = [answers[number].is_positive == bool(volume(number)[1].any()) for number in PARTS["test"]]
    assert said["accuracy"]["value"] == pytest.approx(np.mean(right))

    ModelVersion.objects.filter(pk=version.pk).update(state="live")
    family.live = version
    family.save()
    number = next(one for one in PARTS["test"] if answers[one].is_positive)
    study = Series.objects.get(study__patient__patient_id=f"V{number}").study
    workitem = workitem_open(project=project, study=study)
    predictions_on_arrival(workitem=workitem)
    run_jobs()
    prediction = Prediction.objects.get(workitem=workitem)
    assert prediction.output["labels"]["square"]["probability"] == pytest.approx(answers[number].probability, abs=1e-6)
    (proposed,) = Finding.objects.filter(workitem=workitem)
    assert proposed.kind == "image_label"
    order = [row["sop_instance_uid"] for row in prediction.output["images"]]
    assert len(order) == 1, "the series is one image to it"
    saliency_request(prediction=prediction, label_key="square", method="left_out_frames", requested_by=admin)
    run_jobs()
    kept = SaliencyMap.objects.get()
    assert kept.state == "finished", kept.error_code
    assert kept.shape_kji[0] == SLICES
    values = np.frombuffer(zlib.decompress(blobs.get(kept.map_digest)), np.uint8).reshape(kept.shape_kji)
    assert all(len(np.unique(one)) == 1 for one in values), "of a slice, not of its pixels"
    assert values.max() == 255
