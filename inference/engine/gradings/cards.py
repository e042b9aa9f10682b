"""What anybody may know of a grading without judging by it. Web processes read it: it knows neither torch nor scipy."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from inference.engine.gate_plan import GatePlan
from inference.engine.operating_point import OperatingPoint
from inference.engine.unseen import fewest

Wanted = dict[str, int]


@dataclass(frozen=True, kw_only=True)
class GradingCard:
    """A way to judge.

    Args:
        name: key; stands in the cards of recipes.
        points: the kinds of operating points that a threshold may be chosen for, each as a choice in words.
        words: of an operating point, as a sentence.
        wanted: how many test patients with and without a label (positive, negative) a plan asks for: with fewer no
            equally good version can be shown to be so.
    """

    name: str
    points: Mapping[str, str]
    words: Callable[[OperatingPoint], str]
    wanted: Callable[[GatePlan], Wanted]


def _both(plan: GatePlan) -> Wanted:
    return {
        "positive": max(plan.smallest, fewest(plan.sensitivity_margin)),
        "negative": max(plan.smallest, fewest(plan.specificity_margin)),
    }


def _with_a_place(plan: GatePlan) -> Wanted:
    return {"positive": max(plan.smallest, fewest(plan.margin), fewest(plan.sensitivity_margin)), "negative": 0}


def _own_words(point: OperatingPoint) -> str:
    return point.sentence


def _of_boxes(point: OperatingPoint) -> str:
    if point.kind == "sensitivity":
        return (
            f"At least {100 * (point.value or 0):g} % of the true boxes found, with as few false ones as can then be."
        )
    if point.kind == "balanced":
        return "True boxes found and boxes that are true, both together as high as they can be."
    return point.sentence


_DECISIONS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "balanced": "Balanced: sensitivity and specificity together",
        "sensitivity": "Sensitivity at least …",
        "specificity": "Specificity at least …",
        "cost": "A missed finding weighs as much as … false alarms",
    }
)
_BOXES: Final[Mapping[str, str]] = MappingProxyType(
    {
        "balanced": "Balanced: true boxes found and boxes that are true together",
        "sensitivity": "Share of the true boxes found at least …",
        "false_boxes": "False boxes a case at most …",
        "cost": "A missed box weighs as much as … false ones",
    }
)
LABELS: Final = GradingCard(name="labels", points=_DECISIONS, words=_own_words, wanted=_both)
#: A mask's border is where the network put it: 0.5 keeps it whatever is asked (``Segmentation.decide``).
MASKS: Final = GradingCard(name="masks", points=_DECISIONS, words=_own_words, wanted=_with_a_place)
BOXES: Final = GradingCard(name="boxes", points=_BOXES, words=_of_boxes, wanted=_with_a_place)
GRADING_CARDS: Final[Mapping[str, GradingCard]] = MappingProxyType({one.name: one for one in (LABELS, MASKS, BOXES)})
