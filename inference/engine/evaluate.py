"""The report on a locked test set: every figure with its 95 % interval, per label and per subgroup."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any

import numpy as np

from inference.engine.auc_change import mean_auc
from inference.engine.case_result import NO_TRIVIAL, CaseResult, TrivialResults, columns, dices
from inference.engine.criteria import calibration_error
from inference.engine.errors import DataError
from inference.engine.figures import bootstrapped, figure, mean_figure, mean_of, proportion
from inference.engine.gaze_report import GazeFigures
from inference.engine.place_figures import place_figures
from inference.engine.report import (
    SIMPLE_WORDS,
    CalibrationBin,
    Confusion,
    Evaluation,
    Figure,
    LabelFigures,
    MapGrades,
    OverallFigures,
    RocPoint,
    SimpleAnswer,
    Subgroup,
    SubgroupFigures,
)
from inference.engine.segmentation_figures import segmentation_figures
from inference.engine.statistics import (
    Array,
    cluster_weights,
    roc_points,
    wilson,
)
from inference.engine.unseen import Weights

NO_MAPS: Mapping[str, MapGrades] = MappingProxyType({})
NO_GAZE: Mapping[str, GazeFigures] = MappingProxyType({})
FEW = 10
"""Cases of a state below which a subgroup's figures are flagged."""


def evaluate(
    cases: Sequence[CaseResult],
    *,
    labels: Sequence[str],
    thresholds: Mapping[str, float],
    groups: Sequence[str] = (),
    trivial: TrivialResults = NO_TRIVIAL,
    maps: Mapping[str, MapGrades] = NO_MAPS,
    gaze: Mapping[str, GazeFigures] = NO_GAZE,
    left_out: int | None = None,
    replicates: int = 1000,
    seed: int = 0,
) -> Evaluation:
    """Report how a model did on test cases.

    Args:
        cases: one result for each test case.
        labels: to report on.
        thresholds: of the decisions, locked before the test.
        groups: dimensions to split by ("sex", "age_band", "view", "scanner"); those no case has are left out.
        trivial: what answers without a model say or paint on the same cases in the same order.
        maps: label → grades of its maps, where they were graded.
        gaze: label → where the model looks, where it was asked.
        left_out: how many cases of the test part say nothing of the labels and are not among these; None: not counted.
        replicates: of the patient-cluster bootstrap.
        seed: of the bootstrap; the same cases give the same report.

    Returns:
        The report.

    Raises:
        DataError: no cases, or a case twice.
    """
    if not cases:
        raise DataError("no_test_cases", "There are no test cases to evaluate on.")
    if len({case.case_id for case in cases}) != len(cases):
        raise DataError("test_case_twice", "A test case is there twice.")
    patients = [case.patient_key for case in cases]
    repeated = len(set(patients)) < len(patients)
    weights = cluster_weights(patients, replicates, seed)
    return Evaluation(
        cases=len(cases),
        patients=len(set(patients)),
        left_out=left_out,
        repeated_patients=repeated,
        overall=_overall(cases, labels, thresholds, weights),
        labels={
            label: _label(cases, label, thresholds[label], weights, repeated, trivial, maps.get(label), gaze.get(label))
            for label in labels
        },
        groups={
            dimension: {
                value: _group([c for c in cases if c.groups.get(dimension) == value], labels, thresholds)
                for value in sorted({case.groups[dimension] for case in cases if dimension in case.groups})
            }
            for dimension in groups
            if any(dimension in case.groups for case in cases)
        },
    )


def _label(
    cases: Sequence[CaseResult],
    label: str,
    threshold: float,
    weights: Array,
    repeated: bool,
    trivial: TrivialResults,
    maps: MapGrades | None,
    gaze: GazeFigures | None,
) -> LabelFigures:
    probabilities, truth = columns(cases, label)
    known = ~np.isnan(truth) & ~np.isnan(probabilities)
    p, y, w = probabilities[known], truth[known], weights[:, known]
    there = [case.patient_key for case, is_known in zip(cases, known, strict=True) if is_known]
    seen = (p >= threshold).astype(float)
    brier = np.array([np.mean((p - y) ** 2)]) if len(y) else np.array([np.nan])
    both = 0 < (y > 0.5).sum() < len(y)
    return LabelFigures(
        n=len(y),
        positives=int((y > 0.5).sum()),
        negatives=int((y <= 0.5).sum()),
        unknown=int((~known).sum()),
        threshold=float(threshold),
        confusion=_confusion(seen, y),
        **_decisions(seen, y, w if repeated else None),
        auc=_auc(p, y, there),
        ece=_calibration(cases, label),
        brier=bootstrapped(brier, mean_of((p - y) ** 2, w)),
        roc=tuple(RocPoint.model_validate(point) for point in roc_points(p, y)) if both else (),
        calibration=_calibration_bins(p, y),
        segmentation=segmentation_figures(cases, label, weights, repeated, trivial),
        places=place_figures(cases, label, weights),
        simple=_simple(trivial, label, weights, repeated),
        maps=maps,
        gaze=gaze,
    )


def _simple(trivial: TrivialResults, label: str, weights: Array, repeated: bool) -> tuple[SimpleAnswer, ...]:
    """What answers without a model say of a label, the best AUC first; positive from 0.5 on."""
    answers = []
    for name, words in SIMPLE_WORDS.items():
        cases = trivial.get(name, ())
        said, truth = columns(cases, label)
        known = ~np.isnan(truth) & ~np.isnan(said)
        if not known.any():
            continue
        p, y = said[known], truth[known]
        there = [case.patient_key for case, is_known in zip(cases, known, strict=True) if is_known]
        decided = _decisions((p >= 0.5).astype(float), y, weights[:, known] if repeated else None)
        auc = _auc(p, y, there) if p.min() < p.max() else figure(0.5, None, "score")
        answers.append(
            SimpleAnswer(
                name=name,
                words=words,
                auc=auc,
                sensitivity=decided["sensitivity"],
                specificity=decided["specificity"],
            )
        )
    return tuple(sorted(answers, key=lambda one: -(one.auc.value or 0.0)))


def _group(cases: Sequence[CaseResult], labels: Sequence[str], thresholds: Mapping[str, float]) -> Subgroup:
    patients = [case.patient_key for case in cases]
    repeated = len(set(patients)) < len(patients)
    weights = cluster_weights(patients, 300, 0)
    entries = {}
    for label in labels:
        probabilities, truth = columns(cases, label)
        known = ~np.isnan(truth) & ~np.isnan(probabilities)
        p, y = probabilities[known], truth[known]
        w = weights[:, known] if repeated else None
        positives = int((y > 0.5).sum())
        dice = dices(cases, label)
        entries[label] = SubgroupFigures(
            n=len(y),
            positives=positives,
            too_few=min(positives, len(y) - positives) < FEW,
            **_decisions((p >= thresholds[label]).astype(float), y, w),
            auc=_auc(p, y, [patient for patient, is_known in zip(patients, known, strict=True) if is_known]),
            dice=mean_figure(dice, weights) if np.isfinite(dice).any() else None,
        )
    return Subgroup(cases=len(cases), patients=len(set(patients)), labels=entries)


def _overall(
    cases: Sequence[CaseResult], labels: Sequence[str], thresholds: Mapping[str, float], weights: Array
) -> OverallFigures:
    answers, rights, dice_means, dice_replicates = [], [], [], []
    for label in labels:
        probabilities, truth = columns(cases, label)
        known = truth[~np.isnan(truth) & ~np.isnan(probabilities)] > 0.5
        if 0 < known.sum() < len(known):
            answers.append((probabilities, truth))
        right = ((probabilities >= thresholds[label]) == (truth > 0.5)).astype(float)
        rights.append(np.where(np.isnan(truth) | np.isnan(probabilities), np.nan, right))
        dice = dices(cases, label)
        if np.isfinite(dice).any():
            dice_means.append(float(np.nanmean(dice)))
            dice_replicates.append(mean_of(dice, weights))
    every = np.stack(rights)
    some = ~np.isnan(every)
    correct, told = np.where(some, every, 0).sum(axis=0), some.sum(axis=0)
    with np.errstate(invalid="ignore", divide="ignore"):
        replicated = (weights @ correct) / (weights @ told)
    patients = [case.patient_key for case in cases]
    return OverallFigures(
        auc=figure(*mean_auc([p for p, _ in answers], [y for _, y in answers], patients), "score")
        if answers
        else figure(None, None, "score"),
        accuracy=bootstrapped(np.array([correct.sum() / told.sum() if told.sum() else np.nan]), replicated),
        dice=bootstrapped(_average(dice_means), _average(dice_replicates)) if dice_means else None,
    )


def _confusion(seen: Array, truth: Array) -> Confusion:
    yes = truth > 0.5
    return Confusion(
        true_positive=int((seen[yes] > 0).sum()),
        false_positive=int((seen[~yes] > 0).sum()),
        true_negative=int((seen[~yes] <= 0).sum()),
        false_negative=int((seen[yes] <= 0).sum()),
    )


def _decisions(seen: Array, truth: Array, weights: Array | None) -> dict[str, Figure]:
    """Figures of the decisions; by Wilson, or by the bootstrap where patients have several images."""
    right = (seen == truth).astype(float)
    return {
        "accuracy": proportion(right, None if weights is None else weights),
        "sensitivity": proportion(right[truth > 0.5], None if weights is None else weights[:, truth > 0.5]),
        "specificity": proportion(right[truth <= 0.5], None if weights is None else weights[:, truth <= 0.5]),
    }


def _auc(probabilities: Array, truth: Array, patients: Sequence[str]) -> Figure:
    """The AUC with the interval that the gate judges by."""
    if not 0 < (truth > 0.5).sum() < len(truth):
        return figure(None, None, "score")
    return figure(*mean_auc([probabilities], [truth], patients), "score")


def _calibration(cases: Sequence[CaseResult], label: str) -> Figure:
    """The calibration error with the interval that the gate judges by."""
    answers = columns(cases, label)
    if np.isnan(answers[0] + answers[1]).all():
        return figure(None, None, "unseen_patient")
    patients = Weights([case.patient_key for case in cases])
    return figure(*calibration_error([answers], patients), "unseen_patient")


def _calibration_bins(probabilities: Array, truth: Array, bins: int = 10) -> tuple[CalibrationBin, ...]:
    member = np.minimum((probabilities * bins).astype(int), bins - 1)
    return tuple(
        CalibrationBin(
            low=number / bins,
            high=(number + 1) / bins,
            n=int(inside.sum()),
            mean_probability=float(probabilities[inside].mean()),
            observed=float(truth[inside].mean()),
            interval=wilson(truth[inside].sum(), int(inside.sum())) or (0.0, 1.0),
        )
        for number in range(bins)
        if (inside := member == number).any()
    )


def _average(values: Sequence[Any]) -> Array:
    """Return the mean over labels of numbers or of replicates; NaN for none."""
    return np.atleast_1d(np.mean(values, axis=0)) if len(values) else np.array([np.nan])
