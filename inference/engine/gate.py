"""The gate before a promotion: is the challenger really no worse, and better in something that was declared?

Both models answered the same locked cases; all differences are challenger minus champion and paired. A model that is
truly worse wins the rule "higher wins" on 100 patients about one time in five; that is why intervals decide here.
Where the cases are too few, the answer is "cannot tell" (null), never a silent pass.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType

from core.numbers import how_many
from inference.engine import criteria
from inference.engine.beyond_guessing import above_trivial, tells
from inference.engine.case_result import NO_TRIVIAL, CaseResult, TrivialResults
from inference.engine.errors import DataError
from inference.engine.first_model import first_model
from inference.engine.gate_plan import GatePlan
from inference.engine.gaze.case import GazeCase
from inference.engine.gaze.criteria import EXCUSABLE, gaze_criteria
from inference.engine.gradings.grading import Beside, Grading
from inference.engine.gradings.registry import grading_of
from inference.engine.pairs import pair
from inference.engine.report import Criterion, Gate, Power, Verdict
from inference.engine.unseen import Weights
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
    grading = grading_of(challenger)
    patients = len({case.patient_key for case in challenger})
    judged = tuple(label for label in labels if grading.enough(challenger, label, plan))
    if champion is None:
        found = first_model(challenger, judged, grading, weights, plan, names)
        found += above_trivial(challenger, judged, grading, trivial, weights, plan.trivial, names)
        found += tells(challenger, judged, challenger_thresholds, grading, weights, plan.trivial)
    else:
        pairs, before = pair(champion, challenger, judged, grading, weights), champion_thresholds or {}
        both = [label for label in labels if label in before]
        found = [
            criteria.non_inferior(pairs, plan),
            *(criteria.label(pairs, label, names.get(label, label), plan) for label in judged if len(judged) > 1),
            *above_trivial(challenger, judged, grading, trivial, weights, grading.trivial_role(plan), names),
            *grading.beside(Beside(pairs, both, before, challenger_thresholds, plan, reviewed, groups)),
        ]
    if grading.metric == "auc" and gaze:
        found += gaze_criteria(gaze[0], gaze[1] if len(gaze) > 1 else None, judged, plan, names)
    verdict = verdict_of(found)
    power = _power(verdict, grading, challenger, judged or labels, champion is None, plan)
    return Gate(
        verdict=verdict,
        passed=verdict == "passed",
        excusable=champion is None and verdict != "passed" and _blocking(found) <= EXCUSABLE,
        sentence=sentence_of(verdict, found, power),
        patients=patients,
        cases=len(challenger),
        metric=grading.metric,
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


def _power(
    verdict: Verdict, grading: Grading, cases: Sequence[CaseResult], labels: Sequence[str], first: bool, plan: GatePlan
) -> Power:
    """Say how many patients would show that an equally good version is so, where these could not."""
    patients = len({case.patient_key for case in cases})
    sentence = f"The test set has {how_many(patients, 'patient', 'patients')}."
    if verdict == "passed" or first:
        return Power(patients=patients, patients_needed=None, sentence=sentence)
    needed, more = grading.power(cases, labels, plan)
    return Power(patients=patients, patients_needed=needed, sentence=sentence + more)
