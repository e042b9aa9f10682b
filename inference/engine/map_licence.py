"""Which maps a version may show, and how strong one is among all it gives. Knows no torch: web processes read it too.

What nothing taught follows from the model's card. Of the rest, what may be shown stands in the grades of the version's
newest report (``inference.engine.map_tournament``); nothing else decides it. How strong a map is follows from the card
again: the strongest maps that it gave on validation cases.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from inference.engine.map_report import MapGrade, MapGrades
from inference.engine.methods import Method
from inference.engine.recipe_cards import recipe_card

#: Below this share of the strongest map of a version a map is called weak.
WEAK_SHARE: Final = 0.3
#: Below this a location head is not sure of any place; its outlines begin here too.
SURE_PLACE: Final = 0.5


@dataclass(frozen=True)
class Withheld:
    """Why a map is not offered: a stable code, and a sentence."""

    code: str
    why: str


@dataclass(frozen=True)
class OfferedMaps:
    """The maps of one label that a version offers, the first one first.

    Attributes:
        label: its key.
        sentence: what is known of the maps of this label together.
        methods: each with its grade in words.
    """

    label: str
    sentence: str
    methods: tuple[tuple[Method, str], ...]


@dataclass(frozen=True)
class MapScale:
    """Where a map stands on the scale of its version.

    Attributes:
        unit: "logit", "probability" or "bits".
        low, high: its lowest and highest value, in that unit.
        strongest: the highest value of such a map on the version's validation cases; None where it was not measured.
        cases: how many these were.
        share: ``high`` of ``strongest``; a probability is its own share. None where nothing is known.
        is_weak: nothing in this map is strong.
    """

    unit: str
    low: float
    high: float
    strongest: float | None
    cases: int
    share: float | None
    is_weak: bool


def untaught(card: Mapping[str, Any], method: Method, label: str) -> Withheld | None:
    """Say why nothing taught a version a map of a label, or None where something did.

    Args:
        card: of the model.
        method: one of the explanations on its recipe's card.
        label: one of its labels.
    """
    if method.learned_from == "places" and (why := place_withheld(card, label)):
        return why
    training = card.get("training", {})
    taught = training.get("taught_cases", {}).get(label)
    if method.of_label and method.needs_both and taught is not None and not (taught["present"] and taught["absent"]):
        missing = "with" if not taught["present"] else "without"
        return Withheld(
            "one_answer_only",
            f"Not offered: this version learned from no case {missing} it, so it cannot say what tells them apart.",
        )
    return None


def place_withheld(card: Mapping[str, Any], label: str) -> Withheld | None:
    """Say why a version shows no place of a label, neither as a map nor as an outline, or None where it does."""
    if not card.get("config", {}).get("location_weight", 1):
        return Withheld("places_not_taught", "Not offered: this version was trained without its location head.")
    if not card.get("training", {}).get("located_cases", {}).get(label, 0):
        return Withheld(
            "no_place_marked",
            "Not offered: no reader marked where this is in the cases that this version learned from, so its "
            "location head never saw one.",
        )
    return None


def withheld(card: Mapping[str, Any], method: Method, label: str, grades: MapGrades | None) -> Withheld | None:
    """Say why a version does not offer a map of a label, or None where it does.

    Args:
        card: of the model.
        method: one of the explanations on its recipe's card.
        label: one of its labels.
        grades: of the label's maps in the version's newest report; None where they were not graded.
    """
    if why := untaught(card, method, label):
        return why
    if not method.of_label:
        return None
    if grades is None or grades.stands == "cannot_tell":
        return Withheld("map_not_graded", "Offered only with a grade, and it has none.") if method.needs_grade else None
    grade = grade_of(grades, method)
    if grade is None:
        why_not = "Not offered: the version's report did not ask about this kind of map."
        return Withheld("map_not_graded", why_not)
    return None if grade.passed else Withheld("map_failed", f"Not offered. {grade.why}")


def grade_of(grades: MapGrades | None, method: Method) -> MapGrade | None:
    """Return the grade of a kind of map; None where it has none."""
    return next((one for one in grades.grades if one.method == method.name), None) if grades else None


def grade_words(grades: MapGrades | None, method: Method) -> str:
    """Return the grade that is printed on a map; empty for a map that is not of one label."""
    if not method.of_label:
        return ""
    grade = grade_of(grades, method)
    if grade is None:
        if grades is None or grades.stands == "graded":
            return "No grade."
        return f"No grade: it takes {grades.fewest} marked test cases, and there are {grades.marked}."
    return (
        f"In the reader's mark in {grade.hits} of {grade.cases} test cases; a fixed place: {grade.fixed_hits} of "
        f"{grade.cases}."
    )


def maps_of(card: Mapping[str, Any], recipe: str, label: str, grades: MapGrades | None) -> OfferedMaps:
    """Return the maps of a label that a version offers: the winner first, or in the card's order without grades."""
    offered = [one for one in recipe_card(recipe).explanations if withheld(card, one, label, grades) is None]
    ranks = {one.method: rank for rank, one in enumerate(grades.grades)} if grades else {}
    offered.sort(key=lambda one: ranks.get(one.name, len(ranks)))
    graded_here = any(one.of_label for one in recipe_card(recipe).explanations)
    ungraded = "The maps of this version were not graded: nobody has measured whether they point at it."
    sentence = grades.sentence if grades else ungraded if graded_here else ""
    return OfferedMaps(label, sentence, tuple((one, grade_words(grades, one)) for one in offered))


def explanations_of(
    card: Mapping[str, Any], recipe: str, grades: Mapping[str, MapGrades]
) -> tuple[list[tuple[Method, list[str]]], list[Any]]:
    """Return the explanations a version offers, each with its labels, and (method, label, why not) of the others."""
    labels = list(card.get("labels", []))
    offered: list[tuple[Method, list[str]]] = []
    refused: list[Any] = []
    for method in recipe_card(recipe).explanations:
        reasons = {label: withheld(card, method, label, grades.get(label)) for label in labels}
        good = [label for label, why in reasons.items() if why is None]
        if good or not labels:
            offered.append((method, good))
        refused += [(method, label, why) for label, why in reasons.items() if why is not None]
    return offered, refused


def map_scale(card: Mapping[str, Any], method: Method, label: str, raw_range: tuple[float, float]) -> MapScale:
    """Return where a map of a label stands among those of its version.

    Args:
        card: of the model; ``training.strongest_maps`` has {method: {label: {"strongest", "cases"}}}.
        method: that made it.
        label: that it explains.
        raw_range: its lowest and highest value before scaling.
    """
    low, high = raw_range
    known = card.get("training", {}).get("strongest_maps", {}).get(method.name, {}).get(label, {})
    strongest, cases = known.get("strongest"), int(known.get("cases", 0))
    if method.scale == "bits":
        return MapScale(method.unit, low, high, None, 0, None, is_weak=False)
    if method.scale == "probability":
        return MapScale(method.unit, low, high, strongest, cases, high, is_weak=high < SURE_PLACE)
    share = max(0.0, high) / strongest if strongest and strongest > 0 else None
    return MapScale(method.unit, low, high, strongest, cases, share, is_weak=share is not None and share < WEAK_SHARE)
