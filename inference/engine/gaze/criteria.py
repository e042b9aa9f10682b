"""The gate's questions about where a version looks: at the finding, not beside the body, and by no shortcut.

Each is asked of every judged label; the least sure one stands for all.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Final

import numpy as np

from core.numbers import how_many
from inference.engine.gate_plan import GatePlan, Role
from inference.engine.gaze import figures
from inference.engine.gaze.case import GazeCase
from inference.engine.gaze.figures import percent
from inference.engine.gaze_report import CORNERS, REGION_WORDS, RegionName
from inference.engine.report import Criterion
from inference.engine.statistics import Interval
from inference.engine.unseen import EACH
from inference.engine.verdict import at_least, at_most

Cases = Sequence[GazeCase]
Names = Mapping[str, str]
Found = tuple[float, Interval]
#: What a named person may answer for, of a first model.
EXCUSABLE: Final = frozenset({"grounding", "outside", "shortcut"})
#: Where more of the marks than this lies in border and corners, taking these away takes the finding away.
_AT_EDGE: Final = 0.1


def gaze_criteria(
    challenger: Cases, champion: Cases | None, labels: Sequence[str], plan: GatePlan, names: Names
) -> list[Criterion]:
    """Return what is asked of where a version looks; nothing where nothing was asked.

    Args:
        challenger: what the new version says of pictures with replaced regions.
        champion: the live one's answers about the same cases; None where there is none, or it cannot be asked.
        labels: that are judged.
        plan: the declared limits.
        names: of the labels.
    """
    known = [label for label in labels if figures.has_both(challenger, label)] if challenger else []
    if not known:
        return []
    found = [_looks_at_finding(challenger, known, plan, names)]
    if champion:
        both = [label for label in known if all(label in case.whole for case in champion)]
        found.append(_not_less(challenger, champion, both, plan, names))
    found.append(_outside(challenger, known, plan, names))
    found.append(_shortcut(challenger, known, plan))
    return found


def _looks_at_finding(cases: Cases, labels: Sequence[str], plan: GatePlan, names: Names) -> Criterion:
    title = "Looks at the finding: the marked place counts for more than equal places elsewhere"
    enough = [label for label in labels if figures.marked_patients(cases, label) >= figures.FEWEST]
    role: Role = plan.grounding if plan.grounding != "where_marked" else "required" if enough else "guard"
    if not enough:
        most = max(figures.marked_patients(cases, label) for label in labels)
        sentence = (
            f"Cannot tell: {figures.FEWEST} test patients with a reader's mark of a label are needed, and there "
            f"{'is' if most == 1 else 'are'} {most}."
        )
        return Criterion("grounding", title, role, None, None, None, 0.0, sentence)
    if flat := [label for label in enough if not figures.tells_apart(cases, label)]:
        named = ", ".join(names.get(label, label) for label in flat)
        sentence = f"Cannot tell: its answers are not shown to tell who has {named}, so nothing is shared out."
        return Criterion("grounding", title, role, None, None, None, 0.0, sentence)

    def above(interval: Interval) -> bool | None:
        return True if interval[0] > 0 else False if interval[1] <= 0 else None

    label, passed, (value, interval) = _worst(
        enough, lambda label, each: figures.grounding(cases, label, each=each), above, lambda one: one[0]
    )
    ends = {True: ".", False: ": the marked place counts for less.", None: ": it is not shown to look there."}
    marked = sum(label in case.places for case in cases)
    sentence = (
        f"{percent(value)} of what tells the cases apart goes with the reader's mark{_of(label, labels, names)}, "
        f"beyond what equal places elsewhere take, between {percent(interval[0])} and {percent(interval[1])}, in "
        f"{how_many(marked, 'marked case', 'marked cases')}{ends[passed]}"
    )
    return Criterion("grounding", title, role, passed, value, interval, 0.0, sentence)


def _not_less(new: Cases, old: Cases, labels: Sequence[str], plan: GatePlan, names: Names) -> Criterion:
    limit = -plan.grounding_margin
    title = f"Looks at the finding no less than the live version, by at most {plan.grounding_margin:g}"
    role: Role = plan.grounding if plan.grounding != "where_marked" else "guard"
    before = {case.case_id: number for number, case in enumerate(old)}
    changes = {}
    for label in labels:
        was, now = figures.groundings(old, label), figures.groundings(new, label)
        paired = np.array([was[before[case.case_id]] if case.case_id in before else np.nan for case in new])
        change = np.clip(now - paired, -1, 1)
        there = {case.patient_key for case, one in zip(new, change, strict=True) if np.isfinite(one)}
        if len(there) >= figures.FEWEST and all(figures.tells_apart(cases, label) for cases in (old, new)):
            changes[label] = change
    if not changes:
        sentence = (
            f"Cannot tell: it takes {figures.FEWEST} test patients with a reader's mark, and two versions that are "
            "shown to tell who has it."
        )
        return Criterion("grounding_change", title, role, None, None, None, limit, sentence)
    label, passed, (value, interval) = _worst(
        list(changes),
        lambda label, each: figures.grounding(new, label, each=each, values=changes[label]),
        lambda interval: at_least(interval, limit),
        lambda one: one[0],
    )
    ends = {True: ".", False: ": it looks at the finding less.", None: ": that it looks there less is not excluded."}
    sentence = (
        f"The share that goes with the reader's mark{_of(label, labels, names)} differs by {value:+.2f}, between "
        f"{interval[0]:+.2f} and {interval[1]:+.2f}{ends[passed]}"
    )
    return Criterion("grounding_change", title, role, passed, value, interval, limit, sentence)


def _outside(cases: Cases, labels: Sequence[str], plan: GatePlan, names: Names) -> Criterion:
    title = f"At most {percent(plan.outside_limit)} of the answer hangs on what is outside the body"
    there = figures.outside_patients(cases)
    if there < figures.FEWEST or any(figures.outside_share(cases, label) is None for label in labels):
        sentence = (
            f"Cannot tell: {how_many(there, 'test patient has', 'test patients have')} a picture with something "
            f"outside the body, {figures.FEWEST} are needed."
        )
        return Criterion("outside", title, plan.outside, None, None, None, plan.outside_limit, sentence)
    label, passed, (value, interval) = _worst(
        labels,
        lambda label, each: figures.outside_share(cases, label, each=each),
        lambda interval: at_most(interval, plan.outside_limit),
        lambda one: -one[1],
    )
    words = {True: "Within the limit", False: "It looks outside the body", None: "Cannot tell"}
    sentence = (
        f"{words[passed]}: {percent(value)} of the answer{_of(label, labels, names)} hangs on it, between "
        f"{percent(interval[0])} and {percent(interval[1])}."
    )
    return Criterion("outside", title, plan.outside, passed, value, interval, plan.outside_limit, sentence)


def _shortcut(cases: Cases, labels: Sequence[str], plan: GatePlan) -> Criterion:
    limit = -plan.shortcut_margin
    title = f"No shortcut: without markers, border and corners the ROC AUC is not lower by more than {-limit:g}"
    asked: list[RegionName] = ["marks"] if any(case.has_marker for case in cases) else []
    at_edge = max((figures.at_edge(cases, label) or 0.0 for label in labels), default=0.0)
    asked += ["edge"] if at_edge <= _AT_EDGE else []
    if not asked:
        sentence = "Cannot tell: readers' marks lie in the border, so it cannot be taken away, and no marker was found."
        return Criterion("shortcut", title, plan.shortcut, None, None, None, limit, sentence)
    found = {region: figures.auc_without(cases, labels, region) for region in asked}
    worst = min(asked, key=lambda region: found[region][1][0])
    answers = [at_least(interval, limit) for _, interval in found.values()]
    passed = False if False in answers else None if None in answers else True
    if passed is False:
        worst = min(asked, key=lambda region: found[region][1][1])
    value, interval = found[worst]
    words = {True: "No shortcut is shown", False: "A shortcut", None: "Cannot tell"}
    sentence = (
        f"{words[passed]}: without {REGION_WORDS[worst]} the AUC differs by {value:+.3f}, between {interval[0]:+.3f} "
        f"and {interval[1]:+.3f}.{_alone(cases, labels)}"
    )
    if at_edge > _AT_EDGE:
        sentence += f" {percent(at_edge)} of the readers' marks lie in border and corners: these were not taken away."
    return Criterion("shortcut", title, plan.shortcut, passed, value, interval, limit, sentence)


def _alone(cases: Cases, labels: Sequence[str]) -> str:
    """Say which region beside the finding answers best by itself, of those that are missed once they are gone."""
    best: tuple[float, str] | None = None
    for label in labels:
        for region in ("marks", *CORNERS, "border", "outside"):
            if figures.auc_without(cases, [label], figures.taken_with(region))[1][1] >= 0:
                continue
            one = figures.auc_alone(cases, label, region)
            if one.value is None or one.interval is None or one.interval[0] < figures.TELLS:
                continue
            if best is None or one.value > best[0] + 0.005:
                best = one.value, REGION_WORDS[region]
    return f" Alone, {best[1]}: AUC {best[0]:.2f}." if best else ""


def _worst(
    labels: Sequence[str],
    ask: Callable[[str, float], Found | None],
    judge: Callable[[Interval], bool | None],
    key: Callable[[Interval], float],
) -> tuple[str, bool | None, Found]:
    """Ask about each label; of several, each refuses with its share of the error only. Return the least sure one."""
    answers: list[bool | None] = []
    worst: tuple[str, Found] | None = None
    for label in labels:
        found, shown = ask(label, EACH), ask(label, EACH / len(labels))
        assert found is not None
        assert shown is not None
        answers.append(False if judge(shown[1]) is False else True if judge(found[1]) else None)
        if worst is None or key(found[1]) < key(worst[1][1]):
            worst = label, found
    assert worst is not None
    passed = False if False in answers else None if None in answers else True
    return worst[0], passed, worst[1]


def _of(label: str, labels: Sequence[str], names: Names) -> str:
    return f" of {names.get(label, label)}" if len(labels) > 1 else ""
