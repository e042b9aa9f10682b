"""The difference of two models' ROC AUC on the same cases, with an interval that holds on few patients.

Each AUC of each label has an interval of its own: Newcombe's score interval (Statistics in Medicine 2006, method 5),
whose error is that of the AUC which is asked about and not of the one that was seen, or DeLong's on the logit scale
where that is wider. They are put together by squares and sums (Newcombe 1998; Zou & Donner 2008, "MOVER"), with the
correlations of DeLong (1988), patient by patient (Obuchowski 1997). Two models without a mistake on 10 + 10 patients
differ by something between -0.3 and +0.3.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from inference.engine.statistics import Z95, Array, Interval, auc_interval, midranks


@dataclass(frozen=True, eq=False)
class _Auc:
    """One AUC: its value and interval, and how far each patient moves it ([P])."""

    value: float
    low: float
    high: float
    moved: Array
    fewer: float

    @property
    def variance(self) -> float:
        return float(self.moved @ self.moved)


def auc_change(
    old: Sequence[Array], new: Sequence[Array], truth: Sequence[Array], patients: Sequence[str]
) -> tuple[float, Interval]:
    """Return the mean over labels of AUC(new) - AUC(old), and its 95 % interval.

    Args:
        old: scores of the one model, for each label [N].
        new: scores of the other on the same cases.
        truth: for each label [N]: 1, 0 or NaN (left out); both states occur.
        patients: of each case.
    """
    _, member = np.unique(np.asarray(patients), return_inverse=True)
    labels = len(truth)
    terms = [
        (sign / labels, _auc(scores, y, member))
        for sign, model in ((1.0, new), (-1.0, old))
        for scores, y in zip(model, truth, strict=True)
    ]
    value = sum(share * auc.value for share, auc in terms)
    return value, _put_together(value, terms)


def mean_auc(scores: Sequence[Array], truth: Sequence[Array], patients: Sequence[str]) -> tuple[float, Interval]:
    """Return one model's mean AUC over labels and its interval; arguments as of ``auc_change``."""
    _, member = np.unique(np.asarray(patients), return_inverse=True)
    terms = [(1 / len(truth), _auc(one, y, member)) for one, y in zip(scores, truth, strict=True)]
    value = sum(share * auc.value for share, auc in terms)
    return value, _put_together(value, terms)


def auc_above(
    scores: Sequence[Array], rivals: Sequence[Array | None], truth: Sequence[Array], patients: Sequence[str]
) -> tuple[float, Interval]:
    """Return by how much one model's mean AUC lies above that of simpler answers, and its interval.

    Args:
        scores: of the model, for each label [N].
        rivals: of the simpler answer to each label; None for one that says the same of everybody: its AUC is 0.5.
        truth: as of ``auc_change``.
        patients: of each case.
    """
    _, member = np.unique(np.asarray(patients), return_inverse=True)
    labels = len(truth)
    terms = [(1 / labels, _auc(one, y, member)) for one, y in zip(scores, truth, strict=True)]
    terms += [
        (-1 / labels, _auc(rival, y, member)) for rival, y in zip(rivals, truth, strict=True) if rival is not None
    ]
    known = 0.5 * sum(rival is None for rival in rivals) / labels
    value = sum(share * auc.value for share, auc in terms)
    low, high = _put_together(value, terms)
    return value - known, (low - known, high - known)


def _put_together(value: float, terms: Sequence[tuple[float, _Auc]]) -> Interval:
    alike = _alike(terms)
    down = np.array([abs(share) * (auc.value - auc.low if share > 0 else auc.high - auc.value) for share, auc in terms])
    up = np.array([abs(share) * (auc.high - auc.value if share > 0 else auc.value - auc.low) for share, auc in terms])
    return value - float(np.sqrt(max(0.0, down @ alike @ down))), value + float(np.sqrt(max(0.0, up @ alike @ up)))


def _alike(terms: Sequence[tuple[float, _Auc]]) -> Array:
    """Return the signed correlations of the terms. An AUC without a mistake shows none: then the worse is assumed."""
    signs = np.sign([share for share, _ in terms])
    alike = np.eye(len(terms))
    for j, (_, one) in enumerate(terms):
        for k, (_, other) in enumerate(terms[:j]):
            same = signs[j] == signs[k]
            if one.variance > 0 and other.variance > 0:
                found = float(one.moved @ other.moved) / np.sqrt(one.variance * other.variance)
                # Few patients cannot show that two models are the same.
                most = 1 - 2 / max(2.0, min(one.fewer, other.fewer))
                found = max(found, 0.0) if same else min(max(found, 0.0), most)
            else:
                found = 1.0 if same else 0.0
            alike[j, k] = alike[k, j] = signs[j] * signs[k] * found
    return alike


def _auc(scores: Array, truth: Array, member: NDArray[np.int_]) -> _Auc:
    known = ~np.isnan(truth) & ~np.isnan(scores)
    scores, yes, member_known = scores[known], truth[known] > 0.5, member[known]
    m, n = int(yes.sum()), int((~yes).sum())
    whole = midranks(scores)
    shares = np.empty(len(scores))  # for each case: the share of the other state that it is ranked rightly against
    shares[yes] = (whole[yes] - midranks(scores[yes])) / n
    shares[~yes] = 1 - (whole[~yes] - midranks(scores[~yes])) / m
    value = float(shares[yes].mean())
    size = int(member.max()) + 1
    moved, alone, patients = np.zeros(size), 0.0, []
    for state, count in ((yes, m), (~yes, n)):
        part = np.bincount(member_known[state], weights=(shares[state] - value) / count, minlength=size)
        there = len(np.unique(member_known[state]))
        moved += part * np.sqrt(there / max(1, there - 1))
        alone += float(((shares[state] - value) ** 2).sum()) / count / max(1, count - 1)
        patients.append(there)
    low, high = _interval(value, float(moved @ moved), alone, (m, n), (patients[0], patients[1]))
    return _Auc(value, low, high, moved, float(min(patients)))


def _interval(
    value: float, variance: float, alone: float, cases: tuple[int, int], patients: tuple[int, int]
) -> Interval:
    """Return the wider of the score and the logit interval.

    Args:
        value: the AUC.
        variance: of it, with the patients' cases together.
        alone: the same as if each case were another patient.
        cases: positive, negative.
        patients: positive, negative.
    """
    # Cases of one patient say less than as many patients; without a mistake nobody knows how much less.
    less = max(1.0, variance / alone) if alone > 0 else np.inf
    m, n = (max(min(float(k), float(p)), k / less) for k, p in zip(cases, patients, strict=True))
    score = score_interval(value, m, n)
    logit = auc_interval(value, variance, int(m), int(n))
    return min(score[0], logit[0]), max(score[1], logit[1])


def score_interval(value: float, m: float, n: float) -> Interval:
    """Newcombe's method 5: the AUCs from which the one that was seen lies less than 1.96 of *their* errors away."""
    size = max(0.0, (m + n) / 2 - 1)

    def outside(asked: float) -> float:
        spread = 1 + size * (1 - asked) / (2 - asked) + size * asked / (1 + asked)
        return (value - asked) ** 2 - Z95**2 * asked * (1 - asked) * spread / (m * n)

    return _edge(outside, value, 0.0), _edge(outside, value, 1.0)


def _edge(outside: Callable[[float], float], inside: float, end: float) -> float:
    """Return where ``outside`` turns positive between a value that it is not at and an end; the end where nowhere."""
    near = inside + (end - inside) * 1e-9
    far = end + (inside - end) * 1e-9
    if outside(far) <= 0:
        return end
    for _ in range(45):
        middle = (near + far) / 2
        near, far = (near, middle) if outside(middle) > 0 else (middle, far)
    return (near + far) / 2
