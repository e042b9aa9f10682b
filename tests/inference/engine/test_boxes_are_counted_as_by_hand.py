"""FROC, average precision and thresholds of boxes are what counting one box after the other gives."""

from __future__ import annotations

import numpy as np
import pytest

from inference.engine.box_curves import RATES, Curve
from inference.engine.box_marks import as_deep_as_wide, boxes_of_mask, gathered
from inference.engine.box_score import BoxScore
from inference.engine.boxes import as_boxes, kept_apart, overlaps
from inference.engine.boxes_learned import MISSED, box_threshold, decide_boxes
from inference.engine.case_result import CaseResult
from inference.engine.evaluate import evaluate
from inference.engine.gate import compare
from inference.engine.gradings.registry import GRADINGS
from inference.engine.operating_point import OperatingPoint
from inference.engine.recipe import Outcome
from inference.engine.unseen import Weights


def drawn_cases(seed, count=24, flat=True, better=0.0):
    """Cases with none to three true boxes; some are found, at a shift, and false ones lie beside. Scores have ties."""
    rng = np.random.default_rng(seed)
    cases = []
    for number in range(count):
        truth, said, scores = [], [], []
        for _ in range(int(rng.integers(0, 4))):
            corner, size = rng.uniform(0, 80, 3), rng.uniform(4, 12, 3)
            if flat:
                corner[0], size[0] = -0.5, 1.0
            truth.append((*corner, *(corner + size)))
            if rng.random() < 0.7 + better:
                for _ in range(int(rng.integers(1, 3))):
                    moved = corner + rng.normal(0, 1.5 - better, 3) * (0 if flat else 1) + [0, *rng.normal(0, 1.5, 2)]
                    said.append((*moved, *(moved + size * rng.uniform(0.7, 1.3))))
                    scores.append(round(float(rng.uniform(0.3, 1.0)), 1))
        for _ in range(int(rng.integers(0, 4))):
            corner = rng.uniform(0, 80, 3)
            if flat:
                corner[0] = -0.5
            said.append((*corner, *(corner + ([1, 8, 8] if flat else [8, 8, 8]))))
            scores.append(round(float(rng.uniform(0.0, 0.8)), 1))
        order = np.argsort(-np.array(scores), kind="stable") if scores else []
        score = BoxScore(
            tuple(tuple(map(float, box)) for box in truth),
            tuple(tuple(map(float, said[k])) for k in order),
            tuple(scores[k] for k in order),
        )
        cases.append(
            CaseResult(f"c{number}", f"p{number // 2}", {"thing": max(scores, default=0.0)},
                       {"thing": float(bool(truth))}, {"sex": "FM"[number % 2]}, boxes={"thing": score})
        )  # fmt: skip
    return cases


def iou(one, other):
    shared = 1.0
    for axis in range(3):
        shared *= max(0.0, min(one[axis + 3], other[axis + 3]) - max(one[axis], other[axis]))
    sizes = [np.prod([box[axis + 3] - box[axis] for axis in range(3)]) for box in (one, other)]
    return shared / (sum(sizes) - shared)


def centre_in(one, other):
    return all(other[axis] <= (one[axis] + one[axis + 3]) / 2 <= other[axis + 3] for axis in range(3))


def by_hand(cases, hits):
    """Return for each box of each case (score, "hit", "again" or "false"), and the number of true ones."""
    every, marks = [], 0
    for case in cases:
        score, taken = case.boxes["thing"], set()
        marks += len(score.truth)
        for box, chance in zip(score.said, score.scores, strict=True):
            on = [k for k, true in enumerate(score.truth) if hits(box, true)]
            free = [k for k in on if k not in taken]
            if free:
                taken.add(max(free, key=lambda k, box=box, score=score: iou(box, score.truth[k])))
                every.append((chance, "hit"))
            else:
                every.append((chance, "again" if on else "false"))
    return every, marks


def sensitivities_by_hand(cases):
    every, marks = by_hand(cases, centre_in)
    found = []
    for rate in RATES:
        best = 0.0
        for level in {score for score, _ in every}:
            false = sum(became == "false" for score, became in every if score >= level)
            if false / len(cases) <= rate:
                best = max(best, sum(became == "hit" for score, became in every if score >= level) / marks)
        found.append(best)
    return found


def precision_by_hand(cases, least):
    every, marks = by_hand(cases, lambda box, true: iou(box, true) >= least)
    points = []
    for level in sorted({score for score, _ in every}, reverse=True):
        chosen = [became for score, became in every if score >= level]
        hits = sum(became == "hit" for became in chosen)
        points.append((hits / marks, hits / len(chosen)))
    area, before = 0.0, 0.0
    for recall, _ in points:
        area += (recall - before) * max(precise for at, precise in points if at >= recall)
        before = recall
    return area


@pytest.mark.parametrize("flat", [True, False])
def test_froc_and_precision_are_those_of_counting_one_box_after_the_other(flat):
    for seed in range(5):
        cases = drawn_cases(seed, flat=flat)
        assert Curve.of(cases, "thing").sensitivities()[0] == pytest.approx(sensitivities_by_hand(cases))
        for least in (0.1, 0.5):
            assert Curve.of(cases, "thing", least).precision()[0] == pytest.approx(precision_by_hand(cases, least))


def test_a_replicate_that_draws_a_case_twice_is_the_cases_with_it_twice():
    cases = drawn_cases(9, count=10)
    times = np.array([2, 0, 1, 3, 1, 1, 0, 2, 1, 1], dtype=float)
    again = [
        CaseResult(f"{case.case_id}-{copy}", case.patient_key, {}, {}, boxes=case.boxes)
        for case, count in zip(cases, times, strict=True)
        for copy in range(int(count))
    ]
    curve = Curve.of(cases, "thing")
    assert curve.sensitivities(times[None])[0] == pytest.approx(sensitivities_by_hand(again))
    sharp = Curve.of(cases, "thing", 0.1)
    assert sharp.precision(times[None])[0] == pytest.approx(precision_by_hand(again, 0.1))


def test_the_report_says_what_was_counted_and_its_intervals_hold_the_values():
    cases = [CaseResult.from_json(case.to_json()) for case in drawn_cases(3, count=40)]
    report = evaluate(cases, labels=["thing"], thresholds={"thing": 0.6}, groups=["sex"], replicates=200)
    figures = report.labels["thing"].boxes
    every, marks = by_hand(cases, centre_in)
    hits = sum(became == "hit" for score, became in every if score >= 0.6)
    false = sum(became == "false" for score, became in every if score >= 0.6)
    assert (figures.n, figures.marked) == (40, marks)
    assert figures.with_box == sum(bool(case.boxes["thing"].truth) for case in cases)
    assert figures.said == sum(score >= 0.6 for score, _ in every)
    assert figures.sensitivity.value == pytest.approx(hits / marks)
    assert figures.beside.value == pytest.approx(false / 40)
    assert figures.cpm.value == pytest.approx(np.mean(sensitivities_by_hand(cases)))
    assert figures.ap10.value == pytest.approx(precision_by_hand(cases, 0.1))
    assert [one.false_per_case for one in figures.froc] == list(RATES)
    for figure in (figures.cpm, figures.ap10, figures.ap50, figures.sensitivity, figures.beside):
        assert figure.interval[0] <= figure.value <= figure.interval[1]
    alone = GRADINGS["boxes"].alone(cases, ["thing"], Weights([case.patient_key for case in cases]))
    assert (figures.cpm.value, figures.cpm.interval) == alone, "the report's interval is the gate's"
    counted = [became for _, became in every if became != "again"]
    assert sum(one.n for one in figures.calibration) == len(counted)
    top = [became for score, became in every if score >= 0.9 and became != "again"]
    assert figures.calibration[-1].observed == pytest.approx(np.mean([became == "hit" for became in top]))
    shown = [(score, became == "hit") for score, became in every if score >= 0.6 and became != "again"]
    # A bin is a tenth wide; the scores have one digit, as floats a little below or above it.
    bins = {}
    for score, hit in shown:
        bins.setdefault(min(int(score * 10), 9), []).append(hit - score)
    assert figures.ece.value == pytest.approx(sum(abs(sum(gaps)) for gaps in bins.values()) / len(shown))
    label = report.labels["thing"]
    assert (label.ece.value, label.calibration, label.segmentation) == (None, (), None)
    worst = figures.examples[0]
    shares = {case.case_id: case.boxes["thing"] for case in cases if case.boxes["thing"].truth}
    assert (worst.shown_as, worst.found / worst.marked) == (
        "worst", min(score.found(0.6) / len(score.truth) for score in shares.values())
    )  # fmt: skip


def test_the_gate_refuses_whoever_finds_less_and_passes_whoever_finds_far_more():
    truth = tuple((-0.5, 10.0 * k, 0.0, 0.5, 10.0 * k + 8, 8.0) for k in range(2))

    def model(share, false, seed):
        rng = np.random.default_rng(seed)
        cases = []
        for number in range(150):
            true = truth if number % 2 else ()
            said = [(box, 0.9) for box in true if rng.random() < share]
            said += [((-0.5, 60.0, 60.0, 0.5, 68.0, 68.0), 0.8)] if rng.random() < false else []
            score = BoxScore(true, tuple(box for box, _ in said), tuple(chance for _, chance in said))
            cases.append(CaseResult(f"c{number}", f"p{number}", {"thing": float(bool(said))},
                                    {"thing": float(bool(true))}, boxes={"thing": score}))  # fmt: skip
        return cases

    def gate(champion, challenger, **more):
        limits = {"champion_thresholds": {"thing": 0.5}} if champion else {}
        return compare(champion, challenger, labels=["thing"], challenger_thresholds={"thing": 0.5}, **limits, **more)

    good, poor, noisy = model(0.98, 0.02, 1), model(0.5, 0.02, 2), model(0.98, 0.9, 3)
    floor = {"usual_places": model(0.3, 0.0, 4)}
    first = gate(None, good, trivial=floor)
    assert (first.verdict, first.metric) == ("passed", "cpm"), first.sentence
    assert gate(None, good, trivial={"usual_places": good}).verdict != "passed", "no better than a fixed place"
    better = gate(poor, good, trivial=floor)
    assert better.verdict == "passed", better.sentence
    worse = gate(good, poor, trivial=floor)
    assert worse.verdict == "refused"
    assert next(one for one in worse.criteria if one.id == "non_inferior").passed is False
    louder = gate(good, noisy, trivial=floor)
    assert louder.verdict == "refused"
    assert next(one for one in louder.criteria if one.id == "false_boxes").passed is False


def test_a_threshold_lies_where_the_operating_point_asks_for_it():
    probabilities = np.array([0.9, 0.8, 0.7, 0.6, 0.5, 0.4, 0.3, 0.2, -1.0])
    truth = np.array([1, 1, 0, 1, 0, 1, 0, 0, 1], dtype=float)

    def at(kind, value=None):
        level = box_threshold(probabilities, truth, 2, OperatingPoint(kind=kind, value=value))
        seen = probabilities >= level
        return int((seen & (truth == 1)).sum()), int((seen & (truth == 0)).sum())

    assert at("sensitivity", 0.6) == (3, 1), "three of five, the missed one counted"
    assert at("sensitivity", 0.7) == (4, 2), "three of the four that were hit are not seven tenths of all five"
    assert at("false_boxes", 0.5) == (3, 1), "one in two cases"
    assert at("false_boxes", 1.0) == (4, 2)
    assert at("cost", 10.0) == (4, 2)
    assert at("balanced") in ((3, 1), (4, 2)), "both have 2 × found / (marked + said) at its highest or next to it"


def test_boxes_that_the_network_calls_unlikely_and_that_hit_are_called_likely():
    """Five hits at a logit of -2.5 among 200 false ones at -7: no temperature alone lifts them above one half."""
    rng = np.random.default_rng(2)
    logits = np.concatenate([rng.normal(-2.5, 0.3, 5), rng.normal(-7, 0.5, 200), [MISSED]]).astype(np.float32)
    truth = np.array([1.0] * 5 + [0.0] * 200 + [1.0], dtype=np.float32)
    outcome = Outcome(logits, truth, 10)
    calibration, threshold = decide_boxes(outcome, outcome, OperatingPoint())
    said = calibration.probability(logits)
    assert said[:5].mean() == pytest.approx(6 / 7, abs=0.05), "not surer than five hits allow"
    assert said[:5].min() > 0.5 > 0.1 > said[5:205].max()
    assert said[5:205].max() < threshold <= said[:5].min()


def test_marks_of_one_thing_are_one_box_and_things_that_touch_stay_two():
    two_readers = as_boxes([(-0.5, 10, 10, 0.5, 20, 20), (-0.5, 11, 11, 0.5, 21, 21)])
    assert gathered(two_readers).tolist() == [[-0.5, 10.5, 10.5, 0.5, 20.5, 20.5]]
    touching = as_boxes([(-0.5, 10, 10, 0.5, 20, 20), (-0.5, 20, 10, 0.5, 30, 20)])
    assert len(gathered(touching)) == 2
    mask = np.zeros((1, 40, 40), bool)
    mask[0, 10:20, 10:20] = mask[0, 20:30, 10:20] = True
    assert len(boxes_of_mask(mask)) == 1, "as a mask the two could not be told apart"
    through = as_boxes([(k - 0.5, 10 - k, 10, k + 0.5, 20, 20) for k in (2, 3, 4)] + [(6.5, 10, 10, 7.5, 20, 20)])
    assert gathered(through).tolist() == [[1.5, 6, 10, 4.5, 20, 20], [6.5, 10, 10, 7.5, 20, 20]]
    deep = as_deep_as_wide(as_boxes([(4.5, 10, 10, 5.5, 20, 20)]), (2.5, 1.0, 1.0), 20)
    assert deep.tolist() == [[3.0, 10, 10, 7.0, 20, 20]], "10 mm wide, so 10 mm deep: four slices of 2.5 mm"
    assert overlaps(two_readers, two_readers)[0, 1] == pytest.approx(iou(*two_readers))
    stay = kept_apart(as_boxes([*two_readers.tolist(), *touching.tolist()[1:]]), np.array([0.2, 0.9, 0.5]), 0.3)
    assert stay.tolist() == [1, 2]
