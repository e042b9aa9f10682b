"""Does the gate keep its promise? A worse model may pass in 2.5 of 100 tries: measured on invented test sets.

    .venv/bin/python benchmarks/gate.py [--runs 2000] [--only AUC] [--keep figures.jsonl]
    .venv/bin/python benchmarks/gate.py --write figures.jsonl

In every world the new model is worse by *exactly* the limit of the criterion, so each pass is an error. ``--write``
puts the tables into docs/the-gate.md and draws the power curves in docs/images. Seeds are fixed.
"""

from __future__ import annotations

import argparse
import json
import sys
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

HERE = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(HERE))

from benchmarks import gate_worlds as worlds  # noqa: E402
from inference.engine import criteria  # noqa: E402
from inference.engine.case_result import columns  # noqa: E402
from inference.engine.gate_plan import GatePlan  # noqa: E402
from inference.engine.pairs import Pairs  # noqa: E402
from inference.engine.report import Criterion  # noqa: E402
from inference.engine.statistics import (  # noqa: E402
    Z95,
    cluster_weights,
    delong,
    percentile_interval,
    weighted_auc,
)

PLAN = GatePlan()
PROMISED = 0.025
SIZES = ((10, 10), (10, 40), (20, 50), (40, 100), (100, 200), (400, 1600))
SMALL = SIZES[:4]


@dataclass(frozen=True)
class World:
    """One setting in which every pass is an error."""

    criterion: str
    setting: str
    draw: Callable[[np.random.Generator], tuple[bool | None, bool | None]]
    costly: int = 1

    def measure(self, runs: int) -> Measured:
        """Draw it often; the seed comes from the words."""
        rng = np.random.default_rng(zlib.crc32(f"{self.criterion} {self.setting}".encode()))
        runs = max(100, runs // self.costly)
        drawn = [self.draw(rng) for _ in range(runs)]
        before = [old for _, old in drawn if old is not None]
        return Measured(self, runs, sum(new is True for new, _ in drawn), sum(before) if before else None)


@dataclass(frozen=True)
class Measured:
    """How often a world's worse model passed: by the present intervals, and by those before them."""

    world: World
    runs: int
    passed: int
    passed_before: int | None

    @property
    def rate(self) -> float:
        return self.passed / self.runs

    def to_json(self) -> dict[str, object]:
        return {
            "criterion": self.world.criterion, "setting": self.world.setting, "runs": self.runs,
            "passed": self.passed, "before": self.passed_before, "most": self.most,
        }  # fmt: skip

    @property
    def most(self) -> float:
        """What a true rate of 2.5 % stays below in 999 of 1,000 such measurements."""
        return most_by_chance(self.runs) / self.runs


def most_by_chance(runs: int, rate: float = PROMISED) -> int:
    from scipy.stats import binom

    return int(binom.ppf(0.999, runs, rate))


def raw_auc_passed(pairs: Pairs, margin: float) -> bool:
    """Judge by the intervals before these: DeLong as it is, or the percentiles of the patient bootstrap."""
    old, truth = columns(pairs.champion, "a")
    new, _ = columns(pairs.challenger, "a")
    if len(set(pairs.patients)) == len(pairs.patients):
        aucs, covariance = delong(np.stack([old, new]), truth)
        variance = float(covariance[0, 0] + covariance[1, 1] - 2 * covariance[0, 1])
        return bool(aucs[1] - aucs[0] - Z95 * np.sqrt(max(0.0, variance)) >= -margin)
    weights = cluster_weights(pairs.patients, 500, 0)
    interval = percentile_interval(weighted_auc(new, truth, weights) - weighted_auc(old, truth, weights))
    return interval is not None and interval[0] >= -margin


def mean_passed_before(values: np.ndarray, patients: list[str], margin: float) -> bool:
    """The same of a mean of changes, which had the percentiles of the bootstrap."""
    weights = cluster_weights(patients, 500, 0)
    interval = percentile_interval((weights @ values) / weights.sum(axis=1))
    return interval is not None and interval[0] >= -margin


def all_worlds() -> Iterator[World]:
    """Every setting, criterion by criterion."""
    yield from auc_worlds()
    yield from decision_worlds()
    yield from told_worlds()
    yield from dice_worlds()
    yield from first_worlds()


def _judged(criterion: Criterion, before: bool | None = None) -> tuple[bool | None, bool | None]:
    return criterion.passed, before


def auc_worlds() -> Iterator[World]:
    for positives, negatives in SIZES:
        for was in (0.995, 0.99, 0.95, 0.9, 0.85, 0.8):
            for alike in (0.5, 0.8, 0.9):

                def one(rng, m=positives, n=negatives, was=was, alike=alike):
                    pairs = worlds.auc(rng, m, n, was, PLAN.margin, alike)
                    return _judged(criteria.non_inferior(pairs, PLAN), raw_auc_passed(pairs, PLAN.margin))

                setting = f"{positives}+{negatives}, AUC {was:g} → {was - PLAN.margin:g}, alike {alike:g}"
                yield World("AUC", setting, one, 5 if positives == 400 else 1)
    for positives, negatives in SIZES[:5]:
        for was in (0.99, 0.9):

            def several(rng, m=positives, n=negatives, was=was):
                pairs = worlds.auc(rng, m, n, was, PLAN.margin, 0.8, images=4)
                before = raw_auc_passed(pairs, PLAN.margin) if m < 100 else None
                return _judged(criteria.non_inferior(pairs, PLAN), before)

            yield World("AUC, 4 images a patient", f"{positives}+{negatives}, AUC {was:g}", several, 3)

            def labels(rng, m=positives, n=negatives, was=was):
                return _judged(criteria.non_inferior(worlds.auc_of_labels(rng, m, n, was, PLAN.margin, 0.8), PLAN))

            yield World("AUC, 3 labels", f"{positives}+{negatives}, AUC {was:g}", labels, 3)

            def equal(rng, m=positives, n=negatives, was=was):
                return _judged(criteria.benefit(worlds.auc(rng, m, n, was, 0.0, 0.8), PLAN, None))

            yield World("A benefit (equal models)", f"{positives}+{negatives}, AUC {was:g}", equal)


def decision_worlds() -> Iterator[World]:
    for patients in (10, 20, 40, 100, 400):
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
                            return _judged(judge(pairs, PLAN), before)

                        word = name if images == 1 else f"{name}, 4 images a patient"
                        yield World(word, f"{patients} patients, {was:.0%} right, alike {alike:g}", one, 2)


def told_worlds() -> Iterator[World]:
    limit = PLAN.negative_flip_limit
    for right in (50, 200, 800):
        for images in (1, 4):

            def turned(rng, right=right, images=images):
                pairs = worlds.flipped(rng, right, limit, images)
                _, now, _ = pairs.right("a", worlds.HALF, worlds.HALF)
                return _judged(worlds.flips(pairs, PLAN), float(np.mean(1 - now)) <= limit)

            yield World("Decisions that become wrong", f"{right} patients, {images} decisions each", turned, 4)
    sharp = worlds.sharpened_to(PLAN.calibration_margin)
    for count in (50, 200, 1000):

        def sure(rng, count=count):
            found = criteria.calibration(worlds.calibrated(rng, count, sharp), PLAN)
            return _judged(found, found.value is not None and found.value <= PLAN.calibration_margin)

        yield World("Calibration error", f"{count} patients", sure, 8)
    for patients, values in ((40, 2), (100, 2), (100, 4), (400, 4)):
        for was in (0.95, 0.8):

            def one(rng, patients=patients, values=values, was=was):
                pairs = worlds.sites(rng, patients, values, was, PLAN.subgroup_margin, 0.5)
                return _judged(worlds.subgroups(pairs, PLAN))

            yield World("A subgroup", f"{patients} patients in {values} groups, {was:.0%} right", one, 4)


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
                    return _judged(criteria.non_inferior(pairs, PLAN), before)

                word = "Dice" if images == 1 else "Dice, 4 images a patient"
                yield World(word, f"{patients} patients, {missed:.0%} of the loss are misses", one, 2)


def first_worlds() -> Iterator[World]:
    for positives, negatives in SIZES[:5]:
        for floor, labels in ((0.5, 1), (0.5, 3), (0.8, 1), (0.95, 1)):

            def one(rng, m=positives, n=negatives, floor=floor, labels=labels):
                return _judged(worlds.first_auc(rng, m, n, floor, labels))

            yield World("A first model's AUC", f"{positives}+{negatives}, {labels} labels, floor {floor:g}", one)
    for patients in (10, 40, 100):
        for missed in (0.0, 0.1, 0.3):
            yield World(
                "A first model's Dice",
                f"{patients} patients, {missed:.0%} missed",
                lambda rng, k=(patients, missed): _judged(worlds.first_dice(rng, *k)),
            )
    sharp = worlds.sharpened_to(PLAN.ece_floor)
    for count in (50, 200, 1000):
        yield World(
            "A first model's calibration error",
            f"{count} patients",
            lambda rng, count=count: _judged(worlds.first_calibration(rng, count, sharp, PLAN.ece_floor)),
            8,
        )


def measure(runs: int, *, only: str = "", tell: Callable[[str], None] = lambda _: None) -> list[Measured]:
    """Measure every world whose criterion and setting begin with ``only``."""
    found = []
    for world in all_worlds():
        if not f"{world.criterion}: {world.setting}".startswith(only):
            continue
        found.append(one := world.measure(runs))
        before = "" if one.passed_before is None else f"  before {one.passed_before / one.runs:6.1%}"
        mark = "  !" if one.rate > one.most else ""
        tell(f"{one.rate:6.1%}{before}  of {one.runs:5}  {world.criterion}: {world.setting}{mark}")
    return found


def power(runs: int) -> Iterator[dict[str, object]]:
    """Draw equally good models and count how often that is shown: the dots beside the advisor's curves."""
    rng = np.random.default_rng(7)
    for margin in (0.02, 0.05, 0.1):
        for patients in (100, 200, 400, 800):
            positives = round(0.3 * patients)
            passed = sum(
                criteria.non_inferior(
                    worlds.auc(rng, positives, patients - positives, 0.9, 0.0, 0.8), GatePlan(margin=margin)
                ).passed
                is True
                for _ in range(runs)
            )
            yield {"power": "auc", "margin": margin, "patients": patients, "passed": passed, "runs": runs}
    for margin in (0.05, 0.1, 0.2):
        for patients in (50, 100, 200, 400):
            plan, passed = GatePlan(sensitivity_margin=margin), 0
            for _ in range(runs):
                passed += worlds.sensitivity(worlds.changing(rng, patients, 0.1), plan).passed is True
            yield {"power": "decisions", "margin": margin, "patients": patients, "passed": passed, "runs": runs}


def main() -> int:
    """Measure, print, and keep or write where asked."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=2000)
    parser.add_argument("--only", default="", help="criteria that begin with this, or power")
    parser.add_argument("--keep", type=Path, help="add the figures to this file of JSON lines")
    parser.add_argument("--write", type=Path, help="measure nothing: write the pages from such a file")
    asked = parser.parse_args()
    if asked.write:
        from benchmarks.gate_pages import write

        write([json.loads(line) for line in asked.write.read_text().splitlines()])
        return 0
    if asked.only == "power":
        drawn = list(power(asked.runs))
        print(*drawn, sep="\n")
        if asked.keep:
            with asked.keep.open("a") as file:
                file.writelines(json.dumps(one) + "\n" for one in drawn)
        return 0
    found = measure(asked.runs, only=asked.only, tell=lambda line: print(line, flush=True))
    if asked.keep:
        with asked.keep.open("a") as file:
            file.writelines(json.dumps(one.to_json()) + "\n" for one in found)
    over = [one for one in found if one.rate > one.most]
    print(f"{len(found)} worlds, {len(over)} over what chance allows")
    return 1 if over else 0


if __name__ == "__main__":
    sys.exit(main())
