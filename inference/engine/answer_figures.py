"""The figures of answers about labels: decisions, the AUC, and the same of answers without a model."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from inference.engine.auc_change import mean_auc
from inference.engine.case_result import TrivialResults, columns
from inference.engine.figures import figure, proportion
from inference.engine.kept import CalibrationBin
from inference.engine.report import SIMPLE_WORDS, Figure, SimpleAnswer
from inference.engine.statistics import Array, wilson


def decisions(seen: Array, truth: Array, weights: Array | None) -> dict[str, Figure]:
    """Figures of the decisions; by Wilson, or by the bootstrap where patients have several images."""
    right = (seen == truth).astype(float)
    return {
        "accuracy": proportion(right, None if weights is None else weights),
        "sensitivity": proportion(right[truth > 0.5], None if weights is None else weights[:, truth > 0.5]),
        "specificity": proportion(right[truth <= 0.5], None if weights is None else weights[:, truth <= 0.5]),
    }


def auc_figure(probabilities: Array, truth: Array, patients: Sequence[str]) -> Figure:
    """The AUC with the interval that the gate judges by."""
    if not 0 < (truth > 0.5).sum() < len(truth):
        return figure(None, None, "score")
    return figure(*mean_auc([probabilities], [truth], patients), "score")


def simple_figures(trivial: TrivialResults, label: str, weights: Array, repeated: bool) -> tuple[SimpleAnswer, ...]:
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
        decided = decisions((p >= 0.5).astype(float), y, weights[:, known] if repeated else None)
        auc = auc_figure(p, y, there) if p.min() < p.max() else figure(0.5, None, "score")
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


def calibration_bins(probabilities: Array, truth: Array, bins: int = 10) -> tuple[CalibrationBin, ...]:
    """Return by tenths of stated probability what share is positive; all [N]."""
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
