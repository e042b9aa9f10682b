"""The questions that a map must pass to be shown, answered from what was found on marked test cases.

Each returns the fault as a sentence, or "" where there is none; ``inference.engine.map_tournament`` has their order.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Final

import numpy as np

from inference.engine.figures import mean_figure, proportion
from inference.engine.map_case import MapCase
from inference.engine.map_report import FIXED_PLACE_WORDS, FixedPlaceName, MapQuestion
from inference.engine.removal import Removal
from inference.engine.report import Figure
from inference.engine.statistics import cluster_weights, wilson

MOST_OUTSIDE: Final = 3.0
MOST_ALIKE_TWIN: Final = 0.3
LEAST_ALIKE_AGAIN: Final = 0.9
#: Bright findings are rightly found at the brightest place: that is told, and does not decide.
DECIDING: Final[tuple[FixedPlaceName, ...]] = ("centre", "location")

Cases = Sequence[MapCase]


def pointed(cases: Cases, method: str) -> list[MapCase]:
    """Return the cases on which it was asked where a kind of map points."""
    return [case for case in cases if method in case.hits]


def hit_rate(cases: Cases, method: str) -> Figure:
    """Return on which share of these the strongest place lies in the mark."""
    asked = pointed(cases, method)
    patients = [case.sample.patient_key for case in asked]
    weights = cluster_weights(patients, 1000, 0) if len(set(patients)) < len(patients) else None
    return proportion(np.array([float(case.hits[method]) for case in asked]), weights)


def best_fixed(cases: Cases) -> tuple[int, FixedPlaceName]:
    """Return how often the better of the fixed places that decide lies in the mark, and which one it is."""
    counts = {name: sum(case.fixed.get(name, False) for case in cases) for name in DECIDING}
    best = max(DECIDING, key=lambda name: counts[name])
    return counts[best], best


def place_fault(cases: Cases, method: str) -> str:
    """Does it point at the mark oftener than a fixed place does?"""
    asked = pointed(cases, method)
    fixed, interval = best_fixed(asked)[0], hit_rate(cases, method).interval
    if interval is not None and interval[0] > fixed / len(asked):
        return ""
    hits = sum(case.hits[method] for case in asked)
    return (
        f"It is not shown to point better than a fixed place: in the reader's mark in {hits} of {len(asked)} test "
        f"cases, a fixed place in {fixed}."
    )


def outside(cases: Cases, method: str) -> tuple[float, float] | None:
    """Return which share of the map, and of the picture, lies outside the body; None where there is no outside."""
    found = [case.outside[method] for case in cases if method in case.outside]
    return (float(np.mean([one[0] for one in found])), float(np.mean([one[1] for one in found]))) if found else None


def outside_fault(cases: Cases, method: str) -> str:
    """Does it stay in the body?"""
    shares = outside(cases, method)
    if shares is None or shares[0] <= MOST_OUTSIDE * shares[1]:
        return ""
    return (
        f"{shares[0] * 100:.0f} % of it lies outside the body, on {shares[1] * 100:.0f} % of the picture: at most "
        f"{MOST_OUTSIDE:.0f} times the picture's share is allowed."
    )


def twin_fault(cases: Cases, method: str) -> str:
    """Does it show what was learned?

    The twin's map has to be another one, which points at the mark half as often at most, and not oftener than the best
    of all fixed places: what is the brightest of a picture draws a random network's map, too.
    """
    asked = [case for case in cases if method in case.twin]
    alike = float(np.mean([case.twin[method][1] for case in asked]))
    if alike >= MOST_ALIKE_TWIN:
        return (
            "It shows the picture, not what was learned: a network with random weights gives a similar map (likeness "
            f"{alike:.2f}; below {MOST_ALIKE_TWIN} is asked)."
        )
    hits, own = sum(case.twin[method][0] for case in asked), sum(case.hits[method] for case in asked)
    fixed = max(sum(case.fixed.get(name, False) for case in asked) for name in FIXED_PLACE_WORDS)
    interval = wilson(hits, len(asked))
    if hits > own / 2 or (interval is not None and interval[0] > fixed / len(asked)):
        return (
            "It points without having learned anything: of a network with random weights it lies in the mark in "
            f"{hits} of {len(asked)} test cases, too, of this one in {own}."
        )
    return ""


def repeat_fault(cases: Cases, method: str) -> str:
    """Does it say the same twice?"""
    alike = float(np.mean([case.repeat[method] for case in cases if method in case.repeat]))
    if alike > LEAST_ALIKE_AGAIN:
        return ""
    return f"Two runs give different maps (likeness {alike:.2f}; above {LEAST_ALIKE_AGAIN} is asked)."


def removed(cases: Cases, method: str) -> list[tuple[MapCase, Removal, Removal]]:
    """Return the cases on which places were blurred away, with what that did in the map's order and at random."""
    return [
        (case, case.removed[method], case.at_random)
        for case in cases
        if method in case.removed and case.at_random is not None
    ]


def faster(cases: Cases, method: str) -> Figure:
    """Return how much lower the probability is on the way than in random order."""
    found = removed(cases, method)
    gained = np.array([random.deletion - own.deletion for _, own, random in found])
    return mean_figure(gained, cluster_weights([case.sample.patient_key for case, _, _ in found], 1000, 0))


def removal_fault(cases: Cases, method: str) -> str:
    """Does the answer hang on it?"""
    interval = faster(cases, method).interval
    if interval is not None and interval[0] > 0:
        return ""
    return "The answer does not hang on it: blurring away what it marks is not shown to do more than chance."


#: In the order in which they are asked.
QUESTIONS: Final[Mapping[MapQuestion, Callable[[Cases, str], str]]] = {
    "place": place_fault,
    "outside": outside_fault,
    "twin": twin_fault,
    "repeat": repeat_fault,
    "removal": removal_fault,
}
