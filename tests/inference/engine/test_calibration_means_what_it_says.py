import numpy as np
import pytest

from inference.engine.calibrate import (
    Calibration,
    choose_threshold,
    fit_calibration,
)
from inference.engine.statistics import expected_calibration_error


def calibration_error(probabilities, truth):
    return float(expected_calibration_error(probabilities.astype(float), truth.astype(float))[0])


def brier_score(probabilities, truth):
    return float(np.mean((probabilities - truth) ** 2))


def overconfident(seed, n=600):
    """Logits three times too large and moved, as after drawing a rare label more often."""
    rng = np.random.default_rng(seed)
    z = rng.normal(-0.8, 1.5, n)
    truth = (rng.random(n) < 1 / (1 + np.exp(-z))).astype(float)
    return 3 * z + 1.5, truth


def test_scaling_lowers_the_calibration_error_on_other_cases():
    calibration = fit_calibration(*overconfident(1))
    logits, truth = overconfident(2)
    before = calibration_error(Calibration().probability(logits), truth)
    after = calibration_error(calibration.probability(logits), truth)
    assert before > 0.1
    assert after < 0.05
    assert brier_score(calibration.probability(logits), truth) < brier_score(Calibration().probability(logits), truth)
    assert calibration.temperature == pytest.approx(3, rel=0.25)
    assert calibration.bias == pytest.approx(-0.5, abs=0.25)


def test_the_order_of_the_cases_does_not_change():
    logits, truth = overconfident(1)
    calibrated = fit_calibration(logits, truth).probability(logits)
    assert np.array_equal(np.argsort(calibrated, kind="stable"), np.argsort(logits, kind="stable"))


def test_too_few_cases_leave_the_logits_as_they_are():
    assert fit_calibration(np.array([3.0, -3.0, 1.0]), np.array([1.0, 0.0, np.nan])) == Calibration()


def test_perfectly_separated_cases_do_not_promise_certainty():
    logits = np.concatenate([np.full(10, 2.0), np.full(10, -2.0)])
    truth = np.repeat([1.0, 0.0], 10)
    assert fit_calibration(logits, truth).probability(2.0) < 0.999


def test_unknown_labels_are_left_out():
    logits, truth = overconfident(1)
    more = np.concatenate([logits, np.full(50, 9.0)]), np.concatenate([truth, np.full(50, np.nan)])
    assert fit_calibration(*more) == fit_calibration(logits, truth)
    assert np.isnan(calibration_error(np.array([0.5]), np.array([np.nan])))


def test_the_error_of_a_known_table():
    """Two bins: 10 cases at 0.8 with 6 positive, 10 at 0.1 with 2 positive: (10·0.2 + 10·0.1) / 20."""
    probabilities = np.repeat([0.8, 0.1], 10)
    truth = np.concatenate([np.ones(6), np.zeros(4), np.ones(2), np.zeros(8)])
    assert calibration_error(probabilities, truth) == pytest.approx(0.15)


def test_thresholds_by_youden_and_by_sensitivity():
    probabilities = np.array([0.1, 0.2, 0.3, 0.4, 0.6, 0.35, 0.7, 0.8, 0.9, 0.95])
    truth = np.array([0, 0, 0, 0, 0, 1, 1, 1, 1, 1])
    assert choose_threshold(probabilities, truth) == pytest.approx(0.65)
    # All five positives are found only from 0.35 down; half way to the next lower case.
    assert choose_threshold(probabilities, truth, sensitivity=1.0) == pytest.approx(0.325)
    assert choose_threshold(probabilities[:6], truth[:6]) == 0.5
