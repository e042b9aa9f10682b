import json

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from benchmarks.gate_before import delong
from inference.engine.case_result import CaseResult
from inference.engine.errors import DataError
from inference.engine.evaluate import evaluate
from inference.engine.grid import Grid
from inference.engine.mask_score import SegmentationScore, score_segmentation
from inference.engine.report import Evaluation
from inference.engine.sample import Image
from inference.engine.statistics import (
    auc_interval,
    auc_of,
    cluster_weights,
    midranks,
    percentile_interval,
    weighted_auc,
    wilson,
)


def test_delong_against_a_value_worked_out_by_hand():
    """Positives 3, 1; negatives 0, 2: of four pairs three are right.

    For the positives the shares of negatives below are 1 and 0.5, for the negatives the shares of positives above
    are 1 and 0.5; each has variance 0.125, so the variance of the AUC is 0.125/2 + 0.125/2.
    """
    aucs, covariance = delong(np.array([[3.0, 1.0, 0.0, 2.0]]), np.array([1.0, 1.0, 0.0, 0.0]))
    assert aucs[0] == pytest.approx(0.75)
    assert covariance[0, 0] == pytest.approx(0.125)


def paired(seed=0, n=300):
    rng = np.random.default_rng(seed)
    truth = (rng.random(n) < 0.4).astype(float)
    shared = rng.normal(size=n)
    one = truth * 1.4 + 0.8 * shared + 0.6 * rng.normal(size=n)
    other = truth * 1.0 + 0.8 * shared + 0.6 * rng.normal(size=n)
    return np.stack([one, np.round(other, 1)]), truth  # ties in the second


def test_delong_agrees_with_the_bootstrap_and_with_sklearn():
    scores, truth = paired()
    aucs, covariance = delong(scores, truth)
    assert aucs == pytest.approx([roc_auc_score(truth, row) for row in scores])
    weights = cluster_weights([str(n) for n in range(len(truth))], 3000, 1)
    replicates = np.stack([weighted_auc(row, truth, weights) for row in scores])
    assert np.sqrt(np.diag(covariance)) == pytest.approx(replicates.std(axis=1), rel=0.1)
    difference = covariance[0, 0] + covariance[1, 1] - 2 * covariance[0, 1]
    assert np.sqrt(difference) == pytest.approx((replicates[0] - replicates[1]).std(), rel=0.1)


def test_the_interval_of_the_auc_holds_the_truth_as_often_as_it_says():
    rng = np.random.default_rng(5)
    held = 0
    true_auc = 0.8556  # P(N(1.5, 1) > N(0, 1)) = Φ(1.5 / √2)
    for _ in range(200):
        scores = np.concatenate([rng.normal(1.5, 1, 30), rng.normal(0, 1, 50)])
        truth = np.repeat([1.0, 0.0], [30, 50])
        aucs, covariance = delong(scores[None], truth)
        low, high = auc_interval(float(aucs[0]), float(covariance[0, 0]), 30, 50)
        held += low <= true_auc <= high
    assert held >= 180


def test_a_perfect_auc_on_few_cases_is_not_certain():
    low, high = auc_interval(1.0, 0.0, 5, 5)
    assert low < 0.5
    assert high == 1.0
    assert auc_interval(1.0, 0.0, 100, 100)[0] > 0.95


def test_wilson_by_the_textbook():
    assert wilson(8, 10) == pytest.approx((0.4902, 0.9433), abs=1e-3)
    assert wilson(0, 20) == pytest.approx((0.0, 0.1611), abs=1e-3)
    assert wilson(0, 0) is None


def test_midranks_share_ties():
    assert midranks(np.array([10.0, 20.0, 10.0, 30.0])).tolist() == [1.5, 3, 1.5, 4]


def test_weighted_auc_with_equal_weights_is_the_auc():
    scores, truth = paired(3, 80)
    truth[:5] = np.nan
    assert weighted_auc(scores[1], truth, np.ones((1, 80)))[0] == pytest.approx(auc_of(scores[1], truth))


def test_images_of_one_patient_are_drawn_together():
    weights = cluster_weights(["a", "a", "b", "c"], 50, 0)
    assert np.array_equal(weights[:, 0], weights[:, 1])
    assert (weights[:, [0, 2, 3]].sum(axis=1) == 3).all()
    # Ten copies of each patient say no more than one.
    values = np.random.default_rng(0).normal(size=30)
    single = cluster_weights([str(n) for n in range(30)], 2000, 1)
    copied = cluster_weights([str(n) for n in range(30) for _ in range(10)], 2000, 1)
    means = [w @ v / w.sum(axis=1) for w, v in ((single, values), (copied, np.repeat(values, 10)))]
    widths = [interval[1] - interval[0] for mean in means if (interval := percentile_interval(mean))]
    assert widths[0] == pytest.approx(widths[1], rel=0.05)


def cases(n=120, seed=0, images=1):
    rng = np.random.default_rng(seed)
    results = []
    for number in range(n):
        truth = float(rng.random() < 0.4)
        logit = 2.2 * (truth - 0.5) + rng.normal()
        results += [
            CaseResult(
                f"c{number}-{image}",
                f"p{number}",
                {"a": float(1 / (1 + np.exp(-logit)))},
                {"a": None if number == 0 else truth},
                {"sex": "F" if number % 10 else "M", "view": "PA"},
            )
            for image in range(images)
        ]
    return results


def test_the_report_counts_every_case_and_gives_each_figure_an_interval():
    report = evaluate(cases(), labels=["a"], thresholds={"a": 0.5}, groups=["sex", "scanner"], replicates=200).to_json()
    label = report["labels"]["a"]
    assert Evaluation.kept(json.loads(json.dumps(report, allow_nan=False))).to_json() == report
    assert label["unknown"] == 1
    assert sum(label["confusion"].values()) == label["n"] == 119
    for name in ("accuracy", "sensitivity", "specificity", "auc", "ece", "brier"):
        low, high = label[name]["interval"]
        assert 0 <= low <= high <= 1
        assert name == "ece" or low <= label[name]["value"] <= high
    confusion = label["confusion"]
    found = confusion["true_positive"] / (confusion["true_positive"] + confusion["false_negative"])
    assert label["sensitivity"]["value"] == pytest.approx(found)
    assert label["roc"][0]["false_positive_rate"] == 0
    assert label["roc"][-1]["true_positive_rate"] == 1
    assert sum(row["n"] for row in label["calibration"]) == 119
    assert set(report["groups"]) == {"sex"}  # nobody knows the scanner
    assert report["groups"]["sex"]["M"]["labels"]["a"]["too_few"]
    assert not report["groups"]["sex"]["F"]["labels"]["a"]["too_few"]


def test_more_images_of_the_same_patients_do_not_narrow_the_intervals():
    once = evaluate(cases(), labels=["a"], thresholds={"a": 0.5}).to_json()
    often = evaluate(cases(images=6), labels=["a"], thresholds={"a": 0.5}).to_json()
    assert often["repeated_patients"]
    for name in ("auc", "sensitivity", "accuracy"):
        widths = [r["labels"]["a"][name]["interval"][1] - r["labels"]["a"][name]["interval"][0] for r in (once, often)]
        assert widths[1] == pytest.approx(widths[0], rel=0.25)


def test_a_label_with_one_state_only_has_no_auc():
    results = [CaseResult(str(n), str(n), {"a": 0.2}, {"a": 0.0}) for n in range(5)]
    label = evaluate(results, labels=["a"], thresholds={"a": 0.5}, replicates=50).to_json()["labels"]["a"]
    assert label["auc"]["value"] is None
    assert label["sensitivity"]["value"] is None
    assert label["specificity"]["value"] == 1
    assert label["specificity"]["interval"][0] < 0.6


def test_no_case_and_a_case_twice_are_refused():
    with pytest.raises(DataError):
        evaluate([], labels=["a"], thresholds={"a": 0.5})
    with pytest.raises(DataError):
        evaluate([cases()[0]] * 2, labels=["a"], thresholds={"a": 0.5})


def test_one_slice_has_an_area_and_no_volume():
    truth = np.zeros((1, 20, 20), dtype=bool)
    truth[0, 5:15, 5:15] = True
    image = Image(np.zeros((1, 20, 20), np.float32), (None, 0.5, 0.4))
    score = score_segmentation(np.roll(truth, 2, axis=2), truth, image.grid)
    assert (score.volume_true, score.extent_unit, score.unit) == (pytest.approx(100 * 0.5 * 0.4), "mm²", "mm")
    assert score.hd95 == pytest.approx(2 * 0.4)


@pytest.mark.parametrize(("spacing", "even"), [((5.0, 1.0, 1.0), False), ((None, 1.0, 1.0), True)])
def test_slices_that_do_not_fill_space_evenly_are_counted_in_voxels(spacing, even):
    image = Image(np.zeros((3, 4, 4), np.float32), spacing, even_slices=even)
    score = score_segmentation(np.ones((3, 4, 4), bool), np.ones((3, 4, 4), bool), image.grid)
    assert (score.volume_true, score.extent_unit, score.unit) == (48, "voxel", "voxel")


def test_a_mean_is_taken_over_one_unit_only():
    millilitres = SegmentationScore(0.5, 10.0, 12.0, 3.0, "mm", "ml")
    voxels = SegmentationScore(0.5, 10_000.0, 20_000.0, 30.0, "voxel", "voxel")
    results = [
        CaseResult(str(n), str(n), {"a": 0.9}, {"a": 1.0}, {}, {"a": voxels if n < 3 else millilitres})
        for n in range(12)
    ]
    said = evaluate(results, labels=["a"], thresholds={"a": 0.5}, replicates=50).to_json()["labels"]["a"][
        "segmentation"
    ]
    assert (said["unit"], said["extent_unit"]) == ("mm", "ml")
    assert (said["volume_bias"]["value"], said["hd95"]["value"]) == (pytest.approx(2.0), pytest.approx(3.0))


def test_segmentations_are_scored_in_millimetres_and_millilitres():
    truth = np.zeros((10, 20, 20), dtype=bool)
    truth[2:8, 5:15, 5:15] = True
    moved = np.roll(truth, 2, axis=2)
    score = score_segmentation(moved, truth, Grid.of(10, (3.0, 1.0, 0.5)))
    assert score.dice == pytest.approx(0.8)
    assert score.volume_true == pytest.approx(600 * 1.5 / 1000)
    assert score.extent_unit == "ml"
    assert score.hd95 == pytest.approx(1.0)
    result = CaseResult("c", "p", {"a": 0.9}, {"a": 1.0}, {}, {"a": score})
    assert CaseResult.from_json(json.loads(json.dumps(result.to_json()))) == result
    results = [CaseResult(str(n), str(n), {"a": 0.9}, {"a": 1.0}, {}, {"a": score}) for n in range(12)]
    report = evaluate(results, labels=["a"], thresholds={"a": 0.5}, replicates=50).to_json()
    assert report["labels"]["a"]["segmentation"]["dice"]["value"] == pytest.approx(0.8)
    assert report["overall"]["dice"]["value"] == pytest.approx(0.8)
