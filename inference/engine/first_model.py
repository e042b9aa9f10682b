"""The questions of the gate about a family's first model: there is nothing to compare it with, only floors."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from core.numbers import how_many
from inference.engine.case_result import CaseResult, columns
from inference.engine.criteria import calibration_error
from inference.engine.gate_plan import NO_FLOOR, GatePlan
from inference.engine.gradings.grading import Grading
from inference.engine.report import Criterion
from inference.engine.unseen import Weights
from inference.engine.verdict import at_least, at_most


def first_model(
    cases: Sequence[CaseResult],
    labels: tuple[str, ...],
    grading: Grading,
    weights: Weights,
    plan: GatePlan,
    names: Mapping[str, str],
) -> list[Criterion]:
    """Return what is asked of a first model, whatever answers without a model say."""
    found = [above_floor(cases, labels, grading, weights, plan)]
    if not labels:
        return found
    if len(labels) > 1:
        floor = grading.floor(plan)
        found += [_label(cases, label, names.get(label, label), grading, weights, floor) for label in labels]
    return found + grading.alone_too(cases, labels, weights, plan)


def above_floor(
    cases: Sequence[CaseResult], labels: tuple[str, ...], grading: Grading, weights: Weights, plan: GatePlan
) -> Criterion:
    """Ask whether the main metric lies above the plan's floor; without a floor it is told, and not judged."""
    floor, name = grading.floor(plan), grading.metric_name
    title = f"{name} above {floor:g}" if floor > NO_FLOOR else f"{name} (no floor declared)"
    if not labels:
        title = title if floor > NO_FLOOR else f"{name} of enough test patients"
        patients = len({case.patient_key for case in cases})
        sentence = (
            f"Cannot tell: {how_many(patients, 'test patient is', 'test patients are')} too few to judge any label."
        )
        return Criterion("floor", title, "required", None, None, None, floor, sentence)
    value, interval = grading.alone(cases, labels, weights)
    if floor <= NO_FLOOR:
        sentence = f"Not judged: {value:.3f}, between {interval[0]:.3f} and {interval[1]:.3f}."
        return Criterion("floor", title, "told", None, value, interval, None, sentence)
    above = at_least(interval, floor)
    ends = {
        True: ": better than chance." if grading.chance is not None and floor >= grading.chance else ".",
        False: ": below it.",
        None: ": not shown to be above it.",
    }
    sentence = f"The {name} is {value:.3f}, between {interval[0]:.3f} and {interval[1]:.3f}{ends[above]}"
    return Criterion("floor", title, "required", above, value, interval, floor, sentence)


def _label(
    cases: Sequence[CaseResult], label: str, named: str, grading: Grading, weights: Weights, floor: float
) -> Criterion:
    value, interval = grading.alone(cases, (label,), weights)
    title = f"{grading.metric_name} of {named}"
    if floor <= NO_FLOOR:
        return Criterion(f"label:{label}", title, "told", None, value, interval, None, f"Not judged: {value:.3f}.")
    passed = at_least(interval, floor)
    words = {True: "Above the floor", False: "Below the floor", None: "Cannot tell"}
    sentence = f"{words[passed]}: {value:.3f}."
    return Criterion(f"label:{label}", title, "told", passed, value, interval, floor, sentence)


def calibrated(cases: Sequence[CaseResult], labels: tuple[str, ...], weights: Weights, plan: GatePlan) -> Criterion:
    """Ask whether the calibration error lies at or below the plan's limit."""
    value, interval = calibration_error([columns(cases, label) for label in labels], weights)
    return Criterion(
        "calibration",
        f"Calibration error at most {plan.ece_floor:g}",
        "required" if plan.calibration == "required" else "told",
        at_most(interval, plan.ece_floor),
        value,
        interval,
        plan.ece_floor,
        f"The calibration error is {value:.3f}, between {interval[0]:.3f} and {interval[1]:.3f}.",
    )
