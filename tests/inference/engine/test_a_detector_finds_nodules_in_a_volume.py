"""A detector in 3D finds drawn nodules among vessels as bright, and more of them than whoever takes the bright."""

from __future__ import annotations

import pytest

from inference.engine.box_curves import cpm
from inference.engine.box_floors import UsualBoxes
from inference.engine.box_score import BoxScore
from inference.engine.boxes import as_tuples
from inference.engine.boxes_learned import boxes_known
from inference.engine.case_result import CaseResult
from inference.engine.checkpoint import load_model
from inference.engine.config import RecipeConfig
from inference.engine.predict import predict
from inference.engine.train import train
from tests.inference.engine.boxes_drawn import nodule_samples

KEY = "nodule"


def _result(sample, boxes, scores):
    truth = as_tuples(boxes_known(sample, KEY))
    return CaseResult(sample.sample_id, sample.patient_key, {}, {}, boxes={KEY: BoxScore(truth, boxes, scores)})


@pytest.mark.slow
@pytest.mark.acceptance("Detection in 3D: drawn nodules", bar="FROC mean ≥ 0.9, +0.2 over bright blobs")
def test_nodules_are_found_among_vessels_and_better_than_by_their_brightness(tmp_path, measured):
    taught, validation, unseen = (
        nodule_samples(count, seed, key=key) for count, seed, key in ((24, 1, "a"), (10, 2, "v"), (24, 3, "t"))
    )
    config = RecipeConfig.for_preset(
        "detection", (KEY,), dimensions=3, image_shape=(32, 48, 48), epochs=40, batch_size=4, seed=1,
        intensity="window", window=(-400.0, 1200.0),
    )  # fmt: skip
    done = train(config, training=taught, validation=validation, workdir=tmp_path)
    model = load_model(done.folder)
    marked = [sample for sample in taught if sample.present[KEY]]
    usual = UsualBoxes.of((boxes_known(sample, KEY), sample.load().shape_kji) for sample in marked)
    said, bright = [], []
    for sample in unseen:
        found = predict(model, sample.load()).boxes
        said.append(_result(sample, tuple(one.box for one in found), tuple(one.probability for one in found)))
        boxes, scores = usual.blobs(sample.load())
        bright.append(_result(sample, as_tuples(boxes), tuple(scores.tolist())))
    reached, floor = cpm(said, KEY), cpm(bright, KEY)
    measured(f"FROC mean {reached:.3f}, bright blobs {floor:.3f}")
    assert reached >= 0.9
    assert reached >= floor + 0.2
