"""A detector that never saw a cross takes it for the thing; once boxes round crosses were rejected, it leaves them."""

from __future__ import annotations

import numpy as np
import pytest

from inference.engine.checkpoint import load_model
from inference.engine.config import RecipeConfig
from inference.engine.predict import predict
from inference.engine.recipes.registry import recipe_named
from inference.engine.train import train
from tests.inference.engine.boxes_drawn import decoy_samples, thing_samples


def _config(**changes):
    usual = {"image_shape": (96, 96), "epochs": 12, "batch_size": 6, "learning_rate": 4e-3, "seed": 1}
    return RecipeConfig.for_preset("detection", ("thing",), **(usual | changes))


def _hit(model, sample, boxes):
    """Return how many of the boxes (top, left, bottom, right) hold the centre of a proposed one."""
    middles = [
        ((one.box[1] + one.box[3]) / 2, (one.box[0] + one.box[2]) / 2) for one in predict(model, sample.load()).regions
    ]
    return sum(any(t <= row <= b and l <= column <= r for row, column in middles) for t, l, b, r in boxes)  # noqa: E741


@pytest.mark.slow
@pytest.mark.acceptance("Detection: rejected boxes", bar="found again at most half as often; ≥ 90 % of the things")
def test_rejected_crosses_are_left_and_the_things_are_still_found(tmp_path, measured):
    taught, validation = thing_samples(30, 1)[0], thing_samples(12, 2, key="v")[0]
    rejected, unseen_crosses, unseen = (
        decoy_samples(12, 5)[0],
        decoy_samples(24, 6, key="x"),
        thing_samples(24, 3, key="t"),
    )
    counted = {}
    for name, training in (("before", taught), ("after", [*taught, *rejected])):
        model = load_model(train(_config(), training=training, validation=validation, workdir=tmp_path / name).folder)
        crosses = sum(_hit(model, sample, [box]) for sample, box in zip(*unseen_crosses, strict=True))
        things = sum(_hit(model, sample, boxes) for sample, boxes in zip(*unseen, strict=True))
        counted[name] = crosses, things
    marked = sum(len(boxes) for boxes in unseen[1])
    (before, _), (after, things) = counted["before"], counted["after"]
    measured(f"crosses {before} → {after} of 24; things {things} of {marked}")
    assert counted["before"][0] >= 12, "it takes crosses for things"
    assert counted["after"][0] <= counted["before"][0] / 2
    assert counted["after"][1] >= 0.9 * marked


def test_a_rejected_box_is_drawn_more_often_and_teaches_that_nothing_is_there_and_nothing_else():
    taught, rejected = thing_samples(6, 1)[0], decoy_samples(2, 5)[0]
    recipe, config = recipe_named("detection"), _config()
    draws = recipe.draws([*taught, *rejected], config)
    empty = [row for row, sample in enumerate(taught) if sample.present["thing"] == 0]
    assert all(draws.cases[6:] >= 2 * draws.cases[empty].max())
    from inference.engine.preprocess import Preprocessing

    example = recipe.example(rejected[0], Preprocessing.of(config), config)
    mask = rejected[0].rejected["thing"]()[0]
    known = example["known"][0].numpy()
    assert not example["boxes"].any()
    assert (known[mask] > 0).all()
    assert not known[~mask].any(), "of the rest of the picture nobody said anything"
    absent = recipe.example(taught[empty[0]], Preprocessing.of(config), config)
    assert not absent["boxes"].any()
    assert (absent["known"] == 1).all()
    assert np.unique(recipe.example(taught[1], Preprocessing.of(config), config)["boxes"]).max() >= 1
