"""The cases that tell most of where a model looks."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from inference.engine.gaze.case import GazeCase


def telling_cases(cases: Sequence[GazeCase], label: str) -> list[tuple[str, str]]:
    """Return up to three cases with the label, each with why it is shown; none twice.

    Where the marked place takes most of the answer with it, where it takes least, and where border and corners take
    most; what stands in one case already is sought in the others.
    """
    there = [case for case in cases if case.truth.get(label) == 1]
    marked = [case for case in there if label in case.places]

    def drop(case: GazeCase) -> float:
        place = case.places[label]
        return float(np.mean(place.elsewhere)) - place.painted_over

    def moved(case: GazeCase) -> float:
        return abs(case.whole[label] - case.without["edge"][label])

    wanted: list[tuple[Sequence[GazeCase], Callable[[GazeCase], float], str]] = [
        (marked, drop, "Here the answer hangs most on the marked place."),
        (marked, lambda case: -drop(case), "Here it hangs least on the marked place."),
        (there, moved, "Of the pictures with it this one changes most when border and corners are replaced."),
    ]
    found: dict[str, str] = {}
    for among, of, words in wanted:
        free = [case for case in among if case.case_id not in found]
        if free:
            found[max(free, key=of).case_id] = words
    return list(found.items())
