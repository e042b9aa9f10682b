"""One setting in which every pass of the gate is an error, and how often it happens."""

from __future__ import annotations

import gc
import zlib
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from inference.engine.report import Criterion

PROMISED = 0.025


@dataclass(frozen=True)
class World:
    """One setting in which every pass is an error.

    Args:
        criterion: the question.
        setting: sizes and truths, in words.
        draw: one test set → whether it passed, and whether it did before (None: nothing to compare with).
        costly: how many times fewer tries it gets.
    """

    criterion: str
    setting: str
    draw: Callable[[np.random.Generator], tuple[bool | None, bool | None]]
    costly: float = 1

    @property
    def name(self) -> str:
        return f"{self.criterion}: {self.setting}"

    def measure(self, runs: int) -> Measured:
        """Draw it often; the seed comes from the words."""
        rng = np.random.default_rng(zlib.crc32(f"{self.criterion} {self.setting}".encode()))
        runs = max(100, round(runs / self.costly))
        # Every try makes thousands of small objects and no circles: looking for those would take most of the time.
        gc.disable()
        drawn = [self.draw(rng) for _ in range(runs)]
        gc.enable()
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


def judged(criterion: Criterion, before: bool | None = None) -> tuple[bool | None, bool | None]:
    return criterion.passed, before
