"""What a test set can prove, before anything is trained: by the gate's own intervals, on models that are equally good.

Assumed is what retrained models are like: scores whose correlation is 0.8 (that of their AUCs is then about 0.75), and
one decision in ten that changes, as often for the better as for the worse. Models that agree more prove more.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from statistics import NormalDist
from typing import Final

import numpy as np

from inference.engine.auc_change import score_interval
from inference.engine.gate_plan import GatePlan
from inference.engine.unseen import EACH, fewest

AUC: Final = 0.9
ALIKE: Final = 0.75
CHANGING: Final = 0.1
USUAL: Final = 0.8
"""How surely what is called "can be shown" is shown."""
_NORMAL: Final = NormalDist()


@dataclass(frozen=True)
class Provable:
    """What can be shown of one figure.

    Args:
        chance: that an equally good version is shown not to be worse by the plan's margin.
        smallest: the margin by which it is shown not to be worse 4 times in 5; None where none below 1 is.
    """

    chance: float
    smallest: float | None


def auc_provable(positives: int, negatives: int, margin: float) -> Provable:
    """Return what can be shown of an AUC near 0.9 on so many positive and negative patients."""
    if min(positives, negatives) < 2:
        return Provable(0.0, None)
    one, two = AUC / (2 - AUC), 2 * AUC**2 / (1 + AUC)
    variance = AUC * (1 - AUC) + (positives - 1) * (one - AUC**2) + (negatives - 1) * (two - AUC**2)
    spread = math.sqrt(2 * (1 - ALIKE) * variance / (positives * negatives))
    low, high = score_interval(AUC, positives, negatives)
    down, up = AUC - low, high - AUC
    below = math.sqrt(down**2 + up**2 - 2 * ALIKE * down * up)
    smallest = below + _NORMAL.inv_cdf(USUAL) * spread
    return Provable(_NORMAL.cdf((margin - below) / spread), smallest if smallest < 1 else None)


def decisions_provable(patients: int, margin: float) -> Provable:
    """Return what can be shown of a sensitivity on so many positive patients, or a specificity on negative ones."""
    if patients < 1:
        return Provable(0.0, None)
    rng = np.random.default_rng(patients)
    lost, won, same = rng.multinomial(patients, (CHANGING / 2, CHANGING / 2, 1 - CHANGING), size=200).T[:, :, None]
    # The shares of weight of those who lost (with one more who was not seen), who won, and the others.
    worse, better, rest = (rng.gamma(np.maximum(count, 1e-9), size=(200, 250)) for count in (lost + 1, won, same))
    bounds = np.quantile((better - worse) / (better + worse + rest), EACH, axis=1)
    smallest = -float(np.quantile(bounds, 1 - USUAL))
    return Provable(float((bounds >= -margin).mean()), smallest if smallest < 1 else None)


@dataclass(frozen=True)
class Proof:
    """What a test set can prove of one label by a plan.

    Args:
        positive: patients with it.
        negative: patients without it.
        auc: of the ROC AUC.
        sensitivity: of the decisions on the positive patients.
        specificity: of the decisions on the negative ones.
        chance: that an equally good version passes all three.
        missing_positive: patients that are missing before an equal version could pass at all.
        missing_negative: the same of patients without it.
    """

    positive: int
    negative: int
    auc: Provable
    sensitivity: Provable
    specificity: Provable
    chance: float
    missing_positive: int
    missing_negative: int


def proof_of(positive: int, negative: int, plan: GatePlan) -> Proof:
    """Return what so many positive and negative test patients can prove of a label by a plan."""
    auc = auc_provable(positive, negative, plan.margin)
    found = decisions_provable(positive, plan.sensitivity_margin)
    spared = decisions_provable(negative, plan.specificity_margin)
    missing = [
        max(0, max(plan.smallest, fewest(margin)) - count)
        for count, margin in ((positive, plan.sensitivity_margin), (negative, plan.specificity_margin))
    ]
    chance = 0.0 if any(missing) else auc.chance * found.chance * spared.chance
    return Proof(positive, negative, auc, found, spared, chance, missing[0], missing[1])


def patients_needed(positive: int, negative: int, plan: GatePlan) -> int | None:
    """Return how many test patients, in this proportion, show 4 times in 5 that an equally good version is so.

    None where more than a hundred times as many are needed.
    """
    if min(positive, negative) < 1:
        positive, negative = 30, 70
    low, high = 1.0, 100.0 * max(1.0, 100 / (positive + negative))

    def shown(factor: float) -> bool:
        return proof_of(round(factor * positive), round(factor * negative), plan).chance >= USUAL

    if not shown(high):
        return None
    while high / low > 1.05:
        middle = math.sqrt(low * high)
        low, high = (low, middle) if shown(middle) else (middle, high)
    return math.ceil(high * (positive + negative))
