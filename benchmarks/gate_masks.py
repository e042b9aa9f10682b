"""Invented masks of test sets that hold healthy cases too: two models, or one and an answer that needs none."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from benchmarks.gate_world import World, judged
from benchmarks.gate_worlds import NORMAL, Rng, both, built, weights_of
from inference.engine import mask_criteria
from inference.engine.beyond_guessing import above_trivial, tells
from inference.engine.case_result import CaseResult
from inference.engine.criteria import non_inferior
from inference.engine.gate_plan import GatePlan
from inference.engine.gradings.registry import GRADINGS
from inference.engine.mask_score import SegmentationScore
from inference.engine.pairs import Pairs
from inference.engine.report import Criterion

PLAN = GatePlan(benefit="superior")
SIZES = ((10, 10), (20, 50), (40, 100), (100, 200), (400, 1600))
Column = tuple[np.ndarray, np.ndarray, np.ndarray]
"""Of each case: volume of the truth (0: healthy), volume that is painted, Dice."""


def cases_of(columns: dict[str, Column], images: int = 1) -> list[CaseResult]:
    """Return results of masks; every ``images`` cases are one patient."""
    names, count = tuple(columns), len(next(iter(columns.values()))[0])
    scores = []
    for true, painted, dice in columns.values():
        numbers = zip(dice.tolist(), true.tolist(), painted.tolist(), strict=True)
        scores.append([score(*one) for one in numbers])
    return built(
        [f"p{k // images}" for k in range(count)],
        [{}] * count,
        [{}] * count,
        [{}] * count,
        [dict(zip(names, one, strict=True)) for one in zip(*scores, strict=True)],
    )


def score(dice: float, true: float, painted: float) -> SegmentationScore:
    one = SegmentationScore.__new__(SegmentationScore)
    one.__dict__.update(_UNMEASURED, dice=dice, volume_true=true, volume_predicted=painted)
    return one


_UNMEASURED = vars(SegmentationScore(None, 0.0, 0.0, None, "mm", "ml"))


def column(rng: Rng, sick: int, healthy: int, *, found, clean, dice, volume=None) -> Column:
    """Put the masks of one model together: the sick first.

    Args:
        rng: of the draw.
        sick: cases with a mask.
        healthy: cases without.
        found: [sick], whether anything is painted.
        clean: [healthy], whether nothing is.
        dice: [sick], where something is.
        volume: [healthy], what is painted where it is not clean; as much as a structure where nothing is told.
    """
    true = np.r_[np.exp(rng.normal(-0.125, 0.5, size=sick)), np.zeros(healthy)]
    paint = np.ones(healthy) if volume is None else volume
    painted = np.r_[np.where(found, true[:sick], 0.0), np.where(clean, 0.0, paint)]
    return true, painted, np.r_[np.where(found, dice, 0.0), np.where(clean, 1.0, 0.0)]


def decided(rng: Rng, count: int, rates: tuple[float, float], alike: float, images: int) -> list[np.ndarray]:
    """Draw which cases two models decide rightly, at these rates; the cases of one patient are alike."""
    member = np.repeat(np.arange(count // images), images)

    def lot():
        whole = rng.normal(size=count // images)[member]
        return whole if images == 1 else np.sqrt(2 / 3) * whole + np.sqrt(1 / 3) * rng.normal(size=count)

    shared = lot()
    return [np.sqrt(alike) * shared + np.sqrt(1 - alike) * lot() < NORMAL.inv_cdf(rate) for rate in rates]


def two(rng: Rng, sick: int, healthy: int, *, found=(0.95, 0.95), clean=(0.9, 0.9), dice=(0.0, 0.0), images=1) -> Pairs:
    """Draw two models with these rates; ``dice`` is what each loses of it where it paints."""
    m, n = sick * images, healthy * images
    finds = decided(rng, m, found, 0.8, images)
    cleans = decided(rng, n, clean, 0.8, images)
    quality = rng.beta(8, 2, size=m)
    columns = []
    state = rng.bit_generator.state
    for k in range(2):
        rng.bit_generator.state = state  # the same structures for both
        own = np.clip(quality + np.random.default_rng(k).normal(0, 0.02, size=m), 0, 1) - dice[k]
        columns.append({"a": column(rng, m, n, found=finds[k], clean=cleans[k], dice=own)})
    return both(*(cases_of(one, images) for one in columns), grading=GRADINGS["masks"])


def asked(pairs: Pairs, id_: str) -> Criterion:
    """Return the answer to one of the questions beside the Dice."""
    if id_ == "false_paint":
        return mask_criteria.false_paint(pairs, pairs.labels, PLAN)
    decided = mask_criteria.decided_by_paint(pairs, pairs.labels)
    if id_ == "benefit":
        return mask_criteria.benefit(pairs, decided, pairs.labels, PLAN, None)
    if id_ == "negative_flips":
        return mask_criteria.flips(decided, pairs.labels, PLAN)
    return mask_criteria.found_and_clean(decided, pairs.labels, PLAN)[id_ == "specificity"]


def painted_more(rng: Rng, sick: int, healthy: int, kind: str) -> Pairs:
    """Two models of which the new one paints healthy cases more heavily by exactly the limit."""
    limit = PLAN.specificity_margin
    base = rng.random(healthy) < 0.1  # the live model floods a tenth
    old = np.where(base, 1.0, 0.0)
    if kind == "floods":  # volume 9 is 0.9 of the scale
        new = np.where(~base & (rng.random(healthy) < limit / 0.9 / 0.9), 9.0, old)
    else:  # a little on every clean case
        share = limit / 0.9
        new = np.where(base, old, share / (1 - share))
    columns = []
    state = rng.bit_generator.state
    for volume in (old, new):
        rng.bit_generator.state = state
        some = np.ones(sick, bool)
        one = column(rng, sick, healthy, found=some, clean=volume == 0, dice=np.full(sick, 0.8), volume=volume)
        columns.append({"a": one})
    return both(*map(cases_of, columns), grading=GRADINGS["masks"])


def guess(rng: Rng, sick: int, healthy: int, rates: tuple[float, float], labels: int, images: int) -> Criterion:
    """A first model whose paint says nothing of who is healthy; with several labels it says what is most frequent."""
    columns = {}
    for k in range(labels):
        # Of several labels every second one is frequent, and painted as if that were known.
        m, n, rate = (sick, healthy, rates[0]) if k % 2 == 0 else (healthy, sick, rates[1])
        # Patients change places, each with all their images: who has the one label need not have the other.
        order = rng.permutation(m + n) if labels > 1 else np.arange(m + n)
        order = (order[:, None] * images + np.arange(images)).ravel()
        paint = decided(rng, (m + n) * images, (rate, rate), 0.0, images)[0]
        found, clean = paint[: m * images], ~paint[m * images :]
        one = column(rng, m * images, n * images, found=found, clean=clean, dice=np.full(m * images, 0.7))
        columns[f"l{k}"] = tuple(values[order] for values in one)
    results = cases_of(columns, images)
    return tells(results, tuple(columns), {}, GRADINGS["masks"], weights_of(results), PLAN.trivial)[0]


def as_good_as_a_guess(rng: Rng, sick: int, guesses: int, alike: float) -> Criterion:
    """A first model whose mean Dice is that of the best answers without a model; the best of these is picked."""
    shared = rng.normal(size=sick)

    def dice():
        own = np.sqrt(alike) * shared + np.sqrt(1 - alike) * rng.normal(size=sick)
        # Misses and good ones: half of the cases are near 0.1, half near 0.7.
        return np.clip(np.where(own > 0, 0.7, 0.1) + 0.05 * rng.normal(size=sick), 0, 1)

    true, healthy = np.ones(sick), np.zeros(0, bool)
    answers = [
        cases_of({"a": column(rng, sick, 0, found=true > 0, clean=healthy, dice=dice())}) for _ in range(guesses + 1)
    ]
    names = ("all", "mean_mask", "location", "majority", "nothing")
    trivial = dict(zip(names, answers[1:], strict=False))
    return above_trivial(answers[0], ["a"], GRADINGS["masks"], trivial, weights_of(answers[0]), "required", {})[0]


def several_labels(rng: Rng, sick: int, less: float) -> Pairs:
    """Three labels, each with a mask in two thirds of the cases; one loses three times ``less`` of its Dice."""
    columns: list[dict[str, Column]] = [{}, {}]
    for k in range(3):
        here = np.arange(sick) % 3 != k
        quality = rng.beta(8, 2, size=sick)
        for place, loss in enumerate((0.0, 3 * less if k == 0 else 0.0)):
            own = np.clip(quality + rng.normal(0, 0.03, size=sick), 0, 1) - loss
            columns[place][f"l{k}"] = here * 1.0, here * 1.0, np.where(here, own, 1.0)
    return both(*map(cases_of, columns), labels=("l0", "l1", "l2"), grading=GRADINGS["masks"])


def mask_worlds() -> Iterator[World]:
    """Every setting of the questions about masks, with healthy cases among them."""
    yield from flip_worlds()
    found, clean = PLAN.sensitivity_margin, PLAN.specificity_margin
    for sick, healthy in SIZES:
        size, large = f"{sick}+{healthy}", sick == 400
        costly = 2.5 if large else 1
        for images in (1, 4) if not large else (1,):
            word = "" if images == 1 else ", 4 images a patient"
            for was in (0.99, 0.9, 0.75):
                yield World(
                    f"Masks: cases found{word}",
                    f"{size}, {was:.0%} found",
                    lambda rng, k=(sick, healthy), was=was, images=images: judged(
                        asked(two(rng, *k, found=(was, was - found), images=images), "sensitivity")
                    ),
                    costly,
                )
                yield World(
                    f"Masks: healthy cases left clean{word}",
                    f"{size}, {was:.0%} clean",
                    lambda rng, k=(sick, healthy), was=was, images=images: judged(
                        asked(two(rng, *k, clean=(was, was - clean), images=images), "specificity")
                    ),
                    costly,
                )
        for kind in ("floods", "specks"):
            yield World(
                "Masks: paint on healthy cases",
                f"{size}, {kind}",
                lambda rng, k=(sick, healthy, kind): judged(asked(painted_more(rng, *k), "false_paint")),
                costly,
            )
        yield World(
            "Masks: Dice with empty cases",
            size,
            lambda rng, k=(sick, healthy): judged(non_inferior(two(rng, *k, dice=(0.0, PLAN.margin / 0.95)), PLAN)),
            costly,
        )
        yield World(
            "Masks: Dice, 3 labels",
            f"{sick} patients",
            lambda rng, sick=sick: judged(non_inferior(several_labels(rng, sick, PLAN.margin), PLAN)),
            costly,
        )
        yield World(
            "Masks: a benefit (equal models)",
            size,
            lambda rng, k=(sick, healthy): judged(asked(two(rng, *k), "benefit")),
            costly,
        )
        for guesses, alike in ((1, 0.0), (1, 0.8), (5, 0.5)):
            yield World(
                "A first model's Dice above guesses",
                f"{sick} patients, {guesses} guesses, alike {alike:g}",
                lambda rng, k=(sick, guesses, alike): judged(as_good_as_a_guess(rng, *k)),
                costly,
            )
        for labels, rates in ((1, (0.5, 0.5)), (1, (0.05, 0.05)), (1, (0.95, 0.95)), (2, (0.05, 0.95))):
            for images in (1, 4) if not large else (1,):
                words = "the most frequent" if labels > 1 else f"paint on {rates[0]:.0%}"
                yield World(
                    "A first model's paint: no more than a coin" + ("" if images == 1 else ", 4 images a patient"),
                    f"{size}, {labels} labels, {words}",
                    lambda rng, k=(sick, healthy, rates, labels, images): judged(guess(rng, *k)),
                    costly,
                )


def turned(rng: Rng, right: int, share: float, images: int) -> Pairs:
    """Masks on sick cases, all found by the live model; of ``share`` of the patients the new one paints nothing."""
    count = right * images
    kept = np.repeat(rng.random(right) >= share, images)
    whole = np.ones(count, bool)
    columns = [
        {"a": (np.ones(count), one.astype(float), np.where(one, 0.8, 0.0))} for one in (whole, kept)
    ]  # fmt: skip
    return both(*(cases_of(one, images) for one in columns), grading=GRADINGS["masks"])


def flip_worlds() -> Iterator[World]:
    """Masks whose decisions become wrong, by exactly the limit."""
    for right in (50, 200, 800):
        for images in (1, 4):
            yield World(
                "Masks: decisions that become wrong",
                f"{right} patients, {images} decisions each",
                lambda rng, k=(right, images): judged(
                    asked(turned(rng, k[0], PLAN.negative_flip_limit, k[1]), "negative_flips")
                ),
                4 if right == 800 else 1,
            )
