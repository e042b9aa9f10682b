import json
from dataclasses import replace

import numpy as np
import pytest

from inference.engine.case_result import CaseResult, SegmentationScore
from inference.engine.criteria import Reviewed
from inference.engine.errors import ConfigError, DataError
from inference.engine.evaluate import evaluate
from inference.engine.gate import compare
from inference.engine.gate_plan import GatePlan
from inference.engine.report import Gate

HALF = {"a": 0.5}


def results(strength, n=400, seed=0, noise_seed=0, sharpen=1.0, weak_group=None):
    """A model whose logits are right by ``strength``; the same seed gives the same patients."""
    rng, noise = np.random.default_rng(seed), np.random.default_rng(noise_seed)
    made = []
    for number in range(n):
        truth, shared = float(rng.random() < 0.4), rng.normal()
        sex = "F" if rng.random() < 0.5 else "M"
        own = strength if sex != weak_group else 0.2
        logit = (own * (truth - 0.5) + 0.9 * shared + 0.3 * noise.normal()) * strength / 0.9 - 0.4
        probability = float(1 / (1 + np.exp(-logit * sharpen)))
        made.append(CaseResult(f"c{number}", f"p{number}", {"a": probability}, {"a": truth}, {"sex": sex}))
    return made


def gate(champion, challenger, **more):
    report = compare(
        champion, challenger, labels=["a"], champion_thresholds=HALF, challenger_thresholds=HALF, **more
    ).to_json()
    assert Gate.kept(json.loads(json.dumps(report, allow_nan=False))).to_json() == report
    return report, {criterion["id"]: criterion for criterion in report["criteria"]}


def test_a_figure_has_one_interval_in_the_report_and_at_the_gate():
    cases = [replace(case, patient_key=f"p{number // 2}") for number, case in enumerate(results(1.5, n=60))]
    _, criteria = gate(None, cases)
    told = evaluate(cases, labels=["a"], thresholds=HALF).to_json()
    for figure, id_ in ((told["labels"]["a"]["auc"], "floor"), (told["labels"]["a"]["ece"], "calibration")):
        assert (figure["value"], figure["interval"]) == (criteria[id_]["value"], criteria[id_]["interval"])
    assert told["overall"]["auc"]["interval"] == criteria["floor"]["interval"]


def test_a_worse_model_is_refused():
    report, criteria = gate(results(2.0), results(1.2, noise_seed=1), reviewed_labels=(100, 500))
    assert not report["passed"]
    assert criteria["non_inferior"]["passed"] is False
    assert criteria["non_inferior"]["value"] < -0.03
    assert report["sentence"].startswith("Refused.")


@pytest.mark.parametrize(
    ("counted", "words"),
    [
        ((100, 150), "It learned from 150 reviewed labels instead of 100."),
        (Reviewed(0, 5, one_by_one=True), "It learned from 5 reviewed labels that a reviewer decided one by one"),
    ],
)
def test_the_benefit_says_which_labels_were_counted(counted, words):
    """Who learned from fewer answers, more of them decided by a reviewer, is not said to know more of all."""
    _, criteria = gate(results(1.5), results(1.5, noise_seed=1), reviewed_labels=counted)
    assert criteria["benefit"]["sentence"].startswith(words)


def test_an_equal_model_with_more_reviewed_labels_passes():
    report, criteria = gate(
        results(1.5), results(1.5, noise_seed=1), reviewed_labels=(100, 150), plan=GatePlan(negative_flip_limit=0.1)
    )
    assert criteria["non_inferior"]["passed"] is True
    assert criteria["benefit"]["passed"] is True
    assert report["passed"]
    assert report["sentence"].startswith("Passed.")


def test_an_equal_model_without_a_benefit_does_not_pass():
    plan = GatePlan(flips="told")
    report, criteria = gate(results(1.5), results(1.5, noise_seed=1), reviewed_labels=(100, 100), plan=plan)
    assert criteria["non_inferior"]["passed"] is True
    assert criteria["benefit"]["passed"] is None
    assert report["verdict"] == "cannot_tell"
    plan = GatePlan(benefit="superior", flips="told")
    assert not gate(results(1.5), results(1.5, noise_seed=1), reviewed_labels=(1, 900), plan=plan)[0]["passed"]


def test_a_better_model_passes_on_its_own_merit():
    report, criteria = gate(results(0.8), results(1.8, noise_seed=1))
    assert criteria["benefit"]["passed"] is True
    assert criteria["benefit"]["interval"][0] > 0
    assert report["passed"]


def test_on_few_patients_the_gate_says_that_it_cannot_tell():
    report, criteria = gate(results(1.5, n=14), results(1.5, n=14, noise_seed=1), reviewed_labels=(10, 90))
    assert criteria["non_inferior"]["passed"] is None
    assert not report["passed"]
    assert report["sentence"].startswith("Cannot tell.")
    assert report["power"]["patients_needed"] > 14


def test_a_higher_value_alone_does_not_pass():
    """Of truly equal models about half come out higher; few of them may pass as superior."""
    passed = 0
    for seed in range(40):
        champion, challenger = results(1.2, 100, seed, 1000 + seed), results(1.2, 100, seed, 2000 + seed)
        passed += gate(champion, challenger, plan=GatePlan(benefit="superior"))[0]["passed"]
    assert passed <= 4


def test_worse_calibration_stops_a_promotion():
    report, criteria = gate(results(1.5), results(1.5, sharpen=6.0), reviewed_labels=(1, 2))
    assert criteria["non_inferior"]["passed"] is True  # the order is the same
    assert criteria["calibration"]["passed"] is False
    assert not report["passed"]


def test_a_calibration_error_that_looks_no_higher_on_few_patients_shows_nothing():
    _, criteria = gate(results(1.5, n=24), results(1.5, n=24), reviewed_labels=(1, 2))
    told = criteria["calibration"]
    assert told["value"] <= told["limit"]
    assert told["passed"] is None, "the interval spans the limit"


def test_a_subgroup_that_is_left_behind_stops_a_promotion():
    report, criteria = gate(
        results(1.5, 1200), results(2.2, 1200, noise_seed=1, weak_group="M"), groups=["sex"], reviewed_labels=(1, 2)
    )
    assert criteria["subgroup:sex"]["passed"] is False
    assert not report["passed"]


def test_a_subgroup_too_small_to_judge_is_named_and_does_not_pass_silently():
    champion = results(0.8)
    few = [
        CaseResult(c.case_id, c.patient_key, c.probabilities, c.truth, {"scanner": "x" if n < 5 else "y"})
        for n, c in enumerate(results(1.8, noise_seed=1))
    ]
    report, criteria = gate(champion, few, groups=["scanner"])
    assert criteria["subgroup:scanner"]["passed"] is None
    assert report["passed"]
    assert "scanner" in report["sentence"]


def test_decisions_that_turn_wrong_are_counted():
    champion = results(3.0, 300)
    turned = [
        CaseResult(
            c.case_id, c.patient_key, {"a": 1 - c.probabilities["a"]} if n % 10 == 0 else c.probabilities, c.truth
        )
        for n, c in enumerate(champion)
    ]
    criteria = gate(champion, turned)[1]
    assert criteria["negative_flips"]["passed"] is False
    right = [(c.probabilities["a"] >= 0.5) == (c.truth["a"] == 1) for c in champion]
    turned_wrong = sum(right[n] for n in range(0, 300, 10))
    assert criteria["negative_flips"]["value"] == pytest.approx(turned_wrong / sum(right))
    assert f"of {sum(right)} right decisions {turned_wrong} became wrong" in criteria["negative_flips"]["sentence"]


def test_a_first_model_is_held_to_absolute_floors():
    report, criteria = gate(None, results(1.5, 120))
    assert report["passed"]
    assert criteria["floor"]["interval"][0] > 0.5
    assert not gate(None, results(0.0, 120))[0]["passed"]
    assert gate(None, results(1.5, 10))[1]["floor"]["passed"] is None


def answers(said, truth, patients=None):
    """Cases by hand: probabilities and truths, one case a patient unless said otherwise."""
    patients = range(len(said)) if patients is None else patients
    return [
        CaseResult(f"c{k}", f"p{patient}", {"a": p}, {"a": float(y)})
        for k, (p, y, patient) in enumerate(zip(said, truth, patients, strict=True))
    ]


def test_two_models_without_a_mistake_on_ten_and_ten_patients_cannot_be_told_apart():
    truth = [1] * 10 + [0] * 10
    perfect = answers([0.9] * 10 + [0.1] * 10, truth)
    report, criteria = gate(perfect, perfect, reviewed_labels=(1, 100))
    assert report["verdict"] == "cannot_tell"
    assert criteria["non_inferior"]["passed"] is None
    low, high = criteria["non_inferior"]["interval"]
    assert low == pytest.approx(0.025 ** (1 / 10) - 1, abs=1e-9)
    assert high == pytest.approx(1 - 0.025 ** (1 / 10), abs=1e-9)
    # Nor is it shown of any decision: of what ten patients do not show, 31 % may still be true.
    for id_ in ("sensitivity", "specificity"):
        assert criteria[id_]["passed"] is None
        assert criteria[id_]["interval"][0] == pytest.approx(-0.308, abs=0.02)
    assert criteria["negative_flips"]["passed"] is None


def test_flips_are_counted_among_the_decisions_that_were_right():
    """Of 100 decisions 50 were right and two of those became wrong: that is 4 %, not 2 %."""
    truth = [1, 0] * 50
    champion = answers([0.9, 0.9] * 50, truth)
    challenger = answers([0.1, 0.9] * 2 + [0.9, 0.9] * 48, truth)
    flips = gate(champion, challenger)[1]["negative_flips"]
    assert flips["value"] == pytest.approx(0.04)
    assert flips["passed"] is None
    assert flips["interval"][0] < 0.02 < flips["interval"][1]


def test_no_flip_among_twenty_decisions_shows_nothing():
    truth = [1] * 10 + [0] * 10
    perfect = answers([0.9] * 10 + [0.1] * 10, truth)
    flips = gate(perfect, perfect)[1]["negative_flips"]
    assert (flips["value"], flips["passed"]) == (0.0, None)
    assert flips["interval"][1] == pytest.approx(1 - 0.025 ** (1 / 20), abs=0.01)


def test_a_higher_auc_does_not_hide_a_loss_of_sensitivity():
    """The new model ranks better, but its threshold lets a fifth more of the sick go: it never passes."""
    rng = np.random.default_rng(5)
    truth = (np.arange(600) < 300).astype(float)
    old = 1 / (1 + np.exp(-(2.0 * (truth - 0.5) + rng.normal(size=600))))
    new = 1 / (1 + np.exp(-(6.0 * (truth - 0.5) + rng.normal(size=600) - 2.6)))
    report, criteria = gate(answers(old, truth), answers(new, truth), reviewed_labels=(1, 100))
    assert criteria["non_inferior"]["value"] > 0.05
    assert criteria["non_inferior"]["passed"] is True
    assert criteria["benefit"]["passed"] is True
    assert criteria["sensitivity"]["value"] < -0.15
    assert criteria["sensitivity"]["passed"] is False
    assert report["verdict"] == "refused"


def test_several_cases_of_a_patient_are_not_taken_for_several_patients():
    rng = np.random.default_rng(2)
    truth = np.repeat((np.arange(60) < 30).astype(float), 5)
    old, new = (1 / (1 + np.exp(-(3 * (truth - 0.5) + np.repeat(rng.normal(size=60), 5)))) for _ in range(2))
    together = gate(answers(old, truth, np.repeat(range(60), 5)), answers(new, truth, np.repeat(range(60), 5)))[1]
    apart = gate(answers(old, truth), answers(new, truth))[1]
    for id_ in ("non_inferior", "sensitivity", "specificity"):
        wide, narrow = (c[id_]["interval"][1] - c[id_]["interval"][0] for c in (together, apart))
        assert wide > 1.6 * narrow, id_


def test_what_is_only_told_refuses_no_first_model():
    """A first classifier with an AUC of 0.87 whose probabilities are far too sure is promotable; the screen tells."""
    rng = np.random.default_rng(8)
    truth = (np.arange(150) < 75).astype(float)
    logit = 1.57 * truth + rng.normal(size=150)
    first = answers(1 / (1 + np.exp(-40 * (logit - 1.4))), truth)
    report, criteria = gate(None, first)
    assert criteria["floor"]["value"] == pytest.approx(0.867, abs=0.02)
    assert criteria["calibration"]["role"] == "told"
    assert criteria["calibration"]["passed"] is False
    assert report["verdict"] == "passed"
    assert gate(None, first, plan=GatePlan(calibration="required"))[0]["verdict"] == "refused"


def test_the_plan_says_what_decides():
    worse = results(1.5), results(1.5, sharpen=6.0)
    for role, verdict in (("told", "passed"), ("guard", "refused"), ("required", "refused")):
        plan = GatePlan(calibration=role, flips="told")
        assert gate(*worse, reviewed_labels=(1, 2), plan=plan)[0]["verdict"] == verdict, role


def test_a_verdict_of_the_earlier_form_is_read_as_it_was_meant():
    criterion = {"title": "", "value": None, "interval": None, "limit": None, "sentence": ""}
    kept = {
        "schema": "overread-gate/1", "passed": False, "sentence": "Refused.", "patients": 6, "cases": 12,
        "metric": "auc", "first": False, "judged_labels": [], "plan": {},
        "criteria": [
            {**criterion, "id": "non_inferior", "required": True, "passed": None},
            {**criterion, "id": "calibration", "required": False, "passed": False},
        ],
        "power": {"patients": 6, "patients_needed": None, "sentence": ""},
    }  # fmt: skip
    read = Gate.kept(kept)
    assert [one.role for one in read.criteria] == ["required", "guard"]
    assert read.verdict == "refused"


def test_other_cases_or_another_truth_are_refused():
    with pytest.raises(DataError, match="same cases"):
        gate(results(1.0, 50), results(1.0, 49))
    with pytest.raises(DataError, match="truths"):
        gate(results(1.0, 50), results(1.0, 50, seed=3))


def outlined(quality, n=40, seed=0):
    rng = np.random.default_rng(seed)
    return [
        CaseResult(
            f"c{k}", f"p{k}", {"a": 0.9}, {"a": 1.0}, {},
            {"a": SegmentationScore(float(np.clip(quality + rng.normal(0, 0.05), 0, 1)), 1.0, 1.0, 1.0, "mm")},
        )
        for k in range(n)
    ]  # fmt: skip


def test_segmentations_are_compared_by_their_dice():
    assert gate(outlined(0.7), outlined(0.8, seed=1))[0]["passed"]
    worse = gate(outlined(0.8), outlined(0.7, seed=1), reviewed_labels=(1, 2))[0]
    assert worse["metric"] == "dice"
    assert not worse["passed"]
    assert gate(None, outlined(0.8))[0]["passed"]


def test_a_plan_out_of_range_is_refused():
    assert GatePlan.from_json(GatePlan(margin=0.02).to_json()) == GatePlan(margin=0.02)
    for broken in ({"margin": -1}, {"benefit": "luck"}, {"smallest": 1.5}, {"margins": 0.1}, {"margin": "0"}):
        with pytest.raises(ConfigError):
            GatePlan.from_json(broken)


def test_where_no_floor_is_declared_nothing_is_said_to_be_above_it():
    report, criteria = gate(None, results(1.5, 120), plan=GatePlan(auc_floor=0, trivial="told"))
    told = criteria["floor"]
    assert (told["title"], told["role"], told["passed"], told["limit"]) == (
        "ROC AUC (no floor declared)", "told", None, None,
    )  # fmt: skip
    assert told["value"] == gate(None, results(1.5, 120))[1]["floor"]["value"]
    assert report["sentence"].startswith("Passed. The plan requires nothing here.")
    assert report["sentence"].endswith("Not judged: ROC AUC (no floor declared).")
    too_few = gate(None, results(1.5, 10), plan=GatePlan(auc_floor=0, trivial="told"))[0]
    assert too_few["verdict"] == "cannot_tell", "without a floor there must still be something to judge"


def test_each_label_of_a_model_without_a_floor_is_told_and_not_judged():
    cases = [
        replace(case, probabilities={"a": case.probabilities["a"], "b": 0.4}, truth={"a": case.truth["a"], "b": n % 2})
        for n, case in enumerate(results(1.5, 120))
    ]
    plan = GatePlan(auc_floor=0)
    found = compare(None, cases, labels=["a", "b"], challenger_thresholds={"a": 0.5, "b": 0.5}, plan=plan)
    told = {one.id: (one.passed, one.limit) for one in found.criteria if one.id.startswith("label:")}
    assert told == {"label:a": (None, None), "label:b": (None, None)}


def test_a_report_that_was_kept_when_any_model_lay_above_a_floor_of_0_is_still_read():
    report = gate(None, results(1.5, 120))[0]
    floor = {**report["criteria"][0], "id": "floor", "title": "ROC AUC above 0", "passed": True, "limit": 0.0}
    kept = Gate.kept({**report, "criteria": [floor, *report["criteria"][1:]]})
    assert (kept.criteria[0].title, kept.criteria[0].passed) == ("ROC AUC above 0", True)
