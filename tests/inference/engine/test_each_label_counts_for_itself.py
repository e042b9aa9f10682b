"""Weights and draws reach the loss label by label; so do the places that a person rejected."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch

from inference.engine.cases import Cases
from inference.engine.config import Augmentation, RecipeConfig
from inference.engine.places import KNOWN, REJECTED, UNKNOWN
from inference.engine.recipes.registry import recipe_named
from inference.engine.sample import Image, Sample
from tests.inference.engine.planted import noise_image

STILL = Augmentation(affine=False, intensity=False, noise=False)


def mask_at(shape, rows, columns):
    mask = np.zeros(shape, dtype=bool)
    mask[:, rows[0] : rows[1], columns[0] : columns[1]] = True
    return mask


def sample(number, present, *, shape=(1, 64, 64), regions=None, rejected=None, weights=None, draws=None, again=1.0):
    rng = np.random.default_rng(number)
    pixels = np.concatenate([noise_image(rng, shape[1:]) for _ in range(shape[0])])
    return Sample(
        f"s{number}",
        f"s{number}",
        lambda: Image(pixels, (1.0, 1.0, 1.0), "DX"),
        present,
        regions={key: (lambda mask=mask: mask) for key, mask in (regions or {}).items()},
        rejected={key: (lambda mask=mask: mask) for key, mask in (rejected or {}).items()},
        weights=weights or {},
        draws=draws or {},
        rejected_draws=again,
    )


def two_labels(**changes):
    values = {"recipe": "classification", "labels": ("a", "b"), "image_shape": (64, 64), "augmentation": STILL}
    return RecipeConfig(**{**values, **changes})


def taught(cases, epochs):
    """Return [N, L]: how much each label of each case counted, over some epochs."""
    total = torch.zeros(cases.draws.labels.shape, dtype=torch.float64)
    for epoch in range(epochs):
        for step, indices in enumerate(cases.batches(epoch)):
            batch = cases.batch(indices, epoch=epoch, step=step)
            for row, index in enumerate(indices):
                total[index] += batch["weight"][row]
    return total.numpy() / epochs


def test_a_case_that_comes_three_times_for_one_label_teaches_its_other_labels_once():
    config = two_labels(image_shape=(32, 32))
    samples = [
        sample(0, {"a": 1.0, "b": 1.0}, weights={"a": 1.5, "b": 0.5}, draws={"a": 1, "b": 3}),
        sample(1, {"a": 1.0, "b": 1.0}),
        *[sample(n, {"a": float(n % 2), "b": float(n % 2)}) for n in range(2, 10)],
        sample(10, {"a": 0.0}),
    ]
    cases = Cases(samples, recipe_named("classification"), config)
    counted = taught(cases, 60)
    assert counted[0, 0] / counted[1, 0] == pytest.approx(1.5, rel=0.1)
    assert counted[0, 1] / counted[1, 1] == pytest.approx(0.5 * 3, rel=0.1)
    assert cases.draws.cases[0] == pytest.approx(3 * cases.draws.cases[1])
    # Both states of a label weigh the same in sum, whatever the other label asks for.
    absent = np.array([one.present["a"] == 0 for one in samples])
    alike = np.array([bool(one.draws) for one in samples])
    assert counted[absent, 0].sum() / counted[~absent & ~alike, 0].sum() == pytest.approx(6 / 5, rel=0.15)
    assert (counted[10, 1], cases.draws.labels[10, 1]) == (0, 0)


def test_the_gradient_of_each_label_is_its_own_weight():
    config = two_labels(location_weight=0.0, label_smoothing=0.0)
    recipe = recipe_named("classification")
    logits = torch.zeros(2, 2, requires_grad=True)
    batch = {"present": torch.ones(2, 2), "weight": torch.tensor([[1.5, 0.5], [1.0, 3.0]])}
    loss, _ = recipe.loss({"logits": logits}, batch, config)
    loss.backward()
    pulled = (logits.grad / logits.grad[1, 0]).numpy()
    assert pulled == pytest.approx(np.array([[1.5, 0.5], [1.0, 3.0]]))


def location_gradient(config, *cases):
    """Return d loss / d location, [B, L, h, w], of a head that says ``maybe`` everywhere."""
    recipe = recipe_named("classification")
    held = Cases(cases, recipe, config)
    batch = held.batch(range(len(cases)), epoch=0, step=0)
    batch["place_weight"] = torch.ones(len(cases), 2)
    location = torch.zeros(len(cases), 2, 8, 8, requires_grad=True)
    loss, _ = recipe.loss({"logits": torch.zeros(len(cases), 2), "location": location}, batch, config)
    loss.backward()
    return location.grad


MARKED = sample(7, {"a": 1.0, "b": 1.0}, regions={"a": mask_at((1, 64, 64), (40, 48), (0, 16))})


@pytest.mark.parametrize("state", [1.0, None, 0.0])
def test_a_rejected_place_is_pushed_down_for_its_label_and_nothing_else_changes(state):
    rejected = {"a": mask_at((1, 64, 64), (16, 24), (32, 48))}
    without = location_gradient(two_labels(), sample(0, {"a": state, "b": 0.0}), MARKED)
    taught = location_gradient(two_labels(), sample(0, {"a": state, "b": 0.0}, rejected=rejected), MARKED)
    there = torch.zeros(2, 2, 8, 8, dtype=torch.bool)
    there[0, 0, 2, 4:6] = True
    assert (taught[there] > 0).all(), "descending lowers the map there"
    assert (taught[there] > 3 * without[there] + 1e-9).all()
    # Elsewhere only the common divisor moved: by the share of the map that is known now and was not.
    elsewhere = taught[~there] / without[~there]
    moved = elsewhere[without[~there] != 0]
    assert moved.max() - moved.min() < 1e-5
    assert 0.95 < float(moved.mean()) <= 1.0 + 1e-6
    assert (taught[~there][without[~there] == 0] == 0).all()


@pytest.mark.parametrize("cases", [1, 4, 12])
def test_rejected_places_pull_together_as_hard_as_the_marked_ones_and_no_harder_however_many_they_are(cases):
    rejected = {"a": mask_at((1, 64, 64), (16, 32), (32, 48))}
    pulled = location_gradient(
        two_labels(), *[sample(n, {"a": 1.0, "b": 1.0}, rejected=rejected) for n in range(cases)], MARKED
    )[:, 0]
    up, down = -float(pulled[-1, 5, :2].sum()), float(pulled[:-1].sum())
    assert up > 0
    assert down == pytest.approx(up, rel=1e-4)


def test_without_a_marked_place_a_rejected_one_is_as_empty_as_the_rest_of_a_case_that_was_looked_through():
    rejected = {"a": mask_at((1, 64, 64), (16, 32), (32, 48))}
    pulled = location_gradient(
        two_labels(),
        sample(0, {"a": 0.0, "b": 1.0}, rejected=rejected),
        sample(1, {"a": 1.0, "b": 1.0}, rejected=rejected),
    )[:, 0]
    assert (pulled[0] == pulled[0, 0, 0]).all()
    assert float(pulled[0, 0, 0]) > 0
    assert not pulled[1].any()


@pytest.mark.parametrize(
    ("marked", "rejected", "drawn"),
    [(8, 2, (1.0, 2.0)), (3, 2, (1.0, 1.5)), (2, 2, (1.0, 1.0)), (2, 6, (3.0, 1.0)), (1, 24, (10.0, 1.0))],
)
def test_marked_places_come_together_as_often_as_the_rejected_ones_which_come_again_only_beside_enough_of_them(
    marked, rejected, drawn
):
    """Each rejected place asks to come twice."""
    place = mask_at((1, 64, 64), (16, 24), (32, 48))
    there, count = {"a": 1.0, "b": 1.0}, marked + rejected + 1
    samples = [
        *[sample(n, there, regions={"a": place}) for n in range(marked)],
        *[sample(n, there, rejected={"a": place}, again=2.0) for n in range(marked, marked + rejected)],
        sample(count, there, regions={"b": place}),
        *[sample(count + n, {"a": 0.0, "b": 0.0}) for n in range(1, count + 1)],
    ]
    draws = Cases(samples, recipe_named("classification"), two_labels()).draws
    wanted = [*[drawn[0]] * marked, *[drawn[1]] * rejected, *[1.0] * (count + 1)]
    assert draws.cases == pytest.approx(wanted)
    # Of the answer, and of the other label's places, each case says what it said.
    assert draws.cases * draws.labels[:, 0] == pytest.approx(1.0)
    assert draws.cases * draws.places[:, 0] == pytest.approx(wanted)
    assert draws.cases * draws.places[:, 1] == pytest.approx(1.0)


def test_without_a_marked_place_a_rejected_one_comes_as_often_as_it_asks():
    rejected = {"a": mask_at((1, 64, 64), (16, 24), (32, 48))}
    samples = [sample(0, {"a": 1.0}, rejected=rejected, again=2.0), sample(1, {"a": 0.0})]
    config = two_labels(labels=("a",))
    assert Cases(samples, recipe_named("classification"), config).draws.cases.tolist() == [2.0, 1.0]


def test_what_was_outlined_stays_outlined_where_a_rejected_place_overlaps_it():
    config = two_labels()
    both = sample(
        0,
        {"a": 1.0},
        regions={"a": mask_at((1, 64, 64), (0, 32), (0, 32))},
        rejected={"a": mask_at((1, 64, 64), (16, 48), (0, 32))},
    )
    known = Cases([both], recipe_named("classification"), config)[0]["place_known"][0]
    assert (known[:32, :32] == KNOWN).all()
    assert (known[32:48, :32] == REJECTED).all()
    assert (known[48:] == KNOWN).all()


@pytest.mark.parametrize("dimensions", [2, 3])
def test_a_rejected_place_teaches_a_segmentation_there_and_leaves_the_rest_unknown(dimensions):
    shape, patch = ((1, 64, 64), (64, 64)) if dimensions == 2 else ((32, 48, 48), (32, 48, 48))
    config = RecipeConfig(
        recipe="segmentation", dimensions=dimensions, labels=("a", "b"), image_shape=patch, augmentation=STILL
    )
    place = mask_at(shape, (8, 16), (8, 24))
    recipe = recipe_named("segmentation")
    cases = Cases([sample(0, {"b": 0.0}, shape=shape, rejected={"a": place})], recipe, config)
    example = cases[0]
    assert set(example["known"][0].unique().tolist()) == {UNKNOWN, REJECTED}
    assert int((example["known"][0] == REJECTED).sum()) == place.sum()
    batch = cases.batch([0], epoch=0, step=0)
    logits = torch.zeros(1, 2, *patch, requires_grad=True)
    loss, _ = recipe.loss({"logits": logits}, batch, config)
    loss.backward()
    where = torch.from_numpy(place if dimensions == 3 else place[0])
    assert (logits.grad[0, 0][where] > 0).all()
    assert (logits.grad[0, 0][~where] == 0).all()
    assert (logits.grad[0, 1] > 0).all()
    assert float(logits.grad[0, 0].max()) > 0.5 * float(logits.grad[0, 1].max())


def test_a_rejected_place_is_drawn_more_often_and_its_patches_show_it():
    config = RecipeConfig(recipe="segmentation", labels=("a",), image_shape=(32, 32))
    place = mask_at((1, 128, 128), (100, 110), (100, 110))
    samples = [sample(0, {"a": 0.0}, shape=(1, 128, 128), rejected={"a": place}, again=2.0)]
    samples += [sample(n, {"a": 0.0}, shape=(1, 128, 128)) for n in range(1, 9)]
    cases = Cases(samples, recipe_named("segmentation"), config)
    assert cases.draws.cases.tolist() == [2.0] + [1.0] * 8
    shown = [bool((cases.batch([0], epoch=0, step=n)["known"] == REJECTED).any()) for n in range(40)]
    assert np.mean(shown) > 0.4, "a patch anywhere shows it about one time in eight"


def test_a_segmentation_without_any_truth_in_its_patch_stays_a_number():
    config = RecipeConfig(recipe="segmentation", labels=("a",), image_shape=(32, 32))
    recipe = recipe_named("segmentation")
    batch = {
        "mask": torch.zeros(1, 1, 32, 32, dtype=torch.uint8),
        "known": torch.zeros(1, 1, 32, 32, dtype=torch.uint8),
        "place_weight": torch.ones(1, 1),
    }
    logits = torch.zeros(1, 1, 32, 32, requires_grad=True)
    loss, _ = recipe.loss({"logits": logits}, batch, config)
    loss.backward()
    assert math.isfinite(float(loss.detach()))
    assert not logits.grad.any()
