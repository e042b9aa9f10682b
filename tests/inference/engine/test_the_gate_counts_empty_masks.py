"""The gate about masks: paint on healthy cases, total misses, answers that need no model."""

import numpy as np
import pytest

from inference.engine.case_result import CaseResult
from inference.engine.evaluate import evaluate
from inference.engine.gate import compare
from inference.engine.gate_plan import GatePlan
from inference.engine.grid import Grid
from inference.engine.mask_score import score_segmentation
from inference.engine.trivial import Prior, trivial_scores

HALF = {"a": 0.5}
SHAPE = (1, 24, 24)
GRID = Grid.of(1, (None, 1.0, 1.0))


def disc(radius, at=(12, 12)):
    rows, columns = np.indices(SHAPE[1:])
    return ((rows - at[0]) ** 2 + (columns - at[1]) ** 2 <= radius**2)[None]


NOTHING = np.zeros(SHAPE, bool)
EVERYTHING = np.ones(SHAPE, bool)


def results(pairs, patients=None):
    """Cases from (painted, true) masks; each of a patient of its own unless they are named."""
    return [
        CaseResult(
            f"c{n}",
            patients[n] if patients else f"p{n}",
            {"a": 0.9 if painted.any() else 0.1},
            {"a": float(true.any())},
            {},
            {"a": score_segmentation(painted, true, GRID)},
        )
        for n, (painted, true) in enumerate(pairs)
    ]


def told(champion, challenger, **more):
    gate = compare(champion, challenger, labels=["a"], champion_thresholds=HALF, challenger_thresholds=HALF, **more)
    return gate, {one.id: one for one in gate.criteria}


def lesions(count, seed=0, spread=1):
    """Good answers: discs that are a pixel off."""
    lots = np.random.default_rng(seed)
    places = [tuple(lots.integers(8, 16, 2)) for _ in range(count)]
    return [(disc(5, (y + int(lots.integers(0, spread + 1)), x)), disc(5, (y, x))) for y, x in places]


SICK = lesions(100)
CLEAN = [(NOTHING, NOTHING)] * 200
DIRTY = [(disc(4), NOTHING)] * 200
MORE = {"reviewed_labels": (100, 500)}


def test_a_challenger_that_paints_every_healthy_case_never_passes():
    gate, found = told(results(SICK + CLEAN), results(SICK + DIRTY), **MORE)
    assert gate.verdict == "refused"
    assert found["non_inferior"].passed is True, "its Dice is that of the live model"
    assert (found["specificity"].passed, found["specificity"].value) == (False, -1.0)
    assert found["false_paint"].passed is False
    assert found["negative_flips"].passed is False


def test_a_challenger_that_cures_it_is_not_refused():
    gate, found = told(results(SICK + DIRTY), results(SICK + CLEAN))
    assert found["benefit"].passed is True
    assert "healthy cases" in found["benefit"].sentence
    assert gate.verdict == "passed", gate.sentence


def test_without_a_case_that_has_a_mask_nothing_can_be_told():
    for champion, challenger in ((DIRTY, DIRTY), (CLEAN, CLEAN), (DIRTY, CLEAN)):
        gate, found = told(results(champion), results(challenger), **MORE)
        assert gate.verdict == "cannot_tell"
        assert found["non_inferior"].passed is None
        assert gate.judged_labels == ()
    assert compare(None, results(CLEAN), labels=["a"], challenger_thresholds=HALF).verdict == "cannot_tell"


def test_a_few_healthy_cases_cannot_show_that_they_stay_clean():
    gate, found = told(results(SICK + CLEAN[:5]), results(SICK + CLEAN[:5]), **MORE)
    assert found["specificity"].passed is None
    assert found["specificity"].role == "required"
    assert gate.verdict == "cannot_tell"


def test_where_every_case_has_a_mask_paint_on_healthy_ones_is_told_not_to_be_judged():
    gate, found = told(results(SICK), results(SICK), **MORE)
    assert (found["specificity"].role, found["specificity"].passed) == ("told", None)
    assert "not judged" in found["specificity"].sentence
    assert gate.verdict == "passed", gate.sentence


def test_heavier_paint_on_the_same_healthy_cases_is_noticed():
    """The share of healthy cases that is left clean stays the same."""
    spots = [(disc(1), NOTHING)] * 100 + CLEAN[:100]
    floods = [(EVERYTHING, NOTHING)] * 100 + CLEAN[:100]
    gate, found = told(results(SICK + spots), results(SICK + floods), **MORE)
    assert found["specificity"].passed is True
    assert found["false_paint"].passed is False
    assert gate.verdict == "refused"


def test_total_misses_count_against_a_challenger():
    """Of a hundred equal answers twenty become empty: they are cases with Dice 0, not cases left out."""
    missing = [(NOTHING, true) if n % 5 == 0 else (painted, true) for n, (painted, true) in enumerate(SICK)]
    gate, found = told(results(SICK + CLEAN), results(missing + CLEAN), **MORE)
    assert found["non_inferior"].value == pytest.approx(-0.2 * np.mean([dice_of(*pair) for pair in SICK[::5]]))
    assert found["non_inferior"].passed is False
    assert found["sensitivity"].value == pytest.approx(-0.2)
    assert gate.verdict == "refused"


def test_slices_of_one_patient_are_one_witness():
    pairs, patients = SICK[:10] + CLEAN, [f"p{n % 10}" for n in range(210)]
    once = told(results(pairs, patients), results(pairs, patients), **MORE)[1]
    assert once["specificity"].passed is None, "ten patients, however many slices"


def dice_of(painted, true):
    return 2 * (painted & true).sum() / (painted.sum() + true.sum())


def answers_without_a_model(pairs, prior=None):
    scored = [trivial_scores(true, GRID, prior) for _, true in pairs]
    return {
        name: [CaseResult(f"c{n}", f"p{n}", {}, {"a": 1.0}, {}, {"a": one[name]}) for n, one in enumerate(scored)]
        for name in scored[0]
    }


def test_a_model_that_paints_nearly_everything_does_not_pass_the_floor():
    """Painting every pixel has a Dice of about 0.46 here, above the plan's floor of 0.3."""
    lots = np.random.default_rng(1)
    masks = [disc(int(lots.integers(7, 9)), tuple(lots.integers(10, 14, 2))) for _ in range(120)]
    true, prior = masks[:80], Prior.of(masks[80:], 0, flat=True)
    everything = np.mean([2 * one.sum() / (one.sum() + EVERYTHING.sum()) for one in true])
    assert 0.44 < everything < 0.5
    nearly = EVERYTHING.copy()
    nearly[:, :2], nearly[:, -2:] = False, False
    for painted in (EVERYTHING, nearly):
        pairs = [(painted, one) for one in true]
        for known in (None, prior):
            trivial = answers_without_a_model(pairs, known)
            gate = compare(None, results(pairs), labels=["a"], challenger_thresholds=HALF, trivial=trivial)
            found = {one.id: one for one in gate.criteria}
            assert found["floor"].passed is True, "the plan's floor alone would let it pass"
            if painted is EVERYTHING and known is None:
                assert f"every pixel painted, {everything:.3f}" in found["trivial"].sentence
                assert (found["trivial"].passed, gate.verdict) == (None, "cannot_tell")
        assert (found["trivial"].passed, gate.verdict) == (False, "refused"), "training masks know a better guess"
    good = [(np.roll(one, 1, axis=1), one) for one in true]
    passed = compare(
        None, results(good), labels=["a"], challenger_thresholds=HALF, trivial=answers_without_a_model(good, prior)
    )
    assert passed.verdict == "passed", passed.sentence


def test_a_challenger_that_is_no_better_than_a_guess_does_not_follow_a_live_model_that_is_none_either():
    lots = np.random.default_rng(5)
    true = [disc(int(lots.integers(7, 9)), tuple(lots.integers(10, 14, 2))) for _ in range(100)]
    flood = results([(EVERYTHING, one) for one in true])
    good = results([(np.roll(one, 1, axis=1), one) for one in true])
    trivial = answers_without_a_model([(EVERYTHING, one) for one in true])
    gate, found = told(flood, flood, trivial=trivial, **MORE)
    assert (found["non_inferior"].passed, found["trivial"].passed, gate.verdict) == (True, None, "cannot_tell")
    assert told(flood, good, trivial=trivial)[0].verdict == "passed"


def test_a_model_that_only_knows_the_usual_place_does_not_pass_the_floor():
    lots = np.random.default_rng(2)
    masks = [disc(5, tuple(lots.integers(11, 14, 2))) for _ in range(120)]
    prior = Prior.of(masks[:60], 0, flat=True)
    usual = prior.spread(SHAPE) >= prior.level
    pairs = [(usual, one) for one in masks[60:]]
    trivial = answers_without_a_model(pairs, prior)
    gate = compare(None, results(pairs), labels=["a"], challenger_thresholds=HALF, trivial=trivial)
    found = {one.id: one for one in gate.criteria}
    assert found["floor"].value > 0.8
    assert (found["trivial"].passed, gate.verdict) == (None, "cannot_tell")
    report = evaluate(results(pairs), labels=["a"], thresholds=HALF, trivial=trivial).labels["a"].segmentation
    assert report.trivial[0].dice.value == pytest.approx(report.dice.value, abs=0.05)
    by_hand = np.mean([dice_of(usual, one) for one in masks[60:]])
    assert {one.name: one.dice.value for one in report.trivial}["location"] == pytest.approx(by_hand)


def test_the_mean_mask_and_the_majority_of_training_cases_are_those_of_their_pixels():
    lots = np.random.default_rng(3)
    shape = (1, 64, 64)
    masks = [lots.random(shape) < share for share in np.linspace(0.2, 0.9, 15)]
    prior = Prior.of(masks, 10, flat=True)
    mean = np.mean(masks, axis=0)
    assert np.allclose(prior.spread(shape), mean, atol=2e-3)
    assert prior.present == pytest.approx(15 / 25)
    truth, grid = masks[3], Grid.of(1, None)
    found = {name: score.dice for name, score in trivial_scores(truth, grid, prior).items()}
    by_hand = {
        "nothing": 0.0,
        "all": dice_of(np.ones(shape, bool), truth),
        "mean_mask": dice_of(mean >= 0.5, truth),
        "majority": dice_of(np.sum(masks, axis=0) >= 25 / 2, truth),
        "location": max(
            (np.mean([dice_of(mean >= level, one) for one in masks]), dice_of(mean >= level, truth))
            for level in np.unique(mean)
        )[1],
    }
    assert found == pytest.approx(by_hand, abs=2e-3)


def test_a_first_model_whose_paint_says_nothing_of_who_is_healthy_does_not_pass():
    painted_everywhere = results(SICK + DIRTY)
    gate = compare(None, painted_everywhere, labels=["a"], challenger_thresholds=HALF)
    found = {one.id: one for one in gate.criteria}
    assert found["floor"].passed is True
    assert (found["tells_healthy"].value, found["tells_healthy"].passed) == (0.0, None)
    assert gate.verdict == "cannot_tell"
    assert compare(None, results(SICK + CLEAN), labels=["a"], challenger_thresholds=HALF).verdict == "passed"


def test_no_difference_of_two_labels_of_a_plan_hides_a_healthy_case_of_the_other():
    """Paint on healthy cases of one label is counted although the other label is fine."""

    def both(pairs_a, pairs_b):
        return [
            CaseResult(
                f"c{n}", f"p{n}", {"a": 0.5, "b": 0.5}, {"a": float(a[1].any()), "b": float(b[1].any())}, {},
                {"a": score_segmentation(*a, GRID), "b": score_segmentation(*b, GRID)},
            )
            for n, (a, b) in enumerate(zip(pairs_a, pairs_b, strict=True))
        ]  # fmt: skip

    clean, dirty = both(SICK + CLEAN, SICK + CLEAN), both(SICK + CLEAN, SICK + DIRTY)
    limits = {"a": 0.5, "b": 0.5}
    gate = compare(
        clean, dirty, labels=["a", "b"], champion_thresholds=limits, challenger_thresholds=limits,
        plan=GatePlan(), **MORE,
    )  # fmt: skip
    assert gate.verdict == "refused"
