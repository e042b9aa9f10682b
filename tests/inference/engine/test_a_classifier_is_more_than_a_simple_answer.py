"""A first classifier has to beat what needs no model: the same for everybody, how bright an image is, which scanner."""

from dataclasses import replace

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from inference.engine.case_result import CaseResult
from inference.engine.evaluate import evaluate
from inference.engine.gate import compare
from inference.engine.gate_plan import GatePlan
from inference.engine.sample import Image
from inference.engine.simple_answers import SimpleAnswers, SimpleFacts

HALF = {"a": 0.5}


def patients(count, seed, *, by_scanner=0.9):
    """Patients of whom the sick were mostly imaged on scanner B, and the brightness of whose images says nothing."""
    rng = np.random.default_rng(seed)
    truth = (np.arange(count) % 3 == 0).astype(float)
    on_b = np.where(truth == 1, rng.random(count) < by_scanner, rng.random(count) < 1 - by_scanner)
    groups = [{"scanner": "B" if b else "A", "sex": "F" if rng.random() < 0.5 else "M"} for b in on_b]
    facts = [SimpleFacts(float(rng.normal()), 1.0, 100.0, one) for one in groups]
    return facts, truth, on_b, rng


def results(said, truth):
    answers = enumerate(zip(said, truth, strict=True))
    return [CaseResult(f"c{k}", f"p{k}", {"a": float(p)}, {"a": float(y)}) for k, (p, y) in answers]


def answered(known, facts, truth):
    said = [known.said(one) for one in facts]
    return {name: results([one[name] for one in said], truth) for name in said[0]}


def judge(said, truth, trivial, role="required"):
    gate = compare(None, results(said, truth), labels=["a"], challenger_thresholds=HALF, trivial=trivial,
                   plan=GatePlan(trivial=role))  # fmt: skip
    return gate, {one.id: one for one in gate.criteria}


def test_a_model_that_only_knows_the_scanner_is_no_model():
    """Its AUC of about 0.9 lies far above the floor of 0.5; the scanner alone has the same."""
    taught, states, *_ = patients(300, 1)
    facts, truth, on_b, rng = patients(200, 2)
    trivial = answered(SimpleAnswers.of(taught, states), facts, truth)
    scanner_only = np.where(on_b, 0.8, 0.2) + 0.01 * rng.random(len(truth))
    gate, found = judge(scanner_only, truth, trivial)
    assert found["floor"].passed is True
    assert (found["trivial"].passed, found["trivial"].role, gate.verdict) == (None, "required", "cannot_tell")
    assert "the scanner, 0.888" in found["trivial"].sentence
    knows = np.clip(0.5 + 0.25 * (truth - 0.5) + rng.normal(0, 0.02, len(truth)), 0, 1)
    gate, found = judge(knows, truth, trivial)
    assert (found["trivial"].passed, gate.verdict) == (True, "passed")
    assert judge(scanner_only, truth, trivial, role="told")[0].verdict == "passed"


def test_the_same_answer_for_everybody_tells_nobody_who_is_sick():
    taught, states, *_ = patients(300, 1)
    facts, truth, _, rng = patients(200, 2)
    trivial = answered(SimpleAnswers.of(taught, states), facts, truth)
    ranks_well = np.clip(0.75 + 0.1 * truth + rng.normal(0, 0.03, len(truth)), 0.51, 1)  # above 0.5 for everybody
    gate, found = judge(ranks_well, truth, trivial)
    assert (found["trivial"].passed, found["tells_healthy"].passed, gate.verdict) == (True, None, "cannot_tell")
    assert found["tells_healthy"].value == pytest.approx(0.0)
    assert "Sensitivity 100%, specificity 0%" in found["tells_healthy"].sentence
    _, coin = judge(rng.random(len(truth)), truth, trivial)
    assert coin["tells_healthy"].passed is not True


def test_saying_of_each_label_what_is_most_frequent_is_no_knowledge():
    """All labels together it comes to a sensitivity and a specificity of 0.9 each."""
    truth = {"often": np.arange(100) % 10 > 0, "seldom": np.arange(100) % 10 == 0}
    cases = [
        CaseResult(f"c{k}", f"p{k}", {"often": 0.9, "seldom": 0.1}, {key: float(y[k]) for key, y in truth.items()})
        for k in range(100)
    ]
    limits = {"often": 0.5, "seldom": 0.5}
    gate = compare(None, cases, labels=["often", "seldom"], challenger_thresholds=limits)
    told = next(one for one in gate.criteria if one.id == "tells_healthy")
    assert (told.value, told.passed) == (pytest.approx(0.0), None)
    together = [(case.probabilities[key] > 0.5) == case.truth[key] for case in cases for key in limits]
    assert np.mean(together) == pytest.approx(0.9)


def test_what_an_answer_means_is_learned_from_training_cases_and_shown_on_the_test_cases():
    """Dark images are the sick ones here; the figures are those of another library."""
    rng = np.random.default_rng(3)

    def images(count):
        truth = (np.arange(count) % 2).astype(float)
        means = rng.normal(100 - 5 * truth, 3)
        pictures = [Image(rng.normal(mean, 5, (1, 8, 8)).astype(np.float32)) for mean in means]
        return [SimpleFacts.of(picture, {}) for picture in pictures], truth

    known = SimpleAnswers.of(*images(200))
    facts, truth = images(120)
    trivial = answered(known, facts, truth)
    assert set(trivial) == {"positive", "negative", "prevalence", "brightness", "contrast"}
    report = evaluate(results(truth * 0.6 + 0.2, truth), labels=["a"], thresholds=HALF, trivial=trivial, replicates=50)
    shown = {one.name: one for one in report.labels["a"].simple}
    assert shown["brightness"].auc.value == pytest.approx(
        roc_auc_score(truth, [-one.brightness for one in facts]),
        abs=0.005,  # as fine as 200 training cases are
    )
    dark = np.array([one.probabilities["a"] >= 0.5 for one in trivial["brightness"]])
    assert shown["brightness"].sensitivity.value == pytest.approx(dark[truth == 1].mean())
    assert shown["brightness"].sensitivity.value + shown["brightness"].specificity.value > 1.5
    assert (shown["positive"].sensitivity.value, shown["positive"].specificity.value) == (1.0, 0.0)
    assert (shown["negative"].auc.value, shown["negative"].auc.interval) == (0.5, None)
    assert report.labels["a"].simple[0].name == "brightness", "the best first"


def test_training_cases_of_one_state_teach_no_answer():
    assert SimpleAnswers.of([SimpleFacts(1.0, 1.0, 1.0, {})] * 5, [1.0] * 5) is None
    assert SimpleAnswers.of([], []) is None


def test_a_scanner_that_training_never_saw_says_no_more_than_the_prevalence():
    facts, truth, *_ = patients(300, 1)
    known = SimpleAnswers.of(facts, truth)
    strange, b = (known.said(SimpleFacts(0.0, 1.0, 100.0, {"scanner": name}))["scanner"] for name in ("Z", "B"))
    a = known.said(SimpleFacts(0.0, 1.0, 100.0, {"scanner": "A"}))["scanner"]
    assert a < strange < b


def test_names_of_labels_and_not_their_keys_stand_in_the_sentences():
    rng = np.random.default_rng(5)
    truth = np.arange(80) % 2
    cases = [
        CaseResult(f"c{k}", f"p{k}", {key: float(rng.random() / 2 + y / 3) for key in ("op", "no")},
                   {"op": float(y), "no": float(y)})
        for k, y in enumerate(truth)
    ]  # fmt: skip
    limits, names = {"op": 0.5, "no": 0.5}, {"op": "Lung opacity", "no": "Nodule"}
    always = [replace(case, probabilities={"op": 1.0, "no": 1.0}) for case in cases]
    for live in (None, cases):
        gate = compare(live, cases, labels=["op", "no"], champion_thresholds=limits, challenger_thresholds=limits,
                       trivial={"positive": always}, names=names)  # fmt: skip
        words = " ".join(f"{one.title} {one.sentence}" for one in gate.criteria)
        assert "ROC AUC of Lung opacity" in words
        assert "always positive, 0.500 (Nodule)" in words
        assert "of op" not in words
        assert "(no)" not in words
