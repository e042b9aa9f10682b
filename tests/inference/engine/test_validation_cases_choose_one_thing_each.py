import numpy as np

from inference.engine.held_out import FEWEST, parts_of
from inference.engine.sample import Sample


def samples(patients, images=1, positive=0.5):
    return [
        Sample(f"s{p}-{k}", f"p{p}", lambda: None, {"a": float(p < patients * positive)})
        for p in range(patients)
        for k in range(images)
    ]


def test_epoch_calibration_and_threshold_are_chosen_on_different_patients():
    cases = samples(120, images=2)
    parts = parts_of(cases, ["a"])
    patients = [{cases[k].patient_key for k in part} for part in (parts.epoch, parts.calibration, parts.threshold)]
    assert len(set().union(*patients)) == sum(map(len, patients))
    assert sorted(parts.epoch + parts.calibration + parts.threshold) == list(range(len(cases)))
    for part in (parts.epoch, parts.calibration, parts.threshold):
        share = np.mean([cases[k].present["a"] for k in part])
        assert 0.4 <= share <= 0.6
        assert min(share, 1 - share) * len(part) >= FEWEST
    assert parts.sentence == "Epoch, calibration and threshold were chosen on different patients (80, 80 and 80 cases)."


def test_the_same_cases_are_divided_alike_in_any_order():
    cases = samples(120)
    named = [sorted(cases[k].sample_id for k in part) for part in (parts_of(cases, ["a"]).threshold,)]
    turned = cases[::-1]
    assert named == [sorted(turned[k].sample_id for k in part) for part in (parts_of(turned, ["a"]).threshold,)]


def test_few_cases_are_divided_in_two_or_not_at_all_and_that_is_said():
    two = parts_of(samples(90), ["a"])
    assert two.calibration == two.threshold
    assert not set(two.epoch) & set(two.threshold)
    assert "too small for three parts" in two.sentence
    one = parts_of(samples(70), ["a"])
    assert one.epoch == one.calibration == one.threshold == tuple(range(70))
    assert "look better there than they are" in one.sentence
    assert parts_of([], ["a"]).epoch == ()


def test_a_label_without_cases_of_one_state_keeps_nothing_together():
    """Masks are drawn of what is there: a segmentation's cases are often all positive."""
    parts = parts_of(samples(60, positive=1.0), ["a"])
    assert len({parts.epoch, parts.calibration, parts.threshold}) == 3
