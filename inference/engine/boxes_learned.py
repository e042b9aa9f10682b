"""What cases teach a detector, how its boxes are calibrated, and from which probability on a box is proposed."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize

from inference.engine.box_marks import boxes_of_mask
from inference.engine.boxes import NO_BOXES, Boxes
from inference.engine.calibrate import FEWEST, Calibration
from inference.engine.operating_point import OperatingPoint
from inference.engine.recipe import Outcome
from inference.engine.sample import Sample

#: Stands for the logit of a true box that none of the network's boxes hit: below every threshold.
MISSED: Final = -1000.0


def boxes_known(sample: Sample, label: str) -> Boxes | None:
    """Return the true boxes of a label in an image's own pixels, [N, 6]: those marked, none where it is absent.

    None where nobody knows them: nothing was said of it, or it was seen and not marked.
    """
    if sample.present.get(label) == 0:
        return NO_BOXES
    if sample.present.get(label) != 1:
        return None
    if (read := sample.boxes.get(label)) is not None:
        boxes = read()
    elif (mask := sample.regions.get(label)) is not None:
        boxes = boxes_of_mask(mask())
    else:
        return None
    return boxes if len(boxes) else None


def decide_boxes(calibrating: Outcome, deciding: Outcome, point: OperatingPoint) -> tuple[Calibration, float]:
    """Calibrate the boxes of one label and choose its threshold.

    Args:
        calibrating, deciding: a row for each box (a hit or false), and one for each true box that none hit.
        point: what is asked of the decisions.
    """
    said = calibrating.logits > MISSED / 2
    calibration = fit_boxes(calibrating.logits[said], calibrating.truth[said])
    found = deciding.logits > MISSED / 2
    probabilities = np.where(found, calibration.probability(deciding.logits), -1.0)
    return calibration, box_threshold(probabilities, deciding.truth, deciding.cases, point)


def fit_boxes(logits: NDArray[np.floating], truth: NDArray[np.floating]) -> Calibration:
    """Fit temperature and bias of boxes by a logistic curve whose targets are as sure as their number allows.

    A map of centres is learned mostly from places without one, and its logits lie far below 0: no temperature alone
    mends that, and a pull to a bias of 0 would be wrong. The targets of Platt (1999) keep few hits from promising
    certainty: of n hits (n + 1) / (n + 2), of m false ones 1 / (m + 2).

    Args:
        logits: [N].
        truth: [N], 1 for a hit, 0 for a false one.

    Returns:
        The calibration; temperature 1 and bias 0 where fewer than four are hits, or false.
    """
    z, hit = logits.astype(np.float64), truth > 0.5
    hits, false = int(hit.sum()), int((~hit).sum())
    if min(hits, false) < FEWEST:
        return Calibration()
    target = np.where(hit, (hits + 1) / (hits + 2), 1 / (false + 2))

    def cost(x: NDArray[np.float64]) -> float:
        scaled = z * np.exp(-x[0]) + x[1]
        return float(np.mean(np.logaddexp(0, scaled) - target * scaled))

    best = minimize(cost, np.zeros(2), method="L-BFGS-B", bounds=[(-4, 4), (-30, 30)])
    return Calibration(float(np.exp(best.x[0])), float(best.x[1]))


def box_threshold(
    probabilities: NDArray[np.floating], truth: NDArray[np.floating], cases: int, point: OperatingPoint
) -> float:
    """Choose the probability from which a box is proposed.

    Args:
        probabilities: calibrated, [N]; below 0 for a true box that was missed.
        truth: [N], 1, 0 or NaN (left out).
        cases: how many were looked at.
        point: "balanced": the harmonic mean of precision and sensitivity by box is highest; "sensitivity": that is at
            least ``value``, with as few false boxes as can be; "cost": a missed box weighs as much as ``value`` false
            ones; "false_boxes": at most ``value`` false boxes a case.

    Returns:
        The threshold, half way to the next box; 0.5 where fewer than four boxes are hits, or false.
    """
    known = ~np.isnan(truth)
    p, y = probabilities[known].astype(np.float64), truth[known] > 0.5
    marks = int(y.sum())
    if min(int((y & (p >= 0)).sum()), int((~y).sum())) < FEWEST:
        return 0.5
    levels = np.unique(p[p >= 0])
    between = np.concatenate([[levels[0]], (levels[1:] + levels[:-1]) / 2, [(levels[-1] + 1) / 2]])
    found = marks - np.searchsorted(np.sort(p[y]), between)
    false = int((~y).sum()) - np.searchsorted(np.sort(p[~y]), between)
    if point.kind == "sensitivity":
        reached = found / marks >= (point.value or 0) - 1e-12
        goodness = np.where(
            reached, 1 - false / (1 + false.max()), found / marks - 1 - 1e-3 * false / (1 + false.max())
        )
    elif point.kind == "false_boxes":
        few = false / max(1, cases) <= (point.value or 0) + 1e-12
        goodness = np.where(few, found + 1 - false / (1 + false.max()), -1.0 - false)
    elif point.kind == "cost":
        goodness = -((point.value or 0) * (marks - found) + false)
    else:
        goodness = 2 * found / (marks + found + false)
    ties = np.flatnonzero(goodness >= goodness.max() - 1e-12)
    return float(between[ties[np.abs(between[ties] - 0.5).argmin()]])
