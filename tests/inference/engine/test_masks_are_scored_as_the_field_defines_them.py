"""Scores of masks beside a count of pixels by hand, and beside MONAI's own metrics."""

import numpy as np
import pytest
import torch
from monai.metrics.hausdorff_distance import compute_hausdorff_distance
from monai.metrics.meandice import compute_dice
from monai.metrics.surface_dice import compute_surface_dice
from scipy import ndimage

from inference.engine.case_result import CaseResult
from inference.engine.evaluate import evaluate
from inference.engine.grid import Grid
from inference.engine.mask_score import score_segmentation

SHAPES = [(1, 24, 30), (7, 16, 18)]


def blobs(seed, shape, threshold=0.62):
    """Parts of several sizes, some at the border."""
    noise = np.random.default_rng(seed).random(shape)
    smooth = ndimage.gaussian_filter(noise, [0 if shape[0] == 1 else 0.7, 1.5, 1.5], mode="nearest")
    low, high = smooth.min(), smooth.max()
    return (smooth - low) / (high - low) > threshold


def surfaces_by_hand(predicted, truth, steps, tolerance):
    """Both surfaces as lists of points, and every distance between them."""

    def inside(mask, at):
        return all(0 <= a < n for a, n in zip(at, mask.shape, strict=True)) and mask[tuple(at)]

    axes = [1, 2] if predicted.shape[0] == 1 else [0, 1, 2]
    ways = [np.eye(3, dtype=int)[axis] * sign for axis in axes for sign in (1, -1)]

    def surface(mask):
        return [at for at in np.argwhere(mask) if not all(inside(mask, at + way) for way in ways)]

    one, other = (np.array(surface(mask)) * steps for mask in (predicted, truth))
    apart = np.linalg.norm(one[:, None] - other[None], axis=2)
    there, back = apart.min(axis=1), apart.min(axis=0)
    return {
        "hd95": max(np.percentile(there, 95), np.percentile(back, 95)),
        "nsd": ((there <= tolerance).sum() + (back <= tolerance).sum()) / (len(there) + len(back)),
    }


def by_hand(predicted, truth, steps, tolerance):
    """Surfaces, and parts that are grown by hand."""

    def parts(mask):
        left, found = {tuple(at) for at in np.argwhere(mask)}, []
        while left:
            part, edge = set(), [left.pop()]
            while edge:
                at = edge.pop()
                part.add(at)
                near = {n for n in left if max(abs(a - b) for a, b in zip(n, at, strict=True)) <= 1}
                left -= near
                edge += near
            found.append(part)
        return found

    own, true = parts(predicted), parts(truth)
    painted, there_is = set(map(tuple, np.argwhere(predicted))), set(map(tuple, np.argwhere(truth)))
    return {
        "dice": 2 * len(painted & there_is) / (len(painted) + len(there_is)),
        "lesions_true": len(true),
        "lesions_found": sum(bool(part & painted) for part in true),
        "lesions_false": sum(not part & there_is for part in own),
        **surfaces_by_hand(predicted, truth, steps, tolerance),
    }


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("seed", range(4))
def test_scores_are_those_of_counting_by_hand(seed, shape):
    predicted, truth = blobs(seed, shape), blobs(seed + 50, shape, 0.7)
    steps = (2.5, 0.7, 1.1)
    score = score_segmentation(predicted, truth, Grid.of(shape[0], steps), 1.2)
    found = {name: getattr(score, name) for name in by_hand(predicted, truth, np.array(steps), 1.2)}
    assert found == pytest.approx(by_hand(predicted, truth, np.array(steps), 1.2))
    voxel = np.prod(steps[1:]) if shape[0] == 1 else np.prod(steps) / 1000
    assert (score.volume_true, score.volume_predicted) == pytest.approx((truth.sum() * voxel, predicted.sum() * voxel))


@pytest.mark.filterwarnings("ignore:.*always_return_as_numpy:FutureWarning")
@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("seed", range(4))
def test_scores_are_those_of_monai(seed, shape):
    predicted, truth = blobs(seed, shape), blobs(seed + 50, shape, 0.7)
    steps = (2.5, 0.7, 1.1)
    score = score_segmentation(predicted, truth, Grid.of(shape[0], steps), 1.2)
    flat = shape[0] == 1
    one, other = (torch.from_numpy(mask[0] if flat else mask)[None, None].float() for mask in (predicted, truth))
    spacing = steps[1:] if flat else steps
    hd95 = compute_hausdorff_distance(one, other, include_background=True, percentile=95, spacing=spacing)
    nsd = compute_surface_dice(one, other, [1.2], include_background=True, spacing=spacing)
    dice = compute_dice(one, other, include_background=True)
    assert (score.dice, score.hd95, score.nsd) == pytest.approx((float(dice), float(hd95), float(nsd)), rel=1e-5)


def test_both_ways_to_measure_a_distance_give_the_same():
    """Smooth surfaces that lie together are measured point by point, others by a map of their box."""
    rows, columns = np.indices((120, 140))
    one, other = (((rows - y) ** 2 + (columns - x) ** 2 < 2500)[None] for y, x in ((60, 60), (58, 63)))
    grid = Grid.of(1, (None, 0.7, 1.1))
    speck = np.zeros_like(one)
    speck[0, 0, 139] = speck[0, 119, 0] = True
    for painted, true in ((one, other), (one | speck, other), (one | speck, other | speck)):
        score = score_segmentation(painted, true, grid)
        expected = surfaces_by_hand(painted, true, np.array([1, 0.7, 1.1]), 2.0)
        assert {"hd95": score.hd95, "nsd": score.nsd} == pytest.approx(expected)


def square(at, size=4, shape=(1, 20, 20)):
    mask = np.zeros(shape, bool)
    mask[:, at[0] : at[0] + size, at[1] : at[1] + size] = True
    return mask


def test_the_distance_is_the_larger_of_the_two_ways():
    truth, predicted = square((2, 2)), square((2, 2)) | square((14, 14))
    score = score_segmentation(predicted, truth, Grid.of(1, None))
    assert score.hd95 == by_hand(predicted, truth, np.ones(3), 2.0)["hd95"] > 14
    assert score.hd95 == score_segmentation(truth, predicted, Grid.of(1, None)).hd95


def test_an_empty_mask_is_counted_and_never_left_out():
    nothing, there, grid = np.zeros((1, 20, 20), bool), square((2, 2)), Grid.of(1, (None, 0.5, 0.5))
    right = score_segmentation(nothing, nothing, grid)
    assert (right.dice, right.nsd, right.hd95, right.distance, right.missed) == (1.0, 1.0, None, None, False)
    false = score_segmentation(there, nothing, grid)
    assert (false.dice, false.nsd, false.hd95, false.lesions_false) == (0.0, 0.0, None, 1)
    assert (false.volume_predicted, false.extent_unit) == (4.0, "mm²")
    missed = score_segmentation(nothing, there, grid)
    assert (missed.dice, missed.nsd, missed.hd95, missed.missed) == (0.0, 0.0, None, True)
    assert missed.distance == pytest.approx(19 * 0.5 * np.sqrt(2)), "the diagonal: no distance is larger"
    beside = score_segmentation(square((14, 14)), there, grid)
    assert beside.missed
    assert beside.distance == beside.hd95 < missed.distance


def test_pixels_that_are_not_square_are_measured_in_their_widths():
    grid = Grid.of(1, None, aspect_ji=(2.0, 1.0))
    score = score_segmentation(square((4, 2)), square((2, 2)), grid)
    assert (score.hd95, score.unit, score.volume_true, score.extent_unit) == (4.0, "px", 16.0, "px")


def told(scores, label="a"):
    results = [
        CaseResult(f"c{n}", f"p{n}", {label: 0.9}, {label: float(score.has_mask)}, {}, {label: score})
        for n, score in enumerate(scores)
    ]
    report = evaluate(results, labels=[label], thresholds={label: 0.5}, replicates=50)
    found = report.labels[label].segmentation
    assert found is not None
    return found


def test_a_miss_makes_every_mean_worse_and_healthy_cases_have_figures_of_their_own():
    nothing, there, grid = np.zeros((1, 20, 20), bool), square((2, 2)), Grid.of(1, (None, 0.5, 0.5))
    good = [score_segmentation(np.roll(there, 1, axis=2), there, grid) for _ in range(8)]
    clean = [score_segmentation(nothing, nothing, grid) for _ in range(3)]
    dirty = [score_segmentation(square((5, 5), 2), nothing, grid)]
    before, after = told([*good, *clean]), told([*good, *clean, *dirty, score_segmentation(nothing, there, grid)])
    assert (before.with_mask, before.missed, before.specificity.value) == (8, 0, 1.0)
    assert (after.n, after.with_mask, after.missed, after.unpainted) == (13, 9, 1, 1)
    assert after.dice.value == pytest.approx(before.dice.value * 8 / 9)
    assert after.hd95.value > before.hd95.value
    assert after.nsd.value < before.nsd.value
    assert after.volume_error.value > before.volume_error.value
    assert (after.sensitivity.value, after.specificity.value) == pytest.approx((8 / 9, 3 / 4))
    assert after.false_volume.value == pytest.approx(4 * 0.25 / 4)
    assert after.lesion_sensitivity.value == pytest.approx(8 / 9)
    assert after.false_lesions.value == pytest.approx(1 / 13)
    assert before.false_volume.interval is None, "equal values promise no certainty"


def test_a_case_with_the_label_and_no_mask_of_it_is_not_taken_for_a_healthy_one():
    there, grid = square((2, 2)), Grid.of(1, None)
    results = [
        CaseResult("c0", "p0", {"a": 0.9}, {"a": 1.0}, {}, {"a": score_segmentation(there, there, grid)}),
        CaseResult("c1", "p1", {"a": 0.9}, {"a": 1.0}),
    ]
    found = evaluate(results, labels=["a"], thresholds={"a": 0.5}, replicates=20).labels["a"].segmentation
    assert (found.n, found.without_place) == (1, 1)
