"""From what a model says of pictures with replaced regions to figures with intervals, and to sentences."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

import numpy as np

from core.numbers import how_many
from inference.engine.auc_change import auc_change, mean_auc
from inference.engine.figures import bootstrapped, figure, mean_figure
from inference.engine.gaze.case import GazeCase, Logits, MarkedPlace
from inference.engine.gaze_report import (
    BALANCED_WORDS,
    CORNERS,
    REGION_WORDS,
    Balanced,
    BalancedName,
    GazeFigures,
    RegionFigures,
    RegionName,
)
from inference.engine.kept import Figure
from inference.engine.statistics import Array, Interval, cluster_weights, weighted_auc
from inference.engine.unseen import EACH, Weights

#: The ROC AUC of guesses.
CHANCE: Final = 0.5
#: Of fewer patients with a mark, or with something outside the body, nothing is judged.
FEWEST: Final = 10
#: From so many pictures on it is said that they have a marker.
_SOME: Final = 3
#: A region that alone reaches this AUC by its interval's lower end is told.
TELLS: Final = 0.6

Cases = Sequence[GazeCase]


def gap_of(cases: Cases, label: str) -> float | None:
    """Return the mean logit of the positive less that of the negative cases; None where it is not above 0."""
    logits, truth = column(cases, label)
    if not (truth == 1).any() or not (truth == 0).any():
        return None
    found = float(logits[truth == 1].mean() - logits[truth == 0].mean())
    return found if found > 0 else None


def tells_apart(cases: Cases, label: str) -> bool:
    """Say whether positive and negative cases are shown to get other answers: of hardly any gap no share means much."""
    interval = _auc(*column(cases, label), cases).interval
    return gap_of(cases, label) is not None and interval is not None and interval[0] > CHANCE


def groundings(cases: Cases, label: str) -> Array:
    """Return each case's share of the gap that goes with its mark beyond equal places elsewhere, -1…1; NaN: no mark."""
    gap = gap_of(cases, label)
    shares = [_drop(case.places.get(label)) for case in cases]
    return np.array([np.nan if gap is None or one is None else float(np.clip(one / gap, -1, 1)) for one in shares])


def grounding(
    cases: Cases, label: str, *, each: float = EACH, values: Array | None = None
) -> tuple[float, Interval] | None:
    """Return the mean of ``groundings`` and its interval; None without a marked case."""
    patients = Weights([case.patient_key for case in cases])
    return patients.mean(groundings(cases, label) if values is None else values, -1.0, 1.0, each=each)


def marked_patients(cases: Cases, label: str) -> int:
    """Return how many patients have a mark that was asked about."""
    return len({case.patient_key for case in cases if label in case.places})


def outside_share(cases: Cases, label: str, *, each: float = EACH) -> tuple[float, Interval] | None:
    """Return which share of the answer's change goes with what is outside the body; None where nothing is.

    The change while that is replaced, over this and the change while the body is: sums over the pictures that have an
    outside, and one more patient, who was not seen, looks there only, or nowhere there.
    """
    there = [case for case in cases if case.outside_area > 0]
    if not there:
        return None
    out = np.array([abs(case.whole[label] - case.without["outside"][label]) for case in there])
    both = out + np.array([abs(case.whole[label] - case.without["body"][label]) for case in there])
    if both.sum() <= 0:
        return None
    patients = Weights([case.patient_key for case in there])
    weights, unseen = patients.of_cases(), patients.unseen_share()
    weights = weights / weights.sum(axis=1, keepdims=True)
    parts, wholes, other = weights @ out, weights @ both, unseen / (1 - unseen) * both.mean()
    low = float(np.quantile(parts / (wholes + other), each))
    high = float(np.quantile((parts + other) / (wholes + other), 1 - each))
    return float(out.sum() / both.sum()), (low, high)


def outside_patients(cases: Cases) -> int:
    """Return how many patients have a picture with something outside the body."""
    return len({case.patient_key for case in cases if case.outside_area > 0})


def column(cases: Cases, label: str, of: Sequence[Logits] | None = None) -> tuple[Array, Array]:
    """Return logits and truth of a label, [N]; the truth is NaN where it is not known."""
    said = of if of is not None else [case.whole for case in cases]
    truth = [case.truth.get(label) for case in cases]
    return np.array([one[label] for one in said]), np.array([np.nan if one is None else one for one in truth])


def auc_without(cases: Cases, labels: Sequence[str], region: RegionName) -> tuple[float, Interval]:
    """Return the mean over labels of the AUC without a region less that of the whole pictures."""
    old, new, truth = [], [], []
    for label in labels:
        whole, known = column(cases, label)
        old.append(whole)
        new.append(column(cases, label, [case.without[region] for case in cases])[0])
        truth.append(known)
    return auc_change(old, new, truth, [case.patient_key for case in cases])


def auc_alone(cases: Cases, label: str, region: RegionName) -> Figure:
    """Return the AUC of a region alone; 0.5 where it says the same of everybody."""
    return _auc(*column(cases, label, [case.alone[region] for case in cases]), cases)


def at_edge(cases: Cases, label: str) -> float | None:
    """Return the mean share of the marks that lies in border and corners."""
    shares = [case.places[label].at_edge for case in cases if label in case.places]
    return float(np.mean(shares)) if shares else None


def has_both(cases: Cases, label: str) -> bool:
    """Say whether positive and negative cases were asked about."""
    truth = column(cases, label)[1]
    return bool((truth == 1).any() and (truth == 0).any())


def gaze_figures(cases: Cases, label: str, *, named: str, turned: Array) -> GazeFigures | None:
    """Put the figures of a label together; None where one of the states is missing.

    Args:
        cases: that were asked about.
        label: to report on.
        named: it in words.
        turned: whether each case's decision changes when markers are painted over, 1 or 0; NaN without a marker.
    """
    if not has_both(cases, label):
        return None
    _, truth = column(cases, label)
    patients = [case.patient_key for case in cases]
    weights, drawn = Weights(patients), cluster_weights(patients, 500, 0)
    # Of hardly any gap no share means much: none is told.
    apart = tells_apart(cases, label)
    gap, marks = gap_of(cases, label), [case.places.get(label) for case in cases]
    drops, often = (np.array([np.nan if (v := of(one)) is None else v for one in marks]) for of in (_drop, _oftener))
    swapped = np.array(
        [np.nan if gap is None or (v := _swap(one)) is None else float(np.clip(v / gap, -1, 1)) for one in marks]
    )
    marker = np.array([case.has_marker for case in cases])
    found = GazeFigures(
        cases=len(cases),
        positives=int((truth == 1).sum()),
        negatives=int((truth == 0).sum()),
        auc=_auc(*column(cases, label), cases),
        gap=gap,
        fewest=FEWEST,
        marked=sum(one is not None for one in marks),
        marked_patients=marked_patients(cases, label),
        grounding=_unseen(grounding(cases, label)) if apart else None,
        logit_drop=mean_figure(drops, drawn) if np.isfinite(drops).any() else None,
        oftener=_unseen(weights.mean(often, 0.0, 1.0)),
        swapped=_unseen(weights.mean(swapped, -1.0, 1.0)) if apart else None,
        swapped_cases=int(np.isfinite(swapped).sum()),
        marks_at_edge=at_edge(cases, label),
        outside=_unseen(outside_share(cases, label)),
        outside_cases=sum(case.outside_area > 0 for case in cases),
        with_marker=(int((marker & (truth == 1)).sum()), int((marker & (truth == 0)).sum())),
        turned=_unseen(weights.mean(turned, 0.0, 1.0)),
        regions=_regions(cases, label),
        balanced=_balanced(cases, label),
        sentences=(),
    )
    return found.model_copy(update={"sentences": _sentences(found, named)})


def _drop(place: MarkedPlace | None) -> float | None:
    return None if place is None else float(np.mean(place.elsewhere)) - place.painted_over


def _swap(place: MarkedPlace | None) -> float | None:
    if place is None or place.swapped is None:
        return None
    return float(np.mean(place.swapped_elsewhere)) - place.swapped


def _oftener(place: MarkedPlace | None) -> float | None:
    if place is None:
        return None
    costs = [float(place.painted_over < one) + 0.5 * float(place.painted_over == one) for one in place.elsewhere]
    return float(np.mean(costs))


def _unseen(found: tuple[float, Interval] | None) -> Figure | None:
    return None if found is None else figure(found[0], found[1], "unseen_patient")


def _auc(scores: Array, truth: Array, cases: Cases) -> Figure:
    known = ~np.isnan(truth)
    if scores[known].min() == scores[known].max():
        return figure(0.5, None, "score")
    return figure(*mean_auc([scores], [truth], [case.patient_key for case in cases]), "score")


def _regions(cases: Cases, label: str) -> tuple[RegionFigures, ...]:
    asked: Mapping[RegionName, tuple[bool, bool]] = {
        "marks": (True, True),
        "edge": (False, True),
        "border": (True, False),
        **dict.fromkeys(CORNERS, (True, False)),
        "outside": (True, True),
        "centre": (True, False),
    }
    there = {"marks": sum(case.has_marker for case in cases), "outside": sum(case.outside_area > 0 for case in cases)}
    found = []
    for name, (alone, taken) in asked.items():
        count = there.get(name, len(cases))
        if not count:
            continue
        without = [case.without[name] for case in cases] if taken else None
        found.append(
            RegionFigures(
                name=name,
                words=REGION_WORDS[name],
                alone=auc_alone(cases, label, name) if alone else None,
                without=_auc(*column(cases, label, without), cases) if without else None,
                change=figure(*auc_without(cases, [label], name), "score") if taken else None,
                cases=count,
            )
        )
    return tuple(found)


def _balanced(cases: Cases, label: str) -> tuple[Balanced, ...]:
    logits, truth = column(cases, label)
    weights = np.vstack([np.ones(len(cases)), cluster_weights([case.patient_key for case in cases], 300, 0)])
    found = []
    for name, words in BALANCED_WORDS.items():
        groups = _groups(cases, name)
        values = sorted({one for one in groups if one})
        concordant, pairs, whole = np.zeros(len(weights)), np.zeros(len(weights)), 0
        for value in values:
            inside = np.array([one == value for one in groups])
            own = np.where(inside, truth, np.nan)
            both = (weights @ (own == 1)) * (weights @ (own == 0))
            concordant += np.where(both > 0, np.nan_to_num(weighted_auc(logits, own, weights)) * both, 0.0)
            pairs += both
            whole += bool(both[0] > 0)
        if len(values) > 1 and pairs[0] > 0:
            with np.errstate(invalid="ignore", divide="ignore"):
                each = concordant / pairs
            auc = bootstrapped(each[:1], each[1:])
            if np.ptp(each[np.isfinite(each)]) == 0:  # equal replicates would promise certainty
                auc = figure(auc.value, None, auc.method)
            found.append(Balanced(name=name, words=words, auc=auc, groups=whole, pairs=int(pairs[0])))
    return tuple(found)


def _groups(cases: Cases, name: BalancedName) -> list[str]:
    if name == "marker":
        return ["with" if case.has_marker else "without" for case in cases]
    return [case.groups.get(name, "") for case in cases]


def _sentences(found: GazeFigures, named: str) -> tuple[str, ...]:
    apart = found.gap is not None and found.auc.interval is not None and found.auc.interval[0] > CHANCE
    said = [
        _grounding_sentence(found, named)
        if apart
        else f"Cannot tell whether it looks at {named}: its answers are not shown to tell who has it."
    ]
    if found.outside is not None and found.outside.value is not None:
        said.append(
            f"{percent(found.outside.value)} of the answer hangs on what is outside the body"
            f"{_between(found.outside)}, in {how_many(found.outside_cases, 'picture', 'pictures')}."
        )
    else:
        said.append("The body fills every picture: nothing lies outside it.")
    positive, negative = found.with_marker
    if positive + negative >= _SOME:
        turned = found.turned.value if found.turned is not None else None
        said.append(
            f"Letters or markers are burned into {positive} of {found.positives} pictures with {named} and {negative} "
            f"of {found.negatives} without"
            + (f"; painted over, {percent(turned)} of the decisions change." if turned is not None else ".")
        )
    change = {one.name: one.change for one in found.regions}
    alone = [
        (one.alone.value or 0.0, one.name)
        for one in found.regions
        if one.alone is not None and _tells(one) and _falls(change.get(taken_with(one.name)))
    ]
    if alone:
        value, name = max(alone)
        said.append(f"Alone, {REGION_WORDS[name]} {'give' if name == 'marks' else 'gives'} an AUC of {value:.2f}.")
    return tuple(said)


def _tells(region: RegionFigures) -> bool:
    """Say whether a region beside the finding answers by itself."""
    interval = region.alone.interval if region.alone is not None else None
    return region.name != "centre" and interval is not None and interval[0] >= TELLS


def taken_with(region: RegionName) -> RegionName:
    """Return the region that is taken away with it."""
    return region if region in ("marks", "outside") else "edge"


def _falls(change: Figure | None) -> bool:
    """Say whether the AUC is shown to fall without a region: one that is not missed decided nothing."""
    return change is not None and change.interval is not None and change.interval[1] < 0


def percent(share: float) -> str:
    """Return a share as it is written: 12 %."""
    return f"{share * 100:.0f} %"


def _grounding_sentence(found: GazeFigures, named: str) -> str:
    if found.grounding is None or found.grounding.value is None or found.marked_patients < found.fewest:
        return (
            f"Cannot tell whether it looks at {named}: {how_many(found.fewest, 'patient', 'patients')} with a reader's "
            f"mark of it are needed, and there {'is' if found.marked_patients == 1 else 'are'} {found.marked_patients}."
        )
    return (
        f"Of what tells pictures with {named} from those without, {percent(found.grounding.value)} goes with the "
        f"reader's mark{_between(found.grounding)}, beyond what equal places elsewhere take, in "
        f"{how_many(found.marked, 'marked case', 'marked cases')}."
    )


def _between(one: Figure) -> str:
    return f" (between {percent(one.interval[0])} and {percent(one.interval[1])})" if one.interval else ""
