"""The figures of a detection: FROC, precision, what is decided at the threshold, and how true its scores are."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

import numpy as np

from inference.engine.answer_figures import calibration_bins
from inference.engine.box_curves import RATES, Curve, End, interval_of
from inference.engine.box_report import BOX_FLOOR_WORDS, BoxExample, BoxFigures, BoxFloor, FrocPoint, FrocRate
from inference.engine.box_score import AGAIN, FOUND, BoxScore
from inference.engine.boxes import as_boxes, overlaps
from inference.engine.case_result import CaseResult, TrivialResults
from inference.engine.figures import bootstrapped, figure, mean_figure, ratio_figure, share_figure
from inference.engine.kept import ExampleKind
from inference.engine.report import Figure
from inference.engine.statistics import Array, expected_calibration_error
from inference.engine.unseen import Weights

_ENDS: Final[tuple[End, End]] = ("worst", "best")
WORST: Final = 3
HEALTHY: Final = 3


def box_figures(
    cases: Sequence[CaseResult], label: str, weights: Array, trivial: TrivialResults, threshold: float
) -> BoxFigures | None:
    """Return how the boxes of a label are found; None where the true ones of no case are known.

    Args:
        cases: of the test.
        label: to report on.
        weights: [R, N] of the patient-cluster bootstrap.
        trivial: boxes without a model, on the same cases in the same order.
        threshold: of the version.
    """
    scores = [case.boxes.get(label) for case in cases]
    there = [score for score in scores if score is not None]
    if not there:
        return None

    def column(of: Callable[[BoxScore], float]) -> Array:
        return np.array([np.nan if score is None else of(score) for score in scores], dtype=np.float64)

    curve = Curve.of(cases, label)
    rates = _rates(curve, cases)
    found, marked = column(lambda s: s.found(threshold)), column(lambda s: len(s.truth))
    return BoxFigures(
        n=len(there),
        with_box=sum(bool(score.truth) for score in there),
        without_place=sum(case.truth.get(label) == 1 and label not in case.boxes for case in cases),
        marked=int(np.nansum(marked)),
        said=sum(sum(one >= threshold for one in score.scores) for score in there),
        cpm=rates[0],
        froc=tuple(FrocRate(false_per_case=rate, sensitivity=one) for rate, one in zip(RATES, rates[1:], strict=True)),
        curve=tuple(
            FrocPoint(threshold=at, false_per_case=false, sensitivity=share) for at, false, share in curve.points()
        ),
        ap10=_precision(cases, label, 0.1, weights),
        ap50=_precision(cases, label, 0.5, weights),
        sensitivity=share_figure(found, marked, weights),
        beside=mean_figure(column(lambda s: s.beside(threshold)), weights),
        overlap=ratio_figure(
            column(lambda s: _overlap(s, threshold)[0]), column(lambda s: _overlap(s, threshold)[1]), weights
        ),
        **_calibrated(scores, weights, threshold),
        floor=_floor(trivial, label, weights),
        examples=box_examples(cases, label, threshold),
    )


def _rates(curve: Curve, cases: Sequence[CaseResult]) -> list[Figure]:
    """Return the FROC mean and the sensitivity at each rate, with the intervals that the gate judges by."""
    if not curve.has_truth:
        return [figure(None, None, "unseen_patient")] * (1 + len(RATES))
    seen, patients = curve.sensitivities()[0], Weights([case.patient_key for case in cases])
    low, high = (curve.bounded(patients, end) for end in _ENDS)
    return [
        figure(float(seen.mean()), interval_of(low.mean(axis=1), high.mean(axis=1)), "unseen_patient"),
        *(figure(float(seen[k]), interval_of(low[:, k], high[:, k]), "unseen_patient") for k in range(len(RATES))),
    ]


def _resampled(value: Array, replicates: Array) -> Figure:
    """Return a figure; at exactly 0 or 1 every replicate is the same and would promise certainty: no interval."""
    found = bootstrapped(value, replicates)
    return found.model_copy(update={"interval": None}) if found.value in (0.0, 1.0) else found


def _precision(cases: Sequence[CaseResult], label: str, overlap: float, weights: Array) -> Figure:
    curve = Curve.of(cases, label, overlap)
    return _resampled(curve.precision(), curve.precision(weights))


def _overlap(score: BoxScore, threshold: float) -> tuple[float, float]:
    """Return the sum of the overlaps of the hits with what they hit, and how many hits there are."""
    hits = np.flatnonzero((score.outcome == FOUND) & (np.array(score.scores) >= threshold))
    if not len(hits):
        return 0.0, 0.0
    return float(overlaps(as_boxes(score.said)[hits], as_boxes(score.truth)).max(axis=1).sum()), float(len(hits))


def said_and_true(scores: Sequence[BoxScore | None]) -> tuple[Array, Array, Array]:
    """Return of all boxes the probability, whether it is a hit, and the place of its case; [D] each.

    A further box on what was found already is left out: it is neither.
    """
    said = [np.array(score.scores) if score else np.zeros(0) for score in scores]
    outcome = [score.outcome if score else np.zeros(0) for score in scores]
    case = np.repeat(np.arange(len(scores)), [len(one) for one in said])
    every, became = np.concatenate([*said, np.zeros(0)]), np.concatenate([*outcome, np.zeros(0)])
    counts = became != AGAIN
    return every[counts], (became[counts] == FOUND).astype(np.float64), case[counts]


def _calibrated(scores: Sequence[BoxScore | None], weights: Array, threshold: float) -> dict[str, object]:
    """Return the calibration; its error of what is proposed: the many unlikely boxes of each case would drown it."""
    said, true, case = said_and_true(scores)
    if not len(said):
        return {"ece": bootstrapped(np.array([np.nan]), np.zeros(0)), "calibration": ()}
    shown = said >= threshold
    error = expected_calibration_error(said[shown], true[shown])
    replicates = expected_calibration_error(said[shown], true[shown], weights[:, case[shown]])
    return {"ece": bootstrapped(error, replicates), "calibration": calibration_bins(said, true)}


def _floor(trivial: TrivialResults, label: str, weights: Array) -> tuple[BoxFloor, ...]:
    answers = []
    for name, words in BOX_FLOOR_WORDS.items():
        if name not in trivial:
            continue
        curve = Curve.of(trivial[name], label)
        reached = _resampled(curve.sensitivities().mean(axis=1), curve.sensitivities(weights).mean(axis=1))
        precise = _precision(trivial[name], label, 0.1, weights)
        answers.append(BoxFloor(name=name, words=words, cpm=reached, ap10=precise))
    return tuple(sorted(answers, key=lambda one: -(one.cpm.value or 0.0)))


def box_examples(cases: Sequence[CaseResult], label: str, threshold: float) -> tuple[BoxExample, ...]:
    """Choose the cases that a report shows: those where least is found first, then the middle and the best one."""
    scored = [(case.case_id, case.boxes[label]) for case in cases if label in case.boxes]
    overlap = {case_id: _overlap(score, threshold)[0] for case_id, score in scored}
    told = {case_id: (len(score.truth), score.found(threshold), score.beside(threshold)) for case_id, score in scored}
    there = sorted(
        (case_id for case_id, (marked, _, _) in told.items() if marked),
        key=lambda one: (told[one][1] / told[one][0], -told[one][2], overlap[one] / told[one][0], one),
    )
    healthy = sorted((one for one, (marked, _, beside) in told.items() if not marked and beside),
                     key=lambda one: (-told[one][2], one))  # fmt: skip
    chosen: dict[str, tuple[ExampleKind, int]] = {}
    if there:
        chosen[there[-1]] = ("best", len(there) - 1)
        chosen.setdefault(there[len(there) // 2], ("median", len(there) // 2))
        for rank, case_id in enumerate(there[:WORST]):
            chosen.setdefault(case_id, ("worst", rank))
    order = [(one, kind) for one, (kind, _) in sorted(chosen.items(), key=lambda pair: pair[1][1])]
    order += [(one, "healthy") for one in healthy[:HEALTHY]]
    return tuple(
        BoxExample(shown_as=kind, case_id=one, marked=told[one][0], found=told[one][1], beside=told[one][2])
        for one, kind in order
    )
