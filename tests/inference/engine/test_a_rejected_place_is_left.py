"""A model looks at a clip that comes with the finding; a reviewer rejects that place; the next model leaves it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from inference.engine.checkpoint import load_model
from inference.engine.config import RecipeConfig
from inference.engine.predict import predict
from inference.engine.saliency import explain
from inference.engine.sample import Sample
from inference.engine.train import train
from tests.inference.engine.clips import clip_cases
from tests.inference.engine.conftest import WINDOW


def on_the_clip(model, cases):
    """Return how often the map's peak lies on the clip, and how many outlines do, of cases with finding and clip."""
    shown = [case for case in cases if case.finding is not None and case.clip is not None]
    peaks, outlines = [], 0
    for case in shown:
        values = explain(model, case.sample.load(), "finding", "location").map_kji
        peaks.append(bool(case.clip[np.unravel_index(values.argmax(), values.shape)]))
        outlines += sum(case.holds(region.box) for region in predict(model, case.sample.load()).regions)
    return float(np.mean(peaks)), outlines / len(shown)


def test_the_map_and_the_outlines_leave_a_place_that_was_rejected(tmp_path):
    # Readers outlined a quarter of the findings, all on images without a clip: nothing told the first model.
    taught = clip_cases(120, 11, key="t", located=0.3, with_finding=0.9, without=0.05)
    unseen = clip_cases(60, 12, key="v", located=0.0, with_finding=1.0, without=0.5)
    config = RecipeConfig(
        recipe="classification", labels=("finding",), image_shape=(64, 64), epochs=8, seed=1, **WINDOW
    )
    first = load_model(
        train(config, training=[case.sample for case in taught], validation=(), workdir=tmp_path / "1").folder
    )
    peak, outlined = on_the_clip(first, unseen)
    assert peak > 0.5, "the first model looks at the clip"

    def reviewed(case) -> Sample:
        """The reviewer says: right answer, wrong place. Nobody draws the right one."""
        marked = predict(first, case.sample.load()).regions
        if case.clip is None or not any(case.holds(region.box) for region in marked):
            return case.sample
        return replace(case.sample, rejected={"finding": lambda: case.clip}, rejected_draws=2.0)

    again = [reviewed(case) for case in taught]
    assert sum(bool(sample.rejected) for sample in again) > 20
    second = load_model(train(config, training=again, validation=(), workdir=tmp_path / "2").folder)
    peak_again, outlined_again = on_the_clip(second, unseen)
    assert peak_again <= peak - 0.3
    assert outlined_again <= 0.5 * outlined
