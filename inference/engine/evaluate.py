"""The report on a locked test set: every figure with its 95 % interval, per label and per subgroup."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any

import numpy as np

from inference.engine.answer_figures import auc_figure, calibration_bins, decisions
from inference.engine.auc_change import mean_auc
from inference.engine.case_result import NO_TRIVIAL, CaseResult, TrivialResults, columns, dices
from inference.engine.criteria import calibration_error
from inference.engine.errors import DataError
from inference.engine.figures import bootstrapped, figure, mean_figure, mean_of
from inference.engine.gaze_report import GazeFigures
from inference.engine.gradings.registry import gradings_of
from inference.engine.map_report import MapGrades
from inference.engine.report import (
    Confusion,
    Evaluation,
    Figure,
    LabelFigures,
    OverallFigures,
    RocPoint,
    Subgroup,
    SubgroupFigures,
)
from inference.engine.statistics import (
    Array,
    cluster_weights,
    roc_points,
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
    figures: dict[str, Any] = {
        "ece": _calibration(cases, label),
        "brier": bootstrapped(brier, mean_of((p - y) ** 2, w)),
        "calibration": calibration_bins(p, y),
    }
    for grading in gradings_of(cases):
        figures |= grading.sections(cases, label, weights, repeated, trivial, threshold)
    return LabelFigures(
        n=len(y),
        positives=int((y > 0.5).sum()),
        negatives=int((y <= 0.5).sum()),
        unknown=int((~known).sum()),
        threshold=float(threshold),
        confusion=_confusion(seen, y),
        **decisions(seen, y, w if repeated else None),
        auc=auc_figure(p, y, there),
        roc=tuple(RocPoint.model_validate(point) for point in roc_points(p, y)) if both else (),
        maps=maps,
        gaze=gaze,
        **figures,
    )


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
            **decisions((p >= thresholds[label]).astype(float), y, w),
            auc=auc_figure(p, y, [patient for patient, is_known in zip(patients, known, strict=True) if is_known]),
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


def _calibration(cases: Sequence[CaseResult], label: str) -> Figure:
    """The calibration error with the interval that the gate judges by."""
    answers = columns(cases, label)
    if np.isnan(answers[0] + answers[1]).all():
        return figure(None, None, "unseen_patient")
    patients = Weights([case.patient_key for case in cases])
    return figure(*calibration_error([answers], patients), "unseen_patient")


def _average(values: Sequence[Any]) -> Array:
    """Return the mean over labels of numbers or of replicates; NaN for none."""
    return np.atleast_1d(np.mean(values, axis=0)) if len(values) else np.array([np.nan])
