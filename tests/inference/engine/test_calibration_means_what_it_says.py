import numpy as np
import pytest

from inference.engine.calibrate import (
    Calibration,
    choose_threshold,
    fit_calibration,
)
from inference.engine.errors import ConfigError
from inference.engine.operating_point import OperatingPoint
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
    assert choose_threshold(probabilities, truth, OperatingPoint(kind="sensitivity", value=1.0)) == pytest.approx(0.325)
    assert choose_threshold(probabilities[:6], truth[:6]) == 0.5


def decided(probabilities, truth, threshold):
    seen = probabilities >= threshold
    return float(seen[truth == 1].mean()), float((~seen[truth == 0]).mean())


def test_a_rare_label_is_found_however_small_its_probabilities_are():
    """Ten of 5,000 have it, at probabilities of 0.0004 and more; the others lie below 0.0002."""
    rng = np.random.default_rng(0)
    truth = (np.arange(5000) < 10).astype(float)
    probabilities = np.where(truth == 1, rng.uniform(4e-4, 9e-4, 5000), rng.uniform(1e-6, 2e-4, 5000))
    threshold = choose_threshold(probabilities, truth)
    assert decided(probabilities, truth, threshold) == (1.0, 1.0)


@pytest.mark.parametrize("seed", range(5))
def test_the_operating_point_is_where_it_was_asked_for(seed):
    rng = np.random.default_rng(seed)
    truth = (rng.random(400) < 0.3).astype(float)
    probabilities = 1 / (1 + np.exp(-(2 * truth - 1 + rng.normal(size=400))))

    def at(kind, value=None):
        point = OperatingPoint(kind=kind, value=value)
        return decided(probabilities, truth, choose_threshold(probabilities, truth, point))

    every = [decided(probabilities, truth, t) for t in np.r_[0, np.sort(probabilities), 1]]
    assert at("sensitivity", 0.95)[0] >= 0.95
    assert at("sensitivity", 0.95)[1] == max(spec for sens, spec in every if sens >= 0.95)
    assert at("specificity", 0.9)[1] >= 0.9
    assert at("specificity", 0.9)[0] == max(sens for sens, spec in every if spec >= 0.9)
    assert at("specificity", 1.0)[1] == 1.0
    yes, no = (truth == 1).sum(), (truth == 0).sum()
    cost = lambda sens, spec: 5 * yes * (1 - sens) + no * (1 - spec)  # noqa: E731
    assert cost(*at("cost", 5.0)) == pytest.approx(min(cost(*one) for one in every))
    assert sum(at("balanced")) == pytest.approx(max(map(sum, every)))


def test_an_operating_point_that_means_nothing_is_refused():
    for wrong in ({"kind": "sensitivity"}, {"kind": "sensitivity", "value": 1.5}, {"value": 0.5}, {"kind": "cost"}):
        with pytest.raises(ConfigError):
            OperatingPoint.from_json(wrong)
