"""Invented first models, which have nothing to be compared with: each is exactly as good as its floor."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from benchmarks.gate_masks import decided
from benchmarks.gate_world import World, judged
from benchmarks.gate_worlds import Rng, calibrated, cases, scores, sharpened_to, weights_of
from inference.engine import first_model
from inference.engine.beyond_guessing import above_trivial, tells
from inference.engine.gate_plan import GatePlan
from inference.engine.gradings.registry import GRADINGS
from inference.engine.report import Criterion

PLAN = GatePlan()
SIZES = ((10, 10), (10, 40), (20, 50), (40, 100), (100, 200), (400, 1600))
LABEL = ("a",)


def first_auc(rng: Rng, positives: int, negatives: int, floor: float, labels: int, images: int) -> Criterion:
    """A first model whose true AUC is the floor."""
    truth = np.repeat(np.r_[np.ones(positives), np.zeros(negatives)], images)
    patients = np.repeat(np.arange(positives + negatives), images) if images > 1 else None
    names = tuple(f"l{k}" for k in range(labels))
    said = {name: scores(rng, truth, (floor,), 0.0, patients)[0] for name in names}
    results = cases(said, dict.fromkeys(names, truth), patients)
    return first_model.above_floor(results, names, GRADINGS["labels"], weights_of(results), GatePlan(auc_floor=floor))


def above_simple(rng: Rng, positives: int, negatives: int, auc: float, alike: float, answers: int) -> Criterion:
    """A first model that ranks as well as the simple answers do; the best of these is picked."""
    truth = np.r_[np.ones(positives), np.zeros(negatives)]
    said = scores(rng, truth, (auc,) * (answers + 1), alike)
    model = cases(said[0], truth)
    trivial = dict(zip(("brightness", "size", "contrast"), (cases(one, truth) for one in said[1:]), strict=False))
    constant = {"prevalence": cases(np.full(len(truth), 0.3), truth)}
    weights = weights_of(model)
    return above_trivial(model, LABEL, GRADINGS["labels"], {**constant, **trivial}, weights, "required", {})[0]


def coin(rng: Rng, positives: int, negatives: int, rates: tuple[float, float], labels: int, images: int) -> Criterion:
    """A first model whose decisions are those of a coin, or of several labels what is most frequent of each."""
    said, truth = {}, {}
    for k in range(labels):
        # Of several labels every second one is frequent, and said to be there as often as that.
        m, n, rate = (positives, negatives, rates[0]) if k % 2 == 0 else (negatives, positives, rates[1])
        count = (m + n) * images
        said[f"l{k}"] = decided(rng, count, (rate, rate), 0.0, images)[0].astype(float)
        truth[f"l{k}"] = rng.permutation(np.repeat(np.r_[np.ones(m), np.zeros(n)], images))
    member = np.repeat(np.arange(positives + negatives), images)
    results = cases(said, truth, member)
    limits, grading = dict.fromkeys(said, 0.5), GRADINGS["labels"]
    return tells(results, tuple(said), limits, grading, weights_of(results), PLAN.trivial)[0]


def first_calibration(rng: Rng, count: int, sharpened: float) -> Criterion:
    """A first model whose true calibration error is the limit."""
    results = list(calibrated(rng, count, sharpened).challenger)
    return first_model.calibrated(results, LABEL, weights_of(results), PLAN)


def first_dice(rng: Rng, patients: int, missed: float, images: int) -> Criterion:
    """A first segmentation whose true mean Dice is the floor; a share of its masks is missed altogether."""
    count = patients * images
    dice = np.where(rng.random(count) < missed, 0.0, rng.beta(8, 2, size=count))
    truth = np.ones(count)
    results = cases(truth, truth, np.repeat(np.arange(patients), images), dice=dice)
    plan = GatePlan(dice_floor=0.8 * (1 - missed))
    return first_model.above_floor(results, LABEL, GRADINGS["masks"], weights_of(results), plan)


def first_worlds() -> Iterator[World]:
    """Every setting of a first model's floors."""
    for positives, negatives in SIZES:
        size, costly = f"{positives}+{negatives}", 2 if positives == 400 else 1
        for floor, labels, images in (
            (0.5, 1, 1), (0.8, 1, 1), (0.95, 1, 1), (0.995, 1, 1), (0.5, 3, 1), (0.8, 3, 1), (0.8, 1, 4), (0.95, 1, 4),
        ):  # fmt: skip
            yield World(
                "A first model's AUC" + ("" if images == 1 else ", 4 images a patient"),
                f"{size}, {labels} labels, floor {floor:g}",
                lambda rng, k=(positives, negatives, floor, labels, images): judged(first_auc(rng, *k)),
                costly,
            )
        for auc in (0.6, 0.8, 0.95):
            for alike, answers in ((0.0, 1), (0.8, 1), (0.5, 3)):
                yield World(
                    "A first model's AUC above simple answers",
                    f"{size}, AUC {auc:g}, {answers} answers, alike {alike:g}",
                    lambda rng, k=(positives, negatives, auc, alike, answers): judged(above_simple(rng, *k)),
                    costly,
                )
        for labels, rates in ((1, (0.5, 0.5)), (1, (0.05, 0.05)), (1, (0.95, 0.95)), (2, (0.05, 0.95))):
            for images in (1, 4) if positives < 400 else (1,):
                words = "the most frequent" if labels > 1 else f"positive in {rates[0]:.0%}"
                yield World(
                    "A first model's decisions: no more than a coin" + ("" if images == 1 else ", 4 images a patient"),
                    f"{size}, {labels} labels, {words}",
                    lambda rng, k=(positives, negatives, rates, labels, images): judged(coin(rng, *k)),
                    costly,
                )
    for patients in (10, 40, 100, 400):
        for missed in (0.0, 0.1, 0.3):
            for images in (1, 4):
                yield World(
                    "A first model's Dice" + ("" if images == 1 else ", 4 images a patient"),
                    f"{patients} patients, {missed:.0%} missed",
                    lambda rng, k=(patients, missed, images): judged(first_dice(rng, *k)),
                )
    sharp = sharpened_to(PLAN.ece_floor)
    for count in (50, 200, 1000):
        yield World(
            "A first model's calibration error",
            f"{count} patients",
            lambda rng, count=count: judged(first_calibration(rng, count, sharp)),
            2,
        )
