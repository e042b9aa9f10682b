"""Every setting in which a new version is worse than the live one by exactly the limit of a criterion."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from benchmarks import gate_worlds as worlds
from benchmarks.gate_before import mean_passed_before, raw_auc_passed
from benchmarks.gate_first import first_worlds
from benchmarks.gate_masks import mask_worlds
from benchmarks.gate_world import World, judged
from inference.engine import criteria
from inference.engine.gate_plan import GatePlan

PLAN = GatePlan()
SIZES = ((10, 10), (10, 40), (20, 50), (40, 100), (100, 200), (400, 1600))


def all_worlds() -> Iterator[World]:
    """Every setting, criterion by criterion."""
    yield from auc_worlds()
    yield from decision_worlds()
    yield from told_worlds()
    yield from dice_worlds()
    yield from mask_worlds()
    yield from first_worlds()


def auc_worlds() -> Iterator[World]:
    for positives, negatives in SIZES:
        for was in (0.995, 0.99, 0.95, 0.9, 0.85, 0.8):
            for alike in (0.5, 0.8, 0.9):

                def one(rng, m=positives, n=negatives, was=was, alike=alike):
                    pairs = worlds.auc(rng, m, n, was, PLAN.margin, alike)
                    return judged(criteria.non_inferior(pairs, PLAN), raw_auc_passed(pairs, PLAN.margin))

                setting = f"{positives}+{negatives}, AUC {was:g} → {was - PLAN.margin:g}, alike {alike:g}"
                yield World("AUC", setting, one, 2 if positives == 400 else 1)
    for positives, negatives in SIZES:
        large = positives == 400
        for was in (0.995, 0.99, 0.9):

            def several(rng, m=positives, n=negatives, was=was):
                pairs = worlds.auc(rng, m, n, was, PLAN.margin, 0.8, images=4)
                before = raw_auc_passed(pairs, PLAN.margin) if m < 100 else None
                return judged(criteria.non_inferior(pairs, PLAN), before)

            setting = f"{positives}+{negatives}, AUC {was:g}"
            yield World("AUC, 4 images a patient", setting, several, 5 if large else 1.5)

            def labels(rng, m=positives, n=negatives, was=was):
                return judged(criteria.non_inferior(worlds.auc_of_labels(rng, m, n, was, PLAN.margin, 0.8), PLAN))

            yield World("AUC, 3 labels", setting, labels, 2 if large else 1)

            def equal(rng, m=positives, n=negatives, was=was):
                return judged(criteria.benefit(worlds.auc(rng, m, n, was, 0.0, 0.8), PLAN, None))

            yield World("A benefit (equal models)", setting, equal, 2 if large else 1)


def decision_worlds() -> Iterator[World]:
    for patients in (10, 20, 40, 100, 400, 1600):
        for was in (0.99, 0.9, 0.75):
            for alike in (0.5, 0.9):
                for images in (1, 4):
                    for name, state, judge, margin in (
                        ("Sensitivity", 1.0, worlds.sensitivity, PLAN.sensitivity_margin),
                        ("Specificity", 0.0, worlds.specificity, PLAN.specificity_margin),
                    ):
                        if name == "Specificity" and images > 1:
                            continue

                        def one(rng, k=(patients, was, alike, images, state), judge=judge, margin=margin):
                            pairs = worlds.decisions(rng, k[0], k[1], margin, k[2], k[3], k[4])
                            changes = pairs.decisions(["a"], worlds.HALF, worlds.HALF, k[4])[0]
                            before = mean_passed_before(changes, pairs.patients, margin) if k[0] < 100 else None
                            return judged(judge(pairs, PLAN), before)

                        word = name if images == 1 else f"{name}, 4 images a patient"
                        costly = 2.5 if patients == 1600 and images > 1 else 1
                        yield World(word, f"{patients} patients, {was:.0%} right, alike {alike:g}", one, costly)


def told_worlds() -> Iterator[World]:
    limit = PLAN.negative_flip_limit
    for right in (50, 200, 800):
        for images in (1, 4):

            def turned(rng, right=right, images=images):
                pairs = worlds.flipped(rng, right, limit, images)
                _, now, _ = pairs.right("a", worlds.HALF, worlds.HALF)
                return judged(worlds.flips(pairs, PLAN), float(np.mean(1 - now)) <= limit)

            yield World("Decisions that become wrong", f"{right} patients, {images} decisions each", turned)
    sharp = worlds.sharpened_to(PLAN.calibration_margin)
    for count in (50, 200, 1000):

        def sure(rng, count=count):
            found = criteria.calibration(worlds.calibrated(rng, count, sharp), PLAN)
            return judged(found, found.value is not None and found.value <= PLAN.calibration_margin)

        yield World("Calibration error", f"{count} patients", sure)
    for patients, values in ((40, 2), (100, 2), (100, 4), (400, 4)):
        for was in (0.95, 0.8):

            def one(rng, patients=patients, values=values, was=was):
                pairs = worlds.sites(rng, patients, values, was, PLAN.subgroup_margin, 0.5)
                return judged(worlds.subgroups(pairs, PLAN))

            yield World("A subgroup", f"{patients} patients in {values} groups, {was:.0%} right", one)


def dice_worlds() -> Iterator[World]:
    for patients in (10, 20, 40, 100, 400):
        for missed in (0.0, 0.5, 1.0):
            for images in (1, 4):

                def one(rng, patients=patients, missed=missed, images=images):
                    pairs = worlds.masks(rng, patients, PLAN.margin, missed, images=images)
                    gains = np.array(
                        [
                            new.segmentation["a"].dice - old.segmentation["a"].dice
                            for old, new in zip(pairs.champion, pairs.challenger, strict=True)
                        ]
                    )
                    before = mean_passed_before(gains, pairs.patients, PLAN.margin) if patients < 100 else None
                    return judged(criteria.non_inferior(pairs, PLAN), before)

                word = "Dice" if images == 1 else "Dice, 4 images a patient"
                yield World(word, f"{patients} patients, {missed:.0%} of the loss are misses", one)
