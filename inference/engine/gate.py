"""The gate before a promotion: is the challenger really no worse, and better in something that was declared?

Both models answered the same locked cases; all differences are challenger minus champion and paired. A model that is
truly worse wins the rule "higher wins" on 100 patients about one time in five; that is why intervals decide here.
Where the cases are too few, the answer is "cannot tell" (null), never a silent pass.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType

import numpy as np

from core.numbers import how_many
from inference.engine import criteria, mask_criteria
from inference.engine.beyond_guessing import above_trivial, tells
from inference.engine.case_result import NO_TRIVIAL, CaseResult, TrivialResults, columns, dices
from inference.engine.errors import DataError
from inference.engine.first_model import first_model
from inference.engine.gate_plan import GatePlan, Role
from inference.engine.gaze.case import GazeCase
from inference.engine.gaze.criteria import EXCUSABLE, gaze_criteria
from inference.engine.pairs import Metric, pair
from inference.engine.power import patients_needed
from inference.engine.report import Criterion, Gate, Power, Verdict
from inference.engine.unseen import Weights, fewest
from inference.engine.verdict import sentence_of, verdict_of

Gazes = Sequence[Sequence[GazeCase]]


def compare(
    champion: Sequence[CaseResult] | None,
    challenger: Sequence[CaseResult],
    *,
    labels: Sequence[str],
    champion_thresholds: Mapping[str, float] | None = None,
    challenger_thresholds: Mapping[str, float],
    plan: GatePlan | None = None,
    reviewed_labels: tuple[int, int] | criteria.Reviewed | None = None,
    groups: Sequence[str] = (),
    trivial: TrivialResults = NO_TRIVIAL,
    names: Mapping[str, str] = MappingProxyType({}),
    gaze: Gazes = (),
    seed: int = 0,
) -> Gate:
    """Decide whether a challenger may take the champion's place; a person still has to do it.

    Args:
        champion: results of the live model on the locked cases, or None where there is none yet.
        challenger: results of the new model on the same cases.
        labels: of the challenger.
        champion_thresholds: of the champion's decisions; needed with a champion.
        challenger_thresholds: of the challenger's decisions.
        plan: the declared limits.
        reviewed_labels: how many reviewed labels the champion and the challenger were trained on.
        groups: dimensions of the subgroups.
        trivial: what answers without a model say or paint on the same cases in the same order.
        names: of the labels, for the sentences; a key where there is none.
        gaze: what the challenger, and then the champion, say of pictures with replaced regions.
        seed: of the patients' random weights; the same cases give the same verdict.

    Returns:
        The verdict, with a sentence for every criterion.

    Raises:
        DataError: no cases, or the two were not asked about the same cases with the same truth.
    """
    plan = plan or GatePlan()
    reviewed = criteria.Reviewed(*reviewed_labels) if reviewed_labels else None
    if not challenger:
        raise DataError("no_test_cases", "There are no test cases to compare on.")
    weights = Weights([case.patient_key for case in challenger], seed=seed)
    metric: Metric = "dice" if any(case.segmentation for case in challenger) else "auc"
    patients = len({case.patient_key for case in challenger})
    judged = tuple(label for label in labels if _enough(challenger, label, metric, plan))
    if champion is None:
        found = first_model(challenger, judged, metric, weights, plan, names)
        found += above_trivial(challenger, judged, metric, trivial, weights, plan.trivial, names)
        found += tells(challenger, judged, challenger_thresholds, weights, plan.trivial)
    else:
        pairs = pair(champion, challenger, judged, metric, weights)
        # Where a finding is little more than brightness, a better classifier than the live one need not rank better
        # than that; it is refused where it is shown to rank worse.
        floor: Role = "guard" if metric == "auc" and plan.trivial == "required" else plan.trivial
        found = [
            criteria.non_inferior(pairs, plan),
            *([criteria.benefit(pairs, plan, reviewed)] if metric == "auc" else []),
            *(criteria.label(pairs, label, names.get(label, label), plan) for label in judged if len(judged) > 1),
            *above_trivial(challenger, judged, metric, trivial, weights, floor, names),
        ]
        before = champion_thresholds or {}
        both = [label for label in labels if label in before]
        if metric == "auc":
            found += [
                *criteria.operating_point(pairs, both, before, challenger_thresholds, plan),
                criteria.flips(pairs, both, before, challenger_thresholds, plan),
                criteria.calibration(pairs, plan),
                *(criteria.subgroup(pairs, both, before, challenger_thresholds, one, plan) for one in groups),
            ]
        else:
            found += [
                *mask_criteria.beside_the_live_model(pairs, both, plan, reviewed),
                *(criteria.subgroup_dice(pairs, dimension, plan) for dimension in groups),
            ]
    if metric == "auc" and gaze:
        found += gaze_criteria(gaze[0], gaze[1] if len(gaze) > 1 else None, judged, plan, names)
    verdict = verdict_of(found)
    power = _power(verdict, metric, challenger, judged or labels, champion is None, plan)
    return Gate(
        verdict=verdict,
        passed=verdict == "passed",
        excusable=champion is None and verdict != "passed" and _blocking(found) <= EXCUSABLE,
        sentence=sentence_of(verdict, found, power),
        patients=patients,
        cases=len(challenger),
        metric=metric,
        first=champion is None,
        judged_labels=judged,
        plan=plan.to_json(),
        criteria=tuple(found),
        power=power,
    )


def _blocking(found: Sequence[Criterion]) -> set[str]:
    """Return the questions for which it does not pass."""
    deciding = [one for one in found if one.role != "told"]
    return {one.id for one in deciding if one.passed is False or (one.role == "required" and not one.passed)}


def _enough(cases: Sequence[CaseResult], label: str, metric: str, plan: GatePlan) -> bool:
    if metric == "dice":
        there = {case.patient_key for case, dice in zip(cases, dices(cases, label), strict=True) if np.isfinite(dice)}
        return len(there) >= plan.smallest
    _, truth = columns(cases, label)
    states = [{c.patient_key for c, y in zip(cases, truth, strict=True) if y == state} for state in (1.0, 0.0)]
    return min(map(len, states)) >= plan.smallest


def _power(
    verdict: Verdict, metric: Metric, cases: Sequence[CaseResult], labels: Sequence[str], first: bool, plan: GatePlan
) -> Power:
    """Say how many patients would show that an equally good version is so, where these could not."""
    patients = len({case.patient_key for case in cases})
    sentence = f"The test set has {how_many(patients, 'patient', 'patients')}."
    if verdict == "passed" or first:
        return Power(patients=patients, patients_needed=None, sentence=sentence)
    if metric == "dice":
        needed = max(fewest(plan.margin), fewest(plan.sensitivity_margin))
        sentence += (
            f" At least {needed} patients with a mask show that an equal version is not worse by {plan.margin:g}"
        )
        sentence += f" (found: {plan.sensitivity_margin:g}), and more where the two differ."
        return Power(patients=patients, patients_needed=needed, sentence=sentence)
    told = max((_needed(cases, label, plan) or 0 for label in labels), default=0) or None
    if told is not None:
        sentence += (
            f" About {told} like them show, 4 times in 5, that an equal version is not worse by {plan.margin:g} "
            f"(sensitivity {plan.sensitivity_margin:g}, specificity {plan.specificity_margin:g})."
        )
    return Power(patients=patients, patients_needed=told, sentence=sentence)


def _needed(cases: Sequence[CaseResult], label: str, plan: GatePlan) -> int | None:
    _, truth = columns(cases, label)
    positive, negative = (len({c.patient_key for c, y in zip(cases, truth, strict=True) if y == one}) for one in (1, 0))
    return patients_needed(positive, negative, plan)
