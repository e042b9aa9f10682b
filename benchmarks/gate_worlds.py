"""Invented test sets whose truth is known: two models, one of them worse by exactly what the gate must not let pass.

Every function draws one test set and returns the criterion that the gate's own code makes of it.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from statistics import NormalDist

import numpy as np

from inference.engine import criteria
from inference.engine.case_result import CaseResult, SegmentationScore
from inference.engine.gate_plan import GatePlan
from inference.engine.gradings.registry import GRADINGS
from inference.engine.pairs import Pairs
from inference.engine.report import Criterion
from inference.engine.unseen import Weights

NORMAL = NormalDist()
Rng = np.random.Generator


def sigmoid(values):
    return 1 / (1 + np.exp(-values))


def scores(rng: Rng, truth, aucs: Sequence[float], alike: float, patients=None):
    """Draw scores of several models on the same cases, so that each has exactly its AUC.

    Args:
        rng: of the draw.
        truth: [N], 1 or 0.
        aucs: of each model.
        alike: correlation of the models' scores within a state.
        patients: of each case; cases of one patient share two thirds of what is not shared by the models.
    """
    size = len(truth)
    within = np.zeros(size, int) if patients is None else np.asarray(patients)

    def lot():
        own = rng.normal(size=size)
        if patients is None:
            return own
        return np.sqrt(2 / 3) * rng.normal(size=within.max() + 1)[within] + np.sqrt(1 / 3) * own

    shared = lot()
    return [
        sigmoid(np.sqrt(alike) * shared + np.sqrt(1 - alike) * lot() + np.sqrt(2) * NORMAL.inv_cdf(auc) * truth)
        for auc in aucs
    ]


def cases(said, truth, patients=None, groups=None, dice=None) -> list[CaseResult]:
    """Return results of one model: ``said`` and ``truth`` are [N], or label → [N]."""
    said = said if isinstance(said, dict) else {"a": said}
    truth = truth if isinstance(truth, dict) else {"a": truth}
    count = len(next(iter(said.values())))
    names, keys = tuple(said), range(count) if patients is None else patients
    known = [[None if y != y else y for y in truth[name].tolist()] for name in names]
    return built(
        [f"p{key}" for key in keys],
        [dict(zip(names, one, strict=True)) for one in zip(*(said[name].tolist() for name in names), strict=True)],
        [dict(zip(names, one, strict=True)) for one in zip(*known, strict=True)],
        [{}] * count if groups is None else [{"site": str(one)} for one in groups],
        [{}] * count if dice is None else [{"a": mask(one)} for one in dice],
    )


def built(patients, probabilities, truths, groups, masks) -> list[CaseResult]:
    """Return results of their parts, without a frozen dataclass' slow way of being made: there are millions."""
    results = []
    for k, parts in enumerate(zip(patients, probabilities, truths, groups, masks, strict=True)):
        one = CaseResult.__new__(CaseResult)
        one.__dict__.update(zip(_PARTS, (f"c{k}", *parts, _NONE, _NONE), strict=True))
        results.append(one)
    return results


_PARTS = ("case_id", "patient_key", "probabilities", "truth", "groups", "segmentation", "places", "boxes")
_NONE: dict[str, object] = {}


def mask(dice: float) -> SegmentationScore:
    return SegmentationScore(None if np.isnan(dice) else float(dice), 1.0, 1.0, None, "mm")


def both(old: list[CaseResult], new: list[CaseResult], labels=("a",), grading=GRADINGS["labels"]) -> Pairs:
    return Pairs(old, new, tuple(labels), grading, weights_of(new))


def weights_of(results: Sequence[CaseResult]) -> Weights:
    """Return the patients' random weights; as in the gate, the same patients always get the same."""
    return _weights(tuple(case.patient_key for case in results))


@lru_cache(maxsize=2)
def _weights(patients: tuple[str, ...]) -> Weights:
    return Weights(patients)


def auc(rng: Rng, positives: int, negatives: int, was: float, less: float, alike: float, images=1) -> Pairs:
    """Two models; the AUC of the new one is lower by ``less``. Sizes count patients; each has ``images`` cases."""
    truth = np.repeat(np.r_[np.ones(positives), np.zeros(negatives)], images)
    patients = np.repeat(np.arange(positives + negatives), images) if images > 1 else None
    old, new = scores(rng, truth, (was, was - less), alike, patients)
    return both(cases(old, truth, patients), cases(new, truth, patients))


def auc_of_labels(rng: Rng, positives: int, negatives: int, was: float, less: float, alike: float) -> Pairs:
    """Three labels, a third of the truths unknown; one label loses three times ``less``, the others nothing."""
    names, old, new, truth = ("a", "b", "c"), {}, {}, {}
    for k, name in enumerate(names):
        known = np.r_[np.ones(positives), np.zeros(negatives)]
        old[name], new[name] = scores(rng, known, (was, was - (3 * less if k == 0 else 0)), alike)
        hidden = rng.random(len(known)) < 1 / 3
        hidden[:3] = hidden[-3:] = False
        truth[name] = np.where(hidden, np.nan, known)
    return both(cases(old, truth), cases(new, truth), names)


def decisions(rng: Rng, patients: int, was: float, less: float, alike: float, images=1, state=1.0) -> Pairs:
    """All cases in one state; the share of right decisions falls from ``was`` by ``less``."""
    count = patients * images
    member = np.repeat(np.arange(patients), images)

    def lot():
        whole = rng.normal(size=patients)[member]
        return whole if images == 1 else np.sqrt(2 / 3) * whole + np.sqrt(1 / 3) * rng.normal(size=count)

    shared = lot()
    right = [
        np.sqrt(alike) * shared + np.sqrt(1 - alike) * lot() < NORMAL.inv_cdf(min(0.999999, rate))
        for rate in (was, was - less)
    ]
    truth = np.full(count, state)
    said = [np.where(one, state, 1 - state) for one in right]
    return both(cases(said[0], truth, member), cases(said[1], truth, member))


def changing(rng: Rng, patients: int, share: float) -> Pairs:
    """Positive cases of which a share is decided otherwise by the new model, as often rightly as wrongly."""
    change = rng.choice([-1, 0, 1], p=[share / 2, 1 - share, share / 2], size=patients)
    truth = np.ones(patients)
    return both(cases((change <= 0) * 1.0, truth), cases((change >= 0) * 1.0, truth))


HALF = {"a": 0.5}


def sensitivity(pairs: Pairs, plan: GatePlan) -> Criterion:
    return criteria.operating_point(pairs, ["a"], HALF, HALF, plan)[0]


def specificity(pairs: Pairs, plan: GatePlan) -> Criterion:
    return criteria.operating_point(pairs, ["a"], HALF, HALF, plan)[1]


def flipped(rng: Rng, right: int, share: float, images=1) -> Pairs:
    """Right decisions of which ``share`` become wrong; with several images a patient whole patients turn."""
    member = np.repeat(np.arange(right), images)
    wrong = (rng.random(right) < share)[member]
    truth = np.ones(len(member))
    return both(cases(truth, truth, member), cases(np.where(wrong, 0.0, 1.0), truth, member))


def flips(pairs: Pairs, plan: GatePlan) -> Criterion:
    return criteria.flips(pairs, ["a"], HALF, HALF, plan)


def calibrated(rng: Rng, count: int, sharpened: float, spread=1.5) -> Pairs:
    """A live model whose probabilities are right, and a new one that says the same too surely."""
    logit = rng.normal(0, spread, size=count)
    truth = (rng.random(count) < sigmoid(logit)).astype(float)
    return both(cases(sigmoid(logit), truth), cases(sigmoid(sharpened * logit), truth))


def true_calibration_error(sharpened: float, spread=1.5) -> float:
    """Return the calibration error (ten bins) of ``calibrated``'s new model on endless cases."""
    logit = NormalDist(0, spread)
    z = np.array([logit.inv_cdf((k + 0.5) / 200_000) for k in range(200_000)])
    said, true = sigmoid(sharpened * z), sigmoid(z)
    member = np.minimum((said * 10).astype(int), 9)
    gaps = np.bincount(member, weights=said - true, minlength=10)
    return float(np.abs(gaps).sum() / len(z))


def sharpened_to(error: float) -> float:
    """Return how much sharper the logits are where the calibration error is ``error``."""
    low, high = 1.0, 20.0
    for _ in range(30):
        middle = (low + high) / 2
        low, high = (middle, high) if true_calibration_error(middle) < error else (low, middle)
    return high


def sites(rng: Rng, patients: int, values: int, was: float, less: float, alike: float) -> Pairs:
    """Positive cases from several sites; one of them loses ``less`` of its sensitivity, the others nothing."""
    site = np.arange(patients) % values
    shared = rng.normal(size=patients)
    right = []
    for loss in (0.0, less):
        own = np.sqrt(alike) * shared + np.sqrt(1 - alike) * rng.normal(size=patients)
        limit = np.where(site == 0, NORMAL.inv_cdf(was - loss), NORMAL.inv_cdf(was))
        right.append((own < limit).astype(float))
    truth = np.ones(patients)
    return both(cases(right[0], truth, groups=site), cases(right[1], truth, groups=site))


def subgroups(pairs: Pairs, plan: GatePlan) -> Criterion:
    return criteria.subgroup(pairs, ["a"], HALF, HALF, "site", plan)


def masks(rng: Rng, patients: int, less: float, missed: float, quality=8.0, images=1) -> Pairs:
    """Dice of masks, skewed and with misses; the new model loses ``less`` on average.

    Args:
        rng: of the draw.
        patients: with a mask.
        less: mean loss.
        missed: share of the loss that comes of masks missed altogether (0…1); the rest lies on every case.
        quality: of the live model's masks; higher is better.
        images: of each patient.
    """
    count = patients * images
    old = rng.beta(quality, 2, size=count)
    mean = quality / (quality + 2)
    gone = rng.random(count) < missed * less / mean
    shift = less * (1 - missed) / (1 - missed * less / mean)
    noise = rng.normal(0, 0.03, size=count)
    new = np.where(gone, 0.0, np.clip(old + noise, 0, 1) - shift)
    member = np.repeat(np.arange(patients), images)
    truth = np.ones(count)
    return both(cases(truth, truth, member, dice=old), cases(truth, truth, member, dice=new), grading=GRADINGS["masks"])
